// An executor with a thread of its own: for snapshot files, and state machines that are applied off
// the loop.
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "synod/port/executor.h"

namespace synod {

namespace {

class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor() : thread_([this] { Run(); }) {}
  ~ThreadExecutor() override { Stop(); }

  void Post(Task task) override {
    const std::lock_guard lock(mutex_);
    if (stopping_.load(std::memory_order_relaxed)) return;
    queue_.push_back(std::move(task));
    if (queue_.size() == 1) wake_.notify_one();
  }

  void Stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_.store(true, std::memory_order_relaxed);
      wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] bool IsStopping() const override {
    return stopping_.load(std::memory_order_relaxed);
  }

 private:
  void Run() {
    std::vector<Task> running;
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return IsStopping() || !queue_.empty(); });
      running.swap(queue_);
      lock.unlock();
      for (Task& task : running) {
        if (!IsStopping()) task();
        // Now, not with the rest: what a task owns may be a file.
        task = nullptr;
      }
      running.clear();
      lock.lock();
      if (IsStopping() && queue_.empty()) return;
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Task> queue_;  // Under mutex_.
  std::atomic<bool> stopping_ = false;
  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace

absl::StatusOr<std::unique_ptr<Executor>> NewThreadExecutor() {
  try {
    return std::make_unique<ThreadExecutor>();
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError("cannot start a thread: " + std::string(error.what()));
  }
}

}  // namespace synod
