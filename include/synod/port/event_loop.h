// The loop that a transport shares with the runtime, so that a message costs no thread hop.
#ifndef SYNOD_PORT_EVENT_LOOP_H_
#define SYNOD_PORT_EVENT_LOOP_H_

#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "synod/base/time.h"

namespace synod {

// One thread that waits for file descriptors and instants. Unless it says otherwise, a method may
// be called on the loop's thread only, and before the loop runs. Callbacks run on the loop's thread
// and must not block.
class EventLoop {
 public:
  enum Interest : uint8_t { kReadable = 1, kWritable = 2 };
  enum class TimerId : uint64_t { kNone = 0 };

  virtual ~EventLoop() = default;

  // The instant at which the current turn began.
  [[nodiscard]] virtual Instant Now() const = 0;

  // Calls `ready` with the Interest bits that hold (both on error or hang-up) until Unwatch.
  // Level-triggered. The descriptor stays the caller's; it must outlive the watch. Fails if the
  // kernel refuses the descriptor.
  [[nodiscard]] virtual absl::Status Watch(int fd, uint8_t interest,
                                           absl::AnyInvocable<void(uint8_t ready)> callback) = 0;
  // Changes the interest of a watched descriptor.
  virtual void Rewatch(int fd, uint8_t interest) = 0;
  // After return the callback is not called again; it is destroyed, at the end of the turn if it is
  // the one that runs.
  virtual void Unwatch(int fd) = 0;

  // Runs `task` once, not before `when`.
  virtual TimerId RunAt(Instant when, absl::AnyInvocable<void()> task) = 0;
  // Forgets a timer that has not run; unknown ids are ignored.
  virtual void Cancel(TimerId timer) = 0;

  // Runs `task` once, at the end of this turn: after all descriptors that were ready have been
  // served. For work that is better done once for many events, such as flushing what they produced.
  virtual void Defer(absl::AnyInvocable<void()> task) = 0;

  // Runs `task` on the loop's thread, in the order of the calls. From any thread. Tasks that are
  // posted once the loop has ended are destroyed without running.
  virtual void Post(absl::AnyInvocable<void()> task) = 0;

  [[nodiscard]] virtual bool IsLoopThread() const = 0;
};

}  // namespace synod

#endif  // SYNOD_PORT_EVENT_LOOP_H_
