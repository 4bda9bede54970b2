// How two nodes make sure that they mean each other, before anything else passes between them.
#ifndef SYNOD_TRANSPORTS_TCP_HANDSHAKE_H_
#define SYNOD_TRANSPORTS_TCP_HANDSHAKE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/core/durable_state.h"

namespace synod::tcp {

// Which of a pair's two connections.
enum class Channel : uint8_t { kConsensus = 0, kBulk = 1 };
inline constexpr size_t kChannels = 2;

// The dialer's hello, and the listener's welcome in answer to it.
//
//   1 byte   step: 1 hello, 2 welcome
//   1 byte   channel
//   8 bytes  each, little-endian: cluster, from, to, from's incarnation
struct Introduction {
  bool is_welcome = false;
  Channel channel = Channel::kConsensus;
  ClusterId cluster;
  NodeId from;
  NodeId to;
  Incarnation incarnation;
};

enum class RefusalReason : uint8_t {
  kVersion = 1,      // Of the wire format.
  kCluster = 2,      // Another cluster's node.
  kWrongNode = 3,    // Meant for another node.
  kUnknownPeer = 4,  // Not among the peers, or one that is to be dialed rather than to dial.
  kIncarnation = 5,  // The node is connected already, from another disk.
};

// Ends a handshake, from either side.
//
//   1 byte   step: 3
//   1 byte   reason
//   …        a sentence for people, up to the end
struct Refusal {
  RefusalReason reason = RefusalReason::kVersion;
  std::string text;
};

// More than any of them takes.
inline constexpr size_t kMaxHandshakeBytes = 512;

// Whole frames.
[[nodiscard]] std::string Encode(const Introduction& introduction);
[[nodiscard]] std::string Encode(const Refusal& refusal);

// Text from the other side comes without what could confuse a log. kInvalidArgument if the body is
// neither of the two.
[[nodiscard]] absl::StatusOr<std::variant<Introduction, Refusal>> DecodeHandshake(
    std::string_view body);

}  // namespace synod::tcp

#endif  // SYNOD_TRANSPORTS_TCP_HANDSHAKE_H_
