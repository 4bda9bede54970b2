// A RocksDB log store on a disk that can be damaged, with shorthands for its tests.
#ifndef SYNOD_TESTS_UNIT_STORAGE_ROCKSDB_HARNESS_H_
#define SYNOD_TESTS_UNIT_STORAGE_ROCKSDB_HARNESS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "synod/rocksdb.h"

#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "tests/unit/storage/durable_store.h"
#include "tests/unit/storage/store_harness.h"

namespace synod::test {

// What a disk writes whole.
inline constexpr size_t kSectorBytes = 512;

class RocksdbHarness final : public StoreHarness {
 public:
  RocksdbHarness();
  ~RocksdbHarness() override { Close(); }

  rocksdb::Options& options() { return options_; }
  ::rocksdb::Env& env() { return *env_; }

  void SetReserve(uint64_t bytes) override { options_.reserve_bytes = bytes; }
  void SetCreateIfMissing(bool creates) override { options_.create_if_missing = creates; }
  void UseSmallFiles() override { options_.write_buffer_bytes = 64 * 1024; }
  absl::StatusOr<std::unique_ptr<LogStore>> OpenAt(const std::string& path) override;

  // Closes the store, changes the database behind its back, and opens it again.
  absl::Status Tamper(const std::function<void(::rocksdb::DB& database)>& change);

 private:
  const std::unique_ptr<::rocksdb::Env> env_;
  rocksdb::Options options_;
};

[[nodiscard]] DurableStoreParam RocksdbStore();

// The newest file of RocksDB's write-ahead log.
[[nodiscard]] std::string NewestLog(const FaultyDisk& disk);
// How much of a log is written; zeros are behind it while it is open.
[[nodiscard]] uint64_t WrittenIn(const FaultyDisk& disk, const std::string& file);

}  // namespace synod::test

#endif  // SYNOD_TESTS_UNIT_STORAGE_ROCKSDB_HARNESS_H_
