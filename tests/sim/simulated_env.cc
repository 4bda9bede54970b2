#include "tests/sim/simulated_env.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>

#include "rocksdb/file_system.h"
#include "rocksdb/system_clock.h"
#include "tests/support/faulty_file_system.h"

namespace rocksdb {

// RocksDB's own: each thread has one. It draws the heights in a memtable's skip list, and by them
// when a memtable is full.
class Random {
 public:
  static Random* GetTLSInstance();
  void Seed(uint32_t seed) { seed_ = seed; }

 private:
  uint32_t seed_;
};

}  // namespace rocksdb

namespace synod::sim {
namespace {

using ::rocksdb::IOStatus;

class SimulatedFiles final : public ::rocksdb::FileSystemWrapper {
 public:
  SimulatedFiles(Disk& disk, std::string database_path)
      : FileSystemWrapper(test::MakeFileSystem(disk)), database_path_(std::move(database_path)) {}

  const char* Name() const override { return "SimulatedFiles"; }
  // RocksDB asks for its own directory before it starts a thread that waits for space.
  IOStatus GetFreeSpace(const std::string& path, const ::rocksdb::IOOptions& options,
                        uint64_t* free, ::rocksdb::IODebugContext* context) override {
    if (path.starts_with(database_path_)) return IOStatus::NotSupported();
    return FileSystemWrapper::GetFreeSpace(path, options, free, context);
  }

 private:
  const std::string database_path_;
};

class SimulatedClock final : public ::rocksdb::SystemClockWrapper {
 public:
  SimulatedClock() : SystemClockWrapper(::rocksdb::SystemClock::Default()) {}

  const char* Name() const override { return "SimulatedClock"; }
  uint64_t NowMicros() override { return now_; }
  uint64_t NowNanos() override { return now_ * 1000; }
  uint64_t CPUMicros() override { return 0; }
  uint64_t CPUNanos() override { return 0; }
  void SleepForMicroseconds(int micros) override { now_ += static_cast<uint64_t>(micros); }
  ::rocksdb::Status GetCurrentTime(int64_t* seconds) override {
    *seconds = static_cast<int64_t>(now_ / 1'000'000);
    return ::rocksdb::Status::OK();
  }

 private:
  uint64_t now_ = 1'000'000'000'000'000;
};

class SimulatedEnv final : public ::rocksdb::EnvWrapper {
 public:
  SimulatedEnv(std::shared_ptr<::rocksdb::FileSystem> files, Executor& executor)
      : EnvWrapper(::rocksdb::NewCompositeEnv(files)), executor_(executor) {
    file_system_ = std::move(files);
    system_clock_ = std::make_shared<SimulatedClock>();
    ::rocksdb::Random::GetTLSInstance()->Seed(1);
  }

  const char* Name() const override { return "SimulatedEnv"; }

  // Called under the database's mutex, which the job takes as well.
  void Schedule(void (*run)(void*), void* argument, Priority, void* tag,
                void (*unschedule)(void*)) override {
    jobs_.push_back({.run = run, .unschedule = unschedule, .argument = argument, .tag = tag});
    executor_.Post([this] { RunNext(); });
  }
  // By a database that closes.
  int UnSchedule(void* tag, Priority) override {
    int count = 0;
    for (const Job& job : std::exchange(jobs_, {})) {
      if (job.tag != tag) {
        jobs_.push_back(job);
        continue;
      }
      if (job.unschedule != nullptr) job.unschedule(job.argument);
      ++count;
    }
    return count;
  }
  unsigned int GetThreadPoolQueueLen(Priority) const override {
    return static_cast<unsigned int>(jobs_.size());
  }
  // It has no threads, and RocksDB need not know.
  void SetBackgroundThreads(int, Priority) override {}
  void IncBackgroundThreadsIfNeeded(int, Priority) override {}
  int GetBackgroundThreads(Priority) override { return 1; }

 private:
  struct Job {
    void (*run)(void*);
    void (*unschedule)(void*);
    void* argument;
    void* tag;
  };

  void RunNext() {
    if (jobs_.empty()) return;
    const Job job = jobs_.front();
    jobs_.pop_front();
    job.run(job.argument);
  }

  Executor& executor_;
  std::deque<Job> jobs_;  // In the order in which they are done.
};

}  // namespace

std::unique_ptr<::rocksdb::Env> NewSimulatedEnv(Disk& disk, Executor& executor,
                                                std::string database_path) {
  return std::make_unique<SimulatedEnv>(
      std::make_shared<SimulatedFiles>(disk, std::move(database_path)), executor);
}

}  // namespace synod::sim
