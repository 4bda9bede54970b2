// Cuts the bytes of a connection into frames.
#ifndef SYNOD_TRANSPORTS_TCP_FRAME_READER_H_
#define SYNOD_TRANSPORTS_TCP_FRAME_READER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "synod/base/payload.h"
#include "synod/port/wire.h"

namespace synod::tcp {

// Reads into a buffer that all connections share, and hands on the frames that it finds there. Only
// a frame that is not complete yet gets memory of its own, of exactly its size, and the rest of it
// is received right into it: large frames are not copied.
class FrameReader {
 public:
  // `owner` contains `body`, or is null if the body is in the shared buffer.
  using OnFrame =
      absl::FunctionRef<absl::Status(wire::FrameKind kind, std::string_view body, Buffer* owner)>;

  // Frames with larger bodies are refused, from the next one on.
  void set_max_body_bytes(size_t bytes) { max_body_bytes_ = bytes; }

  // Receives once, and calls `on_frame` for each frame that this completes. Returns how much was
  // received; 0 if nothing was there. Errors end the connection: those of wire.h, those of
  // `on_frame`, kAlreadyExists if a frame is not the one that was to come, kAborted if the other
  // side has closed it within a frame, and kUnavailable if it has closed it between two or the
  // connection has failed.
  [[nodiscard]] absl::StatusOr<size_t> Read(int fd, Buffer& shared, OnFrame on_frame);

  // A frame has begun, and its rest is still to come.
  [[nodiscard]] bool IsInFrame() const { return header_bytes_ > 0 || frame_.capacity() > 0; }

 private:
  absl::Status Consume(std::string_view bytes, OnFrame on_frame);
  absl::Status CheckOrder(const wire::FrameHeader& header);
  absl::Status FinishFrame(OnFrame on_frame);

  size_t max_body_bytes_ = 0;
  uint32_t next_number_ = 0;  // Of the next frame with messages.
  // The beginning of a header; empty while there is a frame in hand.
  std::array<char, wire::kHeaderBytes> header_;
  size_t header_bytes_ = 0;
  Buffer frame_;                                       // The frame in hand, or nothing.
  size_t frame_bytes_ = 0;                             // Of them are there. Less than its capacity.
  wire::FrameKind kind_ = wire::FrameKind::kMessages;  // Its.
};

}  // namespace synod::tcp

#endif  // SYNOD_TRANSPORTS_TCP_FRAME_READER_H_
