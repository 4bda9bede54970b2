#include "kv/mvcc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/kv/store_test_util.h"

namespace synod_kv {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Store, Empty_Asked_IsAtRevisionOneAndNeverCompacted) {
  const Store store;
  EXPECT_EQ(store.revision(), 1);
  EXPECT_EQ(store.compacted(), -1);
  EXPECT_THAT(ReadAll(store, 1), IsEmpty());
}

TEST(Store, Put_Repeated_CountsVersionsAndKeepsTheCreation) {
  Store store;
  EXPECT_EQ(Put(store, "k", "a"), 2);
  EXPECT_EQ(Put(store, "k", "b"), 3);
  const KeyVersion* found = store.state().Find("k", 3);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->value.view(), "b");
  EXPECT_EQ(found->created, 2);
  EXPECT_EQ(found->modified.main, 3);
  EXPECT_EQ(found->version, 2);
}

TEST(Store, Put_AfterDelete_BeginsANewLife) {
  Store store;
  Put(store, "k", "a");
  EXPECT_EQ(Delete(store, "k"), 1u);
  Put(store, "k", "b");
  const KeyVersion* found = store.state().Find("k", store.revision());
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->created, 4);
  EXPECT_EQ(found->version, 1);
}

TEST(Store, Read_AtAnEarlierRevision_SeesTheStoreAsItWas) {
  Store store;
  Put(store, "a", "1");  // 2
  Put(store, "b", "1");  // 3
  Put(store, "a", "2");  // 4
  Delete(store, "b");    // 5
  EXPECT_THAT(ReadAll(store, 1), IsEmpty());
  EXPECT_THAT(ReadAll(store, 2), ElementsAre(Pair("a", "1")));
  EXPECT_THAT(ReadAll(store, 3), ElementsAre(Pair("a", "1"), Pair("b", "1")));
  EXPECT_THAT(ReadAll(store, 4), ElementsAre(Pair("a", "2"), Pair("b", "1")));
  EXPECT_THAT(ReadAll(store, 5), ElementsAre(Pair("a", "2")));
}

TEST(Store, Range_InEachForm_HoldsTheRightKeys) {
  Store store;
  for (const char* key : {"a", "b", "ba", "c"}) Put(store, key, "");
  const auto keys = [&](std::string_view key, std::string_view range_end) {
    std::vector<std::string> read;
    for (auto& pair : Read(store.state(), key, range_end, store.revision())) {
      read.push_back(pair.first);
    }
    return read;
  };
  EXPECT_THAT(keys("b", ""), ElementsAre("b"));
  EXPECT_THAT(keys("b", "c"), ElementsAre("b", "ba"));
  EXPECT_THAT(keys("b", kNoEnd), ElementsAre("b", "ba", "c"));
  EXPECT_THAT(keys("c", "b"), IsEmpty());
  EXPECT_THAT(keys("bb", ""), IsEmpty());
}

TEST(Store, Delete_OfNothing_TakesNoRevision) {
  Store store;
  Put(store, "a", "");
  EXPECT_EQ(Delete(store, "b", "c"), 0u);
  EXPECT_EQ(store.revision(), 2);
}

TEST(Change, SeveralWrites_InOne_ShareAMainRevision) {
  Store store;
  Put(store, "old", "");
  {
    Store::Change change(store);
    EXPECT_EQ(change.revision(), 2);
    change.Put("a", {});
    EXPECT_EQ(change.revision(), 3);
    EXPECT_NE(store.state().Find("a", change.revision()), nullptr);
    change.Put("b", {});
    EXPECT_EQ(change.Delete({"old", ""}).size(), 1u);
  }
  EXPECT_EQ(store.revision(), 3);
  EXPECT_EQ(store.state().Find("a", 3)->modified, (Revision{3, 0}));
  EXPECT_EQ(store.state().Find("b", 3)->modified, (Revision{3, 1}));
  EXPECT_EQ(store.state().Find("old", 3), nullptr);
}

TEST(Compact, AtARevision_ForgetsOnlyWhatWasReplacedByThen) {
  Store store;
  Put(store, "a", "1");  // 2
  Put(store, "a", "2");  // 3
  Put(store, "b", "1");  // 4
  Put(store, "a", "3");  // 5
  Delete(store, "b");    // 6
  ASSERT_TRUE(store.Compact(4).ok());
  EXPECT_EQ(store.compacted(), 4);
  EXPECT_THAT(ReadAll(store, 4), ElementsAre(Pair("a", "2"), Pair("b", "1")));
  EXPECT_THAT(ReadAll(store, 5), ElementsAre(Pair("a", "3"), Pair("b", "1")));
  EXPECT_EQ(store.state().versions.size(), 4u);
  EXPECT_EQ(store.revision(), 6);
}

TEST(Compact, AfterADelete_ForgetsTheTombstone) {
  Store store;
  Put(store, "a", "1");
  Delete(store, "a");
  ASSERT_TRUE(store.Compact(3).ok());
  EXPECT_EQ(store.state().versions.size(), 0u);
  EXPECT_EQ(store.state().bytes, 0u);
}

TEST(Compact, OutsideTheHistory_IsRefused) {
  Store store;
  Put(store, "a", "1");
  EXPECT_TRUE(absl::IsOutOfRange(store.Compact(3)));
  ASSERT_TRUE(store.Compact(2).ok());
  EXPECT_EQ(store.Compact(2).message(), "etcdserver: mvcc: required revision has been compacted");
  EXPECT_EQ(store.Compact(3).message(), "etcdserver: mvcc: required revision is a future revision");
}

TEST(CheckReadable, AroundTheBounds_SaysWhichIsCrossed) {
  Store store;
  Put(store, "a", "1");
  Put(store, "a", "2");
  ASSERT_TRUE(store.Compact(3).ok());
  EXPECT_FALSE(store.CheckReadable(2).ok());
  EXPECT_TRUE(store.CheckReadable(3).ok());
  EXPECT_FALSE(store.CheckReadable(4).ok());
  EXPECT_TRUE(store.CheckReadable(0).ok());
  EXPECT_TRUE(store.CheckReadable(-1).ok());
}

TEST(Hash, OfAnOldRevision_DoesNotDependOnWhatCameAfter) {
  Store store;
  Put(store, "a", "1");
  Put(store, "b", "1");
  const uint32_t before = store.state().Hash(3);
  Put(store, "a", "2");
  Delete(store, "b");
  EXPECT_EQ(store.state().Hash(3), before);
  EXPECT_NE(store.state().Hash(5), before);
}

TEST(Hash, AfterTheSameRequests_IsEqualAndElseDiffers) {
  Store a;
  Store b;
  Store c;
  for (Store* store : {&a, &b, &c}) Put(*store, "k", store == &c ? "w" : "v");
  EXPECT_EQ(a.state().Hash(2), b.state().Hash(2));
  EXPECT_NE(a.state().Hash(2), c.state().Hash(2));
}

// The boundary between key and value is hashed, too.
TEST(Hash, BytesMovedFromKeyToValue_Differs) {
  Store a;
  Store b;
  Put(a, "ab", "c");
  Put(b, "a", "bc");
  EXPECT_NE(a.state().Hash(2), b.state().Hash(2));
}

}  // namespace
}  // namespace synod_kv
