#include "src/sim/world.h"

#include <algorithm>

namespace synod::sim {

Rng World::Dice(Stream stream, uint64_t of) const {
  const uint64_t named = Rng(seed_).Next() + static_cast<uint64_t>(stream);
  return Rng(Rng(Rng(named).Next() + of).Next());
}

World::ActorId World::Add(Actor& actor) {
  actors_.push_back(&actor);
  return static_cast<ActorId>(actors_.size() - 1);
}

void World::Remove(ActorId actor) { actors_[actor] = nullptr; }

void World::Schedule(Instant when, ActorId actor, uint64_t what) {
  heap_.push_back(
      {.when = std::max(when, now_), .number = scheduled_++, .what = what, .actor = actor});
  std::push_heap(heap_.begin(), heap_.end());
}

bool World::Step() {
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end());
    const Event event = heap_.back();
    heap_.pop_back();
    Actor* const actor = actors_[event.actor];
    if (actor == nullptr) continue;
    now_ = event.when;
    Mix(static_cast<uint64_t>(event.when.time_since_epoch().count()));
    Mix(event.what ^ (uint64_t{event.actor} << 32));
    actor->OnEvent(event.what);
    return true;
  }
  return false;
}

}  // namespace synod::sim
