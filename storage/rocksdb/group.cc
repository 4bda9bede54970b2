#include "group.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "synod/base/assert.h"

#include "status.h"

namespace synod::rocksdb {
namespace {

using ::rocksdb::Slice;
using ::rocksdb::SliceParts;
using ::rocksdb::WriteBatch;

// Deleting more entries than this at once takes one range tombstone instead. A tombstone is dearer
// to a reader than a few deletions, and far cheaper than many (README.md, "Deletion").
constexpr uint64_t kMaxPointDeletes = 64;

// WriteBatch's own methods fail only beyond its size limit, which is never set here.
void Check(const ::rocksdb::Status& status) {
  SYNOD_ASSERT(status.ok(), "a batch without a size limit takes every operation");
}

void PutRecord(GroupId group, GroupRecord record, const std::string& value, WriteBatch& batch) {
  Check(batch.Put(GroupKey(group, record), value));
}

template <class T>
absl::StatusOr<T> GetRecord(::rocksdb::DB& database, GroupId group, GroupRecord record,
                            std::string_view name,
                            absl::StatusOr<T> (*decode)(GroupId, std::string_view)) {
  std::string value;
  const ::rocksdb::Status status =
      database.Get(::rocksdb::ReadOptions(), GroupKey(group, record), &value);
  const std::string what =
      "the " + std::string(name) + " of group " + std::to_string(group.value());
  if (status.IsNotFound()) return absl::DataLossError(what + " is missing");
  if (!status.ok()) return ToStatus(status, "reading " + what);
  return decode(group, value);
}

// What holds between a group's records however the last write before a crash ended.
absl::Status CheckConsistency(GroupId group, Index head, const DurableState& state) {
  const auto lost = [group](const std::string& why) {
    return absl::DataLossError("group " + std::to_string(group.value()) + ": " + why);
  };
  if (!LogCountsAsSnapshots(state.initial_configuration.protocol)) return absl::OkStatus();
  const SnapshotMeta& snapshot = state.snapshot;
  const Index last = head + state.entries.size();
  if (head > snapshot.index) {
    return lost("entries up to " + std::to_string(head.value()) +
                " were compacted away, but the snapshot ends at " +
                std::to_string(snapshot.index.value()));
  }
  if (last < snapshot.index) {
    return lost("the log ends at " + std::to_string(last.value()) + ", before its snapshot at " +
                std::to_string(snapshot.index.value()));
  }
  if (snapshot.index > head && state.entries[snapshot.index - head - 1].term != snapshot.term) {
    return lost("the snapshot and the entry at " + std::to_string(snapshot.index.value()) +
                " are of different terms");
  }
  return absl::OkStatus();
}

}  // namespace

Group Group::Create(GroupId id, const Configuration& initial, WriteBatch& batch) {
  Group group(id, initial.protocol);
  PutRecord(id, GroupRecord::kConfiguration, EncodeConfiguration(id, initial), batch);
  PutRecord(id, GroupRecord::kHardState, EncodeHardState(id, HardState()), batch);
  PutRecord(id, GroupRecord::kSnapshot, EncodeSnapshot(id, SnapshotRecord()), batch);
  group.links_.push_back(RootLink(id));
  group.SetHead(Index(), group.links_.front(), batch);
  return group;
}

void Group::SetHead(Index index, Link link, WriteBatch& batch) {
  head_ = index;
  PutRecord(id_, GroupRecord::kLogHead, EncodeLogHead(id_, {.index = index, .link = link}), batch);
}

absl::Status Group::Refuse(std::string_view why) const {
  return absl::InvalidArgumentError("write to group " + std::to_string(id_.value()) + ": " +
                                    std::string(why));
}

absl::Status Group::Stage(const Persist& persist, WriteBatch& batch) {
  if (links_.empty()) return Refuse("the group was not loaded");
  if (persist.hard_state) {
    PutRecord(id_, GroupRecord::kHardState, EncodeHardState(id_, *persist.hard_state), batch);
  }
  absl::Status status;
  if (persist.snapshot) status = Install(*persist.snapshot, batch);
  if (status.ok() && persist.truncate_from) status = Truncate(*persist.truncate_from, batch);
  if (status.ok() && persist.compact_to) status = Compact(*persist.compact_to, batch);
  for (size_t i = 0; status.ok() && i < persist.entries.size(); ++i) {
    status = Append(persist.entries[i], batch);
  }
  return status;
}

absl::Status Group::Install(const InstallStaged& install, WriteBatch& batch) {
  const SnapshotMeta& meta = install.meta;
  if (install.resets_log) {
    Delete(head_ + 1, last(), batch);
    links_.assign(1, SnapshotLink(id_, meta.index, meta.term));
    SetHead(meta.index, links_.front(), batch);
  } else if (counts_as_snapshots_ && (meta.index < head_ || meta.index > last())) {
    return Refuse("the snapshot is outside of the log");
  }
  snapshot_ = {.meta = meta, .file = install.staged.value()};
  PutRecord(id_, GroupRecord::kSnapshot, EncodeSnapshot(id_, snapshot_), batch);
  return absl::OkStatus();
}

absl::Status Group::Truncate(Index from, WriteBatch& batch) {
  if (from <= std::max(head_, counts_as_snapshots_ ? snapshot_.meta.index : Index())) {
    return Refuse("truncation of what a snapshot covers");
  }
  if (from > last()) return absl::OkStatus();
  Delete(from, last(), batch);
  links_.resize(from - head_);
  return absl::OkStatus();
}

absl::Status Group::Compact(Index to, WriteBatch& batch) {
  const Index most = counts_as_snapshots_ ? std::min(snapshot_.meta.index, last()) : last();
  if (to > most) return Refuse("compaction beyond the snapshot");
  if (to <= head_) return absl::OkStatus();
  Delete(head_ + 1, to, batch);
  const auto count = static_cast<std::ptrdiff_t>(to - head_);
  links_.erase(links_.begin(), links_.begin() + count);
  SetHead(to, links_.front(), batch);
  return absl::OkStatus();
}

void Group::Delete(Index first, Index last, WriteBatch& batch) const {
  if (first > last) return;
  if (last - first < kMaxPointDeletes) {
    for (Index index = first; index <= last; ++index) {
      const EntryKeyBuffer key = EntryKey(id_, index);
      Check(batch.Delete(Slice(key.data(), key.size())));
    }
    return;
  }
  const EntryKeyBuffer begin = EntryKey(id_, first);
  const EntryKeyBuffer end = EntryKey(id_, last + 1);
  Check(batch.DeleteRange(Slice(begin.data(), begin.size()), Slice(end.data(), end.size())));
}

absl::Status Group::Append(const Entry& entry, WriteBatch& batch) {
  if (entry.index != last() + 1) return Refuse("the entries do not continue the log");
  const Link link = NextLink(links_.back(), entry);
  const EntryKeyBuffer key = EntryKey(id_, entry.index);
  const bool is_stuffed = NeedsStuffing(entry.payload.view());
  const std::string stuffed = is_stuffed ? Stuff(entry.payload.view()) : std::string();
  const EntryHeaderBuffer header = EntryHeader(link, entry, is_stuffed);
  const Slice key_slice(key.data(), key.size());
  const std::array<Slice, 2> value = {Slice(header.data(), header.size()),
                                      is_stuffed ? Slice(stuffed) : Slice(entry.payload.view())};
  Check(batch.Put(SliceParts(&key_slice, 1), SliceParts(value.data(), value.size())));
  links_.push_back(link);
  return absl::OkStatus();
}

absl::StatusOr<Group::Loaded> Group::Load(GroupId id, ::rocksdb::DB& database) {
  auto configuration = GetRecord(database, id, GroupRecord::kConfiguration, "initial configuration",
                                 DecodeConfiguration);
  if (!configuration.ok()) return configuration.status();
  auto hard_state = GetRecord(database, id, GroupRecord::kHardState, "hard state", DecodeHardState);
  if (!hard_state.ok()) return hard_state.status();
  const auto head = GetRecord(database, id, GroupRecord::kLogHead, "log head", DecodeLogHead);
  if (!head.ok()) return head.status();
  auto snapshot =
      GetRecord(database, id, GroupRecord::kSnapshot, "snapshot record", DecodeSnapshot);
  if (!snapshot.ok()) return snapshot.status();

  Loaded loaded{.group = Group(id, configuration->protocol), .state = {}};
  loaded.state.initial_configuration = *std::move(configuration);
  loaded.state.hard_state = *std::move(hard_state);
  loaded.state.snapshot = snapshot->meta;
  loaded.group.snapshot_ = *std::move(snapshot);
  loaded.group.head_ = head->index;
  loaded.group.links_.push_back(head->link);
  absl::Status status = loaded.group.LoadEntries(database, loaded.state.entries);
  if (status.ok()) status = CheckConsistency(id, head->index, loaded.state);
  if (!status.ok()) return status;
  return loaded;
}

absl::Status Group::LoadEntries(::rocksdb::DB& database, std::vector<Entry>& entries) {
  const auto lost = [this](Index index, std::string_view why) {
    return absl::DataLossError("group " + std::to_string(id_.value()) + ", entry " +
                               std::to_string(index.value()) + ": " + std::string(why));
  };
  const EntryKeyBuffer begin = EntryKey(id_, head_ + 1);
  // No entry has the last possible index, so that it can end the range.
  const EntryKeyBuffer end = EntryKey(id_, Index(~uint64_t{0}));
  const Slice upper_bound(end.data(), end.size());
  ::rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper_bound;
  options.fill_cache = false;
  options.readahead_size = 2 * 1024 * 1024;
  const std::unique_ptr<::rocksdb::Iterator> iterator(database.NewIterator(options));
  iterator->Seek(Slice(begin.data(), begin.size()));
  for (; iterator->Valid(); iterator->Next()) {
    const Index expected = last() + 1;
    const std::optional<Index> index = ParseEntryKey(id_, iterator->key().ToStringView());
    if (index != expected) return lost(expected, "it is missing, though later ones are there");
    auto decoded = DecodeEntry(expected, iterator->value().ToStringView());
    if (!decoded.ok()) {
      const absl::Status located = lost(expected, decoded.status().ToString());
      return absl::Status(decoded.status().code(), located.message());
    }
    if (decoded->link != NextLink(links_.back(), decoded->entry)) {
      return lost(expected, "it does not match its checksum, or not what precedes it");
    }
    links_.push_back(decoded->link);
    entries.push_back(std::move(decoded->entry));
  }
  const std::string what = "reading the log of group " + std::to_string(id_.value());
  if (!iterator->status().ok()) return ToStatus(iterator->status(), what);
  // RocksDB's iterators (7.8) pass over a table whose first block is damaged as if nothing were
  // there. Get does not.
  const EntryKeyBuffer next = EntryKey(id_, last() + 1);
  std::string value;
  const ::rocksdb::Status found =
      database.Get(::rocksdb::ReadOptions(), Slice(next.data(), next.size()), &value);
  if (found.ok()) return lost(last() + 1, "it is passed over");
  return found.IsNotFound() ? absl::OkStatus() : ToStatus(found, what);
}

}  // namespace synod::rocksdb
