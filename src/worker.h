// A thread for what may block: snapshot files, and state machines that are applied off the loop.
#ifndef SYNOD_SRC_WORKER_H_
#define SYNOD_SRC_WORKER_H_

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"

namespace synod::internal {

// Runs tasks one at a time, in the order in which they were posted.
class Worker {
 public:
  using Task = absl::AnyInvocable<void()>;

  Worker() : thread_([this] { Run(); }) {}
  ~Worker() { Stop(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // From any thread. After Stop the task is destroyed without running.
  void Post(Task task) {
    const std::lock_guard lock(mutex_);
    if (stopping_.load(std::memory_order_relaxed)) return;
    queue_.push_back(std::move(task));
    if (queue_.size() == 1) wake_.notify_one();
  }

  // Waits for the task that runs; those that wait are destroyed. Not from a task.
  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_.store(true, std::memory_order_relaxed);
      wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
  }

  // For long tasks, to end early. From any thread.
  [[nodiscard]] bool IsStopping() const { return stopping_.load(std::memory_order_relaxed); }

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

}  // namespace synod::internal

#endif  // SYNOD_SRC_WORKER_H_
