// Where a slot acceptor is, and which one is there.
#ifndef SYNOD_SWITCH_ACCEPTOR_ADDRESS_H_
#define SYNOD_SWITCH_ACCEPTOR_ADDRESS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "synod/base/time.h"
#include "synod/switch/udp_frame.h"

namespace synod::slots {

struct AcceptorAddress {
  Endpoint data;
  uint16_t control_port = 0;  // On the same host; 0: its control plane is out of reach.

  [[nodiscard]] std::string Control() const;  // "10.0.0.2:7401"

  friend bool operator==(const AcceptorAddress&, const AcceptorAddress&) = default;
};

// "switch://10.0.0.2:7400", or with the port of synod-switch's control plane
// "switch://10.0.0.2:7400/7401". kInvalidArgument says what would be right.
[[nodiscard]] absl::StatusOr<AcceptorAddress> ParseAcceptorAddress(std::string_view text);

// The incarnation of the acceptor that answers there; 0 if it is not a voter. Nothing changes in
// it. kDeadlineExceeded if none answers, kFailedPrecondition if it is another group's. Blocks.
[[nodiscard]] absl::StatusOr<uint64_t> AskIncarnation(const AcceptorAddress& address,
                                                      uint32_t group, Duration timeout);

}  // namespace synod::slots

#endif  // SYNOD_SWITCH_ACCEPTOR_ADDRESS_H_
