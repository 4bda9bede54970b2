#include "storage/files/write_queue.h"

#include <utility>

#include "synod/base/probe.h"

namespace synod::storage {

absl::Status WriteQueue::Start() {
  if (executor_ != nullptr) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<Executor>> own = NewThreadExecutor();
  if (!own.ok()) return own.status();
  own_executor_ = *std::move(own);
  executor_ = own_executor_.get();
  return absl::OkStatus();
}

void WriteQueue::Push(std::vector<GroupWrite> batch, LogStore::Done done) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back({std::move(batch), std::move(done)});
    if (std::exchange(is_posted_, true)) return;
  }
  executor_->Post([this] { Run(); });
}

void WriteQueue::Run() {
  {
    const std::lock_guard lock(mutex_);
    taken_.swap(queue_);
    is_posted_ = false;
  }
  for (size_t first = 0; first < taken_.size();) {
    absl::Status status;
    const size_t end = first + client_.Commit(std::span(taken_).subspan(first), status);
    for (; first < end; ++first) taken_[first].done(status);
    client_.CleanUp();
  }
  taken_.clear();
}

bool WriteQueue::HasSpace() const {
  if (space_.HasRoom()) return true;
  Reached("store nearly full");
  if (!refresh_is_posted_.exchange(true, std::memory_order_relaxed)) {
    executor_->Post([this] {
      refresh_is_posted_.store(false, std::memory_order_relaxed);
      space_.Refresh();
    });
  }
  return false;
}

void WriteQueue::Close() {
  if (executor_ != nullptr) executor_->Stop();
  // A `done` may have written once more.
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (queue_.empty()) return;
    }
    Run();
  }
}

}  // namespace synod::storage
