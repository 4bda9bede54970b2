#include "kv/request_intake.h"

#include <grpcpp/resource_quota.h>

#include "kv/errors.h"
#include "kv/request_check.h"

namespace synod_kv {

void BoundIntake(grpc::ServerBuilder* builder, size_t bytes) {
  builder->SetMaxReceiveMessageSize(-1);  // No limit.
  grpc::ResourceQuota quota("requests");
  builder->SetResourceQuota(quota.Resize(bytes));
}

absl::Status CheckIntake(const grpc::ByteBuffer& request) {
  // gRPC calls a service with an invalid buffer where the connection broke before the request's
  // end, or there was no message in it.
  if (!request.Valid()) return IncompleteError();
  return request.Length() > kMaxRequestBytes ? TooLargeError() : absl::OkStatus();
}

}  // namespace synod_kv
