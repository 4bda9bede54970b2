// Tells what a power cut leaves of RocksDB's write-ahead log from damage.
#ifndef SYNOD_STORAGE_ROCKSDB_LOG_CHECK_H_
#define SYNOD_STORAGE_ROCKSDB_LOG_CHECK_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "rocksdb/file_system.h"

namespace synod::rocksdb {

// Cuts every file of the write-ahead log of the database in `database_path` to what was written
// completely, durably, so that RocksDB finds nothing behind it to judge. To be called before it
// opens the database, for it deletes the files after.
//
// kDataLoss, and nothing is cut in that file, if what would go may have been acknowledged (F2).
[[nodiscard]] absl::Status CutWriteAheadLogs(::rocksdb::FileSystem& files,
                                             const std::string& database_path);

// Where a log's last complete write ends. Every write is synced before the next begins, so only the
// last one may be torn (F1): of what it wrote over the zeros that were there, or behind the end of
// the file, some 512-byte sectors are missing. kDataLoss if what follows the valid records was
// whole once.
[[nodiscard]] absl::StatusOr<size_t> EndOfLog(std::string_view log);

}  // namespace synod::rocksdb

#endif  // SYNOD_STORAGE_ROCKSDB_LOG_CHECK_H_
