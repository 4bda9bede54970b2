// How requests are taken in from gRPC: how much of them there may be, and which are fit to be read.
#ifndef SYNOD_KV_REQUEST_INTAKE_H_
#define SYNOD_KV_REQUEST_INTAKE_H_

#include <cstddef>

#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>

#include "absl/status/status.h"

namespace synod_kv {

// For all requests that are arriving or are under way: far more than the calls of a CallBudget
// need, so that only what nobody could execute comes up against it.
inline constexpr size_t kMaxIntakeBytes = size_t{1} << 30;

// Lets the server take a request of any size, so that CheckIntake can refuse it by the error that
// clients know, and it is counted. gRPC's own limit would save nothing: it is compared with a
// message that has been read completely, and whoever exceeds it is answered before a service hears
// of the call. What bounds the memory is `bytes`: beyond, connections that send are cut off.
void BoundIntake(grpc::ServerBuilder* builder, size_t bytes = kMaxIntakeBytes);

// Whether the request has arrived, and is not too large.
[[nodiscard]] absl::Status CheckIntake(const grpc::ByteBuffer& request);

}  // namespace synod_kv

#endif  // SYNOD_KV_REQUEST_INTAKE_H_
