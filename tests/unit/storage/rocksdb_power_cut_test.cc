// The power goes at each operation of the disk in turn: nothing acknowledged is missing afterwards,
// and what is there is the state after some write, whole (F1, F6, F8, S1).
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "synod/base/rng.h"

#include "tests/unit/storage/store_harness.h"

namespace synod::test {
namespace {

constexpr int kWrites = 40;
constexpr uint64_t kSeeds = 2;

std::unique_ptr<StoreHarness> MakeHarness() {
  auto harness = std::make_unique<StoreHarness>();
  // Small, so that flushes and changes of the write-ahead file happen within a run.
  harness->options().write_buffer_bytes = 64 * 1024;
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

class RocksdbPowerCut : public ::testing::TestWithParam<Lost> {};

// What was found after a cut is a base to go on from, and is found again.
void ExpectUsable(StoreHarness& harness) {
  const auto state = harness.store().Load(kGroup);
  if (absl::IsNotFound(state.status())) return;
  ASSERT_EQ(state.status(), absl::OkStatus());
  const uint64_t last =
      state->entries.empty() ? state->snapshot.index.value() : state->entries.back().index.value();
  ASSERT_EQ(harness.Append(last + 1, last + 1), absl::OkStatus());
  harness.Close();
  harness.disk().Restart(Lost::kAll, last);
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
      Workload workload(seed);
      was_cut = RunAndCut(*harness, workload, cut, GetParam());
      ASSERT_EQ(harness->Open(), absl::OkStatus());
      ASSERT_EQ(workload.Check(harness->store()), std::nullopt);
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
      Workload workload(seed);
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
      ASSERT_EQ(workload.Check(harness->store()), std::nullopt);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Lost, RocksdbPowerCut,
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

// The check can fail: on a disk whose syncs do nothing, which is what a store without them would
// see, acknowledged writes are lost.
TEST(RocksdbPowerCut, SyncsDoNothing_TheLossIsSeen) {
  const auto harness = MakeHarness();
  harness->MustOpen({});
  harness->Close();
  harness->disk().SetSyncsLie(/*files=*/true, /*directories=*/true);
  Workload workload(1);
  RunWorkload(*harness, workload);
  harness->Close();
  harness->disk().Restart(Lost::kAll, 1);
  ASSERT_EQ(harness->Open(), absl::OkStatus());
  EXPECT_EQ(workload.Check(harness->store()), "acknowledged writes are missing");
}

}  // namespace
}  // namespace synod::test
