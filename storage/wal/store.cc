#include "store.h"

#include <array>
#include <set>

#include "synod/base/probe.h"

#include "format.h"

namespace synod::wal {
namespace {

constexpr storage::Format kFormat = {
    .name = "synod wal", .oldest = kFormatVersion, .version = kFormatVersion};

std::string Named(GroupId group) { return "group " + std::to_string(group.value()); }

// What holds between a group's snapshot and its log however the last write before a crash ended.
absl::Status CheckConsistency(const DurableState& state, Index head) {
  const SnapshotMeta& snapshot = state.snapshot;
  const bool are_related = LogCountsAsSnapshots(state.initial_configuration.protocol);
  if (!are_related || snapshot.index <= head) return absl::OkStatus();
  if (state.entries[snapshot.index - head - 1].term == snapshot.term) return absl::OkStatus();
  return absl::DataLossError("the snapshot and the entry at " +
                             std::to_string(snapshot.index.value()) + " are of different terms");
}

// Reads to the end, for what the source has to say about it.
absl::Status Verify(ByteSource& image) {
  std::vector<char> piece(256 * 1024);
  for (;;) {
    const auto count = image.Read(piece);
    if (!count.ok()) return count.status();
    if (*count < piece.size()) return absl::OkStatus();
  }
}

}  // namespace

class Store::Reading {
 public:
  // Under state_mutex_.
  Reading(Store& store, const Group& read)
      : group(read), log(store.files_, store.directory_->path(), store.segments_), store_(store) {
    ++store_.readings_;
  }
  ~Reading() {
    const std::lock_guard lock(store_.state_mutex_);
    --store_.readings_;
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  const Group group;  // As it was.
  LogReader log;
  std::unique_ptr<ByteSource> image;

 private:
  Store& store_;
};

absl::StatusOr<std::unique_ptr<LogStore>> Store::Open(std::string path, Options options) {
  if (options.files == nullptr) options.files = &MachineFileSystem();
  FileSystem& files = *options.files;
  auto directory =
      storage::Directory::Open(files, std::move(path), kFormat, options.create_if_missing);
  if (!directory.ok()) return directory.status();
  auto recovered = Recover(files, (*directory)->path(), (*directory)->IsComplete());
  if (!recovered.ok()) {
    if (options.logger) options.logger(Severity::kError, recovered.status().ToString());
    return recovered.status();
  }
  const std::string torn = std::move(recovered->torn);
  std::unique_ptr<Store> store(
      new Store(*std::move(directory), files, std::move(options), *std::move(recovered)));
  if (!torn.empty()) {
    store->count_.torn_tails_cut = 1;
    store->Log(Severity::kWarning, "torn tail: " + torn);
  }
  absl::Status status = store->queue_.Start();
  if (status.ok()) status = store->Begin();
  if (!status.ok()) return status;
  return store;
}

Store::Store(std::unique_ptr<storage::Directory> directory, FileSystem& files, Options options,
             Recovered recovered)
    : options_(std::move(options)),
      files_(files),
      directory_(std::move(directory)),
      space_(files, directory_->path(), options_.reserve_bytes),
      snapshots_(files, directory_->SnapshotsPath(), space_),
      writer_(files, directory_->path(),
              recovered.segments.empty() ? 0 : recovered.segments.back().number, recovered.position,
              recovered.link),
      state_(std::move(recovered.state)),
      segments_(std::move(recovered.segments)),
      queue_(options_.executor, space_, *this) {}

Store::~Store() { queue_.Close(); }

void Store::Log(Severity severity, std::string_view line) const {
  if (!options_.logger) return;
  options_.logger(severity, "log store " + directory_->path() + ": " + std::string(line));
}

absl::Status Store::Begin() {
  const std::lock_guard lock(commit_mutex_);
  absl::Status status = BeginSegment(state_.identity.value_or(StoreIdentity()));
  if (status.ok()) status = directory_->Complete();
  if (status.ok()) status = SweepSnapshots();
  if (!status.ok()) return status;
  Prune();
  return failure_;
}

absl::Status Store::SweepSnapshots() {
  std::set<std::pair<GroupId, uint64_t>> referred_to;
  for (const auto& [id, group] : state_.groups) referred_to.emplace(id, group.snapshot().file);
  const auto swept = snapshots_.Sweep([&](GroupId group, uint64_t file) {
    return referred_to.contains({group, file});
  });
  if (!swept.ok()) return swept.status();
  count_.snapshots_swept = *swept;
  if (*swept > 0) {
    Reached("uninstalled snapshot swept");
    Log(Severity::kInfo,
        "deleted " + std::to_string(*swept) + " snapshots that were never installed");
  }
  return absl::OkStatus();
}

absl::Status Store::Bootstrap(const StoreIdentity& identity, GroupId group,
                              const Configuration& initial) {
  const std::lock_guard lock(commit_mutex_);
  if (!failure_.ok()) return failure_;
  if (identity == StoreIdentity()) {
    return absl::InvalidArgumentError("a log store needs an identity other than zero");
  }
  if (state_.identity && *state_.identity != identity) {
    return absl::FailedPreconditionError(
        "the log store " + directory_->path() + " belongs to node " +
        std::to_string(state_.identity->node.value()) + " of cluster " +
        std::to_string(state_.identity->cluster.value()) + ", or to another incarnation of it");
  }
  if (state_.groups.contains(group)) {
    return absl::AlreadyExistsError(Named(group) + " is in the log store " + directory_->path() +
                                    " already");
  }
  // The first group begins a segment whose records are seeded by the incarnation.
  absl::Status status = state_.identity ? BeginSegmentIfFull() : BeginSegment(identity);
  if (status.ok()) {
    EncodeBootstrap({.identity = identity, .group = group, .initial = initial},
                    writer_.BeginRecord());
    writer_.EndRecord(RecordKind::kBootstrap);
    status = Sync();
  }
  if (!status.ok()) {
    Fail(status);
    return status;
  }
  const std::lock_guard state_lock(state_mutex_);
  state_.identity = identity;
  state_.groups.emplace(group, Group(group, initial));
  return absl::OkStatus();
}

absl::StatusOr<StoreIdentity> Store::Identity() const {
  const std::lock_guard lock(state_mutex_);
  if (!state_.identity) {
    return absl::NotFoundError("the log store " + directory_->path() + " was never bootstrapped");
  }
  return *state_.identity;
}

absl::StatusOr<std::vector<GroupId>> Store::Groups() const {
  const std::lock_guard lock(state_mutex_);
  std::vector<GroupId> ids;
  ids.reserve(state_.groups.size());
  for (const auto& [id, group] : state_.groups) ids.push_back(id);
  return ids;
}

absl::StatusOr<DurableState> Store::Load(GroupId group) {
  std::optional<Reading> reading;
  absl::Status status;
  {
    const std::lock_guard lock(state_mutex_);
    const auto found = state_.groups.find(group);
    if (found == state_.groups.end()) {
      return absl::NotFoundError(Named(group) + " is not in the log store " + directory_->path());
    }
    reading.emplace(*this, found->second);
    // Opened while it is the installed one: the next may replace it at any time.
    if (!found->second.snapshot().meta.index.IsZero()) {
      auto image = snapshots_.Read(group, found->second.snapshot());
      status = image.status();
      if (image.ok()) reading->image = *std::move(image);
    }
  }
  absl::StatusOr<DurableState> state = status.ok() ? ReadGroup(*reading) : status;
  if (!state.ok()) {
    if (absl::IsDataLoss(state.status())) ++count_.damaged_loads;
    Log(Severity::kError, state.status().ToString());
  }
  return state;
}

absl::StatusOr<DurableState> Store::ReadGroup(Reading& reading) const {
  const Group& group = reading.group;
  DurableState state{.initial_configuration = group.initial(),
                     .hard_state = group.hard_state(),
                     .snapshot = group.snapshot().meta,
                     .entries = {}};
  state.entries.reserve(group.entries().size());
  for (const EntryAt& at : group.entries()) {
    const Index index = group.head() + state.entries.size() + 1;
    const auto bytes = reading.log.Read(at.position, at.size);
    auto entry = bytes.ok() ? DecodeEntry(group.id(), index, *bytes) : bytes.status();
    if (entry.ok() && entry->term != at.term) entry = absl::DataLossError("its term has changed");
    if (!entry.ok()) {
      return absl::Status(entry.status().code(),
                          Named(group.id()) + ", entry " + std::to_string(index.value()) + " (" +
                              reading.log.Describe(at.position) +
                              "): " + std::string(entry.status().message()) +
                              ". Nothing was repaired. Keep the directory and treat this member as "
                              "lost.");
    }
    state.entries.push_back(*std::move(entry));
  }
  absl::Status status = CheckConsistency(state, group.head());
  if (!status.ok()) {
    return absl::Status(status.code(), Named(group.id()) + ": " + std::string(status.message()));
  }
  if (reading.image != nullptr) status = Verify(*reading.image);
  if (!status.ok()) return status;
  return state;
}

void Store::Write(std::vector<GroupWrite> batch, Done done) {
  queue_.Push(std::move(batch), std::move(done));
}

bool Store::HasSpace() const { return queue_.HasSpace(); }

absl::StatusOr<std::unique_ptr<SnapshotWriter>> Store::NewSnapshot(GroupId group) {
  return snapshots_.Create(group);
}

void Store::DiscardStaged(GroupId group, StagedSnapshot staged) {
  snapshots_.Discard(group, staged);
}

absl::StatusOr<LogStore::OpenedSnapshot> Store::OpenSnapshot(GroupId group) {
  // The file is opened under the lock, because it may be deleted as soon as another is installed.
  const std::lock_guard lock(state_mutex_);
  if (!failure_.ok()) return failure_;
  const auto found = state_.groups.find(group);
  if (found == state_.groups.end() || found->second.snapshot().meta.index.IsZero()) {
    return absl::NotFoundError(Named(group) + " has no snapshot");
  }
  const SnapshotRecord& record = found->second.snapshot();
  auto image = snapshots_.Read(group, record);
  if (!image.ok()) return image.status();
  return OpenedSnapshot{.meta = record.meta, .image = *std::move(image)};
}

std::vector<std::pair<std::string, uint64_t>> Store::Counters() const {
  const auto value = [](const std::atomic<uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  return {{"writes", value(count_.writes)},
          {"syncs", value(count_.syncs)},
          {"entries_written", value(count_.entries)},
          {"bytes_written", value(count_.bytes)},
          {"failed_writes", value(count_.failed_writes)},
          {"damaged_loads", value(count_.damaged_loads)},
          {"snapshots_installed", value(count_.snapshots_installed)},
          {"snapshots_swept", value(count_.snapshots_swept)},
          {"torn_tails_cut", value(count_.torn_tails_cut)},
          {"segments_removed", value(count_.segments_removed)},
          {"free_bytes", space_.free_bytes()}};
}

absl::StatusOr<std::unique_ptr<LogStore>> Open(std::string path, Options options) {
  return Store::Open(std::move(path), std::move(options));
}

}  // namespace synod::wal
