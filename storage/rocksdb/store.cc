#include "store.h"

#include <algorithm>
#include <set>

#include "synod/base/mutation.h"

#include "database_env.h"
#include "format.h"
#include "info_log.h"
#include "log_check.h"
#include "rocksdb/env.h"
#include "rocksdb/experimental.h"
#include "rocksdb/options.h"
#include "rocksdb/table.h"
#include "status.h"

namespace synod::rocksdb {
namespace {

constexpr storage::Format kFormat = {
    .name = "synod rocksdb log store", .oldest = kFormatVersion, .version = kFormatVersion};

// One sync takes about as long for this much as for a little; more would keep its first write
// waiting for the bytes of its last.
constexpr size_t kMaxCommitBytes = 4 * 1024 * 1024;

::rocksdb::Options DatabaseOptions(const Options& options, ::rocksdb::Env& env) {
  ::rocksdb::Options result;
  result.env = &env;
  result.create_if_missing = true;
  result.paranoid_checks = true;

  // A torn tail of the write-ahead log was never synced, hence never acknowledged, and was cut
  // before (F1). Any damage refuses to open (F2): the default mode would silently drop all that
  // follows.
  result.wal_recovery_mode = ::rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // A file that was complete when the next one was begun must be complete when it is read: its
  // "torn tail" would be a hole.
  result.track_and_verify_wals_in_manifest = true;
  // What a recycled file ends with cannot be told from damage.
  result.recycle_log_file_num = 0;
  // A failed sync is final (F4).
  result.max_bgerror_resume_count = 0;

  // Most entries are compacted away while they are still in memory; those that are not, are
  // written once more at the flush, and seldom after it.
  result.write_buffer_size = options.write_buffer_bytes;
  result.max_write_buffer_number = 4;
  result.target_file_size_base = options.write_buffer_bytes;
  result.max_bytes_for_level_base = 8 * options.write_buffer_bytes;
  result.compression = ::rocksdb::kNoCompression;
  // As CheckTable reads them.
  ::rocksdb::BlockBasedTableOptions tables;
  tables.format_version = 5;
  tables.checksum = ::rocksdb::kCRC32c;
  result.table_factory.reset(::rocksdb::NewBlockBasedTableFactory(tables));
  result.bytes_per_sync = 1024 * 1024;
  // The write-ahead log has it all.
  result.avoid_flush_during_shutdown = true;

  // One thread writes, so that what is there to order concurrent ones is in the way.
  result.allow_concurrent_memtable_write = false;
  result.enable_write_thread_adaptive_yield = false;
  result.stats_dump_period_sec = 0;
  result.stats_persist_period_sec = 0;
  result.info_log = MakeInfoLog(options.logger);
  return result;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LogStore>> Store::Open(std::string path, Options options) {
  if (options.env == nullptr) options.env = ::rocksdb::Env::Default();
  auto files = std::make_unique<EnvFiles>(*options.env->GetFileSystem());
  auto directory =
      storage::Directory::Open(*files, std::move(path), kFormat, options.create_if_missing);
  if (!directory.ok()) return directory.status();
  std::unique_ptr<Store> store(
      new Store(std::move(files), *std::move(directory), std::move(options)));
  absl::Status status = store->queue_.Start();
  if (status.ok()) status = store->FindDatabase();
  if (status.ok()) status = store->OpenDatabase();
  if (status.ok()) status = store->directory_->Complete();
  if (!status.ok()) return status;
  status = store->ReadCatalog();
  if (absl::IsDataLoss(status)) return store->Damaged(status);
  if (!status.ok()) return status;
  return store;
}

Store::Store(std::unique_ptr<FileSystem> files, std::unique_ptr<storage::Directory> directory,
             Options options)
    : options_(std::move(options)),
      files_(std::move(files)),
      directory_(std::move(directory)),
      space_(*files_, directory_->path(), options_.reserve_bytes),
      snapshots_(*files_, directory_->SnapshotsPath(), space_),
      database_env_(MakeDatabaseEnv(options_.env)),
      queue_(options_.executor, space_, *this) {}

Store::~Store() { queue_.Close(); }

void Store::Log(Severity severity, std::string_view line) const {
  if (options_.logger) {
    options_.logger(severity, "log store " + directory_->path() + ": " + std::string(line));
  }
}

absl::Status Store::Damaged(const absl::Status& why) const {
  return absl::DataLossError(
      "the log store " + directory_->path() +
      " is damaged, and what is lost may have been acknowledged: " + std::string(why.message()) +
      ". It was not repaired. Keep the directory and treat this member as lost: the others go on "
      "without it, and refuse it if it is bootstrapped anew.");
}

absl::Status Store::FindDatabase() {
  if (directory_->IsComplete()) {
    // RocksDB would make a new one in place of one that is missing.
    absl::Status status = CheckManifest(*files_, DatabasePath());
    return absl::IsNotFound(status) || absl::IsDataLoss(status) ? Damaged(status) : status;
  }
  absl::Status status = files_->CreateDirectory(DatabasePath());
  if (!status.ok() && !absl::IsAlreadyExists(status)) return status;
  return files_->SyncDirectory(directory_->path());
}

absl::Status Store::OpenDatabase() {
  const std::string path = DatabasePath();
  const auto torn = CutWriteAheadLogs(*files_, path);
  absl::Status status = torn.status();
  if (status.ok()) {
    for (const std::string& log : *torn) {
      Log(Severity::kWarning, "torn tail: " + log + " ended within a write that was never done");
    }
    count_.torn_tails_cut = torn->size();
    ::rocksdb::DB* database = nullptr;
    status =
        ToStatus(::rocksdb::DB::Open(DatabaseOptions(options_, *database_env_), path, &database),
                 "opening the database " + path);
    database_.reset(database);
  }
  return absl::IsDataLoss(status) ? Damaged(status) : status;
}

absl::Status Store::ReadCatalog() {
  std::string value;
  const ::rocksdb::Status found =
      database_->Get(::rocksdb::ReadOptions(), std::string(kIdentityKey), &value);
  if (!found.ok() && !found.IsNotFound()) return ToStatus(found, "reading the store's identity");
  if (found.ok()) {
    const auto identity = DecodeIdentity(value);
    if (!identity.ok()) return identity.status();
    identity_ = *identity;
  }

  std::set<std::pair<GroupId, uint64_t>> referred_to;
  std::set<GroupId> unreadable;  // Groups whose snapshot record is: Load says so; no file goes.
  // No range of groups is ever deleted. Where one may be, RocksDB's iterators (7.8) pass over a
  // table whose first block is damaged as if nothing were there.
  ::rocksdb::ReadOptions options;
  options.ignore_range_deletions = true;
  const std::unique_ptr<::rocksdb::Iterator> iterator(database_->NewIterator(options));
  for (iterator->Seek(std::string(kGroupPrefix));
       iterator->Valid() && iterator->key().ToStringView().starts_with(kGroupPrefix);
       iterator->Next()) {
    const auto key = ParseGroupKey(iterator->key().ToStringView());
    if (!key) return absl::DataLossError("the database holds a record of no known kind");
    Group& group = groups_.try_emplace(key->group, key->group).first->second;
    if (key->record != GroupRecord::kSnapshot) continue;
    auto record = DecodeSnapshot(key->group, iterator->value().ToStringView());
    if (record.ok()) {
      referred_to.emplace(key->group, record->file);
      group.set_snapshot(*std::move(record));
    } else {
      unreadable.insert(key->group);
    }
  }
  absl::Status status = ToStatus(iterator->status(), "reading the list of groups");
  if (!status.ok()) return status;
  if (!identity_ && !groups_.empty()) {
    return absl::DataLossError("the store's identity is missing, though it holds groups");
  }

  const auto swept = snapshots_.Sweep([&](GroupId group, uint64_t file) {
    return referred_to.contains({group, file}) || unreadable.contains(group);
  });
  if (!swept.ok()) return swept.status();
  count_.snapshots_swept = *swept;
  if (*swept > 0) {
    Log(Severity::kInfo,
        "deleted " + std::to_string(*swept) + " snapshots that were never installed");
  }
  return absl::OkStatus();
}

absl::Status Store::Bootstrap(const StoreIdentity& identity, GroupId group,
                              const Configuration& initial) {
  const std::lock_guard lock(commit_mutex_);
  if (!failure_.ok()) return failure_;
  if (identity_ && *identity_ != identity) {
    return absl::FailedPreconditionError(
        "the log store " + directory_->path() + " belongs to node " +
        std::to_string(identity_->node.value()) + " of cluster " +
        std::to_string(identity_->cluster.value()) + ", or to another incarnation of it");
  }
  if (groups_.contains(group)) {
    return absl::AlreadyExistsError("group " + std::to_string(group.value()) +
                                    " is in the log store " + directory_->path() + " already");
  }
  ::rocksdb::WriteBatch batch;
  if (!identity_) {
    const ::rocksdb::Status put = batch.Put(std::string(kIdentityKey), EncodeIdentity(identity));
    if (!put.ok()) return ToStatus(put, "writing the store's identity");
  }
  Group created = Group::Create(group, initial, batch);
  absl::Status status = Sync(batch);
  if (!status.ok()) {
    Fail(status);
    return status;
  }
  identity_ = identity;
  groups_.emplace(group, std::move(created));
  return absl::OkStatus();
}

absl::StatusOr<StoreIdentity> Store::Identity() const {
  const std::lock_guard lock(commit_mutex_);
  if (!identity_) {
    return absl::NotFoundError("the log store " + directory_->path() + " was never bootstrapped");
  }
  return *identity_;
}

absl::StatusOr<std::vector<GroupId>> Store::Groups() const {
  const std::lock_guard lock(commit_mutex_);
  std::vector<GroupId> ids;
  ids.reserve(groups_.size());
  for (const auto& [id, group] : groups_) ids.push_back(id);
  return ids;
}

absl::StatusOr<DurableState> Store::Load(GroupId group) {
  {
    const std::lock_guard lock(commit_mutex_);
    if (!groups_.contains(group)) {
      return absl::NotFoundError("group " + std::to_string(group.value()) +
                                 " is not in the log store " + directory_->path());
    }
  }
  // Without the lock, so that reading one group's log does not hold up the writes of the others.
  auto loaded = Group::Load(group, *database_);
  absl::Status status =
      absl::IsDataLoss(loaded.status()) ? Damaged(loaded.status()) : loaded.status();
  if (status.ok() && !loaded->state.snapshot.index.IsZero()) {
    status = snapshots_.Read(group, loaded->group.snapshot()).status();
  }
  if (!status.ok()) {
    if (absl::IsDataLoss(status)) count_.damaged_loads.fetch_add(1, std::memory_order_relaxed);
    Log(Severity::kError, status.ToString());
    return status;
  }
  const std::lock_guard lock(commit_mutex_);
  groups_.insert_or_assign(group, std::move(loaded->group));
  return std::move(loaded->state);
}

void Store::Write(std::vector<GroupWrite> batch, Done done) {
  queue_.Push(std::move(batch), std::move(done));
}

bool Store::HasSpace() const { return queue_.HasSpace(); }

size_t Store::Commit(std::span<const Queued> writes, absl::Status& status) {
  const std::lock_guard lock(commit_mutex_);
  size_t count = 0;
  absl::Status misfit = failure_;
  batch_.Clear();
  while (misfit.ok() && count < writes.size() && batch_.GetDataSize() < kMaxCommitBytes) {
    batch_.SetSavePoint();
    misfit = Stage(writes[count].batch);
    if (misfit.ok()) ++count;
  }
  if (count == 0) {
    status = misfit;
    count = writes.size();
  } else {
    // The writes before one that does not fit are none the worse for it.
    if (!misfit.ok()) batch_.RollbackToSavePoint().PermitUncheckedError();
    status = Sync(batch_);
  }
  if (!status.ok()) misfit = status;
  (status.ok() ? count_.writes : count_.failed_writes).fetch_add(count, std::memory_order_relaxed);
  if (!misfit.ok()) Fail(misfit);
  return count;
}

absl::Status Store::Stage(const std::vector<GroupWrite>& writes) {
  std::vector<SnapshotFile> replaced;
  for (const GroupWrite& write : writes) {
    const auto found = groups_.find(write.group);
    const std::string name = "write to group " + std::to_string(write.group.value());
    if (found == groups_.end()) {
      return absl::InvalidArgumentError(name + ": it was never bootstrapped");
    }
    Group& group = found->second;
    if (const auto& install = write.persist.snapshot) {
      if (!snapshots_.TakeStaged(write.group, install->staged, install->meta)) {
        return absl::InvalidArgumentError(
            name + ": the snapshot to install is not the one that was staged");
      }
      if (group.snapshot().file != 0) replaced.push_back({write.group, group.snapshot().file});
      count_.snapshots_installed.fetch_add(1, std::memory_order_relaxed);
    }
    if (absl::Status status = group.Stage(write.persist, batch_); !status.ok()) return status;
    count_.entries.fetch_add(write.persist.entries.size(), std::memory_order_relaxed);
    freed_entries_ = freed_entries_ || write.persist.compact_to || write.persist.snapshot;
  }
  replaced_.insert(replaced_.end(), replaced.begin(), replaced.end());
  return absl::OkStatus();
}

absl::Status Store::Sync(::rocksdb::WriteBatch& batch) {
  ::rocksdb::WriteOptions options;
  options.sync = !Mutated(Mutation::kNoFileSync);
  // In the write-ahead log and nowhere else.
  ::rocksdb::Status status = batch.PutLogData(kWriteEnd);
  if (status.ok()) status = database_->Write(options, &batch);
  if (!status.ok()) return ToStatus(status, "writing to the log store " + directory_->path());
  count_.syncs.fetch_add(1, std::memory_order_relaxed);
  count_.bytes.fetch_add(batch.GetDataSize(), std::memory_order_relaxed);
  return absl::OkStatus();
}

void Store::Fail(const absl::Status& status) {
  if (!failure_.ok()) return;
  failure_ = status;
  Log(Severity::kError, "no more writes are taken: " + status.ToString());
}

void Store::CleanUp() {
  space_.Refresh();
  {
    const std::lock_guard lock(commit_mutex_);
    // What a failed write has replaced may still be what the disk refers to.
    if (!failure_.ok()) replaced_.clear();
  }
  for (const SnapshotFile& file : std::exchange(replaced_, {})) {
    snapshots_.Remove(file.group, file.file);
  }
  if (std::exchange(freed_entries_, false) && !space_.HasRoom()) Reclaim();
}

void Store::Reclaim() {
  // Usually the log is small next to the disk, and what was compacted away goes with the next
  // flushes. Here somebody waits for the space. Neither call waits for its work.
  ::rocksdb::FlushOptions options;
  options.wait = false;
  options.allow_write_stall = true;
  database_->Flush(options).PermitUncheckedError();
  ::rocksdb::experimental::SuggestCompactRange(database_.get(), nullptr, nullptr)
      .PermitUncheckedError();
}

absl::StatusOr<std::unique_ptr<SnapshotWriter>> Store::NewSnapshot(GroupId group) {
  return snapshots_.Create(group);
}

void Store::DiscardStaged(GroupId group, StagedSnapshot staged) {
  snapshots_.Discard(group, staged);
}

absl::StatusOr<LogStore::OpenedSnapshot> Store::OpenSnapshot(GroupId group) {
  // The file is opened under the lock, because it may be deleted as soon as another is installed.
  const std::lock_guard lock(commit_mutex_);
  if (!failure_.ok()) return failure_;
  const auto found = groups_.find(group);
  if (found == groups_.end() || found->second.snapshot().meta.index.IsZero()) {
    return absl::NotFoundError("group " + std::to_string(group.value()) + " has no snapshot");
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
          {"torn_tails_cut", value(count_.torn_tails_cut)},
          {"snapshots_installed", value(count_.snapshots_installed)},
          {"snapshots_swept", value(count_.snapshots_swept)},
          {"free_bytes", space_.free_bytes()}};
}

absl::StatusOr<std::unique_ptr<LogStore>> Open(std::string path, Options options) {
  return Store::Open(std::move(path), std::move(options));
}

}  // namespace synod::rocksdb
