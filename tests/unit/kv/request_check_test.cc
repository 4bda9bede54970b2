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

TEST(Check, DeletedRangesThatMeet_CoverWhatEachDoes) {
  TxnRequest txn;
  Ops* ops = txn.mutable_success();
  AddDelete(ops, "d", "f");
  AddDelete(ops, "b", "d");
  AddDelete(ops, "m");
  AddDelete(ops, "z", "y");  // Nothing.
  AddDelete(ops, "a", "c");
  AddDelete(ops, "x", std::string(1, '\0'));  // And all behind it.
  for (const char* key : {"a", "b", "c", "d", "e", "m", "x", "z"}) {
    TxnRequest with = txn;
    AddPut(with.mutable_success(), key);
    EXPECT_EQ(Verdict(with), kDuplicateKey) << key;
  }
  for (const char* key : {"0", "f", "l", "m0", "n", "w"}) AddPut(ops, key);
  EXPECT_EQ(Verdict(txn), "");
}

// A level of 128 operations less what the levels above it have.
void Nest(Ops* ops, int levels, int width, int* next) {
  const auto key = [next] { return std::to_string(1'000'000 + (*next)++); };
  for (int i = 0; i < width; ++i) {
    if (levels > 1) {
      Nest(ops->Add()->mutable_request_txn()->mutable_success(), levels - 1, width, next);
    } else if (i % 2 == 0) {
      AddPut(ops, key());
    } else {
      AddDelete(ops, key());
    }
  }
}

// Each put would be compared with each deletion, if nothing were sorted: 800 million times.
TEST(Check, VeryManyNestedOperations_AreComparedSeldom) {
  TxnRequest txn;
  int operations = 0;
  Nest(txn.mutable_success(), 3, 38, &operations);
  ASSERT_LT(txn.ByteSizeLong(), kMaxRequestBytes);
  ASSERT_GT(operations, 50'000);
  uint64_t comparisons = 0;
  EXPECT_EQ(CheckCounting(txn, &comparisons), absl::OkStatus());
  EXPECT_GT(comparisons, 50'000u);
  EXPECT_LT(comparisons, 20'000'000u);
}

// However deep they are, what is in them is not gone through at each level.
TEST(Check, ManyOperationsInADeepNest_AreComparedSeldom) {
  TxnRequest txn;
  Ops* ops = txn.mutable_success();
  constexpr int kLevels = 60;
  for (int level = 0; level < kLevels; ++level) {
    AddDelete(ops, "d" + std::to_string(level));
    AddPut(ops, "p" + std::to_string(level));
    ops = ops->Add()->mutable_request_txn()->mutable_success();
  }
  // 3 of 128 are used up by each level but for the last ones.
  EXPECT_EQ(Verdict(txn), kTooManyOps);

  txn.Clear();
  ops = txn.mutable_success();
  for (int level = 0; level < 40; ++level) {
    AddDelete(ops, "d" + std::to_string(level));
    ops = ops->Add()->mutable_request_txn()->mutable_success();
  }
  int operations = 0;
  Nest(ops, 3, 15, &operations);
  uint64_t comparisons = 0;
  EXPECT_EQ(CheckCounting(txn, &comparisons), absl::OkStatus());
  EXPECT_LT(comparisons, static_cast<uint64_t>(operations) * 100);
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
