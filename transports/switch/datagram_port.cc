#include "datagram_port.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "sockets.h"

namespace synod::slots {
namespace {

// So many datagrams may wait while the process does something else.
constexpr int kSocketBytes = 4 * 1024 * 1024;

}  // namespace

DatagramPort::Batch::Batch() {
  for (size_t i = 0; i < kBatch; ++i) {
    pieces[i] = {.iov_base = Buffer(i), .iov_len = kBufferBytes};
    headers[i].msg_hdr.msg_iov = &pieces[i];
    headers[i].msg_hdr.msg_iovlen = 1;
    headers[i].msg_hdr.msg_name = &peers[i];
    headers[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
  }
}

absl::StatusOr<std::unique_ptr<DatagramPort>> DatagramPort::Bind(Endpoint address) {
  Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  // The kernel gives less if it does not allow so much.
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &kSocketBytes, sizeof(kSocketBytes));
  absl::StatusOr<Endpoint> bound = BindTo(socket.get(), address);
  if (!bound.ok()) return bound.status();
  std::unique_ptr<DatagramPort> port(new DatagramPort(std::move(socket)));
  port->address_ = *bound;
  return port;
}

bool DatagramPort::Receive(absl::FunctionRef<void(const UdpDatagram&)> take) {
  for (mmsghdr& header : in_.headers) header.msg_hdr.msg_namelen = sizeof(sockaddr_in);
  const int received = recvmmsg(socket_.get(), in_.headers.data(), kBatch, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < received; ++i) {
    const auto n = static_cast<size_t>(i);
    if ((in_.headers[n].msg_hdr.msg_flags & MSG_TRUNC) != 0) continue;
    take({.from = ToEndpoint(in_.peers[n]),
          .to = address_,
          .payload = {in_.Buffer(n), in_.headers[n].msg_len}});
  }
  return received == static_cast<int>(kBatch);
}

void DatagramPort::Send(Endpoint to, std::span<const std::byte> payload) {
  if (payload.size() > kBufferBytes) return;
  if (out_count_ == kBatch) Flush();
  std::copy(payload.begin(), payload.end(), out_.Buffer(out_count_));
  out_.pieces[out_count_].iov_len = payload.size();
  out_.peers[out_count_] = ToSockaddr(to);
  ++out_count_;
}

void DatagramPort::Flush() {
  size_t sent = 0;
  while (sent < out_count_) {
    const int count = sendmmsg(socket_.get(), out_.headers.data() + sent,
                               static_cast<unsigned>(out_count_ - sent), MSG_DONTWAIT);
    // What the kernel does not take is lost, as a switch loses what its queues do not hold: the
    // first that it refuses alone, since the next may go to another place.
    sent += static_cast<size_t>(std::max(count, 1));
  }
  out_count_ = 0;
}

}  // namespace synod::slots
