#include "bench/simulator.h"

#include <cstdint>

#include "synod/sim/simulation.h"

#include "bench/fail.h"
#include "bench/statistics.h"

namespace synod::bench {
namespace {

constexpr uint64_t kKeys = 3;

sim::Report RunSound(const sim::Options& options) {
  const auto workload = sim::NewRegisterWorkload(kKeys);
  sim::Report report = sim::Run(options, *workload);
  if (!report.ok) Fail("a simulated run breaks the rule: " + report.violation.rule);
  return report;
}

// What `of` says of each run, in all, by the seconds that these take.
template <class OptionsOf, class Of>
double PerSecond(std::chrono::milliseconds duration, OptionsOf options_of, Of of) {
  const Clock::time_point start = Clock::now();
  double sum = 0;
  for (uint64_t seed = 1; Clock::now() - start < duration; ++seed) {
    sum += of(RunSound(options_of(seed)));
  }
  return sum / Seconds(Clock::now() - start);
}

sim::Options Quiet(uint64_t seed) {
  sim::Options options;
  options.seed = seed;
  options.clients = 2;
  options.storm = std::chrono::minutes(5);
  options.think_time = std::chrono::milliseconds(80);  // One in five asks whom it should not.
  options.engine.heartbeat_interval = std::chrono::milliseconds(100);
  return options;
}

}  // namespace

double SimulatedEventsPerSecond(std::chrono::milliseconds duration) {
  return PerSecond(
      duration, [](uint64_t seed) { return sim::Options::Swarm(seed); },
      [](const sim::Report& report) { return static_cast<double>(report.events); });
}

double SimulatedSecondsPerSecond(std::chrono::milliseconds duration) {
  return PerSecond(duration, Quiet, [](const sim::Report& report) {
    return std::chrono::duration<double>(report.simulated).count();
  });
}

}  // namespace synod::bench
