// What a user brings to the simulator to run another log store in it than storage/wal.
#ifndef SYNOD_SIM_STORE_FACTORY_H_
#define SYNOD_SIM_STORE_FACTORY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "synod/port/executor.h"
#include "synod/port/log_store.h"
#include "synod/sim/disk.h"
#include "synod/sim/options.h"

namespace synod::sim {

// Opens the log stores of all nodes of a run. Must outlive it.
class StoreFactory {
 public:
  virtual ~StoreFactory() = default;

  // What the disks keep in order.
  [[nodiscard]] virtual Order DiskOrder() const { return Order::kNone; }

  // Opens the store in the directory `path` of `disk`, or makes a new one there: at the bootstrap,
  // whenever the node starts, and now and then on another disk, which holds what a cut of the power
  // would have left. Only one is open on a disk at a time. kDataLoss or
  // kFailedPrecondition if it is damaged; kResourceExhausted without space; otherwise it may fail
  // only when the disk has failed.
  //
  // The store keeps all of its files on `disk`, and has no thread: whatever it does outside of the
  // calls of LogStore it does in tasks of `executor`, which is its own, and may stop it when it is
  // closed. Both outlive the store. A run is decided by its seed only if the store asks no real
  // clock and draws no random number of its own.
  [[nodiscard]] virtual absl::StatusOr<std::unique_ptr<LogStore>> Open(const std::string& path,
                                                                       Disk& disk,
                                                                       Executor& executor,
                                                                       const Options& options) = 0;
};

// Opens those of storage/wal.
[[nodiscard]] std::unique_ptr<StoreFactory> NewWalFactory();

}  // namespace synod::sim

#endif  // SYNOD_SIM_STORE_FACTORY_H_
