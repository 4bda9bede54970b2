// Which messages may overtake which on their way to a peer.
#ifndef SYNOD_PORT_LANE_H_
#define SYNOD_PORT_LANE_H_

#include <cstdint>
#include <variant>

#include "synod/core/message.h"

namespace synod {

// Every transport keeps the lanes apart: what fills one delays and displaces nothing in another.
enum class Lane : uint8_t {
  kControl = 0,  // Small and urgent: heartbeats, votes, answers. Overtakes all else.
  kAppend = 1,   // Entries.
  kBulk = 2,     // Pieces of snapshots.
};

inline Lane LaneOf(const Message& message) {
  if (std::holds_alternative<SnapshotChunk>(message.body)) return Lane::kBulk;
  const auto* append = std::get_if<AppendRequest>(&message.body);
  return append != nullptr && !append->entries.empty() ? Lane::kAppend : Lane::kControl;
}

}  // namespace synod

#endif  // SYNOD_PORT_LANE_H_
