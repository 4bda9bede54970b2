// What waits to be sent on one connection.
#ifndef SYNOD_TRANSPORTS_TCP_SEND_QUEUE_H_
#define SYNOD_TRANSPORTS_TCP_SEND_QUEUE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "synod/core/message.h"
#include "synod/port/lane.h"
#include "synod/port/wire.h"

namespace synod::tcp {

// Frames that are being filled and frames that are being sent, a line of them for each lane. A
// frame takes messages until its turn to be sent comes or it is large enough, so what is queued in
// one turn travels together, and under load what is queued in several.
class SendQueue {
 public:
  // False, and nothing happens, if the lane holds `max_bytes` already. `bound` is the message's
  // EncodedSizeBound.
  [[nodiscard]] bool Add(Lane lane, const Message& message, size_t bound, size_t max_bytes);

  struct Flushed {
    size_t frames = 0;  // Whose last byte was sent.
    size_t bytes = 0;
    bool drained = false;  // Nothing waits. Otherwise the socket takes no more for now.
  };
  // Sends what the socket takes: the rest of a frame that has begun, then the lanes in their order.
  // An error ends the connection.
  [[nodiscard]] absl::StatusOr<Flushed> Flush(int fd);

  [[nodiscard]] size_t bytes(Lane lane) const { return lines_[static_cast<size_t>(lane)].bytes; }

 private:
  struct Queued {
    wire::OutgoingFrame frame;
    bool sealed = false;
  };
  struct Line {
    std::deque<Queued> frames;
    size_t bytes = 0;  // Their sum. Falls when a whole frame is sent.
  };

  void Gather();
  void GatherFrame(size_t lane, size_t position);
  size_t Advance(size_t sent);

  std::array<Line, 3> lines_;
  size_t begun_lane_ = 0;                   // Meaningful if begun_bytes_ > 0.
  size_t begun_bytes_ = 0;                  // Sent of the first frame of begun_lane_.
  uint32_t complete_ = 0;                   // Frames that were sent to their end.
  std::vector<wire::OutgoingFrame> spare_;  // Empty ones, for their memory.
  // Used during Flush.
  std::vector<std::string_view> pieces_;
  std::vector<size_t> gathered_;  // The lane of each frame in pieces_, in their order.
};

}  // namespace synod::tcp

#endif  // SYNOD_TRANSPORTS_TCP_SEND_QUEUE_H_
