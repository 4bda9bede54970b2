// Runs a whole cluster (the real cores, runtime, log store and state machine) on a simulated
// machine, network and disk, in one thread, as one seed decides.
#ifndef SYNOD_SIM_SIMULATION_H_
#define SYNOD_SIM_SIMULATION_H_

#include "synod/sim/options.h"
#include "synod/sim/report.h"
#include "synod/sim/scenario.h"
#include "synod/sim/store_factory.h"
#include "synod/sim/workload.h"

namespace synod::sim {

// First a storm, in which what the scenario says goes wrong, and then, if the run stays
// recoverable, a calm, in which a quorum must elect a leader, answer everything and become equal.
// The rules of the protocol are checked after every event, and the clients' history at the end.
// Equal scenarios, workloads and stores give equal reports.
[[nodiscard]] Report Run(const Scenario& scenario, Workload& workload, StoreFactory& stores);
// With the stores of storage/wal.
[[nodiscard]] Report Run(const Scenario& scenario, Workload& workload);
// Run(Expand(options), workload).
[[nodiscard]] Report Run(const Options& options, Workload& workload);

}  // namespace synod::sim

#endif  // SYNOD_SIM_SIMULATION_H_
