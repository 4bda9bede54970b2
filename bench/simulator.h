// How fast the simulator is, with all of its rules.
#ifndef SYNOD_BENCH_SIMULATOR_H_
#define SYNOD_BENCH_SIMULATOR_H_

#include <chrono>

namespace synod::bench {

// These end the process if a run breaks a rule.

// Events in a second, over the runs of one seed after another, each with all that happens in it.
double SimulatedEventsPerSecond(std::chrono::milliseconds duration);

// Simulated seconds in a second, of three nodes whose heartbeats are 100 ms apart and two clients
// that have 20 answers a simulated second together; nothing goes wrong.
double SimulatedSecondsPerSecond(std::chrono::milliseconds duration);

}  // namespace synod::bench

#endif  // SYNOD_BENCH_SIMULATOR_H_
