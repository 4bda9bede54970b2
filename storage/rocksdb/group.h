// One group's share of the database: what its log looks like, and how a change to it becomes
// operations of an atomic batch.
#ifndef SYNOD_STORAGE_ROCKSDB_GROUP_H_
#define SYNOD_STORAGE_ROCKSDB_GROUP_H_

#include <cstdint>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/core/durable_state.h"

#include "format.h"
#include "rocksdb/db.h"
#include "rocksdb/write_batch.h"

namespace synod::rocksdb {

// The state that every later write builds upon. Not thread-safe.
class Group {
 public:
  // A group that is in the database but was not loaded: it can be asked for its snapshot only.
  explicit Group(GroupId id) : id_(id) {}
  Group(GroupId id, Protocol protocol)
      : id_(id), counts_as_snapshots_(LogCountsAsSnapshots(protocol)) {}

  // Puts a new group's records into `batch`.
  [[nodiscard]] static Group Create(GroupId id, const Configuration& initial,
                                    ::rocksdb::WriteBatch& batch);

  // Reads the group and verifies everything but the snapshot's image. Records that are missing or
  // damaged, links that do not fit, gaps: kDataLoss with group, index and reason.
  struct Loaded;
  [[nodiscard]] static absl::StatusOr<Loaded> Load(GroupId id, ::rocksdb::DB& database);

  // Puts the change into `batch`. kInvalidArgument if it does not fit what is there; the object is
  // of no use then.
  [[nodiscard]] absl::Status Stage(const Persist& persist, ::rocksdb::WriteBatch& batch);

  // As of the last Stage. meta.index 0: none.
  [[nodiscard]] const SnapshotRecord& snapshot() const { return snapshot_; }
  void set_snapshot(SnapshotRecord record) { snapshot_ = std::move(record); }

 private:
  void SetHead(Index index, Link link, ::rocksdb::WriteBatch& batch);
  void Delete(Index first, Index last, ::rocksdb::WriteBatch& batch) const;
  absl::Status Install(const InstallStaged& install, ::rocksdb::WriteBatch& batch);
  absl::Status Truncate(Index from, ::rocksdb::WriteBatch& batch);
  absl::Status Compact(Index to, ::rocksdb::WriteBatch& batch);
  absl::Status Append(const Entry& entry, ::rocksdb::WriteBatch& batch);
  absl::Status LoadEntries(::rocksdb::DB& database, std::vector<Entry>& entries);
  [[nodiscard]] absl::Status Refuse(std::string_view why) const;

  [[nodiscard]] Index last() const { return head_ + (links_.size() - 1); }

  GroupId id_;
  bool counts_as_snapshots_ = true;
  SnapshotRecord snapshot_;
  Index head_;              // The log's entries are (head_, last()].
  std::deque<Link> links_;  // [i]: of the entry at head_ + i. Empty: not loaded.
};

struct Group::Loaded {
  Group group;
  DurableState state;
};

}  // namespace synod::rocksdb

#endif  // SYNOD_STORAGE_ROCKSDB_GROUP_H_
