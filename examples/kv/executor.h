// What each request of etcd's KV service does to the store, and what it answers.
#ifndef SYNOD_KV_EXECUTOR_H_
#define SYNOD_KV_EXECUTOR_H_

#include <cstdint>

#include "absl/status/status.h"

#include "kv/mvcc.h"
#include "kv/proto/etcdserver.pb.h"

namespace synod_kv {

// What answers are bounded by: gRPC and Protobuf cannot carry 2 GiB.
inline constexpr uint64_t kMaxAnswerBytes = uint64_t{1} << 30;

// Pure functions of the store and the request, which must have passed Check. Of the header they
// fill in the revision. A request that fails changes nothing, and so one whose answer could exceed
// kMaxAnswerBytes fails before it is executed.
[[nodiscard]] absl::Status Execute(const Store& store, const etcdserverpb::RangeRequest& request,
                                   etcdserverpb::RangeResponse* response);
[[nodiscard]] absl::Status Execute(Store& store, const etcdserverpb::PutRequest& request,
                                   etcdserverpb::PutResponse* response);
[[nodiscard]] absl::Status Execute(Store& store, const etcdserverpb::DeleteRangeRequest& request,
                                   etcdserverpb::DeleteRangeResponse* response);
[[nodiscard]] absl::Status Execute(Store& store, const etcdserverpb::TxnRequest& request,
                                   etcdserverpb::TxnResponse* response);
[[nodiscard]] absl::Status Execute(Store& store, const etcdserverpb::CompactionRequest& request,
                                   etcdserverpb::CompactionResponse* response);

// A transaction for which IsReadOnly holds.
[[nodiscard]] absl::Status ExecuteReadOnly(const Store& store,
                                           const etcdserverpb::TxnRequest& request,
                                           etcdserverpb::TxnResponse* response);

}  // namespace synod_kv

#endif  // SYNOD_KV_EXECUTOR_H_
