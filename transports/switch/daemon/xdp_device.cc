// The acceptor in the kernel, as synod-switch controls it.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "synod/switch/xdp_acceptor.h"

#include "device.h"

namespace synod::slots {
namespace {

class XdpDevice : public Device {
 public:
  XdpDevice(std::unique_ptr<XdpAcceptor> acceptor, XdpPlace place)
      : acceptor_(std::move(acceptor)), place_(std::move(place)) {}

  absl::Status Attach() {
    return acceptor_->Attach(place_.interface,
                             place_.is_generic ? XdpMode::kGeneric : XdpMode::kNative);
  }

  // Nothing that gets here is a request: those are answered before they come to a socket.
  void Receive(const UdpDatagram&, Instant, Send) override {}
  void Advance(Instant, Send) override {}
  Instant NextEvent() const override { return kNever; }
  absl::Status Write(std::string_view name, uint32_t index, uint32_t word, Instant) override {
    const absl::StatusOr<SlotRegister> which = FindSlotRegister(is_on_, name, index);
    if (!which.ok()) return which.status();
    return acceptor_->Write({.which = *which, .index = index, .word = word});
  }
  absl::StatusOr<uint32_t> Read(std::string_view name, uint32_t index) const override {
    const absl::StatusOr<SlotRegister> which = FindSlotRegister(is_on_, name, index);
    if (!which.ok()) return which.status();
    return acceptor_->Read(*which, index);
  }
  size_t PendingWrites() const override { return 0; }
  void PowerOff() override {
    is_on_ = false;
    Report(acceptor_->PowerCycle());
    Report(acceptor_->Detach());
  }
  void PowerOn() override {
    if (is_on_) return;
    const absl::Status status = Attach();
    is_on_ = status.ok();
    Report(status);
  }

 private:
  // Without an interface, for one, it stays off.
  static void Report(const absl::Status& status) {
    if (status.ok()) return;
    std::fprintf(stderr, "synod-switch: %s\n", status.ToString().c_str());
  }

  std::unique_ptr<XdpAcceptor> acceptor_;
  XdpPlace place_;
  bool is_on_ = true;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Device>> MakeXdpDevice(const XdpPlace& place, Endpoint own) {
  auto opened = XdpAcceptor::Open({.address = own, .directory = place.directory});
  if (!opened.ok()) return opened.status();
  auto device = std::make_unique<XdpDevice>(*std::move(opened), place);
  if (absl::Status status = device->Attach(); !status.ok()) return status;
  return device;
}

}  // namespace synod::slots
