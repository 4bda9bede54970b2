// RocksDB's errors in the terms of the port.
#ifndef SYNOD_STORAGE_ROCKSDB_STATUS_H_
#define SYNOD_STORAGE_ROCKSDB_STATUS_H_

#include <string_view>

#include "absl/status/status.h"

#include "rocksdb/status.h"

namespace synod::rocksdb {

// OK for OK; else "<what>: <RocksDB's words>" as kResourceExhausted (no space), kDataLoss
// (corruption), kNotFound, or kInternal (input or output failed).
[[nodiscard]] absl::Status ToStatus(const ::rocksdb::Status& status, std::string_view what);

}  // namespace synod::rocksdb

#endif  // SYNOD_STORAGE_ROCKSDB_STATUS_H_
