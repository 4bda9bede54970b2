// Answers that could not be carried are refused before anything is executed for them.
#include "kv/answer_bound.h"

#include <gtest/gtest.h>

#include "kv/errors.h"
#include "kv/executor.h"
#include "kv/request_check.h"
#include "tests/unit/kv/store_test_util.h"
#include "tests/unit/kv/txn_test_util.h"

namespace synod_kv {
namespace {

using etcdserverpb::RangeRequest;
using etcdserverpb::TxnRequest;

constexpr size_t kMegabyte = 1024 * 1024;

// Many keys below "k/", each with the same megabyte: so much to answer with, and no more in memory.
void Fill(Store& store, int keys) {
  const synod::Payload value = synod::Payload::Copy(std::string(kMegabyte, 'x'));
  for (int i = 0; i < keys; ++i) {
    Store::Change change(store);
    change.Put("k/" + std::to_string(1000 + i), value);
  }
}

RangeRequest All() {
  RangeRequest request;
  request.set_key("k/");
  request.set_range_end("k0");
  return request;
}

template <class Response, class Request>
absl::Status Perform(Store& store, const Request& request) {
  EXPECT_TRUE(Check(request).ok());
  Response response;
  return Execute(store, request, &response);
}

TEST(AnswerBound, Range_OfMoreThanCanBeAnswered_IsRefused) {
  Store store;
  Fill(store, 1100);
  const auto run = [&](const RangeRequest& request) {
    return Perform<etcdserverpb::RangeResponse>(store, request);
  };
  EXPECT_EQ(run(All()), AnswerTooLargeError());
  RangeRequest request = All();
  request.set_keys_only(true);
  EXPECT_TRUE(run(request).ok());
  request = All();
  request.set_count_only(true);
  EXPECT_TRUE(run(request).ok());
  request = All();
  request.set_limit(3);
  EXPECT_TRUE(run(request).ok());
}

TEST(AnswerBound, Delete_OfMoreThanCanBeAnswered_DeletesNothing) {
  Store store;
  Fill(store, 1100);
  etcdserverpb::DeleteRangeRequest request;
  request.set_key("k/");
  request.set_range_end("k0");
  request.set_prev_kv(true);
  EXPECT_EQ(Perform<etcdserverpb::DeleteRangeResponse>(store, request), AnswerTooLargeError());
  EXPECT_EQ(store.revision(), 1101);
  request.set_prev_kv(false);
  EXPECT_TRUE(Perform<etcdserverpb::DeleteRangeResponse>(store, request).ok());
  EXPECT_EQ(store.revision(), 1102);
}

TEST(AnswerBound, Transaction_WhosePartsTogetherAreTooMuch_ChangesNothing) {
  Store store;
  Fill(store, 100);
  TxnRequest request;
  AddPut(request.mutable_success(), "other", "v");
  for (int i = 0; i < 11; ++i) *request.mutable_success()->Add()->mutable_request_range() = All();
  EXPECT_EQ(Perform<etcdserverpb::TxnResponse>(store, request), AnswerTooLargeError());
  EXPECT_EQ(store.revision(), 101);

  // What it reads a few keys of is bounded by how large these may be, not by all that there is.
  for (auto& op : *request.mutable_success()) {
    if (op.has_request_range()) op.mutable_request_range()->set_limit(1);
  }
  EXPECT_TRUE(Perform<etcdserverpb::TxnResponse>(store, request).ok());
}

// The branch that is not taken answers nothing.
TEST(AnswerBound, Transaction_WithALargeBranchNotTaken_Executes) {
  Store store;
  Fill(store, 100);
  TxnRequest request;
  AddPut(request.mutable_success(), "other", "v");
  for (int i = 0; i < 11; ++i) *request.mutable_failure()->Add()->mutable_request_range() = All();
  EXPECT_TRUE(Perform<etcdserverpb::TxnResponse>(store, request).ok());
}

// A transaction's reads see what it has put.
TEST(AnswerBound, Transaction_ThatReadsWhatItPuts_CountsThat) {
  Store store;
  AnswerBound bound(store.state());
  etcdserverpb::PutRequest put;
  put.set_key("k/1");
  put.set_value(std::string(kMegabyte, 'x'));
  bound.Add(put);
  const RangeRequest range = All();
  for (int i = 0; i < 1000; ++i) bound.Add(range);
  EXPECT_TRUE(bound.Check().ok());
  for (int i = 0; i < 100; ++i) bound.Add(range);
  EXPECT_EQ(bound.Check(), AnswerTooLargeError());
}

}  // namespace
}  // namespace synod_kv
