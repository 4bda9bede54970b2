// The power goes at each operation of the disk in turn: nothing acknowledged is missing afterwards,
// and what is there is the state after some write, whole (F1, F6, F8, S1).
#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "synod/base/crc32c.h"
#include "synod/base/rng.h"

#include "tests/unit/storage/store_harness.h"

namespace synod::test {
namespace {

// What a group should hold.
struct Expected {
  HardState hard_state;
  SnapshotMeta snapshot;
  std::string image;
  uint64_t base = 0;
  std::vector<Entry> entries;

  [[nodiscard]] uint64_t last() const { return base + entries.size(); }

  friend bool operator==(const Expected&, const Expected&) = default;
};

// Both groups, after some write. The absence of a group is a state too: it was not made yet.
using State = std::map<GroupId, Expected>;

std::string ReadImage(LogStore& store, GroupId group) {
  const auto opened = store.OpenSnapshot(group);
  if (!opened.ok()) return absl::IsNotFound(opened.status()) ? "" : opened.status().ToString();
  std::string image(opened->meta.size, '\0');
  const auto count = opened->image->Read(image);
  return count.ok() ? image : count.status().ToString();
}

absl::StatusOr<State> ReadState(LogStore& store) {
  State state;
  const auto groups = store.Groups();
  if (!groups.ok()) return groups.status();
  for (const GroupId group : *groups) {
    auto loaded = store.Load(group);
    if (!loaded.ok()) return loaded.status();
    state[group] = {.hard_state = loaded->hard_state,
                    .snapshot = loaded->snapshot,
                    .image = ReadImage(store, group),
                    .base = loaded->entries.empty() ? loaded->snapshot.index.value()
                                                    : loaded->entries.front().index.value() - 1,
                    .entries = std::move(loaded->entries)};
  }
  return state;
}

// A run of random writes, a few of them queued at a time, with every state that they lead to.
class Workload {
 public:
  Workload(StoreHarness& harness, uint64_t seed) : harness_(harness), rng_(seed) {
    states_.emplace_back();
  }

  // Opens, makes both groups and writes, until the power goes or the work is done.
  void Run(int writes) {
    if (!harness_.Open().ok()) return;
    for (const GroupId group : {kGroup, kOtherGroup}) {
      State next = states_.back();
      next[group] = {};
      states_.push_back(std::move(next));
      if (!StoreHarness::Bootstrap(harness_.store(), group).ok()) return;
      acknowledged_ = states_.size() - 1;
    }
    for (int i = 0; i < writes && !harness_.disk().PowerIsOff(); ++i) {
      if (!Queue()) break;
      if (rng_.Chance(1, 3)) AwaitAll();
    }
    AwaitAll();
  }

  // What is wrong with what the disk holds now; nothing if it is what it must be. The store must be
  // open.
  std::optional<std::string> Check() {
    const auto found = ReadState(harness_.store());
    if (!found.ok()) return "it cannot be read: " + found.status().ToString();
    const auto first = states_.begin() + static_cast<std::ptrdiff_t>(acknowledged_);
    if (std::find(first, states_.end(), *found) != states_.end()) return std::nullopt;
    if (std::find(states_.begin(), first, *found) != first) {
      return "acknowledged writes are missing";
    }
    return "it is a state in which it never was";
  }

 private:
  // Puts one write into the store's queue. False if the disk failed before.
  bool Queue() {
    State next = states_.back();
    std::vector<GroupWrite> batch;
    for (const GroupId group : {kGroup, kOtherGroup}) {
      if (!rng_.Chance(2, 3)) continue;
      Persist persist;
      if (!Change(group, next[group], persist)) return false;
      batch.push_back({.group = group, .persist = std::move(persist)});
    }
    states_.push_back(std::move(next));
    const size_t state = states_.size() - 1;
    {
      const std::lock_guard lock(mutex_);
      ++pending_;
    }
    harness_.store().Write(std::move(batch), [this, state](const absl::Status& status) {
      const std::lock_guard lock(mutex_);
      if (status.ok()) acknowledged_ = state;
      --pending_;
      changed_.notify_one();
    });
    return true;
  }

  bool Change(GroupId group, Expected& expected, Persist& persist) {
    ++term_;
    if (rng_.Chance(1, 3)) {
      persist.hard_state = HardState{.term = Term(term_), .vote = 2, .peers = {}};
      expected.hard_state = *persist.hard_state;
    }
    const uint64_t covered = expected.snapshot.index.value();
    if (rng_.Chance(1, 12)) {
      if (!Install(group, expected, persist)) return false;
    } else if (rng_.Chance(1, 6)) {
      const uint64_t from = covered + 1 + rng_.Below(expected.last() - covered + 1);
      persist.truncate_from = Index(from);
      expected.entries.resize(std::min<size_t>(expected.entries.size(), from - expected.base - 1));
    }
    const uint64_t first = expected.last() + 1;
    persist.entries = MakeEntries(first, first + rng_.Below(4), term_, 1 + rng_.Below(6000));
    expected.entries.insert(expected.entries.end(), persist.entries.begin(), persist.entries.end());
    return true;
  }

  // Half of the snapshots are this replica's own, with compaction; half come from a peer.
  bool Install(GroupId group, Expected& expected, Persist& persist) {
    const uint64_t covered = expected.snapshot.index.value();
    const bool resets = rng_.Chance(1, 2) || expected.last() == covered;
    const uint64_t index =
        resets ? expected.last() + 5 : covered + 1 + rng_.Below(expected.last() - covered);
    const Term term = resets ? Term(term_) : expected.entries[index - expected.base - 1].term;
    expected.image = std::string(1 + rng_.Below(50'000), static_cast<char>('a' + index % 26));
    auto install = harness_.Stage(Index(index), term, expected.image, group);
    if (!install.ok()) return false;
    install->resets_log = resets;
    expected.snapshot = install->meta;
    persist.snapshot = *install;
    uint64_t keep_from = index;
    if (resets) {
      expected.entries.clear();
    } else {
      keep_from = expected.base + rng_.Below(index - expected.base + 1);
      persist.compact_to = Index(keep_from);
      expected.entries.erase(
          expected.entries.begin(),
          expected.entries.begin() + static_cast<std::ptrdiff_t>(keep_from - expected.base));
    }
    expected.base = keep_from;
    return true;
  }

  void AwaitAll() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return pending_ == 0; });
  }

  StoreHarness& harness_;
  Rng rng_;
  uint64_t term_ = 0;
  std::vector<State> states_;  // [0] is before the first write.
  size_t acknowledged_ = 0;    // The newest state whose write is done.
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t pending_ = 0;
};

constexpr int kWrites = 40;
constexpr uint64_t kSeeds = 2;

std::unique_ptr<StoreHarness> MakeHarness() {
  auto harness = std::make_unique<StoreHarness>();
  // Small, so that flushes and changes of the write-ahead file happen within a run.
  harness->options().write_buffer_bytes = 64 * 1024;
  return harness;
}

// Runs until operation `cut`. False if the work was done before.
bool RunAndCut(StoreHarness& harness, Workload& workload, uint64_t cut, Unsynced unsynced) {
  harness.disk().CutPowerAt(cut);
  workload.Run(kWrites);
  harness.Close();
  const bool was_cut = harness.disk().PowerIsOff();
  harness.disk().Restart(unsynced, cut);
  return was_cut;
}

class RocksdbPowerCut : public ::testing::TestWithParam<Unsynced> {};

// What was found after a cut is a base to go on from, and is found again.
void ExpectUsable(StoreHarness& harness) {
  const auto state = harness.store().Load(kGroup);
  if (absl::IsNotFound(state.status())) return;
  ASSERT_EQ(state.status(), absl::OkStatus());
  const uint64_t last =
      state->entries.empty() ? state->snapshot.index.value() : state->entries.back().index.value();
  ASSERT_EQ(harness.Append(last + 1, last + 1), absl::OkStatus());
  harness.Close();
  harness.disk().Restart(Unsynced::kDropped, last);
  ASSERT_EQ(harness.Open(), absl::OkStatus());
  ASSERT_EQ(harness.store().Load(kGroup)->entries.back().index, Index(last + 1));
}

TEST_P(RocksdbPowerCut, AtEachOperation_NothingAcknowledgedIsLost) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    bool was_cut = true;
    for (uint64_t cut = 1; was_cut; ++cut) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", the power goes at operation " +
                   std::to_string(cut));
      const auto harness = MakeHarness();
      Workload workload(*harness, seed);
      was_cut = RunAndCut(*harness, workload, cut, GetParam());
      ASSERT_EQ(harness->Open(), absl::OkStatus());
      ASSERT_EQ(workload.Check(), std::nullopt);
      ASSERT_NO_FATAL_FAILURE(ExpectUsable(*harness));
    }
  }
}

TEST_P(RocksdbPowerCut, AgainWhileRecovering_NothingAcknowledgedIsLost) {
  Rng rng(7);
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    bool was_cut = true;
    for (uint64_t cut = 1; was_cut; cut += 1 + rng.Below(5)) {
      const auto harness = MakeHarness();
      Workload workload(*harness, seed);
      was_cut = RunAndCut(*harness, workload, cut, GetParam());
      for (int again = 0; again < 3; ++again) {
        const uint64_t second = 1 + rng.Below(40);
        SCOPED_TRACE("seed " + std::to_string(seed) + ", the power goes at operation " +
                     std::to_string(cut) + " and at " + std::to_string(second) +
                     " of the recovery");
        harness->disk().CutPowerAt(second);
        if (harness->Open().ok()) harness->Close();
        harness->disk().Restart(GetParam(), second);
      }
      SCOPED_TRACE("seed " + std::to_string(seed) + ", after operation " + std::to_string(cut));
      ASSERT_EQ(harness->Open(), absl::OkStatus());
      ASSERT_EQ(workload.Check(), std::nullopt);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Unsynced, RocksdbPowerCut,
                         ::testing::Values(Unsynced::kDropped, Unsynced::kTorn, Unsynced::kKept),
                         [](const auto& param) -> std::string {
                           switch (param.param) {
                             case Unsynced::kDropped:
                               return "Dropped";
                             case Unsynced::kTorn:
                               return "Torn";
                             case Unsynced::kKept:
                               return "Kept";
                           }
                           return "Unknown";
                         });

// The check can fail: on a disk whose syncs do nothing, which is what a store without them would
// see, acknowledged writes are lost.
TEST(RocksdbPowerCut, SyncsDoNothing_TheLossIsSeen) {
  const auto harness = MakeHarness();
  harness->MustOpen({});
  harness->Close();
  harness->disk().SetSyncsLie(true);
  Workload workload(*harness, 1);
  workload.Run(kWrites);
  harness->Close();
  harness->disk().Restart(Unsynced::kDropped, 1);
  ASSERT_EQ(harness->Open(), absl::OkStatus());
  EXPECT_EQ(workload.Check(), "acknowledged writes are missing");
}

}  // namespace
}  // namespace synod::test
