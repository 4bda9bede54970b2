// What a request must satisfy whatever the state of the store.
#ifndef SYNOD_KV_REQUEST_CHECK_H_
#define SYNOD_KV_REQUEST_CHECK_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"

#include "kv/proto/etcdserver.pb.h"

namespace synod_kv {

// The limits that etcd has by default.
inline constexpr size_t kMaxRequestBytes = 1536 * 1024;
inline constexpr int kMaxTxnOps = 128;

// A service checks a request before it becomes a log entry, to refuse it early; the state machine
// checks it again, since only what is decided there is decided alike on all replicas.
[[nodiscard]] absl::Status Check(const etcdserverpb::RangeRequest& request);
[[nodiscard]] absl::Status Check(const etcdserverpb::PutRequest& request);
[[nodiscard]] absl::Status Check(const etcdserverpb::DeleteRangeRequest& request);
[[nodiscard]] absl::Status Check(const etcdserverpb::TxnRequest& request);
[[nodiscard]] absl::Status Check(const etcdserverpb::CompactionRequest& request);
[[nodiscard]] absl::Status Check(const etcdserverpb::HashKVRequest& request);

// The same; counts how often it compares keys, which is what the time goes to.
[[nodiscard]] absl::Status CheckCounting(const etcdserverpb::TxnRequest& request,
                                         uint64_t* comparisons);

// True if the request may put something, so that a store that is full must refuse it.
[[nodiscard]] bool MayPut(const etcdserverpb::PutRequest& request);
[[nodiscard]] bool MayPut(const etcdserverpb::DeleteRangeRequest& request);
[[nodiscard]] bool MayPut(const etcdserverpb::TxnRequest& request);
[[nodiscard]] bool MayPut(const etcdserverpb::CompactionRequest& request);

// True if the transaction cannot change anything, whichever way its comparisons go.
[[nodiscard]] bool IsReadOnly(const etcdserverpb::TxnRequest& request);
// True if in addition it reads, and every read in it is content with any prefix of the history.
[[nodiscard]] bool IsSerializable(const etcdserverpb::TxnRequest& request);

}  // namespace synod_kv

#endif  // SYNOD_KV_REQUEST_CHECK_H_
