// Lets RocksDB write its log over blocks that the file has already.
#ifndef SYNOD_STORAGE_ROCKSDB_LOG_ENV_H_
#define SYNOD_STORAGE_ROCKSDB_LOG_ENV_H_

#include <memory>

#include "rocksdb/env.h"

namespace synod::rocksdb {

// `base`, which must outlive it, with write-ahead log files that are zeros for some way ahead of
// what is written. A sync then has only data to write: no new size, no new blocks, and no file
// system journal to wait for. What a power cut leaves of such a file, EndOfLog tells.
[[nodiscard]] std::unique_ptr<::rocksdb::Env> MakeLogEnv(::rocksdb::Env* base);

}  // namespace synod::rocksdb

#endif  // SYNOD_STORAGE_ROCKSDB_LOG_ENV_H_
