// Disks that fail and disks that are full, and what shares a sync: what is the write-ahead log's
// own.
#include <cstdint>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/storage/wal_harness.h"

namespace synod::test {
namespace {

TEST(WalFault, Write_AfterAFailedSync_LeavesTheDiskAlone) {
  WalHarness harness;
  harness.MustOpen();
  ASSERT_EQ(harness.Append(1, 3), absl::OkStatus());
  harness.disk().FailSync(1);
  EXPECT_FALSE(harness.Append(4, 6).ok());
  const uint64_t operations = harness.disk().operations();
  EXPECT_FALSE(harness.Append(4, 6).ok());
  EXPECT_FALSE(BootstrapGroup(harness.store(), kOtherGroup).ok());
  EXPECT_EQ(harness.disk().operations(), operations);
}

TEST(WalFault, Write_NewSegmentsSyncFails_IsFinal) {
  WalHarness harness;
  harness.options().segment_bytes = 512;
  harness.MustOpen();
  ASSERT_EQ(harness.Append(1, 20), absl::OkStatus());
  harness.disk().FailSync(1);
  const absl::Status first = harness.Append(21, 21);
  EXPECT_FALSE(first.ok());
  EXPECT_EQ(harness.Append(21, 21), first);
}

TEST(WalFault, HasSpace_Asked_NeverAsksTheDiskItself) {
  ManualExecutor executor;
  WalHarness harness;
  harness.options().executor = &executor;
  harness.options().reserve_bytes = kMegabyte;
  harness.disk().SetCapacity(1000);
  harness.MustOpen();
  EXPECT_FALSE(harness.store().HasSpace());
  harness.disk().SetCapacity(2 * kMegabyte);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(harness.store().HasSpace());
  EXPECT_EQ(executor.waiting(), 1U);
  executor.RunAll();
  EXPECT_TRUE(harness.store().HasSpace());
}

TEST(WalFault, Writes_QueuedTogether_ShareOneAppendAndOneSync) {
  ManualExecutor executor;
  WalHarness harness;
  harness.options().executor = &executor;
  harness.MustOpen();
  const uint64_t operations = harness.disk().operations();
  const uint64_t syncs = harness.Counter("syncs");
  std::vector<uint64_t> done;
  for (uint64_t index = 1; index <= 5; ++index) {
    std::vector<GroupWrite> batch(1);
    batch[0].group = kGroup;
    batch[0].persist.entries = MakeEntries(index, index, 1);
    harness.store().Write(std::move(batch), [&done, index](const absl::Status& status) {
      EXPECT_EQ(status, absl::OkStatus());
      done.push_back(index);
    });
  }
  EXPECT_TRUE(done.empty());
  EXPECT_TRUE(harness.store().Load(kGroup)->entries.empty());
  EXPECT_EQ(executor.waiting(), 1U);
  executor.RunAll();
  EXPECT_THAT(done, ::testing::ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(harness.Counter("syncs"), syncs + 1);
  // And one removal of the first segment, with its sync.
  EXPECT_EQ(harness.disk().operations(), operations + 2 + 2);
}

TEST(WalFault, Close_WithABorrowedExecutor_CarriesOutWhatIsQueued) {
  ManualExecutor executor;
  WalHarness harness;
  harness.options().executor = &executor;
  harness.MustOpen();
  int done = 0;
  std::vector<GroupWrite> batch(1);
  batch[0].group = kGroup;
  batch[0].persist.entries = MakeEntries(1, 1, 1);
  LogStore& store = harness.store();
  store.Write(batch, [&](const absl::Status& status) {
    EXPECT_EQ(status, absl::OkStatus());
    ++done;
    batch[0].persist.entries = MakeEntries(2, 2, 1);
    store.Write(batch, [&done](const absl::Status&) { ++done; });
  });
  harness.Close();
  EXPECT_EQ(done, 2);
  harness.options().executor = nullptr;
  harness.MustOpen();
  EXPECT_EQ(harness.store().Load(kGroup)->entries.size(), 2U);
}

}  // namespace
}  // namespace synod::test
