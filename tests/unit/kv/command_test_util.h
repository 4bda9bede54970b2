// Typed requests and results, for tests of what handles them as bytes.
#ifndef SYNOD_TESTS_UNIT_KV_COMMAND_TEST_UTIL_H_
#define SYNOD_TESTS_UNIT_KV_COMMAND_TEST_UTIL_H_

#include <string>
#include <string_view>

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>
#include <gtest/gtest.h>

#include "kv/command.h"

namespace synod_kv {

inline grpc::ByteBuffer BytesOf(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

template <class Request>
synod::Payload CommandOf(const Request& request) {
  return EncodeCommand(OperationOf(request), BytesOf(request.SerializeAsString()));
}

template <class Response>
absl::Status DecodeResult(std::string_view result, Response* response) {
  absl::Status status = StatusOfResult(result);
  if (status.ok()) {
    result.remove_prefix(kResultPrefix);
    EXPECT_TRUE(response->ParseFromArray(result.data(), static_cast<int>(result.size())));
  }
  return status;
}

}  // namespace synod_kv

#endif  // SYNOD_TESTS_UNIT_KV_COMMAND_TEST_UTIL_H_
