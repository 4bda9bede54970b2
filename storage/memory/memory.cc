// The memory log store: one lock, and per group a deque of the entries as they were handed in.
#include "synod/memory.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "synod/base/crc32c.h"

namespace synod::memory {
namespace {

// A finished image. The chunks are shared with whoever reads it, so that installing another one
// does not disturb a reader.
struct Image {
  std::vector<Payload> chunks;
  uint64_t size = 0;
  uint32_t checksum = 0;
};

struct Group {
  Configuration initial;
  HardState hard_state;
  SnapshotMeta snapshot;
  Image image;                // Of `snapshot`.
  Index base;                 // The entries begin at base + 1.
  std::deque<Entry> entries;  // Contiguous.

  [[nodiscard]] Index last() const { return base + entries.size(); }
};

class MemoryStore;

class ImageWriter final : public SnapshotWriter {
 public:
  ImageWriter(MemoryStore& store, GroupId group) : store_(store), group_(group) {}

  absl::Status Append(std::string_view bytes) override;
  absl::StatusOr<StagedSnapshot> Finish() override;

 private:
  static constexpr size_t kChunkBytes = 256 * 1024;
  void SealChunk();

  MemoryStore& store_;
  const GroupId group_;
  Image image_;
  Buffer chunk_;  // Filled up to chunk_used_.
  size_t chunk_used_ = 0;
};

class ImageReader final : public ByteSource {
 public:
  explicit ImageReader(Image image) : image_(std::move(image)) {}

  absl::StatusOr<size_t> Read(std::span<char> out) override {
    size_t filled = 0;
    while (filled < out.size() && chunk_ < image_.chunks.size()) {
      const std::string_view rest = image_.chunks[chunk_].view().substr(offset_);
      const size_t count = std::min(rest.size(), out.size() - filled);
      std::memcpy(out.data() + filled, rest.data(), count);
      filled += count;
      offset_ += count;
      if (count == rest.size()) {
        ++chunk_;
        offset_ = 0;
      }
    }
    return filled;
  }

 private:
  const Image image_;
  size_t chunk_ = 0;   // Which chunk is next,
  size_t offset_ = 0;  // and where in it.
};

class MemoryStore final : public LogStore {
 public:
  explicit MemoryStore(Options options) : options_(options) {}

  absl::Status Bootstrap(const StoreIdentity& identity, GroupId group,
                         const Configuration& initial) override;
  absl::StatusOr<StoreIdentity> Identity() const override;
  absl::StatusOr<std::vector<GroupId>> Groups() const override;
  absl::StatusOr<DurableState> Load(GroupId group) override;
  void Write(std::vector<GroupWrite> batch, Done done) override;
  bool HasSpace() const override {
    return log_bytes_.load(std::memory_order_relaxed) <= options_.max_log_bytes;
  }
  absl::StatusOr<std::unique_ptr<SnapshotWriter>> NewSnapshot(GroupId group) override;
  void DiscardStaged(GroupId group, StagedSnapshot staged) override;
  absl::StatusOr<OpenedSnapshot> OpenSnapshot(GroupId group) override;
  std::vector<std::pair<std::string, uint64_t>> Counters() const override;

  StagedSnapshot Stage(GroupId group, Image image);

 private:
  struct Staged {
    GroupId group;
    Image image;
  };

  // How far a group's log and snapshot reach once what was checked so far of a batch is applied.
  struct Extent {
    GroupId group;
    Protocol protocol;
    Index base;
    Index last;
    Index covered;  // By the snapshot.
    StagedSnapshot installed;
  };

  // Why part of the batch does not fit what is there; the caller has a bug then.
  absl::Status Check(const std::vector<GroupWrite>& batch) const;
  absl::Status Check(const GroupWrite& write, Extent& extent) const;
  void Apply(Group& group, Persist persist);
  // Returns how many bytes of entries it has freed.
  uint64_t Install(Group& group, const InstallStaged& install);

  const Options options_;
  std::atomic<uint64_t> log_bytes_{0};  // Entry::Bytes of all entries of all groups.

  mutable std::mutex mutex_;  // Guards all below. Never held while `done` runs.
  std::optional<StoreIdentity> identity_;
  std::map<GroupId, Group> groups_;
  std::map<StagedSnapshot, Staged> staged_;
  StagedSnapshot last_staged_;
  absl::Status failure_;  // The first error of a write, which is every later one's as well.
  uint64_t writes_ = 0;
  uint64_t entries_ = 0;
  uint64_t snapshots_installed_ = 0;
};

absl::Status ImageWriter::Append(std::string_view bytes) {
  image_.size += bytes.size();
  image_.checksum = Crc32c(image_.checksum, bytes);
  while (!bytes.empty()) {
    if (chunk_used_ == chunk_.capacity()) {
      SealChunk();
      chunk_ = Buffer(kChunkBytes);
    }
    const size_t count = std::min(bytes.size(), chunk_.capacity() - chunk_used_);
    std::memcpy(chunk_.data() + chunk_used_, bytes.data(), count);
    chunk_used_ += count;
    bytes.remove_prefix(count);
  }
  return absl::OkStatus();
}

void ImageWriter::SealChunk() {
  if (chunk_used_ > 0) image_.chunks.push_back(chunk_.Share(0, chunk_used_));
  chunk_used_ = 0;
}

absl::StatusOr<StagedSnapshot> ImageWriter::Finish() {
  SealChunk();
  return store_.Stage(group_, std::exchange(image_, Image()));
}

absl::Status MemoryStore::Bootstrap(const StoreIdentity& identity, GroupId group,
                                    const Configuration& initial) {
  const std::lock_guard lock(mutex_);
  if (identity_ && *identity_ != identity) {
    return absl::FailedPreconditionError(
        "the memory store belongs to node " + std::to_string(identity_->node.value()) +
        " of cluster " + std::to_string(identity_->cluster.value()) + " under another incarnation");
  }
  if (groups_.contains(group)) {
    return absl::AlreadyExistsError("group " + std::to_string(group.value()) +
                                    " is in the memory store already");
  }
  identity_ = identity;
  groups_[group].initial = initial;
  return absl::OkStatus();
}

absl::StatusOr<StoreIdentity> MemoryStore::Identity() const {
  const std::lock_guard lock(mutex_);
  if (!identity_) return absl::NotFoundError("the memory store was never bootstrapped");
  return *identity_;
}

absl::StatusOr<std::vector<GroupId>> MemoryStore::Groups() const {
  const std::lock_guard lock(mutex_);
  std::vector<GroupId> groups;
  groups.reserve(groups_.size());
  for (const auto& [id, group] : groups_) groups.push_back(id);
  return groups;
}

absl::StatusOr<DurableState> MemoryStore::Load(GroupId group) {
  const std::lock_guard lock(mutex_);
  const auto found = groups_.find(group);
  if (found == groups_.end()) {
    return absl::NotFoundError("group " + std::to_string(group.value()) +
                               " is not in the memory store");
  }
  const Group& state = found->second;
  return DurableState{.initial_configuration = state.initial,
                      .hard_state = state.hard_state,
                      .snapshot = state.snapshot,
                      .entries = {state.entries.begin(), state.entries.end()}};
}

void MemoryStore::Write(std::vector<GroupWrite> batch, Done done) {
  absl::Status status;
  {
    const std::lock_guard lock(mutex_);
    // All of it first, so that a batch takes effect as a whole or not at all.
    if (failure_.ok()) failure_ = Check(batch);
    if (failure_.ok()) {
      for (GroupWrite& write : batch) Apply(groups_.at(write.group), std::move(write.persist));
      ++writes_;
    }
    status = failure_;
  }
  done(std::move(status));
}

absl::Status MemoryStore::Check(const std::vector<GroupWrite>& batch) const {
  std::vector<Extent> extents;  // Of the groups in it, which are few.
  extents.reserve(batch.size());
  for (const GroupWrite& write : batch) {
    auto extent = std::find_if(extents.begin(), extents.end(),
                               [&](const Extent& seen) { return seen.group == write.group; });
    if (extent == extents.end()) {
      const auto found = groups_.find(write.group);
      if (found == groups_.end()) {
        return absl::InvalidArgumentError("write to group " + std::to_string(write.group.value()) +
                                          ", which was never bootstrapped");
      }
      const Group& group = found->second;
      extent = extents.insert(extents.end(), {.group = write.group,
                                              .protocol = group.initial.protocol,
                                              .base = group.base,
                                              .last = group.last(),
                                              .covered = group.snapshot.index,
                                              .installed = StagedSnapshot()});
    }
    if (absl::Status status = Check(write, *extent); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::Check(const GroupWrite& write, Extent& extent) const {
  const auto refuse = [&write](std::string_view why) {
    return absl::InvalidArgumentError("write to group " + std::to_string(write.group.value()) +
                                      ": " + std::string(why));
  };
  const Persist& persist = write.persist;
  const bool counts = LogCountsAsSnapshots(extent.protocol);
  if (persist.snapshot) {
    const SnapshotMeta& meta = persist.snapshot->meta;
    const auto staged = staged_.find(persist.snapshot->staged);
    if (staged == staged_.end() || staged->first == extent.installed ||
        staged->second.group != write.group || staged->second.image.size != meta.size ||
        staged->second.image.checksum != meta.checksum) {
      return refuse("the snapshot to install is not the one that was staged");
    }
    if (persist.snapshot->resets_log) {
      extent.base = extent.last = meta.index;
    } else if (counts && (meta.index < extent.base || meta.index > extent.last)) {
      return refuse("the snapshot is outside of the log");
    }
    extent.covered = meta.index;
    extent.installed = staged->first;
  }
  if (persist.truncate_from) {
    if (*persist.truncate_from <= std::max(extent.base, extent.covered)) {
      return refuse("truncation of what a snapshot covers");
    }
    extent.last = std::min(extent.last, *persist.truncate_from - 1);
  }
  if (persist.compact_to) {
    const Index limit = counts ? std::min(extent.covered, extent.last) : extent.last;
    if (*persist.compact_to > limit) return refuse("compaction beyond the snapshot");
    extent.base = std::max(extent.base, *persist.compact_to);
  }
  for (const Entry& entry : persist.entries) {
    if (entry.index != ++extent.last) return refuse("the entries do not continue the log");
  }
  return absl::OkStatus();
}

void MemoryStore::Apply(Group& group, Persist persist) {
  uint64_t freed = 0;
  if (persist.hard_state) group.hard_state = *std::move(persist.hard_state);
  if (persist.snapshot) freed += Install(group, *persist.snapshot);
  if (persist.truncate_from) {
    while (group.last() >= *persist.truncate_from) {
      freed += group.entries.back().Bytes();
      group.entries.pop_back();
    }
  }
  if (persist.compact_to) {
    while (group.base < *persist.compact_to) {
      freed += group.entries.front().Bytes();
      group.entries.pop_front();
      ++group.base;
    }
  }
  uint64_t added = 0;
  entries_ += persist.entries.size();
  for (Entry& entry : persist.entries) {
    added += entry.Bytes();
    group.entries.push_back(std::move(entry));
  }
  // Modulo 2^64, hence right whichever is larger.
  log_bytes_.fetch_add(added - freed, std::memory_order_relaxed);
}

uint64_t MemoryStore::Install(Group& group, const InstallStaged& install) {
  const auto staged = staged_.find(install.staged);
  group.image = std::move(staged->second.image);
  staged_.erase(staged);
  group.snapshot = install.meta;
  ++snapshots_installed_;
  uint64_t freed = 0;
  if (install.resets_log) {
    for (const Entry& entry : group.entries) freed += entry.Bytes();
    group.entries.clear();
    group.base = install.meta.index;
  }
  return freed;
}

absl::StatusOr<std::unique_ptr<SnapshotWriter>> MemoryStore::NewSnapshot(GroupId group) {
  return std::make_unique<ImageWriter>(*this, group);
}

StagedSnapshot MemoryStore::Stage(GroupId group, Image image) {
  const std::lock_guard lock(mutex_);
  staged_.emplace(++last_staged_, Staged{group, std::move(image)});
  return last_staged_;
}

void MemoryStore::DiscardStaged(GroupId group, StagedSnapshot staged) {
  const std::lock_guard lock(mutex_);
  const auto found = staged_.find(staged);
  if (found == staged_.end() || found->second.group != group) return;
  staged_.erase(found);
}

absl::StatusOr<LogStore::OpenedSnapshot> MemoryStore::OpenSnapshot(GroupId group) {
  const std::lock_guard lock(mutex_);
  const auto found = groups_.find(group);
  if (found == groups_.end() || found->second.snapshot.index.IsZero()) {
    return absl::NotFoundError("group " + std::to_string(group.value()) + " has no snapshot");
  }
  return OpenedSnapshot{.meta = found->second.snapshot,
                        .image = std::make_unique<ImageReader>(found->second.image)};
}

std::vector<std::pair<std::string, uint64_t>> MemoryStore::Counters() const {
  const std::lock_guard lock(mutex_);
  return {{"writes", writes_},
          {"entries_written", entries_},
          {"snapshots_installed", snapshots_installed_},
          {"log_bytes", log_bytes_.load(std::memory_order_relaxed)}};
}

}  // namespace

std::unique_ptr<LogStore> Create(Options options) { return std::make_unique<MemoryStore>(options); }

}  // namespace synod::memory
