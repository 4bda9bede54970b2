// The loop that drives a host: epoll for descriptors, an eventfd for tasks of other threads, a heap
// for timers.
#ifndef SYNOD_SRC_EVENT_LOOP_H_
#define SYNOD_SRC_EVENT_LOOP_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/time.h"
#include "synod/port/event_loop.h"

#include "src/machine.h"

namespace synod::internal {

// Runs in turns. A turn waits until there is something to do, and then does, to completion:
//
//   1. the callbacks of the descriptors that are ready (the network delivers its batches),
//   2. the tasks that were posted,
//   3. the timers that are due,
//   4. the end-of-turn hook: the runtime steps its cores with all that came in and sends what comes
//      out,
//   5. the deferred tasks: transports flush, once for all that was sent in the turn.
//
// What one of these steps adds to a step that is over waits for the next turn, which then begins at
// once. A task of a kind that adds another of its kind does not lengthen the turn either, so that
// no step starves the others.
class EpollLoop final : public EventLoop {
 public:
  using Task = absl::AnyInvocable<void()>;
  // Cheaper than a timer that is set anew in every turn.
  using TurnEnd = Machine::TurnEnd;

  // Before it sleeps the loop polls for `spin` since it last had something to do. Fails if the
  // kernel is out of descriptors.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<EpollLoop>> Create(
      Duration spin = Duration::zero());

  EpollLoop(const EpollLoop&) = delete;
  EpollLoop& operator=(const EpollLoop&) = delete;
  // Not while Run runs.
  ~EpollLoop() override;

  // The hook of step 4. On the loop's thread, and before the loop runs.
  void SetTurnEnd(TurnEnd hook) { turn_end_ = std::move(hook); }

  // Makes the calling thread the loop's and takes turns until Stop. Once.
  void Run();

  // Ends Run after the turn in which the tasks posted before this call have run. From any thread.
  void Stop();

  [[nodiscard]] Instant Now() const override { return now_; }
  [[nodiscard]] absl::Status Watch(int fd, uint8_t interest,
                                   absl::AnyInvocable<void(uint8_t ready)> callback) override;
  void Rewatch(int fd, uint8_t interest) override;
  void Unwatch(int fd) override;
  TimerId RunAt(Instant when, Task task) override;
  void Cancel(TimerId timer) override;
  void Defer(Task task) override { deferred_.push_back(std::move(task)); }
  void Post(Task task) override;
  [[nodiscard]] bool IsLoopThread() const override {
    return thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }

  // The clock behind Now. From any thread.
  [[nodiscard]] static Instant Clock();

 private:
  struct Watched {
    // Distinguishes this watch of its descriptor from earlier ones, whose events may still lie in
    // the batch that is being served when the number is used again.
    uint32_t generation;
    absl::AnyInvocable<void(uint8_t ready)> callback;
  };
  struct Timer {
    Instant when;
    uint64_t id;
    // For a heap with the earliest on top; timers of the same instant in the order of RunAt.
    bool operator<(const Timer& other) const {
      return when != other.when ? when > other.when : id > other.id;
    }
  };
  struct ReadyEvents;

  EpollLoop(int epoll_fd, int event_fd, Duration spin)
      : epoll_fd_(epoll_fd), event_fd_(event_fd), spin_(spin) {}

  void Turn();
  void WaitForEvents(ReadyEvents& ready);
  bool Poll(ReadyEvents& ready, Instant until);
  bool MayFallAsleep();
  void ServeDescriptor(uint64_t key, uint8_t ready);
  void RunPosted();
  void RunDueTimers();
  void RunDeferred();
  [[nodiscard]] Instant NextTimer();

  const int epoll_fd_;
  const int event_fd_;
  const Duration spin_;

  Instant now_ = Clock();
  TurnEnd turn_end_;
  Instant wake_at_ = Instant::min();  // What turn_end_ returned; the first turn does not wait.
  bool stopping_ = false;
  std::atomic<std::thread::id> thread_;  // Nobody's but while Run runs.

  std::vector<std::unique_ptr<Watched>> watched_;  // By descriptor.
  uint32_t next_generation_ = 1;                   // Never 0, which is the eventfd's.
  Watched* running_ = nullptr;                     // Whose callback runs.
  std::unique_ptr<Watched> unwatched_;  // It was unwatched meanwhile; goes when it returns.

  // A cancelled timer leaves its place in the heap behind; those places go when they come up, or
  // when they outnumber the others.
  std::vector<Timer> timers_;
  std::unordered_map<uint64_t, Task> timer_tasks_;
  std::vector<uint64_t> due_;
  uint64_t next_timer_ = 1;

  std::vector<Task> deferred_;
  std::vector<Task> running_deferred_;  // Empty between turns; keeps its memory.

  std::mutex posted_mutex_;
  std::vector<Task> posted_;  // Under posted_mutex_.
  bool asleep_ = false;       // Under posted_mutex_. Who posts must write to the eventfd.
  bool ended_ = false;        // Under posted_mutex_.
  std::vector<Task> running_posted_;
  std::atomic<bool> has_posted_ = false;  // posted_ is not empty: to look without the mutex.
};

}  // namespace synod::internal

#endif  // SYNOD_SRC_EVENT_LOOP_H_
