// What a round trip to a slot acceptor takes over a virtual wire: the acceptor in the kernel, and
// the one in software behind a UDP socket.
#ifndef SYNOD_BENCH_XDP_H_
#define SYNOD_BENCH_XDP_H_

#include <chrono>

#include "absl/status/statusor.h"

namespace synod::bench {

// Medians, of the turns that the three take. The proposer waits for each answer before it asks
// again; it is on one processor.
struct XdpRoundTrips {
  double kernel_micros = 0;  // On the proposer's processor, since that is who sends.
  double socket_micros = 0;  // The acceptor's process shares the proposer's processor.
  // It has another one for itself, and both poll without a pause. 0 if there is only one.
  double across_micros = 0;
  // How many times the kernel's the others' are, of each turn, and the median of that.
  double socket_ratio = 0;
  double across_ratio = 0;
};

// kPermissionDenied or kUnimplemented where the kernel does not allow it.
[[nodiscard]] absl::StatusOr<XdpRoundTrips> MeasureXdp(std::chrono::milliseconds duration);

}  // namespace synod::bench

#endif  // SYNOD_BENCH_XDP_H_
