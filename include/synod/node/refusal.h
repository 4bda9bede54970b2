// Why a replica refused a read or a transfer of leadership, for programs.
#ifndef SYNOD_NODE_REFUSAL_H_
#define SYNOD_NODE_REFUSAL_H_

#include <string_view>

#include "absl/status/status.h"
#include "synod/base/ids.h"
#include "synod/core/outcome.h"

namespace synod {

// What a status carries beside its code and its sentence. A proposal's Outcome has the same two.
struct Refusal {
  Reason reason = Reason::kNone;  // kNone: the status is no refusal, but a state machine's own.
  NodeId leader;                  // Who leads, as far as the replica knew; 0: nobody known.

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

// The payload's name in the status: 9 bytes, the reason and the leader's id, little-endian.
inline constexpr std::string_view kRefusalUrl = "type.synod/Refusal";

// All zero if the status carries none that could be read.
[[nodiscard]] Refusal RefusalOf(const absl::Status& status);
[[nodiscard]] inline Reason ReasonOf(const absl::Status& status) {
  return RefusalOf(status).reason;
}

// The status with the refusal in it. OK stays what it is.
[[nodiscard]] absl::Status WithRefusal(absl::Status status, const Refusal& refusal);

}  // namespace synod

#endif  // SYNOD_NODE_REFUSAL_H_
