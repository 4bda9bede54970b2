#include "sockets.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sys/socket.h>

namespace synod::slots {

std::string Describe(Endpoint endpoint) {
  std::array<char, INET_ADDRSTRLEN> text{};
  const in_addr address{.s_addr = htonl(endpoint.address)};
  inet_ntop(AF_INET, &address, text.data(), text.size());
  return std::string(text.data()) + ":" + std::to_string(endpoint.port);
}

absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text) {
  const size_t colon = text.rfind(':');
  Endpoint endpoint;
  in_addr address{};
  if (colon != text.npos &&
      inet_pton(AF_INET, std::string(text.substr(0, colon)).c_str(), &address) == 1) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, endpoint.port);
    endpoint.address = ntohl(address.s_addr);
    if (error == std::errc() && stop == end) return endpoint;
  }
  return absl::InvalidArgumentError("must be an IPv4 address and a port, as 127.0.0.1:7400");
}

sockaddr_in ToSockaddr(Endpoint endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  address.sin_addr.s_addr = htonl(endpoint.address);
  return address;
}

Endpoint ToEndpoint(const sockaddr_in& address) {
  return {.address = ntohl(address.sin_addr.s_addr), .port = ntohs(address.sin_port)};
}

absl::StatusOr<Endpoint> BindTo(int fd, Endpoint endpoint) {
  sockaddr_in address = ToSockaddr(endpoint);
  socklen_t size = sizeof(address);
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return absl::UnavailableError("cannot bind " + Describe(endpoint) + ": " +
                                  std::strerror(errno));
  }
  return ToEndpoint(address);
}

}  // namespace synod::slots
