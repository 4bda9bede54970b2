// Tells what a power cut leaves of RocksDB's logs, the write-ahead log and the manifest, from
// damage.
#ifndef SYNOD_STORAGE_ROCKSDB_LOG_CHECK_H_
#define SYNOD_STORAGE_ROCKSDB_LOG_CHECK_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "synod/port/file_system.h"

namespace synod::rocksdb {

// Makes every file of the write-ahead log of the database in `database_path` end with its last
// complete write, durably, and says which of them ended within a write. To be called before RocksDB
// opens the database. That an older file, if it is still needed, ends where it must RocksDB knows
// from its manifest.
//
// kDataLoss, and nothing is cut, if what would go may have been acknowledged (F2).
[[nodiscard]] absl::StatusOr<std::vector<std::string>> CutWriteAheadLogs(
    FileSystem& files, const std::string& database_path);

// kDataLoss if the manifest of the database is damaged in a place where RocksDB would take it for
// torn, and go on without the tables that it names from there on. kNotFound if it is missing, or
// CURRENT is, which names it. To be called before RocksDB opens the database.
[[nodiscard]] absl::Status CheckManifest(FileSystem& files, const std::string& database_path);

// Where a log's last complete write ends. Every write is synced before the next begins, and one
// that failed is the last; so only the last one may be torn (F1): of what it wrote over the zeros
// that were there, or behind the end of the file, some 512-byte sectors are missing. No write
// leaves a sector zero (format.h), so one that is was never written. kDataLoss if it is not certain
// that what follows the valid records was never whole.
[[nodiscard]] absl::StatusOr<size_t> EndOfLog(std::string_view log);

}  // namespace synod::rocksdb

#endif  // SYNOD_STORAGE_ROCKSDB_LOG_CHECK_H_
