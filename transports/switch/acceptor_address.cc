#include "synod/switch/acceptor_address.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <optional>
#include <poll.h>
#include <sys/socket.h>

#include "synod/switch/slot_packet.h"

#include "descriptor.h"
#include "sockets.h"

namespace synod::slots {
namespace {

constexpr std::string_view kScheme = "switch://";
constexpr int kAskAgainMillis = 100;

absl::Status NoAddress(std::string_view text) {
  return absl::InvalidArgumentError(
      "'" + std::string(text) +
      "' is no address of an acceptor, such as switch://10.0.0.2:7400 or, with its control port, "
      "switch://10.0.0.2:7400/7401");
}

}  // namespace

std::string AcceptorAddress::Control() const {
  return Describe(Endpoint{.address = data.address, .port = control_port});
}

absl::StatusOr<AcceptorAddress> ParseAcceptorAddress(std::string_view text) {
  if (!text.starts_with(kScheme)) return NoAddress(text);
  std::string_view rest = text.substr(kScheme.size());
  AcceptorAddress address;
  if (const size_t slash = rest.find('/'); slash != rest.npos) {
    const std::string_view port = rest.substr(slash + 1);
    rest = rest.substr(0, slash);
    const char* const end = port.data() + port.size();
    const auto [stop, error] = std::from_chars(port.data(), end, address.control_port);
    if (error != std::errc() || stop != end || address.control_port == 0) return NoAddress(text);
  }
  const absl::StatusOr<Endpoint> data = ParseEndpoint(rest);
  if (!data.ok() || data->port == 0 || data->address == 0) return NoAddress(text);
  address.data = *data;
  return address;
}

// A 1a that names no incarnation is answered with the one that there is.
absl::StatusOr<uint64_t> AskIncarnation(const AcceptorAddress& address, uint32_t group,
                                        Duration timeout) {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_in to = ToSockaddr(address.data);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
    return absl::UnavailableError("cannot ask " + Describe(address.data) + ": " +
                                  std::strerror(errno));
  }
  SlotPacket request{.message = Message::k1a, .group = group};
  request.ballot.round = 1;
  request.cookie =
      static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  std::array<std::byte, kPacketBytes> bytes{};
  Encode(request, bytes);
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (std::chrono::steady_clock::now() < end) {
    (void)send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    pollfd polled{.fd = socket.get(), .events = POLLIN, .revents = 0};
    if (poll(&polled, 1, kAskAgainMillis) <= 0) continue;
    std::array<std::byte, kPacketBytes> received{};
    const ssize_t size = recv(socket.get(), received.data(), received.size(), MSG_TRUNC);
    if (size < 0) poll(nullptr, 0, kAskAgainMillis);  // Nobody is there, yet.
    if (size != static_cast<ssize_t>(kPacketBytes)) continue;
    const std::optional<SlotPacket> answer = Decode(received);
    if (!answer || answer->message != Message::k1b || answer->cookie != request.cookie) continue;
    if (answer->outcome == Outcome::kWrongGroup) {
      return absl::FailedPreconditionError("the acceptor at " + Describe(address.data) +
                                           " is another group's");
    }
    if (answer->outcome == Outcome::kNotAVoter) return 0;
    if (answer->outcome == Outcome::kWrongIncarnation) return answer->incarnation;
  }
  return absl::DeadlineExceededError("no acceptor answers at " + Describe(address.data));
}

}  // namespace synod::slots
