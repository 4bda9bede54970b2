// The power goes at each operation of the disk in turn: nothing acknowledged is missing afterwards,
// and what is there is the state after some write, whole (F1, F6, F8, S1).
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "synod/base/rng.h"

#include "tests/unit/storage/durable_store.h"

namespace synod::test {
namespace {

constexpr int kWrites = 40;

std::unique_ptr<StoreHarness> MakeHarness(const DurableStoreParam& store) {
  auto harness = store.make();
  harness->UseSmallFiles();
  return harness;
}

void RunWorkload(StoreHarness& harness, Workload& workload) {
  if (!harness.Open().ok()) return;
  workload.Run(harness.store(), kWrites, [&harness] { return harness.disk().PowerIsOff(); });
}

// Runs until operation `cut`. False if the work was done before.
bool RunAndCut(StoreHarness& harness, Workload& workload, uint64_t cut, Lost lost) {
  harness.disk().CutPowerAt(cut);
  RunWorkload(harness, workload);
  harness.Close();
  const bool was_cut = harness.disk().PowerIsOff();
  harness.disk().Restart(lost, cut);
  return was_cut;
}

// What was found after a cut is a base to go on from, and is found again.
void ExpectUsable(StoreHarness& harness) {
  auto state = harness.store().Load(kGroup);
  if (absl::IsNotFound(state.status())) {
    ASSERT_EQ(BootstrapGroup(harness.store(), kGroup), absl::OkStatus());
    state = harness.store().Load(kGroup);
  }
  ASSERT_EQ(state.status(), absl::OkStatus());
  const uint64_t last =
      state->entries.empty() ? state->snapshot.index.value() : state->entries.back().index.value();
  ASSERT_EQ(harness.Append(last + 1, last + 1), absl::OkStatus());
  ASSERT_EQ(harness.Compact(last + 1), absl::OkStatus());
  ASSERT_EQ(harness.Append(last + 2, last + 2), absl::OkStatus());
  harness.Close();
  harness.disk().Restart(Lost::kAll, last);
  ASSERT_EQ(harness.Open(), absl::OkStatus());
  state = harness.store().Load(kGroup);
  ASSERT_EQ(state.status(), absl::OkStatus());
  ASSERT_EQ(state->entries.back().index, Index(last + 2));
  ASSERT_EQ(harness.store().OpenSnapshot(kGroup).status(), absl::OkStatus());
}

TEST_P(PowerCutLosing, AtEachOperation_NothingAcknowledgedIsLost) {
  const auto& [store, lost] = GetParam();
  for (uint64_t seed = 0; seed < store.seeds; ++seed) {
    bool was_cut = true;
    for (uint64_t cut = 1; was_cut; ++cut) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", the power goes at operation " +
                   std::to_string(cut));
      const auto harness = MakeHarness(store);
      Workload workload(seed);
      was_cut = RunAndCut(*harness, workload, cut, lost);
      ASSERT_EQ(harness->Open(), absl::OkStatus());
      ASSERT_EQ(workload.Check(harness->store()), std::nullopt);
      ASSERT_NO_FATAL_FAILURE(ExpectUsable(*harness));
    }
  }
}

TEST_P(PowerCutLosing, AgainWhileRecovering_NothingAcknowledgedIsLost) {
  const auto& [store, lost] = GetParam();
  Rng rng(7);
  for (uint64_t seed = 0; seed < store.seeds; ++seed) {
    bool was_cut = true;
    for (uint64_t cut = 1; was_cut; cut += 1 + rng.Below(store.cut_stride)) {
      const auto harness = MakeHarness(store);
      Workload workload(seed);
      was_cut = RunAndCut(*harness, workload, cut, lost);
      for (int again = 0; again < 3; ++again) {
        const uint64_t second = 1 + rng.Below(store.creation_operations);
        SCOPED_TRACE("seed " + std::to_string(seed) + ", the power goes at operation " +
                     std::to_string(cut) + " and at " + std::to_string(second) +
                     " of the recovery");
        harness->disk().CutPowerAt(second);
        if (harness->Open().ok()) harness->Close();
        // Each time another way.
        harness->disk().Restart(static_cast<Lost>(rng.Below(3)), rng.Next());
      }
      SCOPED_TRACE("seed " + std::to_string(seed) + ", after operation " + std::to_string(cut));
      ASSERT_EQ(harness->Open(), absl::OkStatus());
      ASSERT_EQ(workload.Check(harness->store()), std::nullopt);
    }
  }
}

// What a killed process has written and not synced, the next one may find. It counts on what it
// finds, and tells others so: no power cut may take it back (I5).
TEST_P(PowerCut, KilledBeforeItsSync_WhatTheNextOneFindsLasts) {
  size_t found_more = 0;
  for (size_t bytes : {100, 10'000, 400'000}) {
    bool was_cut = true;
    for (uint64_t cut = 1; was_cut; ++cut) {
      SCOPED_TRACE(std::to_string(bytes) + " bytes, killed at operation " + std::to_string(cut));
      const auto harness = MakeHarness(GetParam());
      harness->MustOpen();
      ASSERT_EQ(harness->Append(1, 1), absl::OkStatus());
      Persist persist;
      persist.entries = MakeEntries(2, 2, 1, bytes);
      harness->disk().CutPowerAt(harness->disk().operations() + cut);
      was_cut = !harness->Write(persist).ok();
      harness->Close();
      harness->disk().Restart(Lost::kNothing, cut);
      ASSERT_EQ(harness->Open(), absl::OkStatus());
      const size_t found = harness->store().Load(kGroup)->entries.size();
      if (was_cut && found == 2) ++found_more;
      harness->disk().CutPowerAt(harness->disk().operations() + 1);
      harness->Close();
      harness->disk().Restart(Lost::kAll, cut);
      ASSERT_EQ(harness->Open(), absl::OkStatus());
      EXPECT_GE(harness->store().Load(kGroup)->entries.size(), found);
    }
  }
  EXPECT_GT(found_more, 0U);
}

// Pairs of cuts in the first operations, by power or by a kill, in every order.
TEST_P(PowerCut, TwiceWhileTheStoreIsMade_LeavesOneThatLasts) {
  Rng rng(11);
  const uint64_t operations = GetParam().creation_operations;
  for (uint64_t first = 1; first <= operations; ++first) {
    for (uint64_t second = 1; second <= operations; ++second) {
      for (uint64_t how = 0; how < 9; ++how) {
        if (!rng.Chance(1, GetParam().one_pair_in)) continue;
        SCOPED_TRACE("cuts at operations " + std::to_string(first) + " and " +
                     std::to_string(second) + ", kind " + std::to_string(how));
        const auto harness = MakeHarness(GetParam());
        for (const auto& [cut, lost] : {std::pair(first, how / 3), std::pair(second, how % 3)}) {
          harness->disk().CutPowerAt(cut);
          if (harness->Open().ok()) harness->Close();
          harness->disk().Restart(static_cast<Lost>(lost), 100 * first + second);
        }
        ASSERT_EQ(harness->Open(), absl::OkStatus());
        ASSERT_NO_FATAL_FAILURE(ExpectUsable(*harness));
      }
    }
  }
}

// The check can fail: on a disk whose syncs do nothing, which is what a store without them would
// see, acknowledged writes are lost.
enum class Lies { kNone, kOfFiles, kOfDirectories };
std::optional<std::string> CheckWith(Lies lies, const DurableStoreParam& store) {
  const auto harness = MakeHarness(store);
  harness->MustOpen({});
  harness->Close();
  const auto lie = [&] {
    harness->disk().SetSyncsLie(lies == Lies::kOfFiles, lies == Lies::kOfDirectories);
  };
  Workload workload(1);
  if (lies == Lies::kOfDirectories) {
    lie();
    RunWorkload(*harness, workload);
  } else {
    // What an open store holds so far is as it should be: only what it writes is lost.
    EXPECT_EQ(harness->Open(), absl::OkStatus());
    lie();
    workload.Run(harness->store(), 3, [] { return false; });
  }
  harness->Close();
  harness->disk().Restart(Lost::kAll, 1);
  absl::Status status = harness->Open();
  // A store may find by itself that something has gone. That it does not open for another reason
  // says nothing of writes.
  if (lies == Lies::kOfDirectories ? !status.ok() : absl::IsDataLoss(status)) {
    return status.ToString();
  }
  if (status.ok()) return workload.Check(harness->store());
  ADD_FAILURE() << status;
  return std::nullopt;
}

TEST_P(PowerCut, SyncsOfFilesDoNothing_TheLossIsSeen) {
  EXPECT_NE(CheckWith(Lies::kOfFiles, GetParam()), std::nullopt);
}

TEST_P(PowerCut, SyncsOfDirectoriesDoNothing_TheLossIsSeen) {
  EXPECT_NE(CheckWith(Lies::kOfDirectories, GetParam()), std::nullopt);
}

TEST_P(PowerCut, SyncsWork_NoLossIsSeen) {
  EXPECT_EQ(CheckWith(Lies::kNone, GetParam()), std::nullopt);
}

}  // namespace
}  // namespace synod::test
