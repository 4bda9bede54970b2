// Monotonic time, as the cores and the runtime see it: an instant that is handed in, never a clock
// that is asked.
#ifndef SYNOD_BASE_TIME_H_
#define SYNOD_BASE_TIME_H_

#include <chrono>

namespace synod {

using Duration = std::chrono::nanoseconds;

// The time line of one replica. Its origin means nothing; only differences do. It is not
// std::chrono::steady_clock, so that no code below the runtime can read the machine's clock by
// mistake, and a simulator can supply its own.
struct MonotonicTime {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicTime>;
  static constexpr bool is_steady = true;
};

using Instant = MonotonicTime::time_point;

inline constexpr Instant kNever = Instant::max();

}  // namespace synod

#endif  // SYNOD_BASE_TIME_H_
