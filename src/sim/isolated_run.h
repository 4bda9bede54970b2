// Runs a scenario in a process of its own, so that one that ends in an abort or never ends has an
// outcome too.
#ifndef SYNOD_SRC_SIM_ISOLATED_RUN_H_
#define SYNOD_SRC_SIM_ISOLATED_RUN_H_

#include <functional>
#include <string>

#include "synod/sim/simulation.h"

namespace synod::sim {

// The rules that only another process can miss: that it ended in no other way than by returning
// from its run, and that it did so in time.
inline constexpr char kNoAssertion[] = "no assertion";
inline constexpr char kAnEnd[] = "an end";

// What `run` returns, but for the story and all of a violation except its rule; if it has not
// returned after so many seconds, or never will, one of the two rules above is broken. What it
// prints is printed. Without another process to be had it runs in this one.
[[nodiscard]] Report RunIsolated(const std::function<Report()>& run, unsigned seconds);

// The name of the rule that the run breaks; empty: none. It may take a minute, and assertions say
// nothing: what they say is known after the first time.
[[nodiscard]] std::string RuleBrokenBy(const Scenario& scenario,
                                       const std::function<Report(const Scenario&)>& run);

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_ISOLATED_RUN_H_
