// How queued writes become durable, and what follows from it: the executor's half of the store.
#include <algorithm>
#include <limits>

#include "synod/base/mutation.h"
#include "synod/base/probe.h"

#include "store.h"

namespace synod::wal {
namespace {

// One sync takes about as long for this much as for a little; more would keep its first write
// waiting for the bytes of its last.
constexpr size_t kMaxCommitBytes = 4 * 1024 * 1024;

}  // namespace

size_t Store::Commit(std::span<const Queued> writes, absl::Status& status) {
  const std::lock_guard lock(commit_mutex_);
  size_t count = 0;
  absl::Status misfit = failure_;
  if (misfit.ok()) misfit = BeginSegmentIfFull();
  entries_at_.clear();
  while (misfit.ok() && count < writes.size() && writer_.pending_bytes() < kMaxCommitBytes) {
    if (count > 0 && Buggify("sync_one_write")) break;
    misfit = Stage(writes[count].batch);
    if (misfit.ok()) ++count;
  }
  if (count == 0) {
    status = misfit;
    count = writes.size();
  } else {
    // The writes before one that does not fit are none the worse for it.
    if (writer_.pending_bytes() > 0) status = Sync();
    if (status.ok()) {
      Apply(writes.first(count));
    } else {
      misfit = status;
    }
  }
  (status.ok() ? count_.writes : count_.failed_writes) += count;
  if (!misfit.ok()) Fail(misfit);
  return count;
}

absl::Status Store::Stage(const std::vector<GroupWrite>& batch) {
  const auto changed = std::count_if(
      batch.begin(), batch.end(), [](const GroupWrite& write) { return !write.persist.IsEmpty(); });
  const bool is_too_large = EncodedBytes(batch) > kMaxPayloadBytes;
  if (is_too_large) return absl::InvalidArgumentError("a write is larger than 2 GiB");
  std::string& record = writer_.BeginRecord();
  EncodeBatchHeader(static_cast<size_t>(changed), record);
  absl::Status status;
  for (size_t i = 0; status.ok() && i < batch.size(); ++i) status = StageGroup(batch[i], record);
  if (status.ok() && changed > 0) {
    writer_.EndRecord(RecordKind::kBatch);
  } else {
    writer_.DropRecord();
  }
  return status;
}

absl::Status Store::StageGroup(const GroupWrite& write, std::string& record) {
  const Persist& persist = write.persist;
  const auto refuse = [&](std::string_view why) {
    return absl::InvalidArgumentError("write to group " + std::to_string(write.group.value()) +
                                      ": " + std::string(why));
  };
  const auto found = state_.groups.find(write.group);
  if (found == state_.groups.end()) return refuse("it was never bootstrapped");
  if (persist.IsEmpty()) return absl::OkStatus();
  const Index first = persist.entries.empty() ? Index() : persist.entries.front().index;
  for (size_t i = 0; i < persist.entries.size(); ++i) {
    if (persist.entries[i].index != first + i) return refuse("the entries do not continue the log");
  }
  if (const auto& install = persist.snapshot) {
    if (!snapshots_.TakeStaged(write.group, install->staged, install->meta)) {
      return refuse("the snapshot to install is not the one that was staged");
    }
  }
  absl::Status status;
  {
    const std::lock_guard lock(state_mutex_);
    status = found->second.Stage(persist, first, persist.entries.size());
  }
  if (status.ok()) entries_at_.push_back(writer_.PositionOf(EncodeGroupWrite(write, record)));
  return status;
}

void Store::Apply(std::span<const Queued> writes) {
  const std::lock_guard lock(state_mutex_);
  size_t next = 0;
  for (const Queued& queued : writes) {
    for (const GroupWrite& write : queued.batch) {
      const Persist& persist = write.persist;
      if (persist.IsEmpty()) continue;
      Group& group = state_.groups.find(write.group)->second;
      if (persist.snapshot) {
        if (group.snapshot().file != 0) replaced_.push_back({write.group, group.snapshot().file});
        ++count_.snapshots_installed;
      }
      group.Apply(persist);
      uint64_t position = entries_at_[next++];
      for (const Entry& entry : persist.entries) {
        const auto size = static_cast<uint32_t>(kEntryHeaderBytes + entry.payload.size());
        group.Append({.term = entry.term, .position = position, .size = size});
        position += size;
      }
      count_.entries += persist.entries.size();
      if (persist.snapshot || persist.truncate_from || persist.compact_to) prune_is_due_ = true;
    }
  }
}

absl::Status Store::Sync() {
  const size_t bytes = writer_.pending_bytes();
  absl::Status status = writer_.Commit();
  if (!status.ok()) return status;
  ++count_.syncs;
  count_.bytes += bytes;
  return status;
}

absl::Status Store::BeginSegmentIfFull() {
  const bool is_full = writer_.segment_bytes() >= options_.segment_bytes;
  if (!is_full && !Buggify("segment_now")) return absl::OkStatus();
  return BeginSegment(state_.identity.value_or(StoreIdentity()));
}

absl::Status Store::BeginSegment(const StoreIdentity& identity) {
  absl::Status status = writer_.BeginSegment(identity, state_.ToCheckpoint());
  if (!status.ok()) return status;
  ++count_.syncs;
  prune_is_due_ = true;
  const std::lock_guard lock(state_mutex_);
  segments_.push_back(writer_.segment());
  return status;
}

void Store::Fail(const absl::Status& status) {
  if (!failure_.ok()) return;
  {
    const std::lock_guard lock(state_mutex_);
    failure_ = status;
  }
  Log(Severity::kError, "no more writes are taken: " + status.ToString());
}

void Store::CleanUp() {
  space_.Refresh();
  const std::lock_guard lock(commit_mutex_);
  for (const SnapshotFile& file : replaced_) snapshots_.Remove(file.group, file.file);
  replaced_.clear();
  if (prune_is_due_ && failure_.ok()) Prune();
}

void Store::Prune() {
  prune_is_due_ = false;
  while (segments_.size() > 1 && !IsOldestNeeded()) {
    {
      // Who reads goes by an older state. Later readers have no entry in what goes now.
      const std::lock_guard lock(state_mutex_);
      if (readings_ > 0) {
        prune_is_due_ = true;
        return;
      }
      segments_.erase(segments_.begin());
    }
    // One by one, so that what a power cut leaves is always a run without a hole.
    const uint64_t number = segments_.front().number - 1;
    absl::Status status = files_.Remove(directory_->path() + "/" + SegmentName(number));
    if (status.ok()) status = files_.SyncDirectory(directory_->path());
    if (!status.ok()) return Fail(status);
    Reached("old segment removed");
    ++count_.segments_removed;
  }
}

// All other state is in the checkpoint of the segment behind it.
bool Store::IsOldestNeeded() {
  const uint64_t end = segments_[1].position;
  const auto needs = [end](const Group& group) {
    return group.OldestPosition().value_or(std::numeric_limits<uint64_t>::max()) < end;
  };
  const auto blocker = state_.groups.find(blocker_);
  if (blocker != state_.groups.end() && needs(blocker->second)) return true;
  for (const auto& [id, group] : state_.groups) {
    if (!needs(group) || Mutated(Mutation::kPruneNeededSegment)) continue;
    blocker_ = id;
    return true;
  }
  return false;
}

}  // namespace synod::wal
