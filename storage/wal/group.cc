#include "group.h"

#include <algorithm>
#include <string>
#include <utility>

namespace synod::wal {

Group::Group(GroupId id, Configuration initial) : id_(id), initial_(std::move(initial)) {}

Group::Group(const GroupCheckpoint& checkpoint)
    : id_(checkpoint.group),
      initial_(checkpoint.initial),
      hard_state_(checkpoint.hard_state),
      snapshot_(checkpoint.snapshot),
      head_(checkpoint.head),
      entries_(checkpoint.last - checkpoint.head),
      staged_{.head = checkpoint.head,
              .last = checkpoint.last,
              .covered = checkpoint.snapshot.meta.index} {}

absl::Status Group::Refuse(std::string_view why) const {
  return absl::InvalidArgumentError("write to group " + std::to_string(id_.value()) + ": " +
                                    std::string(why));
}

absl::Status Group::Stage(const Persist& persist, Index first, size_t count) {
  Shape next = staged_;
  if (persist.snapshot) {
    const Index index = persist.snapshot->meta.index;
    if (persist.snapshot->resets_log) {
      next.head = next.last = index;
    } else if (CountsAsSnapshots() && (index < next.head || index > next.last)) {
      return Refuse("the snapshot is outside of the log");
    }
    next.covered = index;
  }
  if (persist.truncate_from) {
    if (*persist.truncate_from <= std::max(next.head, next.covered)) {
      return Refuse("truncation of what a snapshot covers");
    }
    next.last = std::min(next.last, *persist.truncate_from - 1);
  }
  if (persist.compact_to) {
    const Index most = CountsAsSnapshots() ? std::min(next.covered, next.last) : next.last;
    if (*persist.compact_to > most) {
      return Refuse("compaction beyond the snapshot");
    }
    next.head = std::max(next.head, *persist.compact_to);
  }
  if (count > 0) {
    if (first != next.last + 1) return Refuse("the entries do not continue the log");
    next.last = next.last + count;
  }
  staged_ = next;
  return absl::OkStatus();
}

void Group::Apply(const Persist& persist) {
  if (persist.hard_state) hard_state_ = *persist.hard_state;
  if (persist.snapshot) {
    snapshot_ = {.meta = persist.snapshot->meta, .file = persist.snapshot->staged.value()};
    if (persist.snapshot->resets_log) {
      entries_.clear();
      head_ = snapshot_.meta.index;
    }
  }
  if (persist.truncate_from && *persist.truncate_from <= last()) {
    entries_.resize(*persist.truncate_from - head_ - 1);
  }
  if (persist.compact_to && *persist.compact_to > head_) {
    const auto count = static_cast<std::ptrdiff_t>(*persist.compact_to - head_);
    entries_.erase(entries_.begin(), entries_.begin() + count);
    head_ = *persist.compact_to;
  }
}

GroupCheckpoint Group::ToCheckpoint() const {
  return {.group = id_,
          .initial = initial_,
          .hard_state = hard_state_,
          .snapshot = snapshot_,
          .head = head_,
          .last = last()};
}

std::optional<uint64_t> Group::OldestPosition() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.front().position;
}

Checkpoint State::ToCheckpoint() const {
  Checkpoint checkpoint;
  if (identity) checkpoint.identity = *identity;
  checkpoint.groups.reserve(groups.size());
  for (const auto& [id, group] : groups) checkpoint.groups.push_back(group.ToCheckpoint());
  return checkpoint;
}

}  // namespace synod::wal
