// In place of xdp_device.cc where synod-switch is built without the acceptor in the kernel.
#include "device.h"

namespace synod::slots {

absl::StatusOr<std::unique_ptr<Device>> MakeXdpDevice(const XdpPlace&, Endpoint) {
  return absl::UnimplementedError(
      "this synod-switch was built without the acceptor in the kernel (SYNOD_XDP)");
}

}  // namespace synod::slots
