// Makes a failing scenario small, so that a person can see why it fails.
#ifndef SYNOD_SIM_SHRINK_H_
#define SYNOD_SIM_SHRINK_H_

#include <cstdint>
#include <functional>

#include "synod/sim/scenario.h"

namespace synod::sim {

// The smallest scenario found for which `fails` is true, as it must be for `scenario`. Leaves out
// faults, then clients, nodes and time, and brings the options nearer to their defaults, for as
// long as something helps and no more than `max_runs` questions are asked.
//
//   const std::string rule = Run(scenario, *NewWorkload()).violation.rule;
//   scenario = Shrink(scenario, [&](const Scenario& smaller) {
//     return Run(smaller, *NewWorkload()).violation.rule == rule;
//   });
[[nodiscard]] Scenario Shrink(Scenario scenario, const std::function<bool(const Scenario&)>& fails,
                              uint64_t max_runs = 2000);

}  // namespace synod::sim

#endif  // SYNOD_SIM_SHRINK_H_
