// What synod-switch puts behind its sockets: the emulator, or the acceptor in software, or in the
// kernel.
#ifndef SYNOD_TRANSPORTS_SWITCH_DAEMON_DEVICE_H_
#define SYNOD_TRANSPORTS_SWITCH_DAEMON_DEVICE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/time.h"
#include "synod/switch/emulated_switch.h"
#include "synod/switch/slot_registers.h"
#include "synod/switch/udp_frame.h"

namespace synod::slots {

class Device {
 public:
  // A datagram leaves; it is valid during the call.
  using Send = absl::FunctionRef<void(Endpoint to, std::span<const std::byte> payload)>;

  virtual ~Device() = default;

  // As in EmulatedSwitch, with datagrams in place of frames.
  virtual void Receive(const UdpDatagram& datagram, Instant now, Send send) = 0;
  virtual void Advance(Instant now, Send send) = 0;
  [[nodiscard]] virtual Instant NextEvent() const = 0;
  [[nodiscard]] virtual absl::Status Write(std::string_view name, uint32_t index, uint32_t word,
                                           Instant now) = 0;
  // The same, unless the word is as great by then. As it is here, for writes that take effect at
  // once.
  [[nodiscard]] virtual absl::Status Raise(std::string_view name, uint32_t index, uint32_t word,
                                           Instant now);
  [[nodiscard]] virtual absl::StatusOr<uint32_t> Read(std::string_view name,
                                                      uint32_t index) const = 0;
  [[nodiscard]] virtual size_t PendingWrites() const = 0;
  virtual void PowerOff() = 0;
  virtual void PowerOn() = 0;
};

// Answers what is sent to `own`. kInvalidArgument as EmulatedSwitch::Create.
[[nodiscard]] absl::StatusOr<std::unique_ptr<Device>> MakeEmulatedDevice(SwitchOptions options,
                                                                         Endpoint own);

// Without faults and delays.
[[nodiscard]] std::unique_ptr<Device> MakeSoftwareDevice();

struct XdpPlace {
  std::string interface {};
  bool is_generic = false;
  std::string directory{};  // Empty: nothing is pinned.
};

// Answers what arrives for `own` at an interface, in the kernel; what comes to the socket at `own`
// nevertheless is dropped. kInvalidArgument unless `own` is whole; kUnimplemented if this was built
// without it; else as XdpAcceptor.
[[nodiscard]] absl::StatusOr<std::unique_ptr<Device>> MakeXdpDevice(const XdpPlace& place,
                                                                    Endpoint own);

// Of the devices whose registers are those of slot_registers.h: kUnavailable while the power is
// off, kNotFound, kOutOfRange.
[[nodiscard]] absl::StatusOr<SlotRegister> FindSlotRegister(bool is_on, std::string_view name,
                                                            uint32_t index);

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_DAEMON_DEVICE_H_
