// Bytes in sequence: how a state machine's image is written and read.
#ifndef SYNOD_PORT_BYTE_STREAM_H_
#define SYNOD_PORT_BYTE_STREAM_H_

#include <cstddef>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace synod {

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  // Takes all of `bytes`, or fails for good. `bytes` may go at return.
  [[nodiscard]] virtual absl::Status Append(std::string_view bytes) = 0;
};

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills `out` as far as there are bytes, and says how many; less than out.size() only at the end.
  // kDataLoss if what is read does not match its checksum.
  [[nodiscard]] virtual absl::StatusOr<size_t> Read(std::span<char> out) = 0;
};

}  // namespace synod

#endif  // SYNOD_PORT_BYTE_STREAM_H_
