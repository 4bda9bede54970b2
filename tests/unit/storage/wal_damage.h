// Write-ahead logs on disks that are damaged in a known way, and what a start makes of them.
#ifndef SYNOD_TESTS_UNIT_STORAGE_WAL_DAMAGE_H_
#define SYNOD_TESTS_UNIT_STORAGE_WAL_DAMAGE_H_

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/wal/format.h"
#include "tests/unit/storage/wal_harness.h"

namespace synod::test {

using Disk = std::map<std::string, std::string>;  // Contents by path.

inline Disk Save(const FaultyDisk& disk) {
  Disk saved;
  for (const std::string& path : disk.FilesBelow("/store")) saved[path] = disk.Contents(path);
  return saved;
}

inline void Restore(FaultyDisk& disk, const Disk& saved) {
  for (const std::string& path : disk.FilesBelow("/store")) disk.Delete(path);
  for (const auto& [path, bytes] : saved) disk.SetContents(path, bytes);
}

inline std::string Flipped(std::string bytes, size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
  return bytes;
}

inline std::string Zeroed(std::string bytes, size_t at, size_t count) {
  count = std::min(count, bytes.size() - at);
  bytes.replace(at, count, count, '\0');
  return bytes;
}

// A closed store whose log is in one segment: 10 writes of one entry each, the last of several
// sectors.
class WalRecovery : public ::testing::Test {
 protected:
  WalRecovery() { Fill(harness_, '.'); }

  // `fill`: what the second write differs in.
  void Fill(WalHarness& harness, char fill) {
    harness.MustOpen();
    for (uint64_t index = 1; index <= 10; ++index) {
      file_ = harness.LastSegment();
      last_at_ = harness.disk().Contents(file_).size();
      starts_.push_back(last_at_);
      Persist persist;
      persist.entries = MakeEntries(index, index, 1, index == 10 ? 2000 : 40);
      if (index == 2) persist.entries[0].payload = Payload::Copy(std::string(40, fill));
      EXPECT_EQ(harness.Write(persist), absl::OkStatus());
    }
    expected_ = harness.store().Load(kGroup)->entries;
    harness.Close();
    saved_ = Save(harness.disk());
    bytes_ = saved_[file_];
  }

  // How many entries a start finds when the segment is `bytes`.
  absl::StatusOr<size_t> Entries(std::string bytes) {
    Disk disk = saved_;
    disk[file_] = std::move(bytes);
    return EntriesOn(disk);
  }
  absl::StatusOr<size_t> EntriesOn(const Disk& disk) {
    harness_.Close();
    Restore(harness_.disk(), disk);
    absl::Status status = harness_.Open();
    if (!status.ok()) {
      // Whatever is refused stays as it was, but for the lock.
      EXPECT_EQ(Save(harness_.disk()), disk);
      return status;
    }
    const auto state = harness_.store().Load(kGroup);
    if (!state.ok()) return state.status();
    EXPECT_TRUE(std::equal(state->entries.begin(), state->entries.end(), expected_.begin()));
    return state->entries.size();
  }

  void ExpectDataLoss(const absl::StatusOr<size_t>& found, const std::string& where) {
    EXPECT_TRUE(absl::IsDataLoss(found.status())) << where << ": " << found.status();
    const std::string message(found.status().message());
    EXPECT_THAT(message, ::testing::HasSubstr(where));
    EXPECT_THAT(message, ::testing::HasSubstr("Nothing was repaired"));
  }

  WalHarness harness_;
  std::string file_;
  std::string bytes_;
  size_t last_at_ = 0;  // Where the last record begins.
  std::vector<size_t> starts_;
  std::vector<Entry> expected_;
  Disk saved_;
};

// As above, but a later segment is there: all was synced.
class WalOlderSegment : public WalRecovery {
 protected:
  WalOlderSegment() {
    EXPECT_EQ(harness_.Open(), absl::OkStatus());
    harness_.Close();
    saved_ = Save(harness_.disk());
    last_ = harness_.Segments().back();
    EXPECT_NE(last_, file_);
  }
  std::string last_;
};

// The payload of a segment's checkpoint.
inline std::string CheckpointOf(const std::string& segment) {
  const auto header = wal::DecodeSegmentHeader(segment);
  EXPECT_EQ(header.status(), absl::OkStatus());
  const auto first = wal::DecodeRecordHeader(
      segment.substr(64), wal::SeedOf(header->identity.incarnation), header->position);
  return segment.substr(64 + wal::kRecordHeaderBytes, first->length);
}

enum class Where { kBehindTheCheckpoint, kInItsPlace };

// Puts `record` into a copy of a segment that is right in all other ways.
inline std::string CraftSegment(const std::string& original, wal::RecordKind kind,
                                const std::string& record,
                                Where where = Where::kBehindTheCheckpoint,
                                const std::function<void(wal::SegmentHeader&)>& change = nullptr) {
  auto header = wal::DecodeSegmentHeader(original);
  EXPECT_EQ(header.status(), absl::OkStatus());
  const uint32_t seed = wal::SeedOf(header->identity.incarnation);
  const auto first = wal::DecodeRecordHeader(original.substr(64), seed, header->position);
  std::string bytes = original.substr(0, 64 + wal::RecordBytes(first->length));
  if (change) {
    change(*header);
    const wal::SegmentHeaderBuffer head = wal::EncodeSegmentHeader(*header);
    bytes.replace(0, head.size(), head.data(), head.size());
  }
  size_t start = bytes.size();
  wal::Link link = first->link;
  if (where == Where::kInItsPlace) {
    start = 64;
    bytes.resize(start);
    link = header->link;
  }
  bytes.append(wal::kRecordHeaderBytes, '\0').append(record);
  const uint64_t position = header->position + start - 64;
  wal::SealRecord(
      bytes, start, kind,
      {.offset = start, .position = position, .synced = position, .seed = seed, .link = link});
  return bytes;
}

}  // namespace synod::test

#endif  // SYNOD_TESTS_UNIT_STORAGE_WAL_DAMAGE_H_
