// A run of random writes against a log store, with every state that they lead to: what the tests
// that cut the power compare with.
#ifndef SYNOD_TESTS_UNIT_STORAGE_STORE_WORKLOAD_H_
#define SYNOD_TESTS_UNIT_STORAGE_STORE_WORKLOAD_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "synod/base/rng.h"
#include "synod/port/log_store.h"

namespace synod::test {

inline constexpr GroupId kGroup = 1;
inline constexpr GroupId kOtherGroup = 2;

// --- Shorthands.

[[nodiscard]] std::vector<Entry> MakeEntries(uint64_t first, uint64_t last, uint64_t term,
                                             size_t bytes = 20);
absl::Status BootstrapGroup(LogStore& store, GroupId group);
// Writes and waits until it is done.
absl::Status WriteAndWait(LogStore& store, std::vector<GroupWrite> batch);
// A finished snapshot that holds `image`, and what installs it.
absl::StatusOr<InstallStaged> StageSnapshot(LogStore& store, GroupId group, Index index, Term term,
                                            std::string_view image);

// What a group should hold.
struct ExpectedGroup {
  HardState hard_state;
  SnapshotMeta snapshot;
  std::string image;
  uint64_t base = 0;
  std::vector<Entry> entries;

  [[nodiscard]] uint64_t last() const { return base + entries.size(); }

  friend bool operator==(const ExpectedGroup&, const ExpectedGroup&) = default;
};

// Both groups, after some write. The absence of a group is a state too: it was not made yet.
using ExpectedState = std::map<GroupId, ExpectedGroup>;

class Workload {
 public:
  explicit Workload(uint64_t seed) : rng_(seed) { states_.emplace_back(); }

  // Makes both groups in an empty store and writes, a few writes queued at a time, until the power
  // goes or the work is done.
  void Run(LogStore& store, int writes, const std::function<bool()>& power_is_off);

  // What is wrong with what the store holds now; nothing if it is what it must be.
  std::optional<std::string> Check(LogStore& store);

 private:
  // Puts one write into the store's queue. False if the disk failed before.
  bool Queue(LogStore& store);
  bool Change(LogStore& store, GroupId group, ExpectedGroup& expected, Persist& persist);
  // Half of the snapshots are this replica's own, with compaction; half come from a peer.
  bool Install(LogStore& store, GroupId group, ExpectedGroup& expected, Persist& persist);
  void AwaitAll();

  Rng rng_;
  uint64_t term_ = 0;
  std::vector<ExpectedState> states_;  // [0] is before the first write.
  size_t acknowledged_ = 0;            // The newest state whose write is done.
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t pending_ = 0;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_UNIT_STORAGE_STORE_WORKLOAD_H_
