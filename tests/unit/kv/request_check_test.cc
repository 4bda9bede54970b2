#include "kv/request_check.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/unit/kv/txn_test_util.h"

namespace synod_kv {
namespace {

using etcdserverpb::TxnRequest;

constexpr char kEmptyKey[] = "etcdserver: key is not provided";
constexpr char kDuplicateKey[] = "etcdserver: duplicate key given in txn request";
constexpr char kTooManyOps[] = "etcdserver: too many operations in txn request";

template <class Request>
std::string Verdict(const Request& request) {
  return std::string(Check(request).message());
}

TEST(Check, RequestsWithoutAKey_Each_AreRefused) {
  EXPECT_EQ(Verdict(etcdserverpb::RangeRequest()), kEmptyKey);
  EXPECT_EQ(Verdict(etcdserverpb::PutRequest()), kEmptyKey);
  EXPECT_EQ(Verdict(etcdserverpb::DeleteRangeRequest()), kEmptyKey);
  TxnRequest txn;
  txn.add_compare();
  EXPECT_EQ(Verdict(txn), kEmptyKey);
  txn.Clear();
  AddPut(txn.mutable_failure(), "");
  EXPECT_EQ(Verdict(txn), kEmptyKey);
}

TEST(Check, PutThatIgnoresWhatItGives_IsRefused) {
  etcdserverpb::PutRequest put;
  put.set_key("k");
  put.set_value("v");
  EXPECT_EQ(Verdict(put), "");
  put.set_ignore_value(true);
  EXPECT_EQ(Verdict(put), "etcdserver: value is provided");
  put.clear_value();
  put.set_lease(1);
  put.set_ignore_lease(true);
  EXPECT_EQ(Verdict(put), "etcdserver: lease is provided");
}

TEST(Check, UnknownEnumValues_AreRefused) {
  etcdserverpb::RangeRequest range;
  range.set_key("k");
  range.set_sort_order(static_cast<etcdserverpb::RangeRequest::SortOrder>(9));
  EXPECT_TRUE(absl::IsInvalidArgument(Check(range)));
  TxnRequest txn;
  txn.add_compare()->set_key("k");
  EXPECT_TRUE(Check(txn).ok());
  txn.mutable_compare(0)->set_target(static_cast<etcdserverpb::Compare::CompareTarget>(9));
  EXPECT_TRUE(absl::IsInvalidArgument(Check(txn)));
}

TEST(Check, EmptyOperation_IsRefused) {
  TxnRequest txn;
  txn.add_success();
  EXPECT_TRUE(absl::IsInvalidArgument(Check(txn)));
}

TEST(Check, TxnOperations_UpToAndAboveTheLimit_AreCounted) {
  TxnRequest txn;
  for (int i = 0; i < kMaxTxnOps; ++i) AddPut(txn.mutable_success(), std::to_string(i));
  EXPECT_EQ(Verdict(txn), "");
  AddPut(txn.mutable_success(), "one more");
  EXPECT_EQ(Verdict(txn), kTooManyOps);
}

// Nesting cannot be used to get round the limit, nor to exhaust the stack.
TEST(Check, NestedTxns_TooDeep_AreRefused) {
  TxnRequest txn;
  TxnRequest* inner = &txn;
  for (int level = 0; level < kMaxTxnOps + 1; ++level) {
    inner = inner->add_success()->mutable_request_txn();
  }
  AddPut(inner->mutable_success(), "k");
  EXPECT_EQ(Verdict(txn), kTooManyOps);
}

TEST(Check, DuplicateKeys_InOneBranch_AreRefused) {
  TxnRequest txn;
  AddPut(txn.mutable_success(), "a");
  AddPut(txn.mutable_failure(), "a");
  EXPECT_EQ(Verdict(txn), "");
  AddPut(txn.mutable_success(), "a");
  EXPECT_EQ(Verdict(txn), kDuplicateKey);
}

TEST(Check, PutWithinADeletedRange_InEitherOrder_IsRefused) {
  TxnRequest txn;
  AddPut(txn.mutable_success(), "b");
  AddDelete(txn.mutable_success(), "a", "b");
  EXPECT_EQ(Verdict(txn), "");
  AddDelete(txn.mutable_success(), "a", "c");
  EXPECT_EQ(Verdict(txn), kDuplicateKey);
  txn.Clear();
  AddDelete(txn.mutable_success(), "b", "");
  AddPut(txn.mutable_success(), "b");
  EXPECT_EQ(Verdict(txn), kDuplicateKey);
}

TEST(Check, NestedBranches_ExcludeEachOtherButNotTheOuterLevel) {
  TxnRequest txn;
  TxnRequest* nested = txn.add_success()->mutable_request_txn();
  AddPut(nested->mutable_success(), "a");
  AddPut(nested->mutable_failure(), "a");
  EXPECT_EQ(Verdict(txn), "");
  AddPut(txn.mutable_success(), "a");
  EXPECT_EQ(Verdict(txn), kDuplicateKey);
}

TEST(Check, OuterPut_WithinANestedDelete_IsRefused) {
  TxnRequest txn;
  AddDelete(txn.add_success()->mutable_request_txn()->mutable_failure(), "a", "z");
  AddPut(txn.mutable_success(), "m");
  EXPECT_EQ(Verdict(txn), kDuplicateKey);
}

TEST(IsReadOnly, Txns_WithAndWithoutWrites_AreToldApart) {
  TxnRequest txn;
  EXPECT_TRUE(IsReadOnly(txn));
  txn.add_success()->mutable_request_range()->set_key("k");
  txn.add_failure()->mutable_request_txn()->add_success()->mutable_request_range()->set_key("k");
  EXPECT_TRUE(IsReadOnly(txn));
  EXPECT_FALSE(IsSerializable(txn));
  AddDelete(txn.mutable_failure(), "k", "");
  EXPECT_FALSE(IsReadOnly(txn));
  EXPECT_FALSE(MayPut(txn));
  AddPut(txn.mutable_failure(0)->mutable_request_txn()->mutable_failure(), "k");
  EXPECT_TRUE(MayPut(txn));
}

TEST(IsSerializable, EveryReadSerializable_OnlyThen_Holds) {
  TxnRequest txn;
  EXPECT_FALSE(IsSerializable(txn));
  txn.add_compare()->set_key("lock");
  EXPECT_FALSE(IsSerializable(txn));
  txn.add_failure()->mutable_request_txn()->add_compare()->set_key("lock");
  EXPECT_FALSE(IsSerializable(txn));
  auto* range = txn.add_success()->mutable_request_range();
  range->set_serializable(true);
  EXPECT_TRUE(IsSerializable(txn));
  txn.add_failure()->mutable_request_txn()->add_success()->mutable_request_range();
  EXPECT_FALSE(IsSerializable(txn));
}

}  // namespace
}  // namespace synod_kv
