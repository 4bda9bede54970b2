// Looks for damage to RocksDB's tables where RocksDB itself does not.
#ifndef SYNOD_STORAGE_ROCKSDB_TABLE_CHECK_H_
#define SYNOD_STORAGE_ROCKSDB_TABLE_CHECK_H_

#include <cstdint>

#include "rocksdb/file_system.h"

namespace synod::rocksdb {

// Corruption if the properties of the table are damaged: RocksDB 7.8 reads them before it compares
// their checksum, and ends the process if they make no sense. OK if they cannot be found, since
// RocksDB checks what says where they are, or if they have a checksum of another kind than
// kCRC32c.
[[nodiscard]] ::rocksdb::IOStatus CheckTable(::rocksdb::FSRandomAccessFile& table, uint64_t size);

}  // namespace synod::rocksdb

#endif  // SYNOD_STORAGE_ROCKSDB_TABLE_CHECK_H_
