// The machine of a simulated node, as RocksDB sees it.
#ifndef SYNOD_TESTS_SIM_SIMULATED_ENV_H_
#define SYNOD_TESTS_SIM_SIMULATED_ENV_H_

#include <memory>
#include <string>

#include "synod/port/executor.h"
#include "synod/sim/disk.h"

#include "rocksdb/env.h"

namespace synod::sim {

// Its files are on `disk`; its background work (flushes and compactions) is done in tasks of
// `executor`; its clock stands still but for whoever sleeps. With one database, in `database_path`,
// and in one thread, it does the same each time. Disk and executor must outlive it.
[[nodiscard]] std::unique_ptr<::rocksdb::Env> NewSimulatedEnv(Disk& disk, Executor& executor,
                                                              std::string database_path);

}  // namespace synod::sim

#endif  // SYNOD_TESTS_SIM_SIMULATED_ENV_H_
