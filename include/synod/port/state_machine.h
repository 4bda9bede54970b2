// The port for what is replicated: the one class that every user writes.
#ifndef SYNOD_PORT_STATE_MACHINE_H_
#define SYNOD_PORT_STATE_MACHINE_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/port/byte_stream.h"

namespace synod {

// A committed command. `data` lives until Apply returns.
struct Command {
  Index index;
  std::string_view data;
};

// A point-in-time image that can be written while the state machine moves on.
class SnapshotView {
 public:
  virtual ~SnapshotView() = default;
  // Called once, on a background thread, concurrently with every method of the state machine.
  [[nodiscard]] virtual absl::Status WriteTo(ByteSink& sink) const = 0;
};

// Deterministic: the same commands in the same order give the same results and the same state on
// every replica. So no clocks, no randomness, no iteration order of hash tables, nothing of the
// machine in what Apply does. Bad commands are no errors: every replica answers them alike.
//
// The runtime calls the methods one at a time (SnapshotView excepted), on the loop's thread or on
// the group's apply thread (GroupOptions::apply_on_own_thread). On the loop they must be quick:
// while one runs, no message is answered. Restore, which reads a disk, always runs on a thread that
// may block.
//
// No method may throw: an exception that leaves one ends the process. A replica that went on
// without the command would drift apart from the others, and each of them meets the same command.
class StateMachine {
 public:
  virtual ~StateMachine() = default;

  // Applies the batch in order. results[i] is batch[i]'s, empty on entry, and goes to the proposer.
  virtual void Apply(std::span<const Command> batch, std::span<std::string> results) = 0;

  // Answers a read of the state as of the last applied command. An error goes to the reader as it
  // is.
  [[nodiscard]] virtual absl::StatusOr<std::string> Query(std::string_view request) const = 0;

  // An image of the state as of the last applied command. Must be cheap (copy-on-write, a version,
  // a handle): writing happens later, in SnapshotView::WriteTo. An error postpones the snapshot and
  // is logged.
  [[nodiscard]] virtual absl::StatusOr<std::unique_ptr<SnapshotView>> Snapshot() const = 0;

  // Replaces the state by the image. On an error the replica stops: it has no state to go on with.
  [[nodiscard]] virtual absl::Status Restore(ByteSource& image) = 0;
};

}  // namespace synod

#endif  // SYNOD_PORT_STATE_MACHINE_H_
