// One life of a process: it may end before any message or answer of it. Between two changes to its
// disk it ends with its machine (Node::CutPowerAfter).
#ifndef SYNOD_SRC_SIM_LIFE_H_
#define SYNOD_SRC_SIM_LIFE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "synod/base/time.h"

#include "src/sim/world.h"

namespace synod::sim {

class SimulatedExecutor;

// A clock that never falls, but runs fast or slow and may leap.
class LocalClock {
 public:
  [[nodiscard]] Instant At(Instant world) const {
    const Duration passed = world - since_;
    return shown_ + passed + passed / 1'000'000 * drift_;
  }
  // When it will show `local`; later than that by less than it can drift in the time.
  [[nodiscard]] Instant WhenItShows(Instant local, Instant world) const {
    if (local == kNever) return kNever;
    const Duration left = local - At(world);
    if (left <= Duration::zero()) return world;
    return world + left - left / 1'000'000 * drift_ + Duration(left.count() / 100'000'000 + 1);
  }
  // Millionths of its pace.
  void SetDrift(Instant world, int64_t drift) {
    Rebase(world);
    drift_ = drift;
  }
  void Leap(Instant world, Duration by) {
    Rebase(world);
    shown_ += by;
  }

 private:
  void Rebase(Instant world) {
    shown_ = At(world);
    since_ = world;
  }

  Instant since_;
  Instant shown_ = Instant(std::chrono::hours(1));
  int64_t drift_ = 0;
};

// What all parts of a process share. Outlives them.
class Life {
 public:
  Life(World& world, uint64_t node, uint64_t number, LocalClock& clock)
      : world_(world), node_(node), number_(number), clock_(clock) {}

  [[nodiscard]] World& world() const { return world_; }
  [[nodiscard]] uint64_t node() const { return node_; }
  [[nodiscard]] uint64_t number() const { return number_; }
  [[nodiscard]] Instant Clock() const { return clock_.At(world_.Now()); }
  [[nodiscard]] Instant WorldTimeOf(Instant local) const {
    return clock_.WhenItShows(local, world_.Now());
  }

  [[nodiscard]] bool IsAlive() const { return alive_; }
  // Every effect that others can see (a message, an answer to a client) asks first: from the
  // instant of its death on a process has none.
  [[nodiscard]] bool MayAct() {
    if (alive_ && effects_left_-- == 0) Die();
    return alive_;
  }
  // It dies before the effect after so many.
  void DieAfter(uint64_t effects) { effects_left_ = effects; }
  // At once. What is left of it is swept away after this event.
  void Die() { alive_ = false; }

  // Stops it until then (SIGSTOP, a long collection of garbage, a suspended machine), or for as
  // long as it is stopped already.
  void PauseUntil(Instant end) { paused_until = std::max(paused_until, end); }
  Instant paused_until = Instant::min();
  // Of clients, that have not ended.
  size_t requests = 0;
  std::vector<SimulatedExecutor*> executors = {};  // Its threads that may block.

 private:
  World& world_;
  const uint64_t node_;
  const uint64_t number_;
  LocalClock& clock_;
  bool alive_ = true;
  uint64_t effects_left_ = std::numeric_limits<uint64_t>::max();
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_LIFE_H_
