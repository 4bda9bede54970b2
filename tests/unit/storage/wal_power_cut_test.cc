// The power goes at each operation of the disk in turn: nothing acknowledged is missing afterwards,
// and what is there is the state after some write, whole (F1, F6, F8, S1).
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "synod/base/rng.h"

#include "tests/unit/storage/wal_harness.h"

namespace synod::test {
namespace {

constexpr int kWrites = 40;
constexpr uint64_t kSeeds = 3;

std::unique_ptr<WalHarness> MakeHarness() {
  auto harness = std::make_unique<WalHarness>();
  // Small, so that segments are begun and removed within a run.
  harness->options().segment_bytes = 4096;
  return harness;
}

void RunWorkload(WalHarness& harness, Workload& workload) {
  if (!harness.Open().ok()) return;
  workload.Run(harness.store(), kWrites, [&harness] { return harness.disk().PowerIsOff(); });
}

// Runs until operation `cut`. False if the work was done before.
bool RunAndCut(WalHarness& harness, Workload& workload, uint64_t cut, Lost lost) {
  harness.disk().CutPowerAt(cut);
  RunWorkload(harness, workload);
  harness.Close();
  const bool was_cut = harness.disk().PowerIsOff();
  harness.disk().Restart(lost, cut);
  return was_cut;
}

class WalPowerCut : public ::testing::TestWithParam<Lost> {};

// What was found after a cut is a base to go on from, and is found again.
void ExpectUsable(WalHarness& harness) {
  auto state = harness.store().Load(kGroup);
  if (absl::IsNotFound(state.status())) {
    ASSERT_EQ(BootstrapGroup(harness.store(), kGroup), absl::OkStatus());
    state = harness.store().Load(kGroup);
  }
  ASSERT_EQ(state.status(), absl::OkStatus());
  const uint64_t last =
      state->entries.empty() ? state->snapshot.index.value() : state->entries.back().index.value();
  ASSERT_EQ(harness.Append(last + 1, last + 1), absl::OkStatus());
  harness.Close();
  harness.disk().Restart(Lost::kAll, last);
  ASSERT_EQ(harness.Open(), absl::OkStatus());
  ASSERT_EQ(harness.store().Load(kGroup)->entries.back().index, Index(last + 1));
}

TEST_P(WalPowerCut, AtEachOperation_NothingAcknowledgedIsLost) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    bool was_cut = true;
    for (uint64_t cut = 1; was_cut; ++cut) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", the power goes at operation " +
                   std::to_string(cut));
      const auto harness = MakeHarness();
      Workload workload(seed);
      was_cut = RunAndCut(*harness, workload, cut, GetParam());
      ASSERT_EQ(harness->Open(), absl::OkStatus());
      ASSERT_EQ(workload.Check(harness->store()), std::nullopt);
      ASSERT_NO_FATAL_FAILURE(ExpectUsable(*harness));
    }
  }
}

TEST_P(WalPowerCut, AgainWhileRecovering_NothingAcknowledgedIsLost) {
  Rng rng(7);
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    bool was_cut = true;
    for (uint64_t cut = 1; was_cut; cut += 1 + rng.Below(3)) {
      const auto harness = MakeHarness();
      Workload workload(seed);
      was_cut = RunAndCut(*harness, workload, cut, GetParam());
      for (int again = 0; again < 3; ++again) {
        const uint64_t second = 1 + rng.Below(12);
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

INSTANTIATE_TEST_SUITE_P(Lost, WalPowerCut,
                         ::testing::Values(Lost::kAll, Lost::kSectors, Lost::kNothing),
                         [](const auto& param) -> std::string {
                           switch (param.param) {
                             case Lost::kAll:
                               return "All";
                             case Lost::kSectors:
                               return "Sectors";
                             case Lost::kNothing:
                               return "Nothing";
                           }
                           return "Unknown";
                         });

// The first operations make the directory, the format and the first segment. Every pair of cuts in
// them, by power or by a kill, in every order.
TEST(WalPowerCut, TwiceWhileTheStoreIsMade_LeavesOneThatLasts) {
  for (uint64_t first = 1; first <= 16; ++first) {
    for (uint64_t second = 1; second <= 16; ++second) {
      for (uint64_t how = 0; how < 9; ++how) {
        SCOPED_TRACE("cuts at operations " + std::to_string(first) + " and " +
                     std::to_string(second) + ", kind " + std::to_string(how));
        const auto harness = MakeHarness();
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

TEST(WalPowerCut, Run_Whole_BeginsAndRemovesSegmentsAndSnapshots) {
  const auto harness = MakeHarness();
  Workload workload(1);
  RunWorkload(*harness, workload);
  EXPECT_GT(harness->Counter("segments_removed"), 3U);
  EXPECT_GT(harness->Counter("snapshots_installed"), 2U);
  EXPECT_EQ(workload.Check(harness->store()), std::nullopt);
}

// The check can fail: on a disk whose syncs do nothing, which is what a store without them would
// see, acknowledged writes are lost.
std::optional<std::string> CheckWithLies(bool files, bool directories) {
  const auto harness = MakeHarness();
  harness->MustOpen({});
  harness->Close();
  harness->disk().SetSyncsLie(files, directories);
  Workload workload(1);
  RunWorkload(*harness, workload);
  harness->Close();
  harness->disk().Restart(Lost::kAll, 1);
  absl::Status status = harness->Open();
  if (!status.ok()) return status.ToString();
  return workload.Check(harness->store());
}

TEST(WalPowerCut, SyncsOfFilesDoNothing_TheLossIsSeen) {
  EXPECT_NE(CheckWithLies(true, false), std::nullopt);
}

TEST(WalPowerCut, SyncsOfDirectoriesDoNothing_TheLossIsSeen) {
  EXPECT_NE(CheckWithLies(false, true), std::nullopt);
}

TEST(WalPowerCut, SyncsWork_NoLossIsSeen) { EXPECT_EQ(CheckWithLies(false, false), std::nullopt); }

}  // namespace
}  // namespace synod::test
