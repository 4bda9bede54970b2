#include "frame_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

#include "socket.h"

namespace synod::tcp {

absl::StatusOr<size_t> FrameReader::Read(int fd, Buffer& shared, OnFrame on_frame) {
  const size_t missing = frame_.capacity() - frame_bytes_;
  std::memcpy(shared.data(), header_.data(), header_bytes_);
  std::array<iovec, 2> places = {
      iovec{.iov_base = frame_.data() + frame_bytes_, .iov_len = missing},
      iovec{.iov_base = shared.data() + header_bytes_,
            .iov_len = shared.capacity() - header_bytes_}};
  const bool in_frame = missing > 0;
  msghdr message{};
  message.msg_iov = in_frame ? places.data() : places.data() + 1;
  message.msg_iovlen = in_frame ? 2 : 1;
  const ssize_t received = recvmsg(fd, &message, 0);
  if (received == 0) {
    return IsInFrame() ? absl::AbortedError("the peer has closed the connection within a frame")
                       : absl::UnavailableError("the peer has closed the connection");
  }
  if (received < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return size_t{0};
    return ErrnoStatus("the connection has failed");
  }
  const auto size = static_cast<size_t>(received);
  const size_t into_frame = std::min(size, missing);
  frame_bytes_ += into_frame;
  if (in_frame) {
    if (into_frame < missing) return size;
    absl::Status status = FinishFrame(on_frame);
    if (!status.ok()) return status;
  }
  const size_t in_shared = std::exchange(header_bytes_, 0) + size - into_frame;
  absl::Status status = Consume(std::string_view(shared.data(), in_shared), on_frame);
  if (!status.ok()) return status;
  return size;
}

absl::Status FrameReader::FinishFrame(OnFrame on_frame) {
  Buffer frame = std::exchange(frame_, Buffer());
  frame_bytes_ = 0;
  const std::string_view bytes(frame.data(), frame.capacity());
  absl::Status status = wire::VerifyChecksum(bytes);
  return status.ok() ? on_frame(kind_, bytes.substr(wire::kHeaderBytes), &frame) : status;
}

// A stream brings what was sent, once and in order: whoever repeats a frame, or leaves one out, is
// no peer to go on with.
absl::Status FrameReader::CheckOrder(const wire::FrameHeader& header) {
  if (header.kind != wire::FrameKind::kMessages) return absl::OkStatus();
  if (header.number == next_number_) {
    ++next_number_;
    return absl::OkStatus();
  }
  return absl::AlreadyExistsError("frame " + std::to_string(header.number) + " came where frame " +
                                  std::to_string(next_number_) +
                                  " was to come: the peer repeats itself, or frames are missing");
}

absl::Status FrameReader::Consume(std::string_view bytes, OnFrame on_frame) {
  while (bytes.size() >= wire::kHeaderBytes) {
    const auto header = wire::ParseHeader(bytes, max_body_bytes_);
    if (!header.ok()) return header.status();
    if (absl::Status order = CheckOrder(*header); !order.ok()) return order;
    const size_t frame_size = wire::kHeaderBytes + header->body_bytes;
    if (bytes.size() < frame_size) {
      kind_ = header->kind;
      frame_ = Buffer(frame_size);
      frame_bytes_ = bytes.size();
      std::memcpy(frame_.data(), bytes.data(), bytes.size());
      return absl::OkStatus();
    }
    const std::string_view frame = bytes.substr(0, frame_size);
    absl::Status status = wire::VerifyChecksum(frame);
    if (status.ok()) status = on_frame(header->kind, frame.substr(wire::kHeaderBytes), nullptr);
    if (!status.ok()) return status;
    bytes.remove_prefix(frame_size);
  }
  header_bytes_ = bytes.size();
  std::memcpy(header_.data(), bytes.data(), bytes.size());
  return absl::OkStatus();
}

}  // namespace synod::tcp
