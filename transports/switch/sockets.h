// Addresses of IPv4, as text, as the kernel has them and as frames do.
#ifndef SYNOD_TRANSPORTS_SWITCH_SOCKETS_H_
#define SYNOD_TRANSPORTS_SWITCH_SOCKETS_H_

#include <netinet/in.h>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "synod/switch/udp_frame.h"

namespace synod::slots {

// "10.0.0.1:7400"
[[nodiscard]] std::string Describe(Endpoint endpoint);
// kInvalidArgument if it is not an IPv4 address and a port.
[[nodiscard]] absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text);

[[nodiscard]] sockaddr_in ToSockaddr(Endpoint endpoint);
[[nodiscard]] Endpoint ToEndpoint(const sockaddr_in& address);

// Binds a socket, and says where: a port of 0 is any that is free. kUnavailable.
[[nodiscard]] absl::StatusOr<Endpoint> BindTo(int fd, Endpoint endpoint);

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_SOCKETS_H_
