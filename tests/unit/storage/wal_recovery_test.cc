// What a start makes of a damaged last segment: a torn tail is cut, everything else is refused
// untouched (F1, F2, F3).
#include <string>
#include <vector>

#include "tests/unit/storage/wal_damage.h"

namespace synod::test {
namespace {

using ::testing::HasSubstr;

TEST_F(WalRecovery, Undamaged_IsFoundWhole) { EXPECT_EQ(Entries(bytes_).value(), 10U); }

TEST_F(WalRecovery, LastRecord_CutAtEveryByte_IsDropped) {
  for (size_t size = last_at_; size < bytes_.size(); ++size) {
    ASSERT_EQ(Entries(bytes_.substr(0, size)).value(), 9U) << size;
    ASSERT_EQ(harness_.Counter("torn_tails_cut"), size == last_at_ ? 0U : 1U) << size;
    // Cut on the disk as well, and a base to go on from.
    ASSERT_EQ(harness_.disk().Contents(file_).size(), last_at_);
    ASSERT_EQ(harness_.Append(10, 10), absl::OkStatus());
  }
  EXPECT_THAT(harness_.log(), HasSubstr("torn tail"));
}

TEST_F(WalRecovery, LastRecord_AnySectorZero_IsDropped) {
  for (size_t sector = last_at_ / 512 * 512; sector < bytes_.size(); sector += 512) {
    const size_t from = std::max(sector, last_at_);
    EXPECT_EQ(Entries(Zeroed(bytes_, from, sector + 512 - from)).value(), 9U) << sector;
  }
  EXPECT_EQ(Entries(Zeroed(bytes_, last_at_, bytes_.size())).value(), 9U);
}

TEST_F(WalRecovery, LastRecord_WholeWithAnyByteChanged_IsDataLoss) {
  for (size_t at = last_at_; at < bytes_.size(); ++at) {
    ExpectDataLoss(Entries(Flipped(bytes_, at)), file_ + ", offset " + std::to_string(last_at_));
  }
}

TEST_F(WalRecovery, OlderRecord_AnyByteChanged_IsDataLoss) {
  for (size_t at = 0; at < last_at_; ++at) ExpectDataLoss(Entries(Flipped(bytes_, at)), file_);
}

TEST_F(WalRecovery, OlderRecord_ZeroedLikeATornOne_IsDataLoss) {
  for (const size_t start : starts_) {
    if (start == last_at_) continue;
    ExpectDataLoss(Entries(Zeroed(bytes_, start, 64)),
                   "offset " + std::to_string(start) + ": a record");
  }
  ExpectDataLoss(Entries(Zeroed(bytes_, 0, 512)), file_);
}

TEST_F(WalRecovery, Record_OverAnotherOfItsSize_IsDataLoss) {
  const size_t size = starts_[4] - starts_[3];
  std::string bytes = bytes_;
  bytes.replace(starts_[6], size, bytes_, starts_[3], size);
  ExpectDataLoss(Entries(bytes), "offset " + std::to_string(starts_[6]));
}

TEST_F(WalRecovery, Record_ReplacedByAValidOneOfAnotherHistory_IsDataLoss) {
  // As if a write had been lost where an older one had been before: right in itself, at its
  // position, and of this store.
  WalHarness other;
  const std::string mine = bytes_;
  const std::vector<size_t> starts = starts_;
  const Disk saved = saved_;
  Fill(other, '!');
  std::string bytes = mine;
  bytes.replace(starts[1], starts[2] - starts[1], bytes_, starts[1], starts[2] - starts[1]);
  ASSERT_NE(bytes, mine);
  saved_ = saved;
  ExpectDataLoss(Entries(bytes), "offset " + std::to_string(starts[2]));
}

TEST_F(WalRecovery, File_LongerByAnything_IsRefusedUnlessItIsZero) {
  EXPECT_EQ(Entries(bytes_ + std::string(700, '\0')).value(), 10U);
  ExpectDataLoss(Entries(bytes_ + std::string(700, 'x')), "offset");
}

TEST_F(WalRecovery, VeryFirstSegment_MissingThoughTheStoreWasMade_IsDataLoss) {
  WalHarness harness;
  harness.MustOpen({});
  harness.Close();
  harness.disk().Restart(Lost::kAll, 1);
  harness.disk().Delete(harness.Segments().at(0));
  EXPECT_TRUE(absl::IsDataLoss(harness.Open()));
}

TEST_F(WalRecovery, VeryFirstSegment_TornThoughTheStoreWasMade_IsDataLoss) {
  WalHarness harness;
  harness.MustOpen({});
  harness.Close();
  ASSERT_EQ(harness.Segments().size(), 1U);
  const std::string first = harness.Segments()[0];
  const std::string bytes = harness.disk().Contents(first);
  for (size_t size = 0; size < bytes.size(); ++size) {
    harness.disk().SetContents(first, bytes.substr(0, size));
    EXPECT_TRUE(absl::IsDataLoss(harness.Open())) << size;
  }
  harness.disk().SetContents(first, bytes);
  EXPECT_EQ(harness.Open(), absl::OkStatus());
}

TEST_F(WalRecovery, Tail_OfAKilledProcess_IsDurableOnceItIsFound) {
  WalHarness harness;
  harness.MustOpen();
  ASSERT_EQ(harness.Append(1, 3), absl::OkStatus());
  harness.disk().SetSyncsLie(/*files=*/true, /*directories=*/false);
  ASSERT_EQ(harness.Append(4, 4), absl::OkStatus());
  harness.Close();
  harness.disk().Restart(Lost::kNothing, 1);
  harness.MustOpen();
  EXPECT_EQ(harness.store().Load(kGroup)->entries.size(), 4U);
  harness.Close();
  harness.disk().Restart(Lost::kAll, 1);
  harness.MustOpen();
  EXPECT_EQ(harness.store().Load(kGroup)->entries.size(), 4U);
}

TEST_F(WalRecovery, EntryChangedWhileOpen_IsFoundByLoad) {
  EXPECT_EQ(Entries(bytes_).value(), 10U);
  for (const size_t at : {starts_[3] + 60, starts_[9] + 1000}) {
    harness_.disk().SetContents(file_, Flipped(bytes_, at));
    const absl::Status status = harness_.store().Load(kGroup).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("group 1, entry "));
    EXPECT_THAT(std::string(status.message()), HasSubstr(file_ + ", offset "));
  }
  EXPECT_EQ(harness_.Counter("damaged_loads"), 2U);
}

TEST_F(WalRecovery, Snapshot_OfAnotherTermThanItsEntry_IsFoundByLoad) {
  ASSERT_EQ(Entries(bytes_).value(), 10U);
  Persist persist;
  persist.snapshot = StageSnapshot(harness_.store(), kGroup, Index(5), Term(7), "image").value();
  ASSERT_EQ(harness_.Write(persist), absl::OkStatus());
  EXPECT_TRUE(absl::IsDataLoss(harness_.store().Load(kGroup).status()));
}

TEST_F(WalRecovery, SnapshotFile_MissingCutOrChanged_IsFoundByLoad) {
  ASSERT_EQ(Entries(bytes_).value(), 10U);
  ASSERT_EQ(harness_.Compact(5), absl::OkStatus());
  const std::string path = harness_.disk().FilesBelow("/store/snapshots").at(0);
  const auto load = [&] { return harness_.store().Load(kGroup).status(); };
  EXPECT_EQ(load(), absl::OkStatus());
  harness_.disk().SetContents(path, "imagf");
  EXPECT_TRUE(absl::IsDataLoss(load()));
  harness_.disk().SetContents(path, "imag");
  EXPECT_TRUE(absl::IsDataLoss(load()));
  EXPECT_TRUE(absl::IsDataLoss(harness_.store().OpenSnapshot(kGroup).status()));
  harness_.disk().Delete(path);
  EXPECT_TRUE(absl::IsDataLoss(load()));
}

}  // namespace
}  // namespace synod::test
