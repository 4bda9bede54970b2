#include <gtest/gtest.h>

#include "kv/executor.h"
#include "tests/unit/kv/store_test_util.h"

namespace synod_kv {
namespace {

using etcdserverpb::CompactionRequest;
using etcdserverpb::CompactionResponse;
using etcdserverpb::DeleteRangeRequest;
using etcdserverpb::DeleteRangeResponse;
using etcdserverpb::PutRequest;
using etcdserverpb::PutResponse;

TEST(ExecutePut, WithPrevKv_OfANewAndAnOldKey_ReturnsWhatWasThere) {
  Store store;
  PutRequest request;
  request.set_key("k");
  request.set_value("1");
  request.set_prev_kv(true);
  PutResponse first;
  ASSERT_TRUE(Execute(store, request, &first).ok());
  EXPECT_FALSE(first.has_prev_kv());
  EXPECT_EQ(first.header().revision(), 2);
  request.set_value("2");
  PutResponse second;
  ASSERT_TRUE(Execute(store, request, &second).ok());
  EXPECT_EQ(second.prev_kv().value(), "1");
  EXPECT_EQ(second.prev_kv().mod_revision(), 2);
  EXPECT_EQ(second.header().revision(), 3);
}

TEST(ExecutePut, WithIgnoreValue_KeepsTheValueAndNeedsTheKey) {
  Store store;
  PutRequest request;
  request.set_key("k");
  request.set_ignore_value(true);
  PutResponse response;
  EXPECT_EQ(Execute(store, request, &response).message(), "etcdserver: key not found");
  EXPECT_EQ(store.revision(), 1);
  Put(store, "k", "kept");
  ASSERT_TRUE(Execute(store, request, &response).ok());
  EXPECT_EQ(store.state().Find("k", store.revision())->value.view(), "kept");
  EXPECT_EQ(store.state().Find("k", store.revision())->version, 2);
}

TEST(ExecutePut, WithALease_IsRefusedSinceThereAreNone) {
  Store store;
  PutRequest request;
  request.set_key("k");
  request.set_lease(5);
  PutResponse response;
  EXPECT_TRUE(absl::IsNotFound(Execute(store, request, &response)));
  EXPECT_EQ(store.revision(), 1);
}

TEST(ExecuteDelete, OfARange_WithPrevKv_ReturnsWhatWasDeleted) {
  Store store;
  for (const char* key : {"a", "b", "c"}) Put(store, key, key);
  DeleteRangeRequest request;
  request.set_key("a");
  request.set_range_end("c");
  request.set_prev_kv(true);
  DeleteRangeResponse response;
  ASSERT_TRUE(Execute(store, request, &response).ok());
  EXPECT_EQ(response.deleted(), 2);
  ASSERT_EQ(response.prev_kvs_size(), 2);
  EXPECT_EQ(response.prev_kvs(1).value(), "b");
  EXPECT_EQ(response.header().revision(), 5);
}

TEST(ExecuteDelete, OfNothing_ReportsTheCurrentRevision) {
  Store store;
  DeleteRangeRequest request;
  request.set_key("a");
  DeleteRangeResponse response;
  ASSERT_TRUE(Execute(store, request, &response).ok());
  EXPECT_EQ(response.deleted(), 0);
  EXPECT_EQ(response.header().revision(), 1);
}

TEST(ExecuteCompact, WithinAndOutsideTheHistory_AnswersAccordingly) {
  Store store;
  Put(store, "a", "1");
  Put(store, "a", "2");
  CompactionRequest request;
  request.set_revision(3);
  CompactionResponse response;
  ASSERT_TRUE(Execute(store, request, &response).ok());
  EXPECT_EQ(response.header().revision(), 3);
  EXPECT_TRUE(absl::IsOutOfRange(Execute(store, request, &response)));
}

}  // namespace
}  // namespace synod_kv
