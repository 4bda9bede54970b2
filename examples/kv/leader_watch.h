// Where calls wait until somebody leads.
#ifndef SYNOD_KV_LEADER_WATCH_H_
#define SYNOD_KV_LEADER_WATCH_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>

#include <grpcpp/alarm.h>

namespace synod_kv {

// Thread-safe; outlives who waits.
class LeaderWatch {
 public:
  using Clock = std::chrono::system_clock;  // gRPC's.

  // How often the leader has changed. To be read before the leader is: whoever then waits for a
  // change since misses none.
  [[nodiscard]] uint64_t changes() const { return changes_.load(std::memory_order_acquire); }

  // The replica knows another leader, or none any more. Runs nobody: those that wait go on on
  // threads of gRPC's.
  void NoteChange();

  // Nobody is to wait any more.
  void Close();
  [[nodiscard]] bool closed() const { return closed_.load(std::memory_order_acquire); }

  // Calls `resume` on a thread of gRPC's at the first change after `seen` of them, and at `until`
  // at the latest. `alarm` is fresh and lasts until then.
  void Wait(grpc::Alarm* alarm, uint64_t seen, Clock::time_point until,
            std::function<void()> resume);

 private:
  void WakeAll();

  std::mutex mutex_;
  std::set<grpc::Alarm*> waiting_;     // Under mutex_. Set, and not gone off as far as is known.
  std::atomic<uint64_t> changes_ = 0;  // Written under mutex_.
  std::atomic<bool> closed_ = false;   // Likewise.
};

}  // namespace synod_kv

#endif  // SYNOD_KV_LEADER_WATCH_H_
