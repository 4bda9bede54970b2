// What a start makes of damage where a later segment shows that all was synced, and of segments
// that are missing, misplaced, or do not belong together: it refuses them untouched (F2, F3).
#include <string>

#include "storage/wal/payload_format.h"
#include "tests/unit/storage/wal_damage.h"

namespace synod::test {
namespace {

TEST_F(WalOlderSegment, LastRecord_CutOrZeroed_IsDataLoss) {
  for (size_t size = 0; size < bytes_.size(); size += 5) {
    ExpectDataLoss(Entries(bytes_.substr(0, size)), "");
  }
  // At the end of a record nothing is wrong with the file itself.
  ExpectDataLoss(Entries(bytes_.substr(0, last_at_)), last_ + ", offset 0: it begins at position");
  ExpectDataLoss(Entries(Zeroed(bytes_, last_at_, 64)), file_);
}

TEST_F(WalOlderSegment, NewerOne_TornBeforeItsFirstSync_IsRemoved) {
  const std::string newer = saved_[last_];
  for (size_t size = 0; size < newer.size(); ++size) {
    Disk disk = saved_;
    disk[last_] = newer.substr(0, size);
    ASSERT_EQ(EntriesOn(disk).value(), 10U) << size;
    ASSERT_EQ(harness_.Counter("torn_tails_cut"), 1U);
    disk[last_] = std::string(size, '\0');
    ASSERT_EQ(EntriesOn(disk).value(), 10U) << size;
  }
  // What precedes it was synced before it was begun, torn as it may look.
  Disk disk = saved_;
  disk[last_] = "";
  disk[file_] = bytes_.substr(0, bytes_.size() - 1);
  ExpectDataLoss(EntriesOn(disk), file_);
}

TEST_F(WalOlderSegment, NewerOne_HeaderChanged_IsDataLoss) {
  for (size_t at = 0; at < saved_[last_].size(); ++at) {
    Disk disk = saved_;
    disk[last_] = Flipped(disk[last_], at);
    ExpectDataLoss(EntriesOn(disk), last_);
  }
}

TEST_F(WalOlderSegment, NewerOne_ZeroedThoughWritesFollowed_IsDataLoss) {
  harness_.Close();
  Restore(harness_.disk(), saved_);
  ASSERT_EQ(harness_.Open(), absl::OkStatus());
  ASSERT_EQ(harness_.Append(11, 11), absl::OkStatus());
  const std::string newest = harness_.LastSegment();
  const std::string bytes = harness_.disk().Contents(newest);
  harness_.Close();
  Disk disk = Save(harness_.disk());
  for (const size_t count : {size_t{64}, size_t{512}, bytes.size()}) {
    disk[newest] = Zeroed(bytes, 0, count);
    ExpectDataLoss(EntriesOn(disk), newest + ", offset 0");
  }
}

TEST_F(WalOlderSegment, Missing_IsDataLoss) {
  Disk disk = saved_;
  disk.erase(file_);
  ExpectDataLoss(EntriesOn(disk), "entry 1 of group 1");
  disk.erase(last_);
  ExpectDataLoss(EntriesOn(disk), "all of its segment files are missing");
}

TEST_F(WalOlderSegment, MissingBeforeATornTail_IsDataLossAndNothingIsCut) {
  harness_.Close();
  Restore(harness_.disk(), saved_);
  ASSERT_EQ(harness_.Open(), absl::OkStatus());
  ASSERT_EQ(harness_.Append(11, 11), absl::OkStatus());
  harness_.Close();
  Disk disk = Save(harness_.disk());
  std::string& newest = disk[harness_.Segments().back()];
  newest.pop_back();
  EXPECT_EQ(EntriesOn(disk).value(), 10U);
  disk.erase(file_);
  ExpectDataLoss(EntriesOn(disk), "entry 1 of group 1");
}

TEST_F(WalOlderSegment, MissingInTheMiddle_IsDataLoss) {
  harness_.Close();
  Restore(harness_.disk(), saved_);
  ASSERT_EQ(harness_.Open(), absl::OkStatus());
  harness_.Close();
  Disk disk = Save(harness_.disk());
  disk.erase(last_);
  ExpectDataLoss(EntriesOn(disk), last_ + " is missing");
}

TEST_F(WalOlderSegment, UnderAnothersName_IsDataLoss) {
  Disk disk = saved_;
  disk[last_] = disk[file_];
  ExpectDataLoss(EntriesOn(disk), last_ + ", offset 0: its header is that of segment");
}

TEST_F(WalOlderSegment, NewerOne_WithAnotherState_IsDataLoss) {
  std::string record;
  wal::EncodeCheckpoint({.identity = {7, 2, Incarnation(99)}, .groups = {}}, record);
  Disk disk = saved_;
  disk[last_] =
      CraftSegment(saved_[last_], wal::RecordKind::kCheckpoint, record, Where::kInItsPlace);
  ExpectDataLoss(EntriesOn(disk), last_ + ", offset 64: its checkpoint is not the state");
  // The right one, but not as what it is; or a second time.
  const std::string right = CheckpointOf(saved_[last_]);
  disk[last_] = CraftSegment(saved_[last_], wal::RecordKind::kBatch, right, Where::kInItsPlace);
  ExpectDataLoss(EntriesOn(disk), "it does not begin with a checkpoint");
  disk[last_] = CraftSegment(saved_[last_], wal::RecordKind::kCheckpoint, right);
  ExpectDataLoss(EntriesOn(disk), "a checkpoint is not at the beginning of its segment");
}

TEST_F(WalRecovery, Oldest_WithTheCheckpointOfAnotherStore_IsDataLoss) {
  std::string record;
  wal::EncodeCheckpoint({.identity = {7, 2, Incarnation(98)}, .groups = {}}, record);
  ExpectDataLoss(
      Entries(CraftSegment(bytes_, wal::RecordKind::kCheckpoint, record, Where::kInItsPlace)),
      file_ + ", offset 64: its checkpoint is another store's");
}

TEST_F(WalOlderSegment, NewerOne_ThatDoesNotContinueIt_IsDataLoss) {
  Disk disk = saved_;
  disk[last_] =
      CraftSegment(saved_[last_], wal::RecordKind::kBatch, "", Where::kBehindTheCheckpoint,
                   [](wal::SegmentHeader& header) { ++header.position; });
  ExpectDataLoss(EntriesOn(disk), "it begins at position");
  disk[last_] =
      CraftSegment(saved_[last_], wal::RecordKind::kBatch, "", Where::kBehindTheCheckpoint,
                   [](wal::SegmentHeader& header) { ++header.link; });
  ExpectDataLoss(EntriesOn(disk), "chain");
  disk[last_] = CraftSegment(
      saved_[last_], wal::RecordKind::kBatch, "", Where::kBehindTheCheckpoint,
      [](wal::SegmentHeader& header) { header.identity.incarnation = Incarnation(98); });
  ExpectDataLoss(EntriesOn(disk), "another store");
}

TEST_F(WalOlderSegment, Record_ThatDoesNotFitTheState_IsDataLoss) {
  const std::string original = saved_[last_];
  const auto expect = [&](const GroupWrite& write, const std::string& why) {
    std::string record;
    wal::EncodeBatchHeader(1, record);
    wal::EncodeGroupWrite(write, record);
    Disk disk = saved_;
    disk[last_] = CraftSegment(original, wal::RecordKind::kBatch, record);
    ExpectDataLoss(EntriesOn(disk), why);
  };
  GroupWrite write{.group = kGroup, .persist = {}};
  write.persist.entries = MakeEntries(12, 12, 1);
  expect(write, "the entries do not continue the log");
  write.group = 17;
  expect(write, "group 17");
  std::string record;
  wal::EncodeBootstrap({.identity = {7, 2, Incarnation(99)}, .group = kGroup, .initial = {}},
                       record);
  Disk disk = saved_;
  disk[last_] = CraftSegment(original, wal::RecordKind::kBootstrap, record);
  ExpectDataLoss(EntriesOn(disk), "created twice");
  record.clear();
  wal::EncodeBootstrap({.identity = {7, 2, Incarnation(98)}, .group = 3, .initial = {}}, record);
  disk[last_] = CraftSegment(original, wal::RecordKind::kBootstrap, record);
  ExpectDataLoss(EntriesOn(disk), "a group was created for another store");
}

TEST_F(WalOlderSegment, Record_OfAKindThatIsNotKnown_IsRefusedAsNewer) {
  Disk disk = saved_;
  disk[last_] = CraftSegment(disk[last_], static_cast<wal::RecordKind>(9), "new");
  const absl::Status status = EntriesOn(disk).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
}

TEST_F(WalOlderSegment, Entry_OfAKindThatIsNotKnown_IsRefusedAsNewer) {
  const auto with_last = [&](EntryKind kind) {
    GroupWrite write{.group = kGroup, .persist = {}};
    write.persist.truncate_from = Index(10);
    write.persist.entries = {expected_.back()};
    write.persist.entries[0].kind = kind;
    std::string record;
    wal::EncodeBatchHeader(1, record);
    wal::EncodeGroupWrite(write, record);
    Disk disk = saved_;
    disk[last_] = CraftSegment(saved_[last_], wal::RecordKind::kBatch, record);
    return EntriesOn(disk);
  };
  EXPECT_EQ(with_last(expected_.back().kind).value(), 10U);
  const absl::Status status = with_last(static_cast<EntryKind>(9)).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
}

}  // namespace
}  // namespace synod::test
