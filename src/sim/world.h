// Virtual time: a heap of events, and the only order in which anything happens.
#ifndef SYNOD_SRC_SIM_WORLD_H_
#define SYNOD_SRC_SIM_WORLD_H_

#include <cstdint>
#include <vector>

#include "synod/base/rng.h"
#include "synod/base/time.h"

#include "src/sim/story.h"

namespace synod::sim {

// Whatever events happen to. It takes itself out of the world when it goes, and its events with it.
class Actor {
 public:
  virtual ~Actor() = default;
  // `what` is as it was scheduled.
  virtual void OnEvent(uint64_t what) = 0;
};

// Everything that is random is drawn from streams that depend on the seed and a name alone, so that
// less of one thing leaves the others as they are.
enum class Stream : uint64_t {
  kOptions = 1,
  kFaults,
  kNetwork,
  kDisk,
  kClients,
  kMachine,
  kHealed,
  kKnobs,
  kBounds,
  kLinks,
  kDamage,
  kSize,
  kStates,
  kMembers,
  kLog,
  kQuorums,
  kSnapshots,
  kCutOff,
  kStaleReads,
  kSlots,
  kAcceptors,
  kAcceptorFaults,
  kPower,
};

// A time in [0, most].
inline Duration UpTo(Rng& dice, Duration most) {
  return Duration(dice.Below(static_cast<uint64_t>(most.count()) + 1));
}

class World {
 public:
  using ActorId = uint32_t;

  explicit World(uint64_t seed) : seed_(seed) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] Instant Now() const { return now_; }
  // Of one actor, or 0.
  [[nodiscard]] Rng Dice(Stream stream, uint64_t of = 0) const;

  ActorId Add(Actor& actor);
  void Remove(ActorId actor);
  // Now, if `when` has passed. Events of one instant happen in the order in which they were
  // scheduled.
  void Schedule(Instant when, ActorId actor, uint64_t what);

  // The next actor gets what was scheduled for it. False if there is none.
  bool Step();
  // What it makes of that is an event, and not void.
  void CountEvent() { ++events_; }

  // For the story of the run.
  void Note(Story::What what, NodeId node, uint64_t a = 0, uint64_t b = 0) {
    story_.Note(now_, what, node, a, b);
  }
  void Note(const Fault& fault) { story_.Note(now_, fault); }
  [[nodiscard]] const Story& story() const { return story_; }

  // Messages that arrive, turns of a loop that have something to do, tasks of executors, calls of
  // clients, faults, starts.
  [[nodiscard]] uint64_t events() const { return events_; }
  // Of all that has happened: equal runs have equal hashes. Of events it has their time and place;
  // what they carry (messages, writes that become durable, answers) is mixed in by whom they
  // happen to.
  [[nodiscard]] uint64_t hash() const { return hash_; }
  void Mix(uint64_t value) { hash_ = (hash_ ^ value) * 0x9e3779b97f4a7c15u + (hash_ >> 29); }

 private:
  struct Event {
    Instant when;
    uint64_t number;
    uint64_t what;
    ActorId actor;
    bool operator<(const Event& other) const {
      return when != other.when ? when > other.when : number > other.number;
    }
  };

  const uint64_t seed_;
  Instant now_;
  std::vector<Event> heap_;  // The earliest on top.
  std::vector<Actor*> actors_;
  uint64_t scheduled_ = 0;
  uint64_t events_ = 0;
  uint64_t hash_ = 0;
  Story story_;
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_WORLD_H_
