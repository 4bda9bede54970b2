// How requests travel through the log and through the state machine's queries: one byte for the
// operation, then the request as the client's protocol encodes it.
#ifndef SYNOD_KV_COMMAND_H_
#define SYNOD_KV_COMMAND_H_

#include <string>
#include <string_view>

#include <grpcpp/support/byte_buffer.h>
#include <synod/synod.h>

#include "absl/status/status.h"

#include "kv/errors.h"
#include "kv/proto/etcdserver.pb.h"

namespace synod_kv {

// The values are in logs on disk: append only.
enum class Operation : char {
  kRange = 1,
  kPut = 2,
  kDeleteRange = 3,
  kTxn = 4,
  kCompact = 5,
  kHashKv = 6,
};

constexpr Operation OperationOf(const etcdserverpb::RangeRequest&) { return Operation::kRange; }
constexpr Operation OperationOf(const etcdserverpb::PutRequest&) { return Operation::kPut; }
constexpr Operation OperationOf(const etcdserverpb::DeleteRangeRequest&) {
  return Operation::kDeleteRange;
}
constexpr Operation OperationOf(const etcdserverpb::TxnRequest&) { return Operation::kTxn; }
constexpr Operation OperationOf(const etcdserverpb::CompactionRequest&) {
  return Operation::kCompact;
}
constexpr Operation OperationOf(const etcdserverpb::HashKVRequest&) { return Operation::kHashKv; }

// The most that the encoding adds to a request.
inline constexpr size_t kMaxCommandOverhead = 1;

// `request` is the encoded request that belongs to the operation. It travels on as the client sent
// it: to encode it anew would take longer and say the same.
[[nodiscard]] synod::Payload EncodeCommand(Operation operation, const grpc::ByteBuffer& request);
[[nodiscard]] std::string EncodeQuery(Operation operation, const grpc::ByteBuffer& request);

template <class Request>
std::string EncodeQuery(const Request& request) {
  std::string query(1, static_cast<char>(OperationOf(request)));
  request.AppendToString(&query);
  return query;
}

// What Apply answers: one byte for the status code, then the response, or why there is none.
template <class Response>
std::string EncodeResult(const absl::Status& status, const Response& response) {
  std::string result(1, static_cast<char>(status.raw_code()));
  if (!status.ok()) {
    result.append(status.message().data(), status.message().size());
  } else if (!response.AppendToString(&result)) {
    return EncodeResult(BadResultError(), response);
  }
  return result;
}

// The status in a result of Apply. If it is OK, the response is what follows kResultPrefix bytes.
[[nodiscard]] absl::Status StatusOfResult(std::string_view result);
inline constexpr size_t kResultPrefix = 1;

}  // namespace synod_kv

#endif  // SYNOD_KV_COMMAND_H_
