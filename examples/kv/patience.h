// How long a call goes on without a leader.
#ifndef SYNOD_KV_PATIENCE_H_
#define SYNOD_KV_PATIENCE_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>

#include "kv/leader_watch.h"
#include "kv/node.h"

namespace synod_kv {

// One call's, and lives as long. In the hands of whoever has the call.
class Patience {
 public:
  Patience(const Node& node, const grpc::CallbackServerContext& context)
      : node_(node), context_(context), end_(Clock::now() + node.leader_patience) {}

  // To be called before the leader is looked up: a change since then is not missed.
  void BeforeLook() { changes_seen_ = node_.leaders.changes(); }

  // Whether there is a point in waiting on.
  [[nodiscard]] bool IsLeft() const {
    return Clock::now() < end_ && !context_.IsCancelled() && !node_.leaders.closed();
  }

  // Calls `resume` on a thread of gRPC's when the leader changes. One that is known, but cannot be
  // reached or does not know yet that it leads, is tried again before that.
  void Wait(std::function<void()> resume) {
    constexpr std::chrono::milliseconds kRetryInterval(20);
    Clock::time_point until = end_;
    if (!node_.replica.leader().IsZero()) until = std::min(until, Clock::now() + kRetryInterval);
    pause_.emplace();
    node_.leaders.Wait(&*pause_, changes_seen_, until, std::move(resume));
  }

 private:
  using Clock = LeaderWatch::Clock;

  const Node& node_;
  const grpc::CallbackServerContext& context_;
  const Clock::time_point end_;
  uint64_t changes_seen_ = 0;
  std::optional<grpc::Alarm> pause_;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_PATIENCE_H_
