// A write-ahead log store on a disk that can be damaged, with shorthands for its tests.
#ifndef SYNOD_TESTS_UNIT_STORAGE_WAL_HARNESS_H_
#define SYNOD_TESTS_UNIT_STORAGE_WAL_HARNESS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "synod/port/log_store.h"
#include "synod/wal.h"

#include "tests/support/faulty_disk.h"
#include "tests/unit/storage/store_workload.h"

namespace synod::test {

class WalHarness {
 public:
  // Where the store is.
  static constexpr const char* kPath = "/store";

  WalHarness();

  FaultyDisk& disk() { return disk_; }
  LogStore& store() { return *store_; }
  wal::Options& options() { return options_; }
  // What was logged so far, a line each.
  [[nodiscard]] const std::string& log() const { return log_; }

  absl::Status Open();
  void Close() { store_.reset(); }
  // Open must succeed; a group that is not there is made.
  void MustOpen(const std::vector<GroupId>& groups = {kGroup});

  absl::Status Write(Persist persist, GroupId group = kGroup);
  absl::Status Append(uint64_t first, uint64_t last, GroupId group = kGroup);
  // A snapshot at `index`, of term 1, behind which the log is compacted.
  absl::Status Compact(uint64_t index, GroupId group = kGroup);

  [[nodiscard]] uint64_t Counter(std::string_view name) const;

  // The paths of the segments that are there, in order.
  [[nodiscard]] std::vector<std::string> Segments() const;
  // The last segment that holds more than its checkpoint.
  [[nodiscard]] std::string LastSegment() const;

 private:
  FaultyDisk disk_;
  std::string log_;
  wal::Options options_;
  std::unique_ptr<LogStore> store_;
};

// Runs tasks when it is told to, on the stack of who tells it.
class ManualExecutor final : public Executor {
 public:
  ~ManualExecutor() override { tasks_.clear(); }
  void Post(Task task) override {
    if (!stopped_) tasks_.push_back(std::move(task));
  }
  void Stop() override {
    stopped_ = true;
    tasks_.clear();
  }
  [[nodiscard]] bool IsStopping() const override { return stopped_; }

  [[nodiscard]] size_t waiting() const { return tasks_.size(); }
  void RunAll();

 private:
  std::vector<Task> tasks_;
  bool stopped_ = false;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_UNIT_STORAGE_WAL_HARNESS_H_
