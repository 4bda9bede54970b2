// Which segments there are, when they go, and what outlives them.
#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/storage/wal_harness.h"

namespace synod::test {
namespace {

WalHarness& Small(WalHarness& harness) {
  harness.options().segment_bytes = 4096;
  return harness;
}

// One write each, so that segments fill up.
void AppendEach(WalHarness& harness, uint64_t first, uint64_t last, GroupId group = kGroup) {
  for (uint64_t index = first; index <= last; ++index) {
    Persist persist;
    persist.entries = MakeEntries(index, index, 1, 500);
    ASSERT_EQ(harness.Write(persist, group), absl::OkStatus());
  }
}

TEST(WalSegments, Compaction_OfAllInThem_RemovesThem) {
  WalHarness harness;
  Small(harness).MustOpen();
  Persist vote;
  vote.hard_state = HardState{.term = Term(9), .vote = 3, .peers = {{1, Incarnation(4)}}};
  ASSERT_EQ(harness.Write(vote), absl::OkStatus());
  AppendEach(harness, 1, 100);
  const size_t before = harness.Segments().size();
  EXPECT_GT(before, 10U);
  ASSERT_EQ(harness.Compact(95), absl::OkStatus());
  ASSERT_EQ(harness.Append(101, 101), absl::OkStatus());
  EXPECT_LE(harness.Segments().size(), 3U);
  EXPECT_GE(harness.Counter("segments_removed"), before - 3);
  // What was only in those that are gone was carried forward.
  harness.Close();
  harness.MustOpen();
  const auto state = harness.store().Load(kGroup);
  ASSERT_EQ(state.status(), absl::OkStatus());
  EXPECT_EQ(state->initial_configuration, Configuration::Of({1, 2, 3}));
  EXPECT_EQ(state->hard_state, *vote.hard_state);
  EXPECT_EQ(state->snapshot.index, Index(95));
  ASSERT_EQ(state->entries.size(), 6U);
  EXPECT_EQ(state->entries[0].index, Index(96));
  EXPECT_EQ(harness.store().Identity()->incarnation, Incarnation(99));
}

TEST(WalSegments, EntriesOfAnotherGroup_KeepThem) {
  WalHarness harness;
  Small(harness).MustOpen({kGroup, kOtherGroup});
  AppendEach(harness, 1, 1, kOtherGroup);
  AppendEach(harness, 1, 50);
  const size_t before = harness.Segments().size();
  ASSERT_EQ(harness.Compact(50), absl::OkStatus());
  AppendEach(harness, 51, 51);
  EXPECT_GE(harness.Segments().size(), before);
  ASSERT_EQ(harness.Compact(1, kOtherGroup), absl::OkStatus());
  AppendEach(harness, 52, 52);
  EXPECT_LE(harness.Segments().size(), 3U);
}

TEST(WalSegments, Truncation_OfAllInThem_RemovesThem) {
  WalHarness harness;
  Small(harness).MustOpen();
  AppendEach(harness, 1, 50);
  Persist persist;
  persist.truncate_from = Index(1);
  persist.entries = MakeEntries(1, 2, 2);
  ASSERT_EQ(harness.Write(persist), absl::OkStatus());
  ASSERT_EQ(harness.Append(3, 3), absl::OkStatus());
  EXPECT_LE(harness.Segments().size(), 2U);
  harness.Close();
  harness.MustOpen();
  EXPECT_EQ(harness.store().Load(kGroup)->entries.size(), 3U);
}

TEST(WalSegments, Reopened_AgainAndAgain_DoNotPileUp) {
  WalHarness harness;
  harness.MustOpen();
  for (int i = 0; i < 20; ++i) {
    harness.Close();
    harness.MustOpen();
  }
  EXPECT_EQ(harness.Segments().size(), 1U);
}

TEST(WalSegments, Removal_Fails_IsFinalAndLeavesARun) {
  ManualExecutor executor;
  WalHarness harness;
  Small(harness).MustOpen();
  AppendEach(harness, 1, 50);
  harness.Close();
  harness.options().executor = &executor;
  harness.MustOpen();
  auto install = StageSnapshot(harness.store(), kGroup, Index(50), Term(1), "image");
  ASSERT_EQ(install.status(), absl::OkStatus());
  std::vector<GroupWrite> batch(1);
  batch[0].group = kGroup;
  batch[0].persist.snapshot = *install;
  batch[0].persist.compact_to = Index(50);
  absl::Status done = absl::UnknownError("never done");
  harness.store().Write(batch, [&](absl::Status status) {
    done = std::move(status);
    // The power goes when the first segment is removed.
    harness.disk().CutPowerAt(harness.disk().operations() + 1);
  });
  executor.RunAll();
  EXPECT_EQ(done, absl::OkStatus());
  harness.Close();
  harness.options().executor = nullptr;
  harness.disk().Restart(Lost::kAll, 1);
  harness.MustOpen();
  EXPECT_EQ(harness.store().Load(kGroup)->snapshot.index, Index(50));
}

TEST(WalSegments, Load_WhileOthersWriteAndCompact_FindsWhatIsThere) {
  WalHarness harness;
  Small(harness).MustOpen({kGroup, kOtherGroup});
  AppendEach(harness, 1, 30, kOtherGroup);
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) {
      for (const GroupId group : {kGroup, kOtherGroup}) {
        const auto state = harness.store().Load(group);
        EXPECT_EQ(state.status(), absl::OkStatus());
      }
    }
  });
  for (uint64_t index = 1; index <= 300; ++index) {
    AppendEach(harness, index, index);
    if (index % 20 == 0) {
      EXPECT_EQ(harness.Compact(index), absl::OkStatus());
    }
    if (index == 150) {
      EXPECT_EQ(harness.Compact(30, kOtherGroup), absl::OkStatus());
    }
  }
  stop = true;
  reader.join();
}

TEST(WalSegments, Write_WithAGapAmongItsEntries_IsRefused) {
  WalHarness harness;
  harness.MustOpen();
  Persist persist;
  persist.entries = MakeEntries(1, 3, 1);
  persist.entries.erase(persist.entries.begin() + 1);
  EXPECT_TRUE(absl::IsInvalidArgument(harness.Write(persist)));
}

TEST(WalSegments, Write_LargerThanARecordMayBe_IsRefused) {
  WalHarness harness;
  harness.MustOpen();
  Persist persist;
  persist.entries = MakeEntries(1, 129, 1);
  const Payload shared = Payload::Copy(std::string(16 * 1024 * 1024, 'x'));
  for (Entry& entry : persist.entries) entry.payload = shared;
  EXPECT_TRUE(absl::IsInvalidArgument(harness.Write(persist)));
}

TEST(WalSegments, Write_LargerThanASegment_IsFoundAgain) {
  WalHarness harness;
  Small(harness).MustOpen();
  Persist persist;
  persist.entries = MakeEntries(1, 3, 1, 100'000);
  ASSERT_EQ(harness.Write(persist), absl::OkStatus());
  ASSERT_EQ(harness.Append(4, 4), absl::OkStatus());
  harness.Close();
  harness.MustOpen();
  const auto state = harness.store().Load(kGroup);
  ASSERT_EQ(state.status(), absl::OkStatus());
  EXPECT_EQ(state->entries.size(), 4U);
  EXPECT_EQ(state->entries[2], persist.entries[2]);
}

TEST(WalSegments, Payload_ThatLooksLikeARecord_IsOnlyAPayload) {
  // Records of this very log as payloads, and the last of them torn.
  WalHarness harness;
  harness.MustOpen();
  AppendEach(harness, 1, 5);
  const std::string file = harness.LastSegment();
  Persist persist;
  persist.entries = MakeEntries(6, 6, 1);
  persist.entries[0].payload = Payload::Copy(harness.disk().Contents(file));
  ASSERT_EQ(harness.Write(persist), absl::OkStatus());
  harness.Close();
  const std::string bytes = harness.disk().Contents(file);
  harness.disk().SetContents(file, bytes.substr(0, bytes.size() - 1));
  harness.MustOpen();
  EXPECT_EQ(harness.store().Load(kGroup)->entries.size(), 5U);
}

}  // namespace
}  // namespace synod::test
