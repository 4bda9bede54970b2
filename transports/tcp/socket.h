// Sockets and their addresses.
#ifndef SYNOD_TRANSPORTS_TCP_SOCKET_H_
#define SYNOD_TRANSPORTS_TCP_SOCKET_H_

#include <string>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/tcp.h"

namespace synod::tcp {

// Owns a descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() { Close(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool IsOpen() const { return fd_ >= 0; }
  void Close();

 private:
  int fd_ = -1;
};

// "host:port" in its parts; an IPv6 address without its brackets.
struct HostPort {
  std::string host;
  std::string port;

  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// kInvalidArgument, saying what is expected.
[[nodiscard]] absl::StatusOr<HostPort> ParseHostPort(const std::string& address);

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// "10.0.0.1:7000", "[::1]:7000"
[[nodiscard]] std::string Describe(const SocketAddress& address);

// Whether the host is an address, so that resolving it asks nobody.
[[nodiscard]] bool IsNumeric(const HostPort& address);

// All that a name stands for, at least one. May block for long unless it is numeric.
[[nodiscard]] absl::StatusOr<std::vector<SocketAddress>> Resolve(const HostPort& address);

// A listening socket on the first of `addresses` that can be bound. `name` is for the error.
[[nodiscard]] absl::StatusOr<Fd> ListenOn(const std::string& name,
                                          const std::vector<SocketAddress>& addresses);

// Begins to connect; the socket becomes writable when that has succeeded or failed.
[[nodiscard]] absl::StatusOr<Fd> BeginConnect(const SocketAddress& address);
// How that ended.
[[nodiscard]] absl::Status ConnectResult(int fd);

// What every connection needs: no delay for small frames, a bound on what the kernel takes before
// it has sent it, and an end when the other side is gone without a word.
void ConfigureConnection(int fd, const Options& options);

// `what` with the text of errno. kUnavailable.
[[nodiscard]] absl::Status ErrnoStatus(const std::string& what);

}  // namespace synod::tcp

#endif  // SYNOD_TRANSPORTS_TCP_SOCKET_H_
