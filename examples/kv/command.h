// How requests travel through the log and through the state machine's queries: one byte for the
// operation, then the request as the client's protocol encodes it.
#ifndef SYNOD_KV_COMMAND_H_
#define SYNOD_KV_COMMAND_H_

#include <string>
#include <string_view>

#include <synod/synod.h>

#include "absl/status/status.h"

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

template <class Request>
synod::Payload EncodeCommand(const Request& request) {
  const size_t size = request.ByteSizeLong();
  synod::Buffer buffer(1 + size);
  buffer.data()[0] = static_cast<char>(OperationOf(request));
  request.SerializeWithCachedSizesToArray(reinterpret_cast<uint8_t*>(buffer.data() + 1));
  return buffer.Share(0, 1 + size);
}

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
  if (status.ok()) {
    response.AppendToString(&result);
  } else {
    result.append(status.message().data(), status.message().size());
  }
  return result;
}

template <class Response>
absl::Status DecodeResult(std::string_view result, Response* response) {
  if (result.empty()) return absl::InternalError("synod-kv: the state machine gave no result");
  const auto code = static_cast<absl::StatusCode>(result.front());
  result.remove_prefix(1);
  if (code != absl::StatusCode::kOk) {
    return absl::Status(code, absl::string_view(result.data(), result.size()));
  }
  if (!response->ParseFromArray(result.data(), static_cast<int>(result.size()))) {
    return absl::InternalError("synod-kv: the state machine gave a malformed result");
  }
  return absl::OkStatus();
}

}  // namespace synod_kv

#endif  // SYNOD_KV_COMMAND_H_
