// A RocksDB log store on a disk that can be damaged, with shorthands for its tests.
#ifndef SYNOD_TESTS_UNIT_STORAGE_STORE_HARNESS_H_
#define SYNOD_TESTS_UNIT_STORAGE_STORE_HARNESS_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "synod/port/log_store.h"
#include "synod/rocksdb.h"

#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "tests/support/faulty_file_system.h"
#include "tests/unit/storage/store_workload.h"

namespace synod::test {

class StoreHarness {
 public:
  // Where the store is.
  static constexpr const char* kPath = "/store";

  StoreHarness();

  FaultyDisk& disk() { return disk_; }
  LogStore& store() { return *store_; }
  [[nodiscard]] bool IsOpen() const { return store_ != nullptr; }
  rocksdb::Options& options() { return options_; }
  ::rocksdb::Env& env() { return *env_; }

  absl::Status Open();
  void Close() { store_.reset(); }
  // Open must succeed; a group that is not there is made.
  void MustOpen(const std::vector<GroupId>& groups = {kGroup});
  // Closes the store, changes the database behind its back, and opens it again.
  absl::Status Tamper(const std::function<void(::rocksdb::DB& database)>& change);

  static absl::Status Bootstrap(LogStore& store, GroupId group);
  absl::Status Write(std::vector<GroupWrite> batch);
  absl::Status Write(Persist persist, GroupId group = kGroup);
  absl::Status Append(uint64_t first, uint64_t last, GroupId group = kGroup);
  absl::StatusOr<InstallStaged> Stage(Index index, Term term, std::string_view image,
                                      GroupId group = kGroup);

 private:
  FaultyDisk disk_{Order::kJournal};
  const std::unique_ptr<::rocksdb::Env> env_;
  rocksdb::Options options_;
  std::unique_ptr<LogStore> store_;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_UNIT_STORAGE_STORE_HARNESS_H_
