#include <gtest/gtest.h>

#include "kv/executor.h"
#include "kv/request_check.h"
#include "tests/unit/kv/store_test_util.h"
#include "tests/unit/kv/txn_test_util.h"

namespace synod_kv {
namespace {

using etcdserverpb::Compare;
using etcdserverpb::TxnRequest;
using etcdserverpb::TxnResponse;

Compare VersionIs(const std::string& key, int64_t version) {
  Compare compare;
  compare.set_key(key);
  compare.set_target(Compare::VERSION);
  compare.set_version(version);
  return compare;
}

TxnResponse Perform(Store& store, const TxnRequest& request) {
  EXPECT_TRUE(Check(request).ok()) << Check(request);
  TxnResponse response;
  const absl::Status status = Execute(store, request, &response);
  EXPECT_TRUE(status.ok()) << status;
  return response;
}

bool Holds(Store& store, const Compare& compare) {
  TxnRequest request;
  *request.add_compare() = compare;
  return Perform(store, request).succeeded();
}

TEST(Txn, Comparisons_AllHoldOrNot_ChooseTheBranch) {
  Store store;
  Put(store, "k", "v");
  TxnRequest request;
  *request.add_compare() = VersionIs("k", 1);
  *request.add_compare() = VersionIs("absent", 0);
  AddPut(request.mutable_success(), "branch", "success");
  AddPut(request.mutable_failure(), "branch", "failure");
  EXPECT_TRUE(Perform(store, request).succeeded());
  EXPECT_EQ(store.state().Find("branch", store.revision())->value.view(), "success");
  *request.add_compare() = VersionIs("k", 2);
  EXPECT_FALSE(Perform(store, request).succeeded());
  EXPECT_EQ(store.state().Find("branch", store.revision())->value.view(), "failure");
}

TEST(Txn, EveryTargetAndResult_Compared_HoldsWhenItShould) {
  Store store;
  Put(store, "other", "");
  Put(store, "k", "m");  // 3
  Put(store, "k", "m");  // 4
  Compare compare;
  compare.set_key("k");
  const auto expect = [&](bool equal, bool greater, bool less) {
    compare.set_result(Compare::EQUAL);
    EXPECT_EQ(Holds(store, compare), equal);
    compare.set_result(Compare::NOT_EQUAL);
    EXPECT_EQ(Holds(store, compare), !equal);
    compare.set_result(Compare::GREATER);
    EXPECT_EQ(Holds(store, compare), greater);
    compare.set_result(Compare::LESS);
    EXPECT_EQ(Holds(store, compare), less);
  };
  compare.set_target(Compare::VERSION);
  compare.set_version(2);
  expect(true, false, false);
  compare.set_target(Compare::CREATE);
  compare.set_create_revision(2);
  expect(false, true, false);
  compare.set_target(Compare::MOD);
  compare.set_mod_revision(5);
  expect(false, false, true);
  compare.set_target(Compare::VALUE);
  compare.set_value("l");
  expect(false, true, false);
  compare.set_target(Compare::LEASE);
  compare.set_lease(0);
  expect(true, false, false);
}

TEST(Txn, AbsentKey_Compared_HasVersionZeroAndNoValue) {
  Store store;
  EXPECT_TRUE(Holds(store, VersionIs("absent", 0)));
  Compare compare;
  compare.set_key("absent");
  compare.set_target(Compare::VALUE);
  compare.set_value("");
  EXPECT_FALSE(Holds(store, compare));
  compare.set_result(Compare::NOT_EQUAL);
  EXPECT_FALSE(Holds(store, compare));
}

TEST(Txn, RangeCompared_HoldsOnlyIfItDoesForEveryKey) {
  Store store;
  Put(store, "p1", "");
  Put(store, "p2", "");
  Compare compare = VersionIs("p", 1);
  compare.set_range_end("q");
  EXPECT_TRUE(Holds(store, compare));
  Put(store, "p2", "");
  EXPECT_FALSE(Holds(store, compare));
}

TEST(Txn, Operations_Run_InOrderAtOneRevision) {
  Store store;
  Put(store, "a", "old");
  TxnRequest request;
  AddGet(request.mutable_success(), "a");
  AddPut(request.mutable_success(), "a", "new");
  AddGet(request.mutable_success(), "a");
  AddDelete(request.mutable_success(), "b");
  const TxnResponse response = Perform(store, request);
  ASSERT_EQ(response.responses_size(), 4);
  EXPECT_EQ(response.responses(0).response_range().kvs(0).value(), "old");
  EXPECT_EQ(response.responses(0).response_range().header().revision(), 2);
  EXPECT_EQ(response.responses(1).response_put().header().revision(), 3);
  EXPECT_EQ(response.responses(2).response_range().kvs(0).value(), "new");
  EXPECT_EQ(response.responses(2).response_range().header().revision(), 3);
  EXPECT_EQ(response.responses(3).response_delete_range().deleted(), 0);
  EXPECT_EQ(response.header().revision(), 3);
  EXPECT_EQ(store.revision(), 3);
}

TEST(Txn, WithoutChanges_TakesNoRevision) {
  Store store;
  TxnRequest request;
  AddDelete(request.mutable_success(), "absent");
  EXPECT_EQ(Perform(store, request).header().revision(), 1);
  EXPECT_EQ(store.revision(), 1);
}

// All comparisons, inner ones too, see the store as it was before the transaction.
TEST(Txn, NestedComparison_AfterAPutOfItsKey_SeesTheStateBefore) {
  Store store;
  TxnRequest request;
  AddPut(request.mutable_success(), "k", "v");
  TxnRequest* nested = request.add_success()->mutable_request_txn();
  *nested->add_compare() = VersionIs("k", 0);
  AddPut(nested->mutable_success(), "saw", "nothing");
  AddPut(nested->mutable_failure(), "saw", "k");
  const TxnResponse response = Perform(store, request);
  EXPECT_TRUE(response.responses(1).response_txn().succeeded());
  EXPECT_EQ(store.state().Find("saw", store.revision())->value.view(), "nothing");
}

TEST(Txn, LaterOperationFailing_Leaves_TheStoreUntouched) {
  Store store;
  TxnRequest request;
  AddPut(request.mutable_success(), "a", "1");
  AddGet(request.mutable_success(), "a");
  request.mutable_success(1)->mutable_request_range()->set_revision(100);
  TxnResponse response;
  EXPECT_TRUE(absl::IsOutOfRange(Execute(store, request, &response)));
  EXPECT_EQ(store.revision(), 1);
  EXPECT_EQ(store.state().versions.size(), 0u);
}

TEST(Txn, PutKeepingAnAbsentValue_OnThePathOnly_IsRefused) {
  Store store;
  TxnRequest request;
  AddPut(request.mutable_success(), "a", "");
  request.mutable_success(0)->mutable_request_put()->set_ignore_value(true);
  TxnResponse response;
  EXPECT_EQ(Execute(store, request, &response).message(), "etcdserver: key not found");
  *request.add_compare() = VersionIs("a", 1);
  EXPECT_TRUE(Execute(store, request, &response).ok());
}

TEST(Txn, DeepNesting_Executed_ReachesTheInnermost) {
  Store store;
  TxnRequest request;
  TxnRequest* inner = &request;
  for (int level = 0; level < 5; ++level) inner = inner->add_success()->mutable_request_txn();
  AddPut(inner->mutable_success(), "deep", "1");
  Perform(store, request);
  EXPECT_NE(store.state().Find("deep", store.revision()), nullptr);
}

TEST(ReadOnlyTxn, Executed_ReadsAtTheCurrentRevision) {
  Store store;
  Put(store, "a", "1");
  TxnRequest request;
  *request.add_compare() = VersionIs("a", 1);
  AddGet(request.mutable_success(), "a");
  ASSERT_TRUE(IsReadOnly(request));
  TxnResponse response;
  ASSERT_TRUE(ExecuteReadOnly(store, request, &response).ok());
  EXPECT_TRUE(response.succeeded());
  EXPECT_EQ(response.responses(0).response_range().kvs(0).value(), "1");
  EXPECT_EQ(response.header().revision(), 2);
}

}  // namespace
}  // namespace synod_kv
