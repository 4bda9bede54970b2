// What RocksDB's files need beyond what it does itself.
#ifndef SYNOD_STORAGE_ROCKSDB_DATABASE_ENV_H_
#define SYNOD_STORAGE_ROCKSDB_DATABASE_ENV_H_

#include <memory>

#include "rocksdb/env.h"

namespace synod::rocksdb {

// `base`, which must outlive it, with two differences.
//
// Write-ahead log files are zeros for some way ahead of what is written. A sync then has only data
// to write: no new size, no new blocks, and no file system journal to wait for. What a power cut
// leaves of such a file, EndOfLog tells.
//
// Tables that are damaged where RocksDB does not look before it reads do not open (table_check.h).
[[nodiscard]] std::unique_ptr<::rocksdb::Env> MakeDatabaseEnv(::rocksdb::Env* base);

}  // namespace synod::rocksdb

#endif  // SYNOD_STORAGE_ROCKSDB_DATABASE_ENV_H_
