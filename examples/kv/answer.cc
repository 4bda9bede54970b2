#include "kv/answer.h"

#include <memory>
#include <utility>
#include <vector>

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/support/proto_buffer_reader.h>

namespace synod_kv {

namespace {

// Of the header, which is the first field of every response: number 1, length-delimited.
constexpr uint32_t kHeaderTag = (1 << 3) | 2;

grpc::Slice SliceOf(std::string bytes, size_t skip) {
  auto owned = std::make_unique<std::string>(std::move(bytes));
  char* begin = owned->data() + skip;
  const size_t size = owned->size() - skip;
  return {begin, size, [](void* owner) { delete static_cast<std::string*>(owner); },
          owned.release()};
}

// The signature as a field of a response.
grpc::Slice FieldOf(const etcdserverpb::ResponseHeader& signature) {
  etcdserverpb::PutResponse response;  // Any: all have their header alike.
  *response.mutable_header() = signature;
  return grpc::Slice(response.SerializeAsString());
}

}  // namespace

bool Parse(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite* message) {
  message->Clear();
  if (bytes.Length() == 0) return true;  // The reader takes such a buffer for a broken one.
  grpc::ByteBuffer shared = bytes;
  grpc::ProtoBufferReader reader(&shared);
  return message->ParseFromZeroCopyStream(&reader) && reader.status().ok();
}

grpc::ByteBuffer Signed(const etcdserverpb::ResponseHeader& signature, std::string answer,
                        size_t skip) {
  const grpc::Slice slices[] = {FieldOf(signature), SliceOf(std::move(answer), skip)};
  return {slices, std::size(slices)};
}

void SignAnew(const etcdserverpb::ResponseHeader& signature, grpc::ByteBuffer* response) {
  std::vector<grpc::Slice> slices;
  if (!response->Dump(&slices).ok()) slices.clear();  // It is empty.
  slices.push_back(FieldOf(signature));
  grpc::ByteBuffer signed_response(slices.data(), slices.size());
  response->Swap(&signed_response);
}

bool ReadSignature(const grpc::ByteBuffer& response, etcdserverpb::ResponseHeader* signature) {
  grpc::ByteBuffer shared = response;
  grpc::ProtoBufferReader reader(&shared);
  google::protobuf::io::CodedInputStream stream(&reader);
  uint32_t size = 0;
  if (stream.ReadTag() != kHeaderTag || !stream.ReadVarint32(&size)) return false;
  std::string bytes;
  return stream.ReadString(&bytes, static_cast<int>(size)) && signature->ParseFromString(bytes);
}

}  // namespace synod_kv
