// The write-ahead log store: one executor that turns queued writes into synced records.
#ifndef SYNOD_STORAGE_WAL_STORE_H_
#define SYNOD_STORAGE_WAL_STORE_H_

#include <atomic>
#include <cstdint>
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
#include "synod/wal.h"

#include "group.h"
#include "log_reader.h"
#include "log_writer.h"
#include "recovery.h"
#include "storage/files/directory.h"
#include "storage/files/snapshot_files.h"
#include "storage/files/space.h"
#include "storage/files/write_queue.h"

namespace synod::wal {

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
    std::atomic<uint64_t> segments_removed{0};
  };
  // What Load reads without a lock: segments stay as long as one exists.
  class Reading;

  Store(std::unique_ptr<storage::Directory> directory, FileSystem& files, Options options,
        Recovered recovered);

  // A segment of its own, so that what follows never depends on an old file's tail.
  absl::Status Begin();
  absl::Status SweepSnapshots();
  absl::StatusOr<DurableState> ReadGroup(Reading& reading) const;
  void Log(Severity severity, std::string_view line) const;

  // --- store_commit.cc

  size_t Commit(std::span<const Queued> writes, absl::Status& status) override;
  // Puts one write into the writer's buffer. Under commit_mutex_, as are those that follow.
  absl::Status Stage(const std::vector<GroupWrite>& batch);
  absl::Status StageGroup(const GroupWrite& write, std::string& record);
  // What was staged is durable: it is the state now.
  void Apply(std::span<const Queued> writes);
  absl::Status Sync();
  absl::Status BeginSegment(const StoreIdentity& identity);
  absl::Status BeginSegmentIfFull();
  void Fail(const absl::Status& status);

  void CleanUp() override;
  // Removes the segments that nobody needs, the oldest first. Under commit_mutex_.
  void Prune();
  [[nodiscard]] bool IsOldestNeeded();

  const Options options_;
  FileSystem& files_;
  const std::unique_ptr<storage::Directory> directory_;  // Its lock goes last.
  storage::Space space_;
  storage::SnapshotFiles snapshots_;
  Count count_;

  // Held through each commit, so that one writes at a time.
  std::mutex commit_mutex_;
  LogWriter writer_;
  std::vector<uint64_t> entries_at_;    // Of each staged GroupWrite: its first entry's position.
  std::vector<SnapshotFile> replaced_;  // Go now that what replaced them is durable.
  bool prune_is_due_ = true;
  GroupId blocker_;  // The last one found to need the oldest segment.

  // What is on the disk. Changed under commit_mutex_ as well, and so read under either.
  mutable std::mutex state_mutex_;
  State state_;
  std::vector<Segment> segments_;
  absl::Status failure_;  // The first failed write's, which fails every later one (F4).
  int readings_ = 0;      // Under state_mutex_ alone: how many Loads rely on segments_.

  storage::WriteQueue queue_;
};

}  // namespace synod::wal

#endif  // SYNOD_STORAGE_WAL_STORE_H_
