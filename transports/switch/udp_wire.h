// Slot packets over a UDP socket of the loop's, and control planes over TCP.
#ifndef SYNOD_TRANSPORTS_SWITCH_UDP_WIRE_H_
#define SYNOD_TRANSPORTS_SWITCH_UDP_WIRE_H_

#include <memory>
#include <vector>

#include "synod/switch/acceptors.h"

#include "datagram_port.h"
#include "trim_raiser.h"

namespace synod::slots {

class UdpWire final : public SlotWire {
 public:
  absl::Status Start(EventLoop& loop, Receive receive) override;
  void Send(Endpoint to, const SlotPacket& packet) override;
  void Flush() override { port_->Flush(); }
  void RaiseTrim(const AcceptorAddress& acceptor, uint32_t group, uint64_t incarnation,
                 uint32_t trim) override {
    raiser_.Raise(
        {.control = acceptor.Control(), .group = group, .incarnation = incarnation, .trim = trim});
  }
  void Stop() override;

 private:
  // So many system calls' worth of datagrams are taken at once; the others are for the next turn.
  static constexpr int kBatchesPerTurn = 8;

  void OnReadable();

  EventLoop* loop_ = nullptr;
  Receive receive_;
  std::unique_ptr<DatagramPort> port_;
  std::vector<Arrival> batch_;  // Kept for its memory.
  TrimRaiser raiser_;
};

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_UDP_WIRE_H_
