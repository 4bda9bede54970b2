// Where RocksDB's own log lines go.
#ifndef SYNOD_STORAGE_ROCKSDB_INFO_LOG_H_
#define SYNOD_STORAGE_ROCKSDB_INFO_LOG_H_

#include <memory>

#include "synod/port/logger.h"

#include "rocksdb/env.h"

namespace synod::rocksdb {

// Passes warnings and errors on. RocksDB would keep a file for them, on the disk that may be full:
// RocksDB 7.8 ends the process when it writes to that file again after a write to it has failed.
[[nodiscard]] std::unique_ptr<::rocksdb::Logger> MakeInfoLog(Logger logger);

}  // namespace synod::rocksdb

#endif  // SYNOD_STORAGE_ROCKSDB_INFO_LOG_H_
