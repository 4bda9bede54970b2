// A UDP socket at one end of a virtual wire, for many datagrams a system call.
#ifndef SYNOD_TESTS_UNIT_SWITCH_DATAGRAM_SOCKET_H_
#define SYNOD_TESTS_UNIT_SWITCH_DATAGRAM_SOCKET_H_

#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <netinet/in.h>
#include <poll.h>
#include <span>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/veth_pair.h"
#include "tests/unit/switch/switch_under_test.h"

namespace synod::slots::testing {

class DatagramSocket {
 public:
  // Bound to that address, in the namespace of a side.
  DatagramSocket(const support::VethPair& wire, support::Side side, Endpoint at) {
    wire.In(side, [this] { fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); });
    const sockaddr_in address = ToSockaddr(at);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  ~DatagramSocket() { close(fd_); }
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;

  void Connect(Endpoint to) {
    const sockaddr_in address = ToSockaddr(to);
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }

  // At most kBatch.
  void Send(const std::vector<Bytes>& datagrams) {
    std::array<mmsghdr, kBatch> headers{};
    std::array<iovec, kBatch> pieces{};
    for (size_t i = 0; i < datagrams.size(); ++i) {
      pieces[i] = {.iov_base = const_cast<std::byte*>(datagrams[i].data()),
                   .iov_len = datagrams[i].size()};
      headers[i].msg_hdr.msg_iov = &pieces[i];
      headers[i].msg_hdr.msg_iovlen = 1;
    }
    const auto count = static_cast<unsigned>(datagrams.size());
    ASSERT_EQ(sendmmsg(fd_, headers.data(), count, 0), static_cast<int>(count));
  }

  // So many, or fewer if for a long time none comes.
  std::vector<Bytes> Receive(size_t count) {
    constexpr int kLongMillis = 20'000;
    std::vector<Bytes> received;
    while (received.size() < count) {
      pollfd polled{.fd = fd_, .events = POLLIN, .revents = 0};
      if (poll(&polled, 1, kLongMillis) <= 0) break;
      TakeBatch(received, count - received.size());
    }
    return received;
  }
  // Is there something that nobody has received yet?
  [[nodiscard]] bool HasMore() const {
    pollfd polled{.fd = fd_, .events = POLLIN, .revents = 0};
    return poll(&polled, 1, 0) > 0;
  }

  static constexpr size_t kBatch = 64;

 private:
  static sockaddr_in ToSockaddr(Endpoint endpoint) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    address.sin_addr.s_addr = htonl(endpoint.address);
    return address;
  }

  void TakeBatch(std::vector<Bytes>& received, size_t most) {
    constexpr size_t kBytes = 2048;
    std::array<mmsghdr, kBatch> headers{};
    std::array<iovec, kBatch> pieces{};
    for (size_t i = 0; i < kBatch; ++i) {
      pieces[i] = {.iov_base = buffer_.data() + i * kBytes, .iov_len = kBytes};
      headers[i].msg_hdr.msg_iov = &pieces[i];
      headers[i].msg_hdr.msg_iovlen = 1;
    }
    const auto room = static_cast<unsigned>(std::min(most, kBatch));
    const int taken = recvmmsg(fd_, headers.data(), room, MSG_DONTWAIT, nullptr);
    for (size_t i = 0; static_cast<int>(i) < taken; ++i) {
      const auto* const begin = static_cast<const std::byte*>(pieces[i].iov_base);
      received.emplace_back(begin, begin + headers[i].msg_len);
    }
  }

  int fd_ = -1;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(kBatch * 2048);
};

}  // namespace synod::slots::testing

#endif  // SYNOD_TESTS_UNIT_SWITCH_DATAGRAM_SOCKET_H_
