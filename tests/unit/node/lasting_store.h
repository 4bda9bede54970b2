// A store that outlives the host that uses it, and that fails when told to.
#ifndef SYNOD_TESTS_UNIT_NODE_LASTING_STORE_H_
#define SYNOD_TESTS_UNIT_NODE_LASTING_STORE_H_

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "synod/memory.h"
#include "synod/port/log_store.h"

namespace synod::test {

// The disk of a test's node: in memory, but kept through restarts of the host.
struct Disk {
  std::unique_ptr<LogStore> store = memory::Create();
  std::atomic<bool> fail_writes = false;
  std::atomic<bool> has_space = true;
  std::atomic<bool> fail_snapshots = false;

  // From now on writes wait, ...
  void Hold() {
    const std::lock_guard lock(mutex);
    holding = true;
  }
  // ... until now. They are done on this thread.
  void Release() {
    const std::lock_guard lock(mutex);
    holding = false;
    for (auto& [batch, done] : held) store->Write(std::move(batch), std::move(done));
    held.clear();
  }

  // Does the oldest write that waits, if another waits behind it. While it holds, the disk is never
  // idle then.
  bool ReleaseAllButOne() {
    const std::lock_guard lock(mutex);
    if (held.size() < 2) return false;
    store->Write(std::move(held.front().first), std::move(held.front().second));
    held.erase(held.begin());
    return true;
  }

  void Write(std::vector<GroupWrite> batch, LogStore::Done done) {
    const std::lock_guard lock(mutex);
    if (fail_writes) {
      done(absl::InternalError("input/output error"));
    } else if (holding) {
      held.emplace_back(std::move(batch), std::move(done));
    } else {
      store->Write(std::move(batch), std::move(done));
    }
  }

  std::mutex mutex;
  bool holding = false;                                                  // Under mutex.
  std::vector<std::pair<std::vector<GroupWrite>, LogStore::Done>> held;  // Under mutex.
};

// What a host gets to use of a Disk.
class LastingStore final : public LogStore {
 public:
  explicit LastingStore(Disk& disk) : disk_(disk) {}

  absl::Status Bootstrap(const StoreIdentity& identity, GroupId group,
                         const Configuration& initial) override {
    return disk_.store->Bootstrap(identity, group, initial);
  }
  absl::StatusOr<StoreIdentity> Identity() const override { return disk_.store->Identity(); }
  absl::StatusOr<std::vector<GroupId>> Groups() const override { return disk_.store->Groups(); }
  absl::StatusOr<DurableState> Load(GroupId group) override { return disk_.store->Load(group); }
  void Write(std::vector<GroupWrite> batch, Done done) override {
    disk_.Write(std::move(batch), std::move(done));
  }
  bool HasSpace() const override { return disk_.has_space; }
  absl::StatusOr<std::unique_ptr<SnapshotWriter>> NewSnapshot(GroupId group) override {
    if (disk_.fail_snapshots) return absl::ResourceExhaustedError("no space for a snapshot");
    return disk_.store->NewSnapshot(group);
  }
  void DiscardStaged(GroupId group, StagedSnapshot staged) override {
    disk_.store->DiscardStaged(group, staged);
  }
  absl::StatusOr<OpenedSnapshot> OpenSnapshot(GroupId group) override {
    return disk_.store->OpenSnapshot(group);
  }
  std::vector<std::pair<std::string, uint64_t>> Counters() const override {
    return disk_.store->Counters();
  }

 private:
  Disk& disk_;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_UNIT_NODE_LASTING_STORE_H_
