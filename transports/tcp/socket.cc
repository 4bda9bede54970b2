#include "socket.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <system_error>
#include <unistd.h>

namespace synod::tcp {

namespace {

constexpr int kBacklog = 128;

absl::Status BadAddress(const std::string& address, const char* problem) {
  return absl::InvalidArgumentError("the address '" + address + "' " + problem +
                                    "; expected host:port, like 10.0.0.1:7000, [::1]:7000 or "
                                    "node1.example:7000");
}

void SetOption(int fd, int level, int option, int value) {
  // A kernel that lacks one of them only makes the connection a little worse.
  setsockopt(fd, level, option, &value, sizeof(value));
}

}  // namespace

void Fd::Close() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

absl::Status ErrnoStatus(const std::string& what) {
  return absl::UnavailableError(what + ": " + std::generic_category().message(errno));
}

absl::StatusOr<HostPort> ParseHostPort(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return BadAddress(address, "has no port");
  HostPort parsed{.host = address.substr(0, colon), .port = address.substr(colon + 1)};
  if (parsed.port.empty() || parsed.port.size() > 5 ||
      parsed.port.find_first_not_of("0123456789") != std::string::npos ||
      std::stoi(parsed.port) > 65535) {
    return BadAddress(address, "has a port that is no number up to 65535");
  }
  if (parsed.host.size() >= 2 && parsed.host.front() == '[' && parsed.host.back() == ']') {
    parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
    in6_addr unused{};
    if (inet_pton(AF_INET6, parsed.host.c_str(), &unused) != 1) {
      return BadAddress(address, "has no IPv6 address between its brackets");
    }
  } else if (parsed.host.find_first_of(":[]") != std::string::npos) {
    return BadAddress(address, "has an IPv6 address without brackets, or a stray one");
  }
  if (parsed.host.empty()) return BadAddress(address, "has no host");
  return parsed;
}

std::string Describe(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
    return "[" + std::string(text) + "]:" + std::to_string(ntohs(v6->sin6_port));
  }
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
  inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
  return std::string(text) + ":" + std::to_string(ntohs(v4->sin_port));
}

bool IsNumeric(const HostPort& address) {
  in6_addr unused{};
  return inet_pton(AF_INET, address.host.c_str(), &unused) == 1 ||
         inet_pton(AF_INET6, address.host.c_str(), &unused) == 1;
}

absl::StatusOr<std::vector<SocketAddress>> Resolve(const HostPort& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  if (IsNumeric(address)) hints.ai_flags |= AI_NUMERICHOST;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
  if (error != 0) {
    return absl::UnavailableError("cannot resolve '" + address.host + "': " + gai_strerror(error));
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    if (info->ai_addrlen > sizeof(sockaddr_storage)) continue;
    SocketAddress& resolved = addresses.emplace_back();
    std::memcpy(&resolved.storage, info->ai_addr, info->ai_addrlen);
    resolved.size = info->ai_addrlen;
  }
  freeaddrinfo(found);
  if (addresses.empty()) {
    return absl::UnavailableError("cannot resolve '" + address.host + "': it has no address");
  }
  return addresses;
}

absl::StatusOr<Fd> ListenOn(const std::string& name, const std::vector<SocketAddress>& addresses) {
  absl::Status error;
  for (const SocketAddress& address : addresses) {
    Fd fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.IsOpen()) {
      error = ErrnoStatus("cannot listen on " + name);
      continue;
    }
    SetOption(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (bind(fd.get(), address.get(), address.size) == 0 && listen(fd.get(), kBacklog) == 0) {
      return fd;
    }
    if (errno == EADDRINUSE) {
      error = absl::AlreadyExistsError("cannot listen on " + name +
                                       ": another process listens there already");
    } else if (errno == EADDRNOTAVAIL) {
      error =
          absl::UnavailableError("cannot listen on " + name + ": it is no address of this machine");
    } else {
      error = ErrnoStatus("cannot listen on " + name);
    }
  }
  return error;
}

absl::StatusOr<Fd> BeginConnect(const SocketAddress& address) {
  Fd fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.IsOpen()) return ErrnoStatus("socket");
  if (connect(fd.get(), address.get(), address.size) != 0 && errno != EINPROGRESS) {
    return ErrnoStatus("cannot connect to " + Describe(address));
  }
  return fd;
}

absl::Status ConnectResult(int fd) {
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error == 0) return absl::OkStatus();
  errno = error;
  return ErrnoStatus("cannot connect");
}

void ConfigureConnection(int fd, const Options& options) {
  using std::chrono::duration_cast;
  const auto timeout = options.unresponsive_timeout;
  const auto seconds = static_cast<int>(duration_cast<std::chrono::seconds>(timeout).count());
  const auto milliseconds =
      static_cast<int>(duration_cast<std::chrono::milliseconds>(timeout).count());
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT,
            static_cast<int>(std::min<size_t>(options.max_unsent_bytes, INT32_MAX)));
  SetOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, milliseconds);
  SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, std::max(1, seconds / 3));
  SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, seconds / 3));
  SetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

}  // namespace synod::tcp
