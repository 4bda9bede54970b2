#include "kv/command.h"

#include <cstring>
#include <vector>

#include <grpcpp/support/slice.h>

namespace synod_kv {

namespace {

// Calls visit(bytes) for each piece of the request, in order.
template <class Visit>
void ForEachPiece(const grpc::ByteBuffer& request, Visit visit) {
  std::vector<grpc::Slice> slices;
  if (!request.Dump(&slices).ok()) return;  // It is empty.
  for (const grpc::Slice& slice : slices) {
    visit(std::string_view(reinterpret_cast<const char*>(slice.begin()), slice.size()));
  }
}

}  // namespace

synod::Payload EncodeCommand(Operation operation, const grpc::ByteBuffer& request) {
  const size_t size = kMaxCommandOverhead + request.Length();
  synod::Buffer buffer(size);
  char* end = buffer.data();
  *end++ = static_cast<char>(operation);
  ForEachPiece(request, [&end](std::string_view piece) {
    std::memcpy(end, piece.data(), piece.size());
    end += piece.size();
  });
  return buffer.Share(0, size);
}

std::string EncodeQuery(Operation operation, const grpc::ByteBuffer& request) {
  std::string query;
  query.reserve(kMaxCommandOverhead + request.Length());
  query += static_cast<char>(operation);
  ForEachPiece(request, [&query](std::string_view piece) { query.append(piece); });
  return query;
}

absl::Status StatusOfResult(std::string_view result) {
  if (result.empty()) return BadResultError();
  const auto code = static_cast<absl::StatusCode>(result.front());
  if (code == absl::StatusCode::kOk) return absl::OkStatus();
  result.remove_prefix(kResultPrefix);
  return absl::Status(code, absl::string_view(result.data(), result.size()));
}

}  // namespace synod_kv
