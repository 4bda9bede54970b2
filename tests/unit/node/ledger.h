// A state machine that keeps every command, and lets a test look and meddle.
#ifndef SYNOD_TESTS_UNIT_NODE_LEDGER_H_
#define SYNOD_TESTS_UNIT_NODE_LEDGER_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/port/state_machine.h"

namespace synod::test {

// Holds whoever passes while it is closed.
class Gate {
 public:
  void Close() {
    const std::lock_guard lock(mutex_);
    open_ = false;
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    --waiting_;
  }
  void AwaitWaiting() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  int waiting_ = 0;
};

// What a test sees of one ledger and does to it. Outlives it.
struct LedgerControl {
  std::atomic<uint64_t> restores = 0;
  std::atomic<uint64_t> views = 0;
  std::atomic<int> failing_views = 0;  // So many views fail from now on.
  std::atomic<bool> fail_restore = false;
  std::atomic<std::thread::id> applied_on{};
  Gate apply_gate;
  Gate query_gate;
  std::atomic<uint64_t> queries = 0;
};

// Applying returns the number of commands so far and the command. Queries: "size", "all" (the
// commands, each with a comma behind it), "fail".
class Ledger final : public StateMachine {
 public:
  // `padding` makes the image larger.
  explicit Ledger(LedgerControl& control, size_t padding = 0)
      : control_(control), padding_(padding) {}

  void Apply(std::span<const Command> batch, std::span<std::string> results) override {
    control_.applied_on = std::this_thread::get_id();
    control_.apply_gate.Pass();
    for (size_t i = 0; i < batch.size(); ++i) {
      all_.append(batch[i].data).append(1, ',');
      ++size_;
      results[i] = std::to_string(size_) + ":" + std::string(batch[i].data);
    }
  }

  absl::StatusOr<std::string> Query(std::string_view request) const override {
    ++control_.queries;
    control_.query_gate.Pass();
    if (request == "size") return std::to_string(size_);
    if (request == "all") return all_;
    return absl::NotFoundError("no such query");
  }

  absl::StatusOr<std::unique_ptr<SnapshotView>> Snapshot() const override {
    if (control_.failing_views.load() > 0) {
      --control_.failing_views;
      return absl::InternalError("no view today");
    }
    ++control_.views;
    return std::make_unique<View>(std::string(padding_, '.') + all_);
  }

  absl::Status Restore(ByteSource& image) override {
    if (control_.fail_restore) return absl::DataLossError("this image is not for me");
    std::string bytes;
    std::vector<char> chunk(64 * 1024);
    while (true) {
      absl::StatusOr<size_t> size = image.Read(chunk);
      if (!size.ok()) return size.status();
      bytes.append(chunk.data(), *size);
      if (*size < chunk.size()) break;
    }
    all_ = bytes.substr(padding_);
    size_ = 0;
    for (char c : all_) size_ += c == ',' ? 1 : 0;
    ++control_.restores;
    return absl::OkStatus();
  }

 private:
  class View final : public SnapshotView {
   public:
    explicit View(std::string bytes) : bytes_(std::move(bytes)) {}
    absl::Status WriteTo(ByteSink& sink) const override { return sink.Append(bytes_); }

   private:
    const std::string bytes_;
  };

  LedgerControl& control_;
  const size_t padding_;
  std::string all_;
  uint64_t size_ = 0;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_UNIT_NODE_LEDGER_H_
