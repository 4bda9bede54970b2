// What the transport counts.
#ifndef SYNOD_TRANSPORTS_TCP_COUNTERS_H_
#define SYNOD_TRANSPORTS_TCP_COUNTERS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace synod::tcp {

enum class Counter : size_t {
  kMessagesSent,  // Queued for a connection.
  kMessagesReceived,
  kFramesSent,
  kFramesReceived,
  kBytesSent,
  kBytesReceived,
  kDroppedUnknownPeer,
  kDroppedDisconnected,
  kDroppedQueueFull,
  kDroppedControlQueueFull,
  kDroppedBulkQueueFull,
  kDroppedTooLarge,
  kConnected,  // Handshakes completed, of either channel.
  kDisconnected,
  kReplaced,        // By a newer connection of the same peer.
  kConnectFailed,   // Attempts to reach a peer.
  kAcceptFailed,    // No descriptor was to be had.
  kPendingEvicted,  // Closed since too many had not completed their handshake.
  kHandshakeTimeout,
  kHandshakeRefusedVersion,
  kHandshakeRefusedMalformed,
  kHandshakeRefusedCluster,
  kHandshakeRefusedWrongNode,
  kHandshakeRefusedUnknownPeer,
  kHandshakeRefusedIncarnation,
  kHandshakeRefusedByPeer,
  kFrameBadChecksum,
  kFrameMalformed,
  kFrameUnknown,     // Of a newer version.
  kFrameOutOfOrder,  // Repeated, or ahead of one that is missing.
  kFrameTooLarge,
  kFrameStalled,    // Begun, and not gone on with.
  kFrameTruncated,  // Begun, and the connection was closed.
  kCount,
};

class Counters {
 public:
  void Add(Counter counter, uint64_t n = 1) {
    values_[static_cast<size_t>(counter)].fetch_add(n, std::memory_order_relaxed);
  }

  // From any thread.
  [[nodiscard]] std::vector<std::pair<std::string, uint64_t>> Named() const {
    static constexpr std::array<const char*, kSize> kNames = {
        "messages_sent",
        "messages_received",
        "frames_sent",
        "frames_received",
        "bytes_sent",
        "bytes_received",
        "dropped_unknown_peer",
        "dropped_disconnected",
        "dropped_queue_full",
        "dropped_control_queue_full",
        "dropped_bulk_queue_full",
        "dropped_too_large",
        "connected",
        "disconnected",
        "replaced",
        "connect_failed",
        "accept_failed",
        "pending_evicted",
        "handshake_timeout",
        "handshake_refused_version",
        "handshake_refused_malformed",
        "handshake_refused_cluster",
        "handshake_refused_wrong_node",
        "handshake_refused_unknown_peer",
        "handshake_refused_incarnation",
        "handshake_refused_by_peer",
        "frame_bad_checksum",
        "frame_malformed",
        "frame_unknown",
        "frame_out_of_order",
        "frame_too_large",
        "frame_stalled",
        "frame_truncated",
    };
    static_assert(kNames.back() != nullptr, "every counter has a name");
    std::vector<std::pair<std::string, uint64_t>> named;
    for (size_t i = 0; i < kSize; ++i) {
      named.emplace_back(kNames[i], values_[i].load(std::memory_order_relaxed));
    }
    return named;
  }

 private:
  static constexpr size_t kSize = static_cast<size_t>(Counter::kCount);
  std::array<std::atomic<uint64_t>, kSize> values_{};
};

}  // namespace synod::tcp

#endif  // SYNOD_TRANSPORTS_TCP_COUNTERS_H_
