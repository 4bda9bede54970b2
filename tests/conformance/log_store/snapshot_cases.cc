// Conformance: snapshots from their first byte to their replacement, and compaction behind them.
#include <utility>

#include <gmock/gmock.h>

#include "synod/base/crc32c.h"

#include "tests/conformance/log_store/suite.h"

namespace synod::test {
namespace {

using ::testing::IsEmpty;

std::string LargeImage(char fill) {
  std::string image(1'500'000, fill);
  for (size_t i = 0; i < image.size(); i += 97) image[i] = static_cast<char>(i);
  return image;
}

TEST_P(LogStoreConformance, Snapshot_Installed_IsReadBack) {
  Bootstrap();
  const std::string image = LargeImage('a');
  Persist persist = Append(MakeEntries(1, 10, 1));
  persist.snapshot = Stage(kGroup, Index(8), Term(1), image, /*resets_log=*/true);
  const SnapshotMeta meta = persist.snapshot->meta;
  persist.entries = MakeEntries(9, 10, 1);
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(MustLoad(kGroup).snapshot, meta);
    const auto opened = store().OpenSnapshot(kGroup);
    ASSERT_EQ(opened.status(), absl::OkStatus());
    EXPECT_EQ(opened->meta, meta);
    EXPECT_EQ(ReadAll(*opened->image).value(), image);
    Reopen();
  }
  ExpectEntries(kGroup, MakeEntries(9, 10, 1));
}

TEST_P(LogStoreConformance, Snapshot_WithoutAnyBytes_IsReadBack) {
  Bootstrap();
  Persist persist;
  persist.snapshot = Stage(kGroup, Index(3), Term(1), "", /*resets_log=*/true);
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  Reopen();
  EXPECT_EQ(ReadSnapshot(kGroup).value(), "");
}

TEST_P(LogStoreConformance, Snapshot_StagedOnly_IsNotTheGroups) {
  Bootstrap();
  Stage(kGroup, Index(3), Term(1), "image");
  EXPECT_TRUE(absl::IsNotFound(store().OpenSnapshot(kGroup).status()));
  Reopen();
  EXPECT_TRUE(absl::IsNotFound(store().OpenSnapshot(kGroup).status()));
  EXPECT_EQ(MustLoad(kGroup).snapshot, SnapshotMeta());
}

TEST_P(LogStoreConformance, Snapshot_Discarded_CannotBeInstalled) {
  Bootstrap();
  Persist persist;
  persist.snapshot = Stage(kGroup, Index(3), Term(1), "image", /*resets_log=*/true);
  store().DiscardStaged(kGroup, persist.snapshot->staged);
  EXPECT_TRUE(absl::IsInvalidArgument(Write(kGroup, persist)));
  Reopen();
  EXPECT_EQ(MustLoad(kGroup).snapshot, SnapshotMeta());
}

TEST_P(LogStoreConformance, Snapshot_OfAnotherGroup_IsNotInstalledNorDiscarded) {
  Bootstrap({kGroup, kOtherGroup});
  Persist persist;
  persist.snapshot = Stage(kOtherGroup, Index(3), Term(1), "image", /*resets_log=*/true);
  store().DiscardStaged(kGroup, persist.snapshot->staged);
  ASSERT_EQ(Write(kOtherGroup, persist), absl::OkStatus());
  persist.snapshot = Stage(kOtherGroup, Index(4), Term(1), "image", /*resets_log=*/true);
  EXPECT_TRUE(absl::IsInvalidArgument(Write(kGroup, persist)));
}

TEST_P(LogStoreConformance, Snapshot_MetaOfAnotherImage_IsRefused) {
  Bootstrap();
  Persist persist;
  persist.snapshot = Stage(kGroup, Index(3), Term(1), "image", /*resets_log=*/true);
  persist.snapshot->meta.checksum ^= 1;
  EXPECT_TRUE(absl::IsInvalidArgument(Write(kGroup, persist)));
}

TEST_P(LogStoreConformance, Snapshot_DroppedUnfinished_LeavesNothing) {
  Bootstrap();
  {
    auto writer = store().NewSnapshot(kGroup);
    ASSERT_EQ(writer.status(), absl::OkStatus());
    ASSERT_EQ((*writer)->Append(LargeImage('u')), absl::OkStatus());
  }
  Reopen();
  EXPECT_TRUE(absl::IsNotFound(store().OpenSnapshot(kGroup).status()));
}

TEST_P(LogStoreConformance, Snapshot_ReplacedWhileRead_IsReadableToItsEnd) {
  Bootstrap();
  const std::string old_image = LargeImage('o');
  Persist persist = Append(MakeEntries(1, 10, 1));
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  persist = Persist();
  persist.snapshot = Stage(kGroup, Index(5), Term(1), old_image);
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());

  auto opened = store().OpenSnapshot(kGroup);
  ASSERT_EQ(opened.status(), absl::OkStatus());
  std::string begin(1000, '\0');
  ASSERT_EQ(opened->image->Read(begin).value(), begin.size());

  persist.snapshot = Stage(kGroup, Index(9), Term(1), "new");
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  EXPECT_EQ(begin + ReadAll(*opened->image).value(), old_image);
  EXPECT_EQ(ReadSnapshot(kGroup).value(), "new");
  Reopen();
  EXPECT_EQ(ReadSnapshot(kGroup).value(), "new");
}

TEST_P(LogStoreConformance, Snapshot_TwoWrittenAtOnce_AreSeparate) {
  Bootstrap();
  auto first = store().NewSnapshot(kGroup);
  auto second = store().NewSnapshot(kGroup);
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_EQ((*first)->Append("fir"), absl::OkStatus());
  ASSERT_EQ((*second)->Append("second"), absl::OkStatus());
  ASSERT_EQ((*first)->Append("st"), absl::OkStatus());
  ASSERT_EQ((*second)->Finish().status(), absl::OkStatus());
  const auto staged = (*first)->Finish();
  ASSERT_EQ(staged.status(), absl::OkStatus());
  Persist persist;
  persist.snapshot = InstallStaged{.staged = *staged,
                                   .meta = {.index = Index(2),
                                            .term = Term(1),
                                            .configuration = kMembers,
                                            .size = 5,
                                            .checksum = Crc32c(0, "first")},
                                   .resets_log = true};
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  Reopen();
  EXPECT_EQ(ReadSnapshot(kGroup).value(), "first");
}

TEST_P(LogStoreConformance, Snapshot_Damaged_IsDataLossAtTheLatestAtItsEnd) {
  Bootstrap();
  Persist persist;
  persist.snapshot = Stage(kGroup, Index(3), Term(1), LargeImage('d'), /*resets_log=*/true);
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  if (!fixture().DamageSnapshot(kGroup)) return;  // Memory has no disk to damage.
  EXPECT_TRUE(absl::IsDataLoss(ReadSnapshot(kGroup).status()));
}

TEST_P(LogStoreConformance, Install_ResettingTheLog_ReplacesItInOneStep) {
  Bootstrap();
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(1, 500, 1))), absl::OkStatus());
  Persist persist;
  persist.hard_state = HardState{.term = Term(3), .vote = NodeId(), .peers = {}};
  persist.snapshot = Stage(kGroup, Index(300), Term(2), "from a peer", /*resets_log=*/true);
  persist.entries = MakeEntries(301, 302, 3);
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  ExpectEntries(kGroup, MakeEntries(301, 302, 3));
  EXPECT_EQ(MustLoad(kGroup).hard_state.term, Term(3));
  // What was reset does not come back, nor is it in the way of what follows.
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(303, 600, 3))), absl::OkStatus());
  ExpectEntries(kGroup, MakeEntries(301, 600, 3));
}

TEST_P(LogStoreConformance, Install_BeyondTheLog_StartsThere) {
  Bootstrap();
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(1, 3, 1))), absl::OkStatus());
  Persist persist;
  persist.snapshot = Stage(kGroup, Index(1000), Term(2), "image", /*resets_log=*/true);
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  ExpectEntries(kGroup, {});
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(1001, 1002, 2))), absl::OkStatus());
  ExpectEntries(kGroup, MakeEntries(1001, 1002, 2));
}

TEST_P(LogStoreConformance, Install_OutsideOfTheLogWithoutReset_IsRefused) {
  Bootstrap();
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(1, 3, 1))), absl::OkStatus());
  Persist persist;
  persist.snapshot = Stage(kGroup, Index(4), Term(1), "image");
  EXPECT_TRUE(absl::IsInvalidArgument(Write(kGroup, persist)));
}

TEST_P(LogStoreConformance, Compaction_BehindASnapshot_KeepsWhatTrails) {
  Bootstrap();
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(1, 2000, 1))), absl::OkStatus());
  Persist persist;
  persist.snapshot = Stage(kGroup, Index(1900), Term(1), "image");
  persist.compact_to = Index(1500);
  persist.entries = MakeEntries(2001, 2001, 1);
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  ExpectEntries(kGroup, MakeEntries(1501, 2001, 1));
  persist = Persist();
  persist.compact_to = Index(1510);
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  ExpectEntries(kGroup, MakeEntries(1511, 2001, 1));
}

TEST_P(LogStoreConformance, Compaction_OfAllEntries_LeavesAPlaceToGoOnFrom) {
  Bootstrap();
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(1, 10, 1))), absl::OkStatus());
  Persist persist;
  persist.snapshot = Stage(kGroup, Index(10), Term(1), "image");
  persist.compact_to = Index(10);
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  ExpectEntries(kGroup, {});
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(11, 12, 1))), absl::OkStatus());
  ExpectEntries(kGroup, MakeEntries(11, 12, 1));
}

TEST_P(LogStoreConformance, Compaction_DoneBefore_ChangesNothing) {
  Bootstrap();
  Persist persist;
  persist.snapshot = Stage(kGroup, Index(10), Term(1), "image", /*resets_log=*/true);
  persist.entries = MakeEntries(11, 12, 1);
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  persist = Persist();
  persist.compact_to = Index(4);
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  ExpectEntries(kGroup, MakeEntries(11, 12, 1));
}

TEST_P(LogStoreConformance, Compaction_BeyondTheSnapshot_IsRefused) {
  Bootstrap();
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(1, 10, 1))), absl::OkStatus());
  Persist persist;
  persist.compact_to = Index(1);
  EXPECT_TRUE(absl::IsInvalidArgument(Write(kGroup, persist)));
  ExpectEntries(kGroup, MakeEntries(1, 10, 1));
}

// The log of such a group is one of accepts: its indexes are no snapshot's (LogCountsAsSnapshots).
TEST_P(LogStoreConformance, LogOfAccepts_GoesAsFarAsItIsTold) {
  Configuration members = kMembers;
  members.protocol = Protocol::kMultiPaxos;
  members.alpha = 100;
  ASSERT_EQ(store().Bootstrap(kIdentity, kGroup, members), absl::OkStatus());
  ASSERT_TRUE(store().Load(kGroup).ok());
  const auto accepts = [](uint64_t first, uint64_t last) {
    std::vector<Entry> entries = MakeEntries(first, last, 1);
    entries.front().kind = EntryKind::kMark;
    return entries;
  };
  ASSERT_EQ(Write(kGroup, Append(accepts(1, 20))), absl::OkStatus());
  // Two slots were accepted again and again: the snapshot ends before what may go, ...
  Persist persist;
  persist.snapshot = Stage(kGroup, Index(2), Term(1), "image");
  persist.compact_to = Index(15);
  persist.entries = MakeEntries(21, 21, 1);
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  ExpectEntries(kGroup, MakeEntries(16, 21, 1));
  // ... or behind all that there is, when others have sent it.
  persist = Persist();
  persist.snapshot = Stage(kGroup, Index(1000), Term(3), "another");
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  ExpectEntries(kGroup, MakeEntries(16, 21, 1));
  EXPECT_EQ(MustLoad(kGroup).snapshot.index, Index(1000));
  EXPECT_EQ(MustLoad(kGroup).initial_configuration, members);
  persist = Persist();
  persist.compact_to = Index(22);
  EXPECT_TRUE(absl::IsInvalidArgument(Write(kGroup, persist))) << "What is not there cannot go.";
}

TEST_P(LogStoreConformance, Truncation_OfWhatASnapshotCovers_IsRefused) {
  Bootstrap();
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(1, 10, 1))), absl::OkStatus());
  Persist persist;
  persist.snapshot = Stage(kGroup, Index(5), Term(1), "image");
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  persist = Persist();
  persist.truncate_from = Index(5);
  EXPECT_TRUE(absl::IsInvalidArgument(Write(kGroup, persist)));
  ExpectEntries(kGroup, MakeEntries(1, 10, 1));
}

}  // namespace
}  // namespace synod::test
