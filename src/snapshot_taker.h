// When this replica takes a snapshot of its own, and how the image gets into the store.
#ifndef SYNOD_SRC_SNAPSHOT_TAKER_H_
#define SYNOD_SRC_SNAPSHOT_TAKER_H_

#include <chrono>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/base/time.h"
#include "synod/core/durable_state.h"
#include "synod/port/state_machine.h"

#include "src/host_services.h"

namespace synod::internal {

// One at a time: due, a view is taken, it is written in the background, it is staged. On the loop's
// thread.
class SnapshotTaker {
 public:
  struct Policy {
    uint64_t after_entries;
    uint64_t after_bytes;
  };
  class Client {
   public:
    virtual ~Client() = default;
    // A snapshot is staged; the client installs or discards it.
    virtual void OnSnapshotStaged(const SnapshotMeta& meta, StagedSnapshot staged) = 0;
    // What failed may be tried again now.
    virtual void OnSnapshotRetry() = 0;
  };

  // How long it waits after a failure, and after many.
  static constexpr Duration kBackoffMin = std::chrono::seconds(1);
  static constexpr Duration kBackoffMax = std::chrono::minutes(1);

  SnapshotTaker(HostServices& host, GroupId group, Policy policy, Client& client);

  // Counts what was applied.
  void Applied(uint64_t entries, uint64_t bytes) {
    entries_ += entries;
    bytes_ += bytes;
  }
  // The state was replaced by an image: there is nothing to take.
  void Restored() { entries_ = bytes_ = 0; }

  // True if a view should be taken now: then OnView must follow. `must_shrink`: the log has no room
  // left, so that whatever a snapshot can replace is worth one.
  [[nodiscard]] bool Begin(bool must_shrink);
  // There is space again, for want of which the last ones may have failed: nothing to wait for.
  void SpaceReturned() {
    backoff_ = kBackoffMin;
    not_before_ = Instant();
  }
  // `meta` says what the view stands for, but not yet how large it is.
  void OnView(SnapshotMeta meta, absl::StatusOr<std::unique_ptr<SnapshotView>> view);

 private:
  void OnWritten(const SnapshotMeta& meta, absl::StatusOr<StagedSnapshot> staged);
  void OnFailure(const absl::Status& status);

  HostServices& host_;
  const GroupId group_;
  const Policy policy_;
  Client& client_;

  uint64_t entries_ = 0;  // Applied since the last view.
  uint64_t bytes_ = 0;
  bool busy_ = false;
  Instant not_before_;  // After a failure.
  Duration backoff_ = kBackoffMin;
};

}  // namespace synod::internal

#endif  // SYNOD_SRC_SNAPSHOT_TAKER_H_
