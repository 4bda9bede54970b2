#include "kv/leader_watch.h"

#include <utility>

namespace synod_kv {

void LeaderWatch::NoteChange() {
  const std::lock_guard lock(mutex_);
  changes_.fetch_add(1, std::memory_order_release);
  WakeAll();
}

void LeaderWatch::Close() {
  const std::lock_guard lock(mutex_);
  closed_.store(true, std::memory_order_release);
  WakeAll();
}

// A cancelled alarm calls back from a thread of gRPC's own, never from within Cancel. One that has
// just gone off does not mind, and is still there: its callback waits for the mutex.
void LeaderWatch::WakeAll() {
  for (grpc::Alarm* alarm : waiting_) alarm->Cancel();
  waiting_.clear();
}

void LeaderWatch::Wait(grpc::Alarm* alarm, uint64_t seen, Clock::time_point until,
                       std::function<void()> resume) {
  const std::lock_guard lock(mutex_);
  const bool missed = changes_.load(std::memory_order_relaxed) != seen || closed();
  waiting_.insert(alarm);
  alarm->Set(missed ? Clock::now() : until, [this, alarm, resume = std::move(resume)](bool) {
    {
      const std::lock_guard erase_lock(mutex_);
      waiting_.erase(alarm);
    }
    resume();
  });
}

}  // namespace synod_kv
