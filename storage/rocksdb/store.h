// The RocksDB log store: one executor that turns queued writes into synced batches.
#ifndef SYNOD_STORAGE_ROCKSDB_STORE_H_
#define SYNOD_STORAGE_ROCKSDB_STORE_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/port/log_store.h"
#include "synod/rocksdb.h"

#include "env_files.h"
#include "group.h"
#include "rocksdb/db.h"
#include "rocksdb/write_batch.h"
#include "storage/files/directory.h"
#include "storage/files/snapshot_files.h"
#include "storage/files/space.h"
#include "storage/files/write_queue.h"

namespace synod::rocksdb {

class Store final : public LogStore, private storage::WriteQueue::Client {
 public:
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<LogStore>> Open(std::string path,
                                                                      Options options);
  // Carries out what is queued, then closes.
  ~Store() override;

  absl::Status Bootstrap(const StoreIdentity& identity, GroupId group,
                         const Configuration& initial) override;
  absl::StatusOr<StoreIdentity> Identity() const override;
  absl::StatusOr<std::vector<GroupId>> Groups() const override;
  absl::StatusOr<DurableState> Load(GroupId group) override;
  void Write(std::vector<GroupWrite> batch, Done done) override;
  bool HasSpace() const override;
  absl::StatusOr<std::unique_ptr<SnapshotWriter>> NewSnapshot(GroupId group) override;
  void DiscardStaged(GroupId group, StagedSnapshot staged) override;
  absl::StatusOr<OpenedSnapshot> OpenSnapshot(GroupId group) override;
  std::vector<std::pair<std::string, uint64_t>> Counters() const override;

 private:
  using Queued = storage::WriteQueue::Queued;
  struct SnapshotFile {
    GroupId group;
    uint64_t file = 0;
  };
  struct Count {
    std::atomic<uint64_t> writes{0};
    std::atomic<uint64_t> syncs{0};
    std::atomic<uint64_t> entries{0};
    std::atomic<uint64_t> bytes{0};
    std::atomic<uint64_t> failed_writes{0};
    std::atomic<uint64_t> damaged_loads{0};
    std::atomic<uint64_t> snapshots_installed{0};
    std::atomic<uint64_t> snapshots_swept{0};
    std::atomic<uint64_t> torn_tails_cut{0};
  };

  Store(std::unique_ptr<FileSystem> files, std::unique_ptr<storage::Directory> directory,
        Options options);

  [[nodiscard]] std::string DatabasePath() const { return directory_->path() + "/db"; }
  // kDataLoss, because of `why`.
  [[nodiscard]] absl::Status Damaged(const absl::Status& why) const;
  // Makes the database's directory, durably; kDataLoss if the database was there and is not now, or
  // not all of it.
  absl::Status FindDatabase();
  absl::Status OpenDatabase();
  // Finds the identity, the groups and their snapshots, and removes unused snapshot files.
  absl::Status ReadCatalog();
  void Log(Severity severity, std::string_view line) const;

  size_t Commit(std::span<const Queued> writes, absl::Status& status) override;
  // Puts one write into batch_. Under commit_mutex_.
  absl::Status Stage(const std::vector<GroupWrite>& writes);
  absl::Status Sync(::rocksdb::WriteBatch& batch);
  void Fail(const absl::Status& status);
  void CleanUp() override;
  // Has RocksDB give back what was compacted away.
  void Reclaim();

  const Options options_;
  // In the order in which they are needed: the database is closed before the lock goes.
  const std::unique_ptr<FileSystem> files_;
  const std::unique_ptr<storage::Directory> directory_;
  storage::Space space_;
  storage::SnapshotFiles snapshots_;
  const std::unique_ptr<::rocksdb::Env> database_env_;
  std::unique_ptr<::rocksdb::DB> database_;
  Count count_;

  // Held through each commit, so that whoever holds it sees a state that is on the disk.
  mutable std::mutex commit_mutex_;
  std::optional<StoreIdentity> identity_;
  std::map<GroupId, Group> groups_;
  absl::Status failure_;  // The first failed write's, which fails every later one (F4).

  // Only Commit's and CleanUp's.
  ::rocksdb::WriteBatch batch_;         // What the commit under way writes.
  std::vector<SnapshotFile> replaced_;  // Go once it is durable.
  bool freed_entries_ = false;          // It compacts a log, or replaces one.

  storage::WriteQueue queue_;
};

}  // namespace synod::rocksdb

#endif  // SYNOD_STORAGE_ROCKSDB_STORE_H_
