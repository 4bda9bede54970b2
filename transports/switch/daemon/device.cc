#include "device.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "synod/switch/slot_acceptor.h"
#include "synod/switch/slot_registers.h"

namespace synod::slots {
namespace {

class EmulatedDevice : public Device {
 public:
  explicit EmulatedDevice(std::unique_ptr<EmulatedSwitch> device) : device_(std::move(device)) {}

  void Receive(const UdpDatagram& datagram, Instant now, Send send) override {
    if (datagram.payload.size() > kMaxDatagramBytes) return;
    // The kernel has verified what the sender computed.
    const size_t bytes = BuildUdpFrame(datagram, UdpChecksum::kNone, frame_);
    device_->Receive(kPort, std::span(frame_).first(bytes), now,
                     [&](uint16_t, std::span<const std::byte> frame) { Pass(frame, send); });
  }
  void Advance(Instant now, Send send) override {
    device_->Advance(now, [&](uint16_t, std::span<const std::byte> frame) { Pass(frame, send); });
  }
  Instant NextEvent() const override { return device_->NextEvent(); }
  absl::Status Write(std::string_view name, uint32_t index, uint32_t word, Instant now) override {
    return device_->WriteRegister(name, index, word, now);
  }
  absl::Status Raise(std::string_view name, uint32_t index, uint32_t word, Instant now) override {
    return device_->RaiseRegister(name, index, word, now);
  }
  absl::StatusOr<uint32_t> Read(std::string_view name, uint32_t index) const override {
    return device_->ReadRegister(name, index);
  }
  size_t PendingWrites() const override { return device_->PendingWrites(); }
  void PowerOff() override { device_->PowerOff(); }
  void PowerOn() override { device_->PowerOn(); }

 private:
  static constexpr uint16_t kPort = 0;

  static void Pass(std::span<const std::byte> frame, Send send) {
    if (const std::optional<UdpDatagram> datagram = ParseUdpFrame(frame)) {
      send(datagram->to, datagram->payload);
    }
  }

  std::unique_ptr<EmulatedSwitch> device_;
  std::array<std::byte, kFrameHeaderBytes + kMaxDatagramBytes> frame_{};
};

class SoftwareDevice : public Device {
 public:
  void Receive(const UdpDatagram& datagram, Instant, Send send) override {
    std::array<std::byte, kPacketBytes> answer;
    if (is_on_ && acceptor_.Process(datagram.payload, answer)) send(datagram.from, answer);
  }
  void Advance(Instant, Send) override {}
  Instant NextEvent() const override { return kNever; }
  absl::Status Write(std::string_view name, uint32_t index, uint32_t word, Instant) override {
    const absl::StatusOr<SlotRegister> which = FindSlotRegister(is_on_, name, index);
    if (!which.ok()) return which.status();
    acceptor_.Write(*which, index, word);
    return absl::OkStatus();
  }
  absl::StatusOr<uint32_t> Read(std::string_view name, uint32_t index) const override {
    const absl::StatusOr<SlotRegister> which = FindSlotRegister(is_on_, name, index);
    if (!which.ok()) return which.status();
    return acceptor_.Read(*which, index);
  }
  size_t PendingWrites() const override { return 0; }
  void PowerOff() override { is_on_ = false; }
  void PowerOn() override {
    if (!is_on_) acceptor_.PowerCycle();
    is_on_ = true;
  }

 private:
  SlotAcceptor acceptor_;
  bool is_on_ = true;
};

}  // namespace

absl::Status Device::Raise(std::string_view name, uint32_t index, uint32_t word, Instant now) {
  const absl::StatusOr<uint32_t> held = Read(name, index);
  if (!held.ok()) return held.status();
  return *held >= word ? absl::OkStatus() : Write(name, index, word, now);
}

absl::StatusOr<std::unique_ptr<Device>> MakeEmulatedDevice(SwitchOptions options, Endpoint own) {
  options.entries.push_back(OwnAddress(own));
  auto created = EmulatedSwitch::Create(std::move(options));
  if (!created.ok()) return created.status();
  return std::make_unique<EmulatedDevice>(*std::move(created));
}

absl::StatusOr<SlotRegister> FindSlotRegister(bool is_on, std::string_view name, uint32_t index) {
  if (!is_on) return absl::UnavailableError("the power is off");
  const std::optional<SlotRegister> which = SlotRegisterNamed(name);
  if (!which) return absl::NotFoundError("there is no register " + std::string(name));
  if (index >= SizeOf(*which)) {
    return absl::OutOfRangeError("the register " + std::string(name) + " has no word " +
                                 std::to_string(index));
  }
  return *which;
}

std::unique_ptr<Device> MakeSoftwareDevice() { return std::make_unique<SoftwareDevice>(); }

}  // namespace synod::slots
