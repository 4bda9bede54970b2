// The log store that forgets: everything lives in this process's memory.
#ifndef SYNOD_MEMORY_H_
#define SYNOD_MEMORY_H_

#include <cstdint>
#include <limits>
#include <memory>

#include "synod/port/log_store.h"

namespace synod::memory {

struct Options {
  // HasSpace is false while the entries of all groups, counted as Entry::Bytes, take more.
  // Snapshots are not counted: one is what makes space.
  uint64_t max_log_bytes = std::numeric_limits<uint64_t>::max();
};

// An empty store. `done` runs before Write returns, and "durable" means: until the store is
// destroyed. So a member whose process ends has lost its disk, and must come back as a new member:
// its store has to be bootstrapped again, under a new incarnation, and the others refuse that one
// as a voter. A group that loses a majority of its processes is gone.
[[nodiscard]] std::unique_ptr<LogStore> Create(Options options = {});

}  // namespace synod::memory

#endif  // SYNOD_MEMORY_H_
