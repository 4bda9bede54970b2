// Disks that fail and disks that are full.
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/storage/durable_store.h"

namespace synod::test {
namespace {

TEST_P(DurableStore, Write_SyncFails_IsFinalThoughTheDiskRecovers) {
  harness().MustOpen();
  ASSERT_EQ(harness().Append(1, 3), absl::OkStatus());
  harness().disk().FailSync(1);
  const absl::Status first = harness().Append(4, 6);
  EXPECT_FALSE(first.ok());
  // The disk's next sync would succeed, without the bytes (F4).
  Persist vote;
  vote.hard_state = HardState{.term = Term(9), .vote = 3, .peers = {}};
  EXPECT_EQ(harness().Write(vote), first);
  EXPECT_EQ(harness().Append(7, 7), first);
  EXPECT_EQ(BootstrapGroup(harness().store(), kOtherGroup), first);
  EXPECT_EQ(harness().store().OpenSnapshot(kGroup).status(), first);
  harness().Close();
  harness().disk().Restart(Lost::kAll, 1);
  harness().MustOpen();
  EXPECT_EQ(harness().store().Load(kGroup)->entries, MakeEntries(1, 3, 1));
  EXPECT_EQ(harness().store().Load(kGroup)->hard_state, HardState());
}

// The next process sees the bytes, and syncs of them succeed without them (F4).
TEST_P(DurableStore, Write_SyncFailsAndTheProcessIsStartedAnew_WhatIsFoundIsDurable) {
  for (const Lost lost : {Lost::kAll, Lost::kSectors}) {
    for (uint64_t seed = 1; seed <= 10; ++seed) {
      const std::unique_ptr<StoreHarness> fresh = GetParam().make();
      StoreHarness& harness = *fresh;
      harness.MustOpen();
      ASSERT_EQ(harness.Append(1, 3), absl::OkStatus());
      harness.disk().FailSync(1);
      ASSERT_FALSE(harness.Append(4, 4).ok());
      harness.Close();
      harness.disk().Restart(Lost::kNothing, seed);
      harness.MustOpen();
      const uint64_t found = harness.store().Load(kGroup)->entries.size();
      ASSERT_EQ(harness.Append(found + 1, 9), absl::OkStatus());
      harness.Close();
      harness.disk().Restart(lost, seed);
      harness.MustOpen();
      ASSERT_EQ(harness.store().Load(kGroup)->entries, MakeEntries(1, 9, 1));
    }
  }
}

TEST_P(DurableStore, Bootstrap_SyncFails_IsFinal) {
  harness().MustOpen();
  harness().disk().FailSync(1);
  const absl::Status first = BootstrapGroup(harness().store(), kOtherGroup);
  EXPECT_FALSE(first.ok());
  EXPECT_EQ(harness().Append(1, 1), first);
  EXPECT_TRUE(absl::IsNotFound(harness().store().Load(kOtherGroup).status()));
}

TEST_P(DurableStore, Write_SyncFailsWithMoreQueued_AllFailInOrder) {
  harness().MustOpen();
  harness().disk().FailSync(1);
  std::promise<void> all_done;
  std::vector<std::pair<uint64_t, absl::Status>> done;
  for (uint64_t index = 1; index <= 50; ++index) {
    std::vector<GroupWrite> batch(1);
    batch[0].group = kGroup;
    batch[0].persist.entries = MakeEntries(index, index, 1);
    harness().store().Write(std::move(batch), [&, index](absl::Status status) {
      done.emplace_back(index, std::move(status));
      if (done.size() == 50) all_done.set_value();
    });
  }
  ASSERT_EQ(all_done.get_future().wait_for(std::chrono::minutes(2)), std::future_status::ready);
  for (uint64_t i = 0; i < 50; ++i) {
    EXPECT_EQ(done[i].first, i + 1);
    EXPECT_FALSE(done[i].second.ok());
    EXPECT_EQ(done[i].second, done[0].second);
  }
}

TEST_P(DurableStore, Write_SyncFailsInstallingASnapshot_KeepsTheOneBefore) {
  harness().MustOpen();
  ASSERT_EQ(harness().Append(1, 9), absl::OkStatus());
  ASSERT_EQ(harness().Compact(3), absl::OkStatus());
  Persist persist;
  persist.snapshot = harness().Stage(Index(6), Term(1), "new").value();
  harness().disk().FailSync(1);
  EXPECT_FALSE(harness().Write(persist).ok());
  harness().store().DiscardStaged(kGroup, persist.snapshot->staged);
  EXPECT_EQ(harness().disk().FilesBelow("/store/snapshots").size(), 2U);
  harness().Close();
  harness().disk().Restart(Lost::kAll, 1);
  harness().MustOpen();
  const auto opened = harness().store().OpenSnapshot(kGroup);
  ASSERT_EQ(opened.status(), absl::OkStatus());
  EXPECT_EQ(opened->meta.index, Index(3));
  EXPECT_EQ(harness().disk().FilesBelow("/store/snapshots").size(), 1U);
}

TEST_P(DurableStore, Write_DiskFull_FailsTypedAndLosesNothingAcknowledged) {
  harness().MustOpen();
  harness().disk().SetCapacity(kMegabyte);
  uint64_t acknowledged = 0;
  absl::Status status;
  for (uint64_t index = 1; index <= 1000 && status.ok(); ++index) {
    Persist persist;
    persist.entries = MakeEntries(index, index, 1, 10'000);
    status = harness().Write(persist);
    if (status.ok()) acknowledged = index;
  }
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(harness().Append(acknowledged + 1, acknowledged + 1), status);
  harness().Close();
  harness().disk().SetCapacity(100 * kMegabyte);
  harness().disk().Restart(Lost::kAll, 1);
  harness().MustOpen();
  const size_t found = harness().store().Load(kGroup)->entries.size();
  EXPECT_GE(found, acknowledged);
  EXPECT_LE(found, acknowledged + 1);
}

// The write that fails is to free space, and part of it is on the disk.
TEST_P(DurableStore, Write_DiskFullBelowTheReserve_TheStoreOpensOnceThereIsRoom) {
  for (Lost lost : {Lost::kNothing, Lost::kSectors, Lost::kAll}) {
    for (bool is_killed : {false, true}) {
      const std::unique_ptr<StoreHarness> fresh = GetParam().make();
      StoreHarness& harness = *fresh;
      harness.SetReserve(4 * kMegabyte);
      harness.MustOpen();
      ASSERT_EQ(harness.Append(1, 10), absl::OkStatus());
      Persist persist;
      persist.snapshot = harness.Stage(Index(9), Term(1), "image").value();
      persist.compact_to = Index(8);
      persist.entries = MakeEntries(11, 40, 1, 30'000);
      harness.disk().SetCapacity(kMegabyte / 2);
      const absl::Status status = harness.Write(persist);
      ASSERT_TRUE(absl::IsResourceExhausted(status)) << status;
      if (is_killed) harness.disk().CutPowerAt(harness.disk().operations() + 1);
      harness.Close();
      harness.disk().Restart(lost, 1);
      harness.disk().SetCapacity(100 * kMegabyte);
      ASSERT_EQ(harness.Open(), absl::OkStatus());
      const auto state = harness.store().Load(kGroup);
      ASSERT_TRUE(state.ok()) << state.status();
      EXPECT_EQ(state->entries.back().index, Index(10));
      harness.Close();
    }
  }
}

// Others have filled it to the last byte, and a start writes, too.
TEST_P(DurableStore, Open_DiskFull_FailsTypedAndFindsEverythingOnceThereIsRoom) {
  harness().MustOpen();
  ASSERT_EQ(harness().Append(1, 9), absl::OkStatus());
  ASSERT_EQ(harness().Compact(3), absl::OkStatus());
  const auto before = harness().store().Load(kGroup);
  ASSERT_EQ(before.status(), absl::OkStatus());
  harness().Close();
  for (int start = 0; start < 3; ++start) {
    harness().disk().SetCapacity(harness().disk().UsedBytes());
    const absl::Status status = harness().Open();
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("the disk is full"));
  }
  harness().disk().SetCapacity(100 * kMegabyte);
  ASSERT_EQ(harness().Open(), absl::OkStatus());
  const auto after = harness().store().Load(kGroup);
  ASSERT_EQ(after.status(), absl::OkStatus());
  EXPECT_EQ(after->entries, before->entries);
  EXPECT_EQ(after->hard_state, before->hard_state);
  EXPECT_EQ(harness().store().OpenSnapshot(kGroup)->meta.index, Index(3));
  EXPECT_EQ(harness().Append(10, 12), absl::OkStatus());
}

TEST_P(DurableStore, HasSpace_BelowTheReserve_IsFalseUntilThereIsRoom) {
  harness().SetReserve(4 * kMegabyte);
  harness().UseSmallFiles();
  harness().disk().SetCapacity(6 * kMegabyte);
  harness().MustOpen();
  EXPECT_TRUE(harness().store().HasSpace());
  uint64_t index = 0;
  while (harness().store().HasSpace()) {
    ASSERT_LT(++index, 100U) << "the disk's size was never noticed";
    Persist persist;
    persist.entries = MakeEntries(index, index, 1, 100'000);
    ASSERT_EQ(harness().Write(persist), absl::OkStatus());
  }
  EXPECT_GT(harness().disk().FreeBytes("/store").value(), 3 * kMegabyte);
  // Hard states, compaction and snapshots have room, and what they let go makes room again.
  Persist vote;
  vote.hard_state = HardState{.term = Term(9), .vote = 3, .peers = {}};
  EXPECT_EQ(harness().Write(vote), absl::OkStatus());
  ASSERT_EQ(harness().Compact(index), absl::OkStatus());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (!harness().store().HasSpace()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "compaction freed nothing";
    std::this_thread::yield();
  }
}

TEST_P(DurableStore, Snapshot_BelowHalfTheReserve_IsRefused) {
  harness().SetReserve(4 * kMegabyte);
  harness().disk().SetCapacity(kMegabyte);
  harness().MustOpen();
  EXPECT_TRUE(absl::IsResourceExhausted(harness().store().NewSnapshot(kGroup).status()));
}

TEST_P(DurableStore, Snapshot_DiskFills_FailsTypedAndLeavesNothing) {
  harness().MustOpen();
  harness().disk().SetCapacity(kMegabyte);
  {
    auto writer = harness().store().NewSnapshot(kGroup);
    ASSERT_EQ(writer.status(), absl::OkStatus());
    const absl::Status status = (*writer)->Append(std::string(2 * kMegabyte, 'x'));
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    EXPECT_EQ((*writer)->Append("more"), status);
    EXPECT_EQ((*writer)->Finish().status(), status);
  }
  EXPECT_TRUE(harness().disk().FilesBelow("/store/snapshots").empty());
  // The log is none the worse for it.
  EXPECT_EQ(harness().Append(1, 3), absl::OkStatus());
}

TEST_P(DurableStore, Snapshot_SyncFails_IsNotStagedThoughTheDiskRecovers) {
  harness().MustOpen();
  {
    auto writer = harness().store().NewSnapshot(kGroup);
    ASSERT_EQ(writer.status(), absl::OkStatus());
    ASSERT_EQ((*writer)->Append("image"), absl::OkStatus());
    harness().disk().FailSync(1);
    const absl::Status status = (*writer)->Finish().status();
    EXPECT_FALSE(status.ok());
    EXPECT_EQ((*writer)->Finish().status(), status);
  }
  EXPECT_TRUE(harness().disk().FilesBelow("/store/snapshots").empty());
}

}  // namespace
}  // namespace synod::test
