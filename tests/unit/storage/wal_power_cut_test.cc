// The power goes at each operation of the write-ahead log's disk.
#include <optional>

#include <gtest/gtest.h>

#include "tests/unit/storage/wal_harness.h"

namespace synod::test {
namespace {

INSTANTIATE_TEST_SUITE_P(Wal, PowerCut, ::testing::Values(WalStore()), NameOfStore);
INSTANTIATE_TEST_SUITE_P(Wal, PowerCutLosing,
                         ::testing::Combine(::testing::Values(WalStore()),
                                            ::testing::Values(Lost::kAll, Lost::kSectors,
                                                              Lost::kNothing)),
                         NameOfLoss);

// The cuts meet all of it.
TEST(WalPowerCut, Run_Whole_BeginsAndRemovesSegmentsAndSnapshots) {
  WalHarness harness;
  harness.UseSmallFiles();
  ASSERT_EQ(harness.Open(), absl::OkStatus());
  Workload workload(1);
  workload.Run(harness.store(), 40, [] { return false; });
  EXPECT_GT(harness.Counter("segments_removed"), 3U);
  EXPECT_GT(harness.Counter("snapshots_installed"), 2U);
  EXPECT_EQ(workload.Check(harness.store()), std::nullopt);
}

}  // namespace
}  // namespace synod::test
