// Reads the whole log when a store is opened: cuts what was provably never synced, and refuses
// whatever else is not as it was written.
#ifndef SYNOD_STORAGE_WAL_RECOVERY_H_
#define SYNOD_STORAGE_WAL_RECOVERY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "synod/port/file_system.h"

#include "format.h"
#include "group.h"
#include "log_writer.h"

namespace synod::wal {

struct Recovered {
  State state;
  std::vector<Segment> segments;  // Those that are there, in order; empty: a new store.
  uint64_t position = 0;          // The log's end,
  Link link = 0;                  // and its last record's link.
  std::string torn;               // What was cut, and where; empty: nothing.
};

// All that it returns is durable. `is_complete`: a store was here, so that no segment at all is
// damage. kDataLoss says which file is damaged, at which offset and how; nothing is changed then.
// kFailedPrecondition for a record of a newer version.
[[nodiscard]] absl::StatusOr<Recovered> Recover(FileSystem& files, const std::string& directory,
                                                bool is_complete);

}  // namespace synod::wal

#endif  // SYNOD_STORAGE_WAL_RECOVERY_H_
