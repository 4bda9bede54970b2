// A durable log store on a disk that can be damaged, with shorthands for its tests.
#ifndef SYNOD_TESTS_UNIT_STORAGE_STORE_HARNESS_H_
#define SYNOD_TESTS_UNIT_STORAGE_STORE_HARNESS_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/port/log_store.h"
#include "synod/port/logger.h"

#include "tests/support/faulty_disk.h"
#include "tests/unit/storage/store_workload.h"

namespace synod::test {

inline constexpr uint64_t kMegabyte = 1024 * 1024;

// Whoever derives from it must call Close when it is destroyed.
class StoreHarness {
 public:
  // Where the store is.
  static constexpr const char* kPath = "/store";

  explicit StoreHarness(Order order) : disk_(order) {}
  virtual ~StoreHarness() = default;
  StoreHarness(const StoreHarness&) = delete;
  StoreHarness& operator=(const StoreHarness&) = delete;

  FaultyDisk& disk() { return disk_; }
  [[nodiscard]] const FaultyDisk& disk() const { return disk_; }
  LogStore& store() { return *store_; }
  // What was logged so far, a line each.
  [[nodiscard]] std::string log() const {
    const std::lock_guard lock(log_mutex_);
    return log_;
  }

  // Of the stores opened from now on.
  virtual void SetReserve(uint64_t bytes) = 0;
  virtual void SetCreateIfMissing(bool creates) = 0;
  // So small that the files of the log follow each other within a short test.
  virtual void UseSmallFiles() = 0;

  // A store beside the harness's own, on the same disk.
  virtual absl::StatusOr<std::unique_ptr<LogStore>> OpenAt(const std::string& path) = 0;
  absl::Status Open();
  void Close() { store_.reset(); }
  // Open must succeed; a group that is not there is made.
  void MustOpen(const std::vector<GroupId>& groups = {kGroup});

  absl::Status Write(std::vector<GroupWrite> batch);
  absl::Status Write(Persist persist, GroupId group = kGroup);
  absl::Status Append(uint64_t first, uint64_t last, GroupId group = kGroup);
  absl::StatusOr<InstallStaged> Stage(Index index, Term term, std::string_view image,
                                      GroupId group = kGroup);
  // A snapshot at `index`, of term 1, behind which the log is compacted.
  absl::Status Compact(uint64_t index, GroupId group = kGroup);

  [[nodiscard]] uint64_t Counter(std::string_view name) const;

 protected:
  [[nodiscard]] Logger MakeLogger();

 private:
  FaultyDisk disk_;
  mutable std::mutex log_mutex_;
  std::string log_;  // Under log_mutex_: stores log from any thread.
  std::unique_ptr<LogStore> store_;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_UNIT_STORAGE_STORE_HARNESS_H_
