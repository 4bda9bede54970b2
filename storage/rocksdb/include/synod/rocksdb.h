// The default durable log store: the logs of all groups of one host in one RocksDB database.
#ifndef SYNOD_ROCKSDB_H_
#define SYNOD_ROCKSDB_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "synod/port/executor.h"
#include "synod/port/log_store.h"
#include "synod/port/logger.h"

namespace rocksdb {
class Env;
}

namespace synod::rocksdb {

struct Options {
  // Whether a store is made where there is none. A service that was set up before has no use for
  // that: where its store should be, a disk is missing.
  bool create_if_missing = true;

  // HasSpace is false while the file system has less than this free, and no snapshot is begun below
  // half of it. What is left then is for hard states, compaction and RocksDB's own housekeeping,
  // which takes up to eight times write_buffer_bytes.
  uint64_t reserve_bytes = 512 * 1024 * 1024;

  // Log that is held in memory, and in one write-ahead file, before it is flushed to a table.
  // Entries that were compacted away by then are never written a second time.
  size_t write_buffer_bytes = 64 * 1024 * 1024;

  Logger logger;

  // Where files, including snapshots, are kept, for tests and unusual disks; must outlive the
  // store. Its writable files must know PositionedAppend and Truncate. Null:
  // ::rocksdb::Env::Default().
  ::rocksdb::Env* env = nullptr;

  // Where commits run and `done` is called, for this store alone; must outlive it. The store stops
  // it when it is closed (also if Open fails), and then carries out what is queued on the closing
  // thread. RocksDB's own background work is its Env's. Null: a thread of its own.
  Executor* executor = nullptr;
};

// Opens the store in directory `path`, or creates it if the directory is empty or missing (its
// parent must exist; see create_if_missing). Blocks. Writes are synced to the disk before they are
// done.
//
// kFailedPrecondition if another process or store holds the directory, if it holds something else
// (nothing in it is touched), or if a newer version wrote it. kNotFound if there is none and none
// is to be made, and then nothing is. kDataLoss if what is there is damaged in a place where it may
// have been acknowledged; the message says what is, and nothing is repaired.
[[nodiscard]] absl::StatusOr<std::unique_ptr<LogStore>> Open(std::string path,
                                                             Options options = {});

}  // namespace synod::rocksdb

#endif  // SYNOD_ROCKSDB_H_
