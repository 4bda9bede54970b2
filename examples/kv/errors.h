// The errors of etcd's API: clients recognise them by their text, so it is part of the protocol.
#ifndef SYNOD_KV_ERRORS_H_
#define SYNOD_KV_ERRORS_H_

#include <grpcpp/support/status.h>
#include <synod/synod.h>

#include "absl/status/status.h"

namespace synod_kv {

// What is wrong with a request, whatever the state.
absl::Status EmptyKeyError();
absl::Status ValueProvidedError();
absl::Status LeaseProvidedError();
absl::Status TooManyOpsError();
absl::Status DuplicateKeyError();
absl::Status TooLargeError();
absl::Status MalformedError(const char* what);

// What is wrong with it at the state it meets.
absl::Status KeyNotFoundError();
absl::Status LeaseNotFoundError();
absl::Status CompactedError();
absl::Status FutureRevisionError();

// What keeps the cluster from executing it.
absl::Status NoSpaceError();
absl::Status NoLeaderError();
absl::Status NotLeaderError();

// A write that was not committed. kUnavailable and kResourceExhausted are given only where it is
// certain that the write will never take effect, so that clients may repeat it; where that is not
// known the code is kDeadlineExceeded or kUnknown.
absl::Status ToStatus(const synod::Outcome& outcome);

// A read that Replica::Read refused. Reads are always safe to repeat.
absl::Status ToReadStatus(const absl::Status& status, bool has_leader);

grpc::Status ToGrpc(const absl::Status& status);

}  // namespace synod_kv

#endif  // SYNOD_KV_ERRORS_H_
