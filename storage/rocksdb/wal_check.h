// Tells a torn tail of RocksDB's write-ahead log from damage in its middle.
#ifndef SYNOD_STORAGE_ROCKSDB_WAL_CHECK_H_
#define SYNOD_STORAGE_ROCKSDB_WAL_CHECK_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

#include "rocksdb/file_system.h"

namespace synod::rocksdb {

// RocksDB takes a record that reaches beyond the end of its file for one whose writing was cut off,
// and drops it and what follows. But a damaged length looks the same, and what follows then was
// acknowledged. Every write is synced before the next begins, so if anything valid follows, the
// record was complete once: kDataLoss (F2). To be called before RocksDB opens the database, because
// RocksDB deletes the file after.
[[nodiscard]] absl::Status CheckWriteAheadLogs(::rocksdb::FileSystem& files,
                                               const std::string& database_path);

// The same for the contents of one file.
[[nodiscard]] bool HasRecordBehindDamage(std::string_view log);

}  // namespace synod::rocksdb

#endif  // SYNOD_STORAGE_ROCKSDB_WAL_CHECK_H_
