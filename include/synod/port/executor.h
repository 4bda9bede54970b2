// The port for what may block: whoever must not wait hands it over.
#ifndef SYNOD_PORT_EXECUTOR_H_
#define SYNOD_PORT_EXECUTOR_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace synod {

// Runs tasks one at a time, in the order in which they were posted, and never on the stack of
// whoever posts. The methods may be called from any thread.
class Executor {
 public:
  using Task = absl::AnyInvocable<void()>;

  // Stops.
  virtual ~Executor() = default;

  // After Stop the task is destroyed without running.
  virtual void Post(Task task) = 0;

  // Waits for the task that runs; those that wait are destroyed. Not from a task. Repeating it does
  // nothing.
  virtual void Stop() = 0;

  // For long tasks, to end early.
  [[nodiscard]] virtual bool IsStopping() const = 0;
};

// An executor with a thread of its own. kResourceExhausted if there are too many.
[[nodiscard]] absl::StatusOr<std::unique_ptr<Executor>> NewThreadExecutor();

}  // namespace synod

#endif  // SYNOD_PORT_EXECUTOR_H_
