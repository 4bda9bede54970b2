#include "send_queue.h"

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

#include "socket.h"

namespace synod::tcp {

namespace {

// A frame grows up to here; a single message may be larger. Large enough that its fixed costs do
// not count, small enough that a heartbeat does not wait long behind one that has begun.
constexpr size_t kFrameTargetBytes = 64 * 1024;

constexpr size_t kMaxPieces = 64;
constexpr size_t kMaxSpareFrames = 8;

}  // namespace

bool SendQueue::Add(Lane lane, const Message& message, size_t bound, size_t max_bytes) {
  Line& line = lines_[static_cast<size_t>(lane)];
  if (line.bytes >= max_bytes) return false;
  const bool joins = !line.frames.empty() && !line.frames.back().sealed &&
                     line.frames.back().frame.HasRoomFor(message, bound, kFrameTargetBytes);
  if (!joins) {
    Queued& queued = line.frames.emplace_back();
    if (!spare_.empty()) {
      queued.frame = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  wire::OutgoingFrame& frame = line.frames.back().frame;
  const size_t before = joins ? frame.size() : 0;
  frame.Add(message);
  line.bytes += frame.size() - before;
  return true;
}

absl::StatusOr<SendQueue::Flushed> SendQueue::Flush(int fd) {
  Flushed flushed;
  while (true) {
    Gather();
    if (pieces_.empty()) {
      flushed.drained = true;
      return flushed;
    }
    std::array<iovec, kMaxPieces> vectors;
    const size_t count = std::min(pieces_.size(), kMaxPieces);
    for (size_t i = 0; i < count; ++i) {
      vectors[i] = {.iov_base = const_cast<char*>(pieces_[i].data()), .iov_len = pieces_[i].size()};
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return flushed;
      if (errno == EINTR) continue;
      return ErrnoStatus("the connection has failed");
    }
    flushed.bytes += static_cast<size_t>(sent);
    flushed.frames += Advance(static_cast<size_t>(sent));
  }
}

void SendQueue::Gather() {
  pieces_.clear();
  gathered_.clear();
  if (begun_bytes_ > 0) GatherFrame(begun_lane_, 0);
  for (size_t lane = 0; lane < lines_.size(); ++lane) {
    const size_t first = begun_bytes_ > 0 && lane == begun_lane_ ? 1 : 0;
    for (size_t i = first; i < lines_[lane].frames.size(); ++i) {
      if (pieces_.size() >= kMaxPieces) return;
      GatherFrame(lane, i);
    }
  }
}

void SendQueue::GatherFrame(size_t lane, size_t position) {
  Queued& queued = lines_[lane].frames[position];
  if (!std::exchange(queued.sealed, true)) queued.frame.Seal();
  // Of one that has begun this is what it was: it is always the first.
  queued.frame.SetNumber(complete_ + static_cast<uint32_t>(gathered_.size()));
  queued.frame.AppendPieces(gathered_.empty() ? begun_bytes_ : 0, pieces_);
  gathered_.push_back(lane);
}

// Forgets what has been sent of what was gathered. Returns how many frames are complete.
size_t SendQueue::Advance(size_t sent) {
  size_t complete = 0;
  for (const size_t lane : gathered_) {
    Line& line = lines_[lane];
    wire::OutgoingFrame& frame = line.frames.front().frame;
    const size_t left = frame.size() - begun_bytes_;
    if (sent < left) {
      begun_lane_ = lane;
      begun_bytes_ += sent;
      return complete;
    }
    sent -= left;
    begun_bytes_ = 0;
    ++complete;
    ++complete_;
    line.bytes -= frame.size();
    if (spare_.size() < kMaxSpareFrames) {
      frame.Clear();
      spare_.push_back(std::move(frame));
    }
    line.frames.pop_front();
    if (sent == 0) return complete;
  }
  return complete;
}

}  // namespace synod::tcp
