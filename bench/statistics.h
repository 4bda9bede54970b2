// What is kept of many measured times.
#ifndef SYNOD_BENCH_STATISTICS_H_
#define SYNOD_BENCH_STATISTICS_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace synod::bench {

using Clock = std::chrono::steady_clock;

inline double Seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }
inline double Micros(Clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

// The value below which `share` of the samples lie; 0 without samples. Reorders them.
inline double Quantile(std::vector<double>& samples, double share) {
  if (samples.empty()) return 0;
  const auto rank = static_cast<size_t>(share * static_cast<double>(samples.size() - 1));
  const auto nth = samples.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(samples.begin(), nth, samples.end());
  return *nth;
}

}  // namespace synod::bench

#endif  // SYNOD_BENCH_STATISTICS_H_
