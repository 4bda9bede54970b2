// What the log says that there is: whose it is, its groups, and where their entries are.
#ifndef SYNOD_STORAGE_WAL_GROUP_H_
#define SYNOD_STORAGE_WAL_GROUP_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "synod/core/durable_state.h"

#include "payload_format.h"

namespace synod::wal {

// Not thread-safe. Changes come in two steps: Stage before they are written, and Apply and Append
// once they are durable, so that whoever reads in between sees what is on the disk.
class Group {
 public:
  Group(GroupId id, Configuration initial);
  // Knows which entries there are, but not where.
  explicit Group(const GroupCheckpoint& checkpoint);

  // kInvalidArgument if the change does not fit what is there and what was staged before it; it is
  // not staged then. `persist` counts without its entries: they are `count` from `first` on.
  [[nodiscard]] absl::Status Stage(const Persist& persist, Index first, size_t count);
  // What was staged first, without its entries; these follow one by one.
  void Apply(const Persist& persist);
  void Append(const EntryAt& entry) { entries_.push_back(entry); }

  [[nodiscard]] GroupCheckpoint ToCheckpoint() const;

  [[nodiscard]] GroupId id() const { return id_; }
  [[nodiscard]] const Configuration& initial() const { return initial_; }
  [[nodiscard]] const HardState& hard_state() const { return hard_state_; }
  // meta.index 0: none.
  [[nodiscard]] const SnapshotRecord& snapshot() const { return snapshot_; }
  // The entries are (head, last].
  [[nodiscard]] Index head() const { return head_; }
  [[nodiscard]] Index last() const { return head_ + entries_.size(); }
  [[nodiscard]] const std::deque<EntryAt>& entries() const { return entries_; }

  // The position of its oldest entry; nothing if it has none. Those that follow are behind it.
  [[nodiscard]] std::optional<uint64_t> OldestPosition() const;

 private:
  [[nodiscard]] bool CountsAsSnapshots() const { return LogCountsAsSnapshots(initial_.protocol); }
  // What decides whether a change fits.
  struct Shape {
    Index head;
    Index last;
    Index covered;  // By the snapshot.
  };

  [[nodiscard]] absl::Status Refuse(std::string_view why) const;

  GroupId id_;
  Configuration initial_;
  HardState hard_state_;
  SnapshotRecord snapshot_;
  Index head_;
  std::deque<EntryAt> entries_;
  Shape staged_;  // With all that is staged.
};

// The whole store.
struct State {
  std::optional<StoreIdentity> identity;  // Nothing: never bootstrapped.
  std::map<GroupId, Group> groups;

  [[nodiscard]] Checkpoint ToCheckpoint() const;
};

}  // namespace synod::wal

#endif  // SYNOD_STORAGE_WAL_GROUP_H_
