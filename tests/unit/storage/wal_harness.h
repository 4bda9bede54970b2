// A write-ahead log store on a disk that can be damaged, with shorthands for its tests.
#ifndef SYNOD_TESTS_UNIT_STORAGE_WAL_HARNESS_H_
#define SYNOD_TESTS_UNIT_STORAGE_WAL_HARNESS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "synod/port/executor.h"
#include "synod/wal.h"

#include "tests/unit/storage/durable_store.h"
#include "tests/unit/storage/store_harness.h"

namespace synod::test {

class WalHarness final : public StoreHarness {
 public:
  WalHarness();
  ~WalHarness() override { Close(); }

  wal::Options& options() { return options_; }

  void SetReserve(uint64_t bytes) override { options_.reserve_bytes = bytes; }
  void SetCreateIfMissing(bool creates) override { options_.create_if_missing = creates; }
  void UseSmallFiles() override { options_.segment_bytes = 4096; }
  absl::StatusOr<std::unique_ptr<LogStore>> OpenAt(const std::string& path) override;

  // The paths of the segments that are there, in order.
  [[nodiscard]] std::vector<std::string> Segments() const;
  // The last segment that holds more than its checkpoint.
  [[nodiscard]] std::string LastSegment() const;

 private:
  wal::Options options_;
};

[[nodiscard]] DurableStoreParam WalStore();

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
