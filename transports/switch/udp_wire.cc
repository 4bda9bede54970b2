#include "udp_wire.h"

#include <array>
#include <optional>
#include <utility>

namespace synod::slots {

absl::Status UdpWire::Start(EventLoop& loop, Receive receive) {
  loop_ = &loop;
  receive_ = std::move(receive);
  absl::StatusOr<std::unique_ptr<DatagramPort>> port = DatagramPort::Bind({});
  if (!port.ok()) return port.status();
  port_ = *std::move(port);
  return loop.Watch(port_->fd(), EventLoop::kReadable, [this](uint8_t) { OnReadable(); });
}

void UdpWire::Send(Endpoint to, const SlotPacket& packet) {
  std::array<std::byte, kPacketBytes> bytes{};
  Encode(packet, bytes);
  port_->Send(to, bytes);
}

void UdpWire::OnReadable() {
  batch_.clear();
  for (int i = 0; i < kBatchesPerTurn; ++i) {
    const bool is_full = port_->Receive([this](const UdpDatagram& datagram) {
      if (std::optional<SlotPacket> packet = Decode(datagram.payload)) {
        batch_.push_back({.from = datagram.from, .packet = *packet});
      }
    });
    if (!is_full) break;
  }
  if (!batch_.empty()) receive_(batch_);
}

void UdpWire::Stop() {
  if (port_ != nullptr) loop_->Unwatch(port_->fd());
}

}  // namespace synod::slots
