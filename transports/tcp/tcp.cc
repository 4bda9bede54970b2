// Listen: checks what it is given, and binds.
#include "synod/tcp.h"

#include <set>
#include <utility>

#include "synod/port/wire.h"

#include "socket.h"
#include "transport.h"

namespace synod::tcp {

absl::Status Options::Validate() const {
  if (max_queue_bytes == 0 || max_control_queue_bytes == 0 || max_bulk_queue_bytes == 0 ||
      max_pending_handshakes == 0 || max_unsent_bytes == 0) {
    return absl::InvalidArgumentError("every max_… limit of tcp::Options must be positive");
  }
  if (max_frame_bytes < Transport::kGuaranteedMessageBytes ||
      max_frame_bytes > wire::kMaxBodyBytes) {
    return absl::InvalidArgumentError("max_frame_bytes must be between 512 KiB and 64 MiB");
  }
  if (reconnect_min <= Duration::zero() || reconnect_max < reconnect_min) {
    return absl::InvalidArgumentError(
        "reconnect_min must be positive, and reconnect_max no less than it");
  }
  if (handshake_timeout <= Duration::zero()) {
    return absl::InvalidArgumentError("handshake_timeout must be positive");
  }
  if (unresponsive_timeout < std::chrono::seconds(1) ||
      unresponsive_timeout > std::chrono::hours(24)) {
    return absl::InvalidArgumentError("unresponsive_timeout must be between 1 s and 24 h");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Transport>> Listen(const std::string& address,
                                                  const std::map<NodeId, std::string>& peers,
                                                  Options options) {
  absl::Status valid = options.Validate();
  if (!valid.ok()) return valid;
  auto own = ParseHostPort(address);
  if (!own.ok()) return own.status();
  std::map<NodeId, HostPort> addresses;
  std::set<std::string> seen;
  for (const auto& [node, text] : peers) {
    if (node.IsZero()) return absl::InvalidArgumentError("0 is no node id: correct the peer list");
    auto parsed = ParseHostPort(text);
    if (!parsed.ok()) return parsed.status();
    if (!seen.insert(text).second) {
      return absl::InvalidArgumentError("two nodes of the peer list have the address " + text);
    }
    addresses.emplace(node, *std::move(parsed));
  }
  const auto resolved = Resolve(*own);
  if (!resolved.ok()) return resolved.status();
  auto listening = ListenOn(address, *resolved);
  if (!listening.ok()) return listening.status();
  return std::make_unique<TcpTransport>(address, *std::move(listening), std::move(addresses),
                                        options);
}

}  // namespace synod::tcp
