// Zeros in what is written: no write leaves a sector of RocksDB's write-ahead log all zero, and so
// one that was acknowledged and then damaged is not taken for one that was torn (F1, F2).
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "synod/base/rng.h"

#include "storage/rocksdb/format.h"
#include "storage/rocksdb/log_check.h"
#include "tests/unit/storage/rocksdb_harness.h"

namespace synod::test {
namespace {

using rocksdb::EndOfLog;

size_t SectorBehind(size_t position) { return (position / kSectorBytes + 1) * kSectorBytes; }

std::string Zeros(size_t count) { return std::string(count, '\0'); }

// What is hard to write without a sector of zeros: long runs of them, what looks as if it were
// stuffed already, and whatever is between.
std::string MakePayload(Rng& rng) {
  std::string payload;
  const uint64_t parts = rng.Below(6);
  for (uint64_t part = 0; part < parts; ++part) {
    switch (rng.Below(4)) {
      case 0:
        payload += Zeros(rng.Below(2000));
        break;
      case 1:
        for (uint64_t i = rng.Below(10); i > 0; --i) payload += rocksdb::Stuff(Zeros(128));
        break;
      case 2:
        payload.append(rng.Below(300), '\xff');
        break;
      default:
        for (uint64_t i = rng.Below(300); i > 0; --i) payload += static_cast<char>(rng.Next());
    }
  }
  return payload;
}

std::vector<Entry> MakeEntriesOf(const std::vector<std::string>& payloads) {
  std::vector<Entry> entries;
  entries.reserve(payloads.size());
  for (const std::string& payload : payloads) {
    entries.push_back({.index = Index(2 + entries.size()),
                       .term = Term(1),
                       .kind = EntryKind::kCommand,
                       .payload = Payload::Copy(payload)});
  }
  return entries;
}

Persist MakePersist(const std::vector<std::string>& payloads) {
  Persist persist;
  persist.hard_state = HardState{.term = Term(1), .vote = 2, .peers = {}};
  persist.entries = MakeEntriesOf(payloads);
  return persist;
}

// A store whose last write, behind an entry of `bytes_before`, is a vote and these payloads'
// entries, all of them acknowledged.
class LastWrite {
 public:
  explicit LastWrite(const std::vector<std::string>& payloads, size_t bytes_before = 20) {
    harness_.MustOpen();
    Persist before;
    before.entries = MakeEntries(1, 1, 1, bytes_before);
    EXPECT_EQ(harness_.Write(before), absl::OkStatus());
    file_ = NewestLog(harness_.disk());
    begin_ = WrittenIn(harness_.disk(), file_);
    EXPECT_EQ(harness_.Write(MakePersist(payloads)), absl::OkStatus());
    end_ = WrittenIn(harness_.disk(), file_);
    // Once it was closed, no zeros would be behind it.
    harness_.disk().CutPowerAt(harness_.disk().operations() + 1);
    harness_.Close();
    harness_.disk().Restart(Lost::kAll, 1);
  }

  // The log, with a few of the zeros behind it.
  [[nodiscard]] std::string Log() const {
    return harness_.disk().Contents(file_).substr(0, end_ + 2 * kSectorBytes);
  }
  // Where the write begins in it, and where it ends.
  [[nodiscard]] size_t begin() const { return begin_; }
  [[nodiscard]] size_t end() const { return end_; }

  absl::StatusOr<std::vector<Entry>> Entries() {
    absl::Status status = harness_.Open();
    if (!status.ok()) return status;
    auto state = harness_.store().Load(kGroup);
    harness_.Close();
    if (!state.ok()) return state.status();
    state->entries.erase(state->entries.begin());
    return std::move(state->entries);
  }
  absl::Status OpenWithFlipped(size_t offset) {
    harness_.disk().FlipBit(file_, offset);
    absl::Status status = harness_.Open();
    harness_.Close();
    harness_.disk().FlipBit(file_, offset);
    return status;
  }

 private:
  RocksdbHarness harness_;
  std::string file_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

TEST(RocksdbZeros, AcknowledgedWriteOfZeros_ABitFlipped_RefusesToOpen) {
  LastWrite last({Zeros(2048)});
  for (size_t offset = last.begin(); offset < last.end(); offset += 1 + offset % 7) {
    const absl::Status status = last.OpenWithFlipped(offset);
    ASSERT_TRUE(absl::IsDataLoss(status)) << offset - last.begin() << ": " << status;
  }
}

TEST(RocksdbZeros, LastSectorOfAnAcknowledgedWriteEndsInZeros_ABitFlipped_RefusesToOpen) {
  // One of them ends a few bytes behind the beginning of a sector.
  for (size_t size = kSectorBytes; size < 2 * kSectorBytes; size += 16) {
    LastWrite last({std::string(size, '.') + Zeros(40)});
    const absl::Status status = last.OpenWithFlipped(last.begin() + 100);
    ASSERT_TRUE(absl::IsDataLoss(status)) << size << ": " << status;
  }
}

// Whatever is written: no sector is left zero, nor a write's part of one; each that is lost is
// seen, no flipped bit is taken for that, and what is read is what was written.
TEST(RocksdbZeros, AnyPayload_LeavesNoSectorZeroAndIsReadAgain) {
  Rng rng(1);
  for (int round = 0; round < 150; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    std::vector<std::string> payloads(1 + rng.Below(4));
    for (std::string& payload : payloads) payload = MakePayload(rng);
    LastWrite last(payloads, rng.Chance(1, 2) ? rng.Below(1000) : 30'000 + rng.Below(2500));
    const std::string log = last.Log();
    ASSERT_EQ(EndOfLog(log).value(), last.end());

    for (size_t at = 0; at < last.end(); at = SectorBehind(at)) {
      const std::string_view sector = std::string_view(log).substr(at, kSectorBytes);
      ASSERT_NE(sector.find_first_not_of('\0'), sector.npos) << "byte " << at;
    }
    for (size_t at = last.begin(); at < last.end(); at = SectorBehind(at)) {
      std::string torn = log;
      const size_t end = std::min(SectorBehind(at), last.end());
      std::fill(torn.begin() + static_cast<ptrdiff_t>(at),
                torn.begin() + static_cast<ptrdiff_t>(end), '\0');
      ASSERT_EQ(EndOfLog(torn).value(), last.begin()) << "byte " << at;
    }
    for (int flip = 0; flip < 200; ++flip) {
      std::string damaged = log;
      const size_t at = last.begin() + rng.Below(last.end() - last.begin());
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << rng.Below(8)));
      ASSERT_TRUE(absl::IsDataLoss(EndOfLog(damaged).status())) << "byte " << at;
    }
    ASSERT_EQ(last.Entries().value(), MakeEntriesOf(payloads));
  }
}

TEST(RocksdbZeros, UnsyncedWriteOfZeros_SectorsLost_IsCut) {
  uint64_t cut = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    RocksdbHarness harness;
    harness.MustOpen();
    ASSERT_EQ(harness.Append(1, 1), absl::OkStatus());
    harness.disk().CutPowerAt(harness.disk().operations() + 2);  // The sync.
    ASSERT_NE(harness.Write(MakePersist({Zeros(3000)})), absl::OkStatus());
    harness.Close();
    harness.disk().Restart(Lost::kSectors, seed);
    ASSERT_EQ(harness.Open(), absl::OkStatus()) << "seed " << seed;
    cut += harness.Counter("torn_tails_cut");
  }
  EXPECT_GT(cut, 90U);
}

TEST(RocksdbZeros, OrdinaryPayload_IsNotStuffed) {
  EXPECT_FALSE(rocksdb::NeedsStuffing(""));
  EXPECT_FALSE(rocksdb::NeedsStuffing(Zeros(127)));
  EXPECT_FALSE(rocksdb::NeedsStuffing("x" + Zeros(254) + "x"));
  for (size_t before = 0; before < 300; ++before) {
    EXPECT_TRUE(rocksdb::NeedsStuffing(std::string(before, 'x') + Zeros(255))) << before;
  }
}

}  // namespace
}  // namespace synod::test
