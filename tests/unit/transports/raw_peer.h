// A peer made by hand, which may say anything.
#ifndef SYNOD_TESTS_UNIT_TRANSPORTS_RAW_PEER_H_
#define SYNOD_TESTS_UNIT_TRANSPORTS_RAW_PEER_H_

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <utility>
#include <variant>
#include <vector>

#include "synod/core/message.h"
#include "synod/port/wire.h"

#include "gtest/gtest.h"
#include "transports/tcp/handshake.h"
#include "transports/tcp/socket.h"

namespace synod::testing {

// A blocking socket. Reading gives up after a minute, which fails the test.
class RawPeer {
 public:
  // Connects to a transport's address.
  explicit RawPeer(const std::string& address) {
    const auto resolved = tcp::Resolve(*tcp::ParseHostPort(address));
    fd_ = tcp::Fd(socket(resolved->at(0).storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(fd_.get(), resolved->at(0).get(), resolved->at(0).size), 0);
    SetPatience();
  }
  // Takes over an accepted socket.
  explicit RawPeer(tcp::Fd fd) : fd_(std::move(fd)) { SetPatience(); }

  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // The other side has closed: the test sees that by reading.
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }

  // The hello of a well-behaved peer.
  static tcp::Introduction Hello(NodeId from, NodeId to) {
    tcp::Introduction hello;
    hello.cluster = 7;
    hello.from = from;
    hello.to = to;
    hello.incarnation = Incarnation(100 + from.value());
    return hello;
  }
  void Introduce(const tcp::Introduction& introduction) { Send(tcp::Encode(introduction)); }

  // The next frame's body; nothing at the end of the stream.
  std::optional<std::string> ReadFrame() {
    const auto header = ReadBytes(wire::kHeaderBytes);
    if (!header) return std::nullopt;
    const auto parsed = wire::ParseHeader(*header, wire::kMaxBodyBytes);
    if (!parsed.ok()) {
      ADD_FAILURE() << parsed.status();
      return std::nullopt;
    }
    return ReadBytes(parsed->body_bytes);
  }

  // The next frame, which has to be of the kind asked for.
  std::optional<tcp::Introduction> ReadIntroduction() { return ReadHandshake<tcp::Introduction>(); }
  std::optional<tcp::Refusal> ReadRefusal() { return ReadHandshake<tcp::Refusal>(); }

  // Whether the other side closes, sending nothing before.
  bool IsClosedByPeer() { return !ReadBytes(1).has_value() && ended_; }

 private:
  void SetPatience() {
    const timeval patience{.tv_sec = 60, .tv_usec = 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }

  template <class T>
  std::optional<T> ReadHandshake() {
    const auto body = ReadFrame();
    if (!body) return std::nullopt;
    auto decoded = tcp::DecodeHandshake(*body);
    if (!decoded.ok() || !std::holds_alternative<T>(*decoded)) return std::nullopt;
    return std::get<T>(*std::move(decoded));
  }

  std::optional<std::string> ReadBytes(size_t size) {
    std::string bytes(size, '\0');
    size_t have = 0;
    while (have < size) {
      const ssize_t received = recv(fd_.get(), bytes.data() + have, size - have, 0);
      if (received <= 0) {
        ended_ = received == 0 || errno == ECONNRESET;
        return std::nullopt;
      }
      have += static_cast<size_t>(received);
    }
    return bytes;
  }

  tcp::Fd fd_;
  bool ended_ = false;
};

// A frame with these messages, so many frames after the first of its connection.
inline std::string FrameOf(const std::vector<Message>& messages, uint32_t number = 0) {
  wire::OutgoingFrame frame;
  for (const Message& message : messages) frame.Add(message);
  frame.Seal();
  frame.SetNumber(number);
  std::vector<std::string_view> pieces;
  frame.AppendPieces(0, pieces);
  std::string bytes;
  for (const std::string_view piece : pieces) bytes += piece;
  return bytes;
}

}  // namespace synod::testing

#endif  // SYNOD_TESTS_UNIT_TRANSPORTS_RAW_PEER_H_
