#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kv/executor.h"
#include "tests/unit/kv/store_test_util.h"

namespace synod_kv {
namespace {

using etcdserverpb::RangeRequest;
using etcdserverpb::RangeResponse;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RangeTest : public testing::Test {
 protected:
  RangeTest() {
    Put(store_, "a", "3");   // 2
    Put(store_, "b", "1");   // 3
    Put(store_, "c", "2");   // 4
    Put(store_, "a", "33");  // 5
    Put(store_, "c", "22");  // 6
    Put(store_, "c", "21");  // 7
  }

  static RangeRequest All() {
    RangeRequest request;
    request.set_key(std::string(kNoEnd));
    request.set_range_end(std::string(kNoEnd));
    return request;
  }

  RangeResponse Run(const RangeRequest& request) {
    RangeResponse response;
    const absl::Status status = Execute(store_, request, &response);
    EXPECT_TRUE(status.ok()) << status;
    return response;
  }

  static std::vector<std::string> Keys(const RangeResponse& response) {
    std::vector<std::string> keys;
    for (const auto& kv : response.kvs()) keys.push_back(kv.key());
    return keys;
  }

  std::vector<std::string> SortedBy(RangeRequest::SortTarget target,
                                    RangeRequest::SortOrder order) {
    RangeRequest request = All();
    request.set_sort_target(target);
    request.set_sort_order(order);
    return Keys(Run(request));
  }

  Store store_;
};

TEST_F(RangeTest, OneKey_Read_HasAllItsFields) {
  RangeRequest request;
  request.set_key("c");
  const RangeResponse response = Run(request);
  ASSERT_EQ(response.kvs_size(), 1);
  EXPECT_EQ(response.kvs(0).value(), "21");
  EXPECT_EQ(response.kvs(0).create_revision(), 4);
  EXPECT_EQ(response.kvs(0).mod_revision(), 7);
  EXPECT_EQ(response.kvs(0).version(), 3);
  EXPECT_EQ(response.count(), 1);
  EXPECT_EQ(response.header().revision(), 7);
  EXPECT_FALSE(response.more());
}

TEST_F(RangeTest, AbsentKey_Read_IsEmptyAndNoError) {
  RangeRequest request;
  request.set_key("x");
  EXPECT_EQ(Run(request).count(), 0);
}

TEST_F(RangeTest, AtARevision_Read_SeesThatStateButReportsTheCurrentRevision) {
  RangeRequest request = All();
  request.set_revision(3);
  const RangeResponse response = Run(request);
  EXPECT_THAT(Keys(response), ElementsAre("a", "b"));
  EXPECT_EQ(response.kvs(0).value(), "3");
  EXPECT_EQ(response.header().revision(), 7);
}

TEST_F(RangeTest, OutsideTheHistory_Read_IsRefused) {
  RangeRequest request = All();
  RangeResponse response;
  request.set_revision(8);
  EXPECT_EQ(Execute(store_, request, &response).message(),
            "etcdserver: mvcc: required revision is a future revision");
  ASSERT_TRUE(store_.Compact(5).ok());
  request.set_revision(4);
  EXPECT_EQ(Execute(store_, request, &response).message(),
            "etcdserver: mvcc: required revision has been compacted");
}

TEST_F(RangeTest, Limit_BelowAndAtTheCount_SetsMoreOnlyBelow) {
  RangeRequest request = All();
  request.set_limit(2);
  RangeResponse response = Run(request);
  EXPECT_THAT(Keys(response), ElementsAre("a", "b"));
  EXPECT_TRUE(response.more());
  EXPECT_EQ(response.count(), 3);
  request.set_limit(3);
  response = Run(request);
  EXPECT_EQ(response.kvs_size(), 3);
  EXPECT_FALSE(response.more());
}

TEST_F(RangeTest, LimitAndDescendingOrder_Together_ReturnTheLastKeys) {
  RangeRequest request = All();
  request.set_limit(2);
  request.set_sort_order(RangeRequest::DESCEND);
  const RangeResponse response = Run(request);
  EXPECT_THAT(Keys(response), ElementsAre("c", "b"));
  EXPECT_TRUE(response.more());
}

TEST_F(RangeTest, EachSortTarget_InBothOrders_Sorts) {
  EXPECT_THAT(SortedBy(RangeRequest::KEY, RangeRequest::ASCEND), ElementsAre("a", "b", "c"));
  EXPECT_THAT(SortedBy(RangeRequest::KEY, RangeRequest::DESCEND), ElementsAre("c", "b", "a"));
  EXPECT_THAT(SortedBy(RangeRequest::VERSION, RangeRequest::ASCEND), ElementsAre("b", "a", "c"));
  EXPECT_THAT(SortedBy(RangeRequest::VERSION, RangeRequest::DESCEND), ElementsAre("c", "a", "b"));
  EXPECT_THAT(SortedBy(RangeRequest::CREATE, RangeRequest::DESCEND), ElementsAre("c", "b", "a"));
  EXPECT_THAT(SortedBy(RangeRequest::MOD, RangeRequest::ASCEND), ElementsAre("b", "a", "c"));
  EXPECT_THAT(SortedBy(RangeRequest::VALUE, RangeRequest::ASCEND), ElementsAre("b", "c", "a"));
  EXPECT_THAT(SortedBy(RangeRequest::VALUE, RangeRequest::DESCEND), ElementsAre("a", "c", "b"));
}

TEST_F(RangeTest, SortTargetWithoutOrder_Given_Ascends) {
  EXPECT_THAT(SortedBy(RangeRequest::MOD, RangeRequest::NONE), ElementsAre("b", "a", "c"));
}

TEST_F(RangeTest, KeysOnly_Read_LeavesOutValues) {
  RangeRequest request = All();
  request.set_keys_only(true);
  const RangeResponse response = Run(request);
  EXPECT_THAT(Keys(response), ElementsAre("a", "b", "c"));
  EXPECT_EQ(response.kvs(0).value(), "");
  EXPECT_EQ(response.kvs(0).mod_revision(), 5);
}

TEST_F(RangeTest, CountOnly_WithALimit_CountsAll) {
  RangeRequest request = All();
  request.set_count_only(true);
  request.set_limit(1);
  const RangeResponse response = Run(request);
  EXPECT_THAT(Keys(response), IsEmpty());
  EXPECT_EQ(response.count(), 3);
  EXPECT_FALSE(response.more());
}

TEST_F(RangeTest, RevisionBounds_Each_FilterWhatIsReturnedAndNotTheCount) {
  RangeRequest request = All();
  request.set_min_mod_revision(5);
  EXPECT_THAT(Keys(Run(request)), ElementsAre("a", "c"));
  EXPECT_EQ(Run(request).count(), 3);
  request.set_max_mod_revision(5);
  EXPECT_THAT(Keys(Run(request)), ElementsAre("a"));
  request = All();
  request.set_min_create_revision(3);
  EXPECT_THAT(Keys(Run(request)), ElementsAre("b", "c"));
  request.set_max_create_revision(3);
  EXPECT_THAT(Keys(Run(request)), ElementsAre("b"));
}

// The limit counts what is returned, so a filter must come before it.
TEST_F(RangeTest, LimitAndBounds_Together_LimitWhatPassed) {
  RangeRequest request = All();
  request.set_min_create_revision(3);
  request.set_limit(1);
  const RangeResponse response = Run(request);
  EXPECT_THAT(Keys(response), ElementsAre("b"));
  EXPECT_TRUE(response.more());
}

}  // namespace
}  // namespace synod_kv
