// Requests and answers as the bytes that they are on the wire.
//
// The state machine makes an answer's bytes on its own thread, and gRPC sends them as they are. In
// between lies the loop's thread, where every outcome is reported: it must not spend time in the
// size of an answer, since heartbeats wait for it. So nothing there parses, encodes or copies one.
#ifndef SYNOD_KV_ANSWER_H_
#define SYNOD_KV_ANSWER_H_

#include <string>

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include "kv/proto/etcdserver.pb.h"

namespace synod_kv {

// False if the bytes are no such message.
[[nodiscard]] bool Parse(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite* message);

// A response whose header says, beside the revision that is in `answer` already, who answers. The
// first `skip` bytes of `answer` are left out. Takes no time in its size.
//
// The signature is a header of its own before that of the answer: a parser merges a field that
// occurs twice.
[[nodiscard]] grpc::ByteBuffer Signed(const etcdserverpb::ResponseHeader& signature,
                                      std::string answer, size_t skip = 0);

// Replaces the signature of somebody else's response: of what occurs twice, the last one holds.
void SignAnew(const etcdserverpb::ResponseHeader& signature, grpc::ByteBuffer* response);

// The header with which a response begins. False if it begins with none.
[[nodiscard]] bool ReadSignature(const grpc::ByteBuffer& response,
                                 etcdserverpb::ResponseHeader* signature);

}  // namespace synod_kv

#endif  // SYNOD_KV_ANSWER_H_
