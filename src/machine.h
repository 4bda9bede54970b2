// What a host needs of the machine that it runs on: a loop, a clock, somewhere to block, and dice.
#ifndef SYNOD_SRC_MACHINE_H_
#define SYNOD_SRC_MACHINE_H_

#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "synod/base/time.h"
#include "synod/port/event_loop.h"
#include "synod/port/executor.h"

namespace synod::internal {

// One host's own. A host that is run by a simulator differs from any other in nothing but this.
class Machine {
 public:
  // Ends every turn of the loop; the instant that it returns is when a turn must begin though
  // nothing else happens (kNever: none).
  using TurnEnd = absl::AnyInvocable<Instant()>;

  // After StopLoop, or if the loop was never started.
  virtual ~Machine() = default;

  virtual EventLoop& loop() = 0;
  // The clock behind the loop's Now. From any thread.
  [[nodiscard]] virtual Instant Clock() const = 0;

  // The loop takes turns from now on. Once.
  virtual void StartLoop(TurnEnd turn_end) = 0;
  // Returns when the loop has taken its last turn, in which the tasks that were posted before have
  // run. Not on the loop's thread.
  virtual void StopLoop() = 0;

  // Null if there are too many threads.
  [[nodiscard]] virtual std::unique_ptr<Executor> NewExecutor() = 0;
  // From any thread.
  [[nodiscard]] virtual uint64_t DrawSeed() = 0;
};

// The machine that this process runs on. `spin`: see HostOptions. Fails if the kernel is out of
// descriptors or, kResourceExhausted, of threads, and with kUnavailable if it has no random
// numbers.
[[nodiscard]] absl::StatusOr<std::unique_ptr<Machine>> NewRealMachine(Duration spin);

}  // namespace synod::internal

#endif  // SYNOD_SRC_MACHINE_H_
