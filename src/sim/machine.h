// The machine that a simulated process runs on: a loop and executors that take their turns as
// events.
#ifndef SYNOD_SRC_SIM_MACHINE_H_
#define SYNOD_SRC_SIM_MACHINE_H_

#include <deque>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "synod/base/rng.h"
#include "synod/core/message.h"
#include "synod/port/event_loop.h"
#include "synod/port/executor.h"
#include "synod/port/transport.h"

#include "src/machine.h"
#include "src/sim/life.h"
#include "src/sim/world.h"

namespace synod::sim {

// How long things take on a machine; each time is drawn from [0, 2 × the mean).
struct Pace {
  Duration turn = {};  // From the first thing to do until a turn begins. What comes in between is
                       // done in the same turn.
  Duration blocking = {};  // Of a task that may block.
};

// Does in its turns what EpollLoop does, in the same order; has messages in place of descriptors.
class Loop final : public EventLoop, public Actor {
 public:
  using Task = absl::AnyInvocable<void()>;

  Loop(Life& life, Duration latency, Rng dice)
      : life_(life), latency_(latency), dice_(dice), actor_(life.world().Add(*this)) {}
  ~Loop() override { life_.world().Remove(actor_); }

  void SetTurnEnd(synod::internal::Machine::TurnEnd hook) { turn_end_ = std::move(hook); }
  void SetReceiver(Receiver* receiver) { receiver_ = receiver; }
  void Deliver(Message message);
  void Start();
  // The last turn, at once.
  void Stop();
  // Called with what has arrived, before it is passed on.
  std::function<void(std::span<const Message>)> before_messages = {};
  // Called after each turn.
  std::function<void()> after_turn = {};

  // --- EventLoop ---
  Instant Now() const override { return now_; }
  absl::Status Watch(int, uint8_t, absl::AnyInvocable<void(uint8_t)>) override;
  void Rewatch(int, uint8_t) override {}
  void Unwatch(int) override {}
  TimerId RunAt(Instant when, Task task) override;
  void Cancel(TimerId timer) override;
  void Defer(Task task) override { deferred_.push_back(std::move(task)); }
  void Post(Task task) override;
  bool IsLoopThread() const override { return in_turn_; }

  // --- Actor ---
  void OnEvent(uint64_t turn) override;

 private:
  void Turn();
  void Wake() { WakeAt(life_.world().Now() + UpTo(dice_, 2 * latency_)); }
  void WakeAt(Instant world);
  [[nodiscard]] bool IsTimerDue() const;
  void RunDueTimers();

  Life& life_;
  const Duration latency_;
  Rng dice_;
  const World::ActorId actor_;
  synod::internal::Machine::TurnEnd turn_end_;
  Receiver* receiver_ = nullptr;

  Instant now_;
  Instant due_ = Instant::min();  // When the turn's end wants the next one.
  Instant wake_at_ = kNever;      // Of the world. When the next turn is scheduled.
  uint64_t turns_ = 0;            // The number of the turn that is scheduled; older ones are void.
  bool started_ = false;
  bool ended_ = false;
  bool in_turn_ = false;

  std::vector<Message> inbox_;
  std::vector<Message> delivering_;
  std::vector<Task> posted_;
  std::vector<Task> deferred_;
  std::map<std::pair<Instant, uint64_t>, Task> timers_;
  std::map<uint64_t, Instant> timer_times_;
  uint64_t next_timer_ = 1;
};

// Each task is an event.
class SimulatedExecutor final : public Executor, public Actor {
 public:
  SimulatedExecutor(Life& life, Duration mean, Rng dice)
      : pace(mean), life_(life), dice_(dice), actor_(life.world().Add(*this)) {
    life_.executors.push_back(this);
  }
  ~SimulatedExecutor() override {
    std::erase(life_.executors, this);
    life_.world().Remove(actor_);
  }

  void Post(Task task) override;
  void Stop() override {
    stopped_ = true;
    tasks_.clear();
  }
  bool IsStopping() const override { return stopped_; }
  void OnEvent(uint64_t number) override;
  // Nothing is done before: a disk that stalls.
  void StallUntil(Instant world);

  Duration pace;  // The mean time of a task.

 private:
  void ScheduleNext();

  Life& life_;
  Rng dice_;
  const World::ActorId actor_;
  bool stopped_ = false;
  bool running_ = false;
  Instant stall_until_ = Instant::min();
  uint64_t next_ = 0;  // The number of the task that is scheduled; older ones are void.
  std::deque<Task> tasks_;
};

class SimulatedMachine final : public synod::internal::Machine {
 public:
  SimulatedMachine(Life& life, const Pace& pace)
      : life_(life),
        pace_(pace),
        dice_(life.world().Dice(Stream::kMachine, life.node() * 1'000'000 + life.number())),
        loop_(life, pace.turn, Rng(dice_.Next())) {}

  Loop& simulated_loop() { return loop_; }

  EventLoop& loop() override { return loop_; }
  Instant Clock() const override { return life_.Clock(); }
  void StartLoop(TurnEnd turn_end) override {
    loop_.SetTurnEnd(std::move(turn_end));
    loop_.Start();
  }
  void StopLoop() override { loop_.Stop(); }
  std::unique_ptr<Executor> NewExecutor() override {
    return std::make_unique<SimulatedExecutor>(life_, pace_.blocking, Rng(dice_.Next()));
  }
  uint64_t DrawSeed() override { return dice_.Next(); }

 private:
  Life& life_;
  const Pace pace_;
  Rng dice_;
  Loop loop_;
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_MACHINE_H_
