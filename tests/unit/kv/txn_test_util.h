// Shorthands for the operations of a transaction.
#ifndef SYNOD_TESTS_UNIT_KV_TXN_TEST_UTIL_H_
#define SYNOD_TESTS_UNIT_KV_TXN_TEST_UTIL_H_

#include <string>

#include "kv/proto/etcdserver.pb.h"

namespace synod_kv {

using Ops = google::protobuf::RepeatedPtrField<etcdserverpb::RequestOp>;

inline void AddPut(Ops* ops, const std::string& key, const std::string& value = "") {
  auto* put = ops->Add()->mutable_request_put();
  put->set_key(key);
  put->set_value(value);
}

inline void AddGet(Ops* ops, const std::string& key) {
  ops->Add()->mutable_request_range()->set_key(key);
}

inline void AddDelete(Ops* ops, const std::string& key, const std::string& range_end = "") {
  auto* request = ops->Add()->mutable_request_delete_range();
  request->set_key(key);
  request->set_range_end(range_end);
}

}  // namespace synod_kv

#endif  // SYNOD_TESTS_UNIT_KV_TXN_TEST_UTIL_H_
