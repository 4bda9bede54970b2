// A UDP socket that takes and sends many datagrams with each system call.
#ifndef SYNOD_TRANSPORTS_SWITCH_DATAGRAM_PORT_H_
#define SYNOD_TRANSPORTS_SWITCH_DATAGRAM_PORT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <netinet/in.h>
#include <span>
#include <sys/socket.h>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "synod/switch/udp_frame.h"

#include "descriptor.h"

namespace synod::slots {

class DatagramPort {
 public:
  // kUnavailable if the address cannot be bound. Port 0 is any that is free.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<DatagramPort>> Bind(Endpoint address);

  // Takes what is there, up to a bound; false if that was less than could have been taken.
  bool Receive(absl::FunctionRef<void(const UdpDatagram&)> take);
  // Leaves with the next Flush, or is lost.
  void Send(Endpoint to, std::span<const std::byte> payload);
  void Flush();

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] Endpoint address() const { return address_; }

 private:
  static constexpr size_t kBatch = 64;
  static constexpr size_t kBufferBytes = 2048;

  // Datagrams on their way in or out, as the system calls take them.
  struct Batch {
    std::array<mmsghdr, kBatch> headers{};
    std::array<iovec, kBatch> pieces{};
    std::array<sockaddr_in, kBatch> peers{};
    std::vector<std::byte> bytes = std::vector<std::byte>(kBatch * kBufferBytes);

    Batch();
    std::byte* Buffer(size_t i) { return bytes.data() + i * kBufferBytes; }
  };

  explicit DatagramPort(Descriptor socket) : socket_(std::move(socket)) {}

  Descriptor socket_;
  Endpoint address_;
  Batch in_;
  Batch out_;
  size_t out_count_ = 0;
};

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_DATAGRAM_PORT_H_
