// In place of xdp.cc where the library was built without the acceptor in the kernel.
#include "bench/xdp.h"

namespace synod::bench {

absl::StatusOr<XdpRoundTrips> MeasureXdp(std::chrono::milliseconds) {
  return absl::UnimplementedError("built without SYNOD_XDP");
}

}  // namespace synod::bench
