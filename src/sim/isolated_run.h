// Runs a scenario in a process of its own, so that one that ends in an abort or never ends has an
// outcome too.
#ifndef SYNOD_SRC_SIM_ISOLATED_RUN_H_
#define SYNOD_SRC_SIM_ISOLATED_RUN_H_

#include <functional>
#include <string>

#include "synod/sim/simulation.h"

namespace synod::sim {

// The name of the rule that the run breaks; empty: none. "no assertion" if the process ended in any
// other way than by returning from `run`, "an end" if it did not return in a minute.
// Without another process to be had it runs in this one.
[[nodiscard]] std::string RuleBrokenBy(const Scenario& scenario,
                                       const std::function<Report(const Scenario&)>& run);

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_ISOLATED_RUN_H_
