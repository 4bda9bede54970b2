// The port for durable storage: the logs, hard states and snapshots of all groups of one host.
#ifndef SYNOD_PORT_LOG_STORE_H_
#define SYNOD_PORT_LOG_STORE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/core/durable_state.h"
#include "synod/port/byte_stream.h"

namespace synod {

// One group's part of a write.
struct GroupWrite {
  GroupId group;
  Persist persist;
};

// A snapshot while it is written. Dropping it unfinished deletes what was written.
class SnapshotWriter : public ByteSink {
 public:
  // Syncs the file and its directory. Afterwards the snapshot is complete but not yet the group's
  // own: that takes a Write with InstallStaged, or it is deleted by LogStore::DiscardStaged or at
  // the next start.
  [[nodiscard]] virtual absl::StatusOr<StagedSnapshot> Finish() = 0;
};

// Durable at `done(OK)`: after it, no crash of the process or the machine loses the write (I5).
// Group state is separate; nothing that concerns one group's data affects another's.
//
// Errors: kDataLoss for what a disk returned and cannot be right: never silently cut, never
// reported as absent (F2). A torn tail is cut only where it is provable that it was never synced,
// hence never acknowledged (F1).
class LogStore {
 public:
  virtual ~LogStore() = default;

  // --- Before the loop runs; may block. ---

  // Makes the store `identity`'s (if nobody's yet) and creates `group` with its initial
  // configuration. Durable at return. kAlreadyExists if the group is there; kFailedPrecondition if
  // the store is somebody else's.
  [[nodiscard]] virtual absl::Status Bootstrap(const StoreIdentity& identity, GroupId group,
                                               const Configuration& initial) = 0;

  // kNotFound if the store was never bootstrapped.
  [[nodiscard]] virtual absl::StatusOr<StoreIdentity> Identity() const = 0;

  [[nodiscard]] virtual absl::StatusOr<std::vector<GroupId>> Groups() const = 0;

  // All of a group's state, every checksum and the chain through the entries verified. kNotFound if
  // it was never bootstrapped. Also while other groups are written: a group may be joined late.
  [[nodiscard]] virtual absl::StatusOr<DurableState> Load(GroupId group) = 0;

  // --- While it runs. ---

  using Done = absl::AnyInvocable<void(absl::Status)>;

  // Makes the batch durable as one atomic step, and then calls `done` once: on any thread, or
  // before return. Returns without waiting for the disk. Batches take effect, and are done, in the
  // order of the calls, which come from one thread at a time; those that queue up while a sync runs
  // share the next one (group commit). After an error every later batch fails as well: the state of
  // the disk is unknown, and no sync is retried (F4).
  virtual void Write(std::vector<GroupWrite> batch, Done done) = 0;

  // False when so little space is left that only what frees space or is small (hard states,
  // compaction) should be written. The runtime then refuses new entries with kNoSpace. From any
  // thread; cheap.
  [[nodiscard]] virtual bool HasSpace() const = 0;

  // --- Snapshots. From any thread; may block. ---

  // A new, empty, unnamed snapshot of `group`. kResourceExhausted without space.
  [[nodiscard]] virtual absl::StatusOr<std::unique_ptr<SnapshotWriter>> NewSnapshot(
      GroupId group) = 0;

  // Deletes a finished snapshot that will not be installed.
  virtual void DiscardStaged(GroupId group, StagedSnapshot staged) = 0;

  // The group's installed snapshot, with what it stands for; it stays readable to the end though
  // another replaces it. The source checks the image against its meta: kDataLoss at the latest at
  // its end. kNotFound if there is none.
  struct OpenedSnapshot {
    SnapshotMeta meta;
    std::unique_ptr<ByteSource> image;
  };
  [[nodiscard]] virtual absl::StatusOr<OpenedSnapshot> OpenSnapshot(GroupId group) = 0;

  // Name and value of each counter (writes, syncs, bytes, …). From any thread.
  [[nodiscard]] virtual std::vector<std::pair<std::string, uint64_t>> Counters() const = 0;
};

}  // namespace synod

#endif  // SYNOD_PORT_LOG_STORE_H_
