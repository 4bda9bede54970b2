// The write-ahead log's format: what is written is read back, and nothing else is.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/wal/format.h"
#include "storage/wal/payload_format.h"
#include "storage/wal/segment_reader.h"
#include "tests/unit/storage/store_workload.h"

namespace synod::test {
namespace {

using wal::RecordKind;

constexpr StoreIdentity kIdentity = {.cluster = 7, .node = 2, .incarnation = Incarnation(99)};

wal::SegmentHeader Header() {
  return {.number = 5, .identity = kIdentity, .position = 1000, .link = 0x1234};
}

// Puts a segment together.
class SegmentBuilder {
 public:
  explicit SegmentBuilder(const wal::SegmentHeader& header) : header_(header), link_(header.link) {
    const wal::SegmentHeaderBuffer bytes = wal::EncodeSegmentHeader(header);
    bytes_.assign(bytes.data(), bytes.size());
    synced_ = header.position;
  }

  // Returns where the record begins.
  size_t Add(std::string_view payload) {
    const size_t start = bytes_.size();
    bytes_.append(wal::kRecordHeaderBytes, '\0').append(payload);
    link_ = wal::SealRecord(bytes_, start, RecordKind::kBatch,
                            {.offset = start,
                             .position = header_.position + start - wal::kSegmentHeaderBytes,
                             .synced = synced_,
                             .seed = wal::SeedOf(header_.identity.incarnation),
                             .link = link_});
    return start;
  }
  // All that was added so far was synced before what follows.
  void Sync() { synced_ = header_.position + bytes_.size() - wal::kSegmentHeaderBytes; }

  const std::string& bytes() const { return bytes_; }

 private:
  const wal::SegmentHeader header_;
  wal::Link link_;
  uint64_t synced_;
  std::string bytes_;
};

struct Found {
  std::vector<std::string> payloads;
  std::optional<wal::Damage> damage;
};

Found ReadAll(std::string_view bytes, const wal::SegmentHeader& header = Header()) {
  wal::SegmentReader reader(bytes, header);
  Found found;
  wal::Record record;
  while (reader.Next(record)) found.payloads.emplace_back(record.payload);
  found.damage = reader.damage();
  return found;
}

TEST(WalFormat, SegmentHeader_Encoded_IsReadBack) {
  const wal::SegmentHeaderBuffer bytes = wal::EncodeSegmentHeader(Header());
  const auto header = wal::DecodeSegmentHeader({bytes.data(), bytes.size()});
  ASSERT_EQ(header.status(), absl::OkStatus());
  EXPECT_EQ(header->number, 5U);
  EXPECT_EQ(header->identity, kIdentity);
  EXPECT_EQ(header->position, 1000U);
  EXPECT_EQ(header->link, 0x1234U);
}

TEST(WalFormat, SegmentHeader_AnyBitFlipped_IsNoticed) {
  const wal::SegmentHeaderBuffer bytes = wal::EncodeSegmentHeader(Header());
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string damaged(bytes.data(), bytes.size());
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_TRUE(absl::IsDataLoss(wal::DecodeSegmentHeader(damaged).status())) << bit;
  }
}

TEST(WalFormat, SegmentName_OfEveryNumber_IsReadBack) {
  for (const uint64_t number : {uint64_t{1}, uint64_t{0xabcdef}, ~uint64_t{0}}) {
    EXPECT_EQ(wal::ParseSegmentName(wal::SegmentName(number)), number);
  }
  EXPECT_EQ(wal::SegmentName(10), "000000000000000a.wal");
  for (const char* name :
       {"a.wal", "000000000000000A.wal", "000000000000000a.tmp", "LOCK", "00000000000000-a.wal"}) {
    EXPECT_EQ(wal::ParseSegmentName(name), std::nullopt) << name;
  }
}

TEST(WalFormat, Records_OfEverySize_AreReadBack) {
  SegmentBuilder segment(Header());
  std::vector<std::string> payloads;
  for (size_t size = 1; size < 1200; size += 7) {
    payloads.emplace_back(size, static_cast<char>(size));
    segment.Add(payloads.back());
  }
  const Found found = ReadAll(segment.bytes());
  EXPECT_EQ(found.payloads, payloads);
  EXPECT_FALSE(found.damage);
}

TEST(WalFormat, Record_AnyBitFlipped_IsNoticed) {
  SegmentBuilder segment(Header());
  segment.Add("first");
  const size_t start = segment.Add("the second record, with some padding behind it");
  const size_t end = segment.bytes().size();
  segment.Add("third");
  for (size_t bit = 8 * start; bit < 8 * end; ++bit) {
    std::string damaged = segment.bytes();
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const Found found = ReadAll(damaged);
    EXPECT_EQ(found.payloads.size(), 1U) << bit;
    ASSERT_TRUE(found.damage) << bit;
    EXPECT_EQ(found.damage->offset, start);
  }
}

TEST(WalFormat, Record_AtAnotherPosition_IsNoticed) {
  SegmentBuilder segment(Header());
  segment.Add("record");
  wal::SegmentHeader moved = Header();
  moved.position += 8;
  EXPECT_TRUE(ReadAll(segment.bytes(), moved).damage);
}

TEST(WalFormat, Record_OfAnotherIncarnation_IsNoticed) {
  SegmentBuilder segment(Header());
  segment.Add("record");
  wal::SegmentHeader other = Header();
  other.identity.incarnation = Incarnation(100);
  EXPECT_TRUE(ReadAll(segment.bytes(), other).damage);
}

TEST(WalFormat, Record_BehindAnotherChain_IsNoticed) {
  SegmentBuilder segment(Header());
  segment.Add("record");
  wal::SegmentHeader other = Header();
  other.link ^= 1;
  EXPECT_TRUE(ReadAll(segment.bytes(), other).damage);
}

// Whatever the payload ends with, and however little of it is in the sector.
TEST(WalFormat, Record_WithoutItsLastSector_IsTorn) {
  constexpr size_t kFirst = wal::kSectorBytes - wal::kSegmentHeaderBytes - wal::kRecordHeaderBytes;
  for (const char byte : {'\0', '\1', '\x80', '\xff'}) {
    for (size_t size = kFirst; size < kFirst + wal::kSectorBytes; ++size) {
      SegmentBuilder segment(Header());
      segment.Add(std::string(size - 1, '\0') + byte);
      std::string damaged = segment.bytes();
      std::fill(damaged.begin() + wal::kSectorBytes, damaged.end(), '\0');
      const std::optional<wal::Damage> damage = ReadAll(damaged).damage;
      ASSERT_TRUE(damage) << size;
      EXPECT_TRUE(damage->is_torn) << size << ", " << +byte;
    }
  }
}

TEST(WalFormat, Damage_WithNothingSyncedBehind_IsTornIfItLooksLikeIt) {
  SegmentBuilder segment(Header());
  const size_t start = segment.Add(std::string(3000, 'x'));
  const size_t second = segment.Add("of the same write to the disk");
  std::string damaged = segment.bytes();
  damaged.replace(1024, 512, 512, '\0');
  EXPECT_TRUE(ReadAll(damaged).damage->is_torn);
  EXPECT_EQ(ReadAll(damaged).damage->offset, start);
  damaged = segment.bytes();
  damaged.replace(start, 24, 24, '\0');
  EXPECT_TRUE(ReadAll(damaged).damage->is_torn);
  damaged = segment.bytes();
  damaged[2000] = 'y';
  EXPECT_FALSE(ReadAll(damaged).damage->is_torn);
  damaged = segment.bytes();
  damaged[start] = static_cast<char>(damaged[start] ^ 1);
  EXPECT_FALSE(ReadAll(damaged).damage->is_torn);
  for (size_t size = second + 1; size < segment.bytes().size(); ++size) {
    EXPECT_TRUE(ReadAll(segment.bytes().substr(0, size)).damage->is_torn) << size;
  }
}

TEST(WalFormat, Damage_WithARecordBehindThatSaysItWasSynced_IsNeverTorn) {
  SegmentBuilder segment(Header());
  const size_t start = segment.Add(std::string(3000, 'x'));
  segment.Sync();
  segment.Add("of the next write to the disk");
  std::string damaged = segment.bytes();
  damaged.replace(1024, 512, 512, '\0');
  EXPECT_FALSE(ReadAll(damaged).damage->is_torn);
  damaged = segment.bytes();
  damaged.replace(start, 24, 24, '\0');
  EXPECT_FALSE(ReadAll(damaged).damage->is_torn);
}

TEST(WalFormat, Damage_InAPayloadOfZeros_IsToldFromAHole) {
  SegmentBuilder segment(Header());
  std::string payload(4000, '\0');
  payload.replace(1500, 512, 512, 'x');
  segment.Add(payload);
  EXPECT_FALSE(ReadAll(segment.bytes()).damage);
  // The zeros that belong there prove nothing.
  std::string damaged = segment.bytes();
  damaged[1700] = 'y';
  EXPECT_FALSE(ReadAll(damaged).damage->is_torn);
  // One sector of zeros more does.
  damaged.replace(1536, 512, 512, '\0');
  EXPECT_TRUE(ReadAll(damaged).damage->is_torn);
}

TEST(WalFormat, Damage_ToTheOnlyBitOfASector_IsToldFromAHole) {
  SegmentBuilder segment(Header());
  std::string payload(1536 - wal::kSegmentHeaderBytes - wal::kRecordHeaderBytes, 'x');
  const size_t sector = payload.size() - wal::kSectorBytes;
  payload.replace(sector, wal::kSectorBytes, wal::kSectorBytes, '\0');
  payload[sector + 100] = '\1';
  segment.Add(payload);
  std::string damaged = segment.bytes();
  damaged[1124] = '\0';
  EXPECT_FALSE(ReadAll(damaged).damage->is_torn);
  // As long as others are there, a sector that is not may be any of them.
  damaged.replace(512, 512, 512, '\0');
  EXPECT_TRUE(ReadAll(damaged).damage->is_torn);
}

TEST(WalFormat, HeaderAcrossTwoSectors_HalfZero_IsTorn) {
  SegmentBuilder segment(Header());
  // The next header's first 8 bytes end a sector.
  segment.Add(std::string(496 - wal::kSegmentHeaderBytes - wal::kRecordHeaderBytes, 'x'));
  const size_t start = segment.Add("across");
  ASSERT_EQ(start, 504U);
  std::string damaged = segment.bytes();
  damaged.replace(504, 8, 8, '\0');
  EXPECT_TRUE(ReadAll(damaged).damage->is_torn);
  damaged = segment.bytes();
  damaged.replace(512, 16, 16, '\0');
  EXPECT_TRUE(ReadAll(damaged).damage->is_torn);
  damaged.replace(512, 8, 8, 'x');
  EXPECT_FALSE(ReadAll(damaged).damage->is_torn);
}

Configuration Joint() {
  Configuration joint = Configuration::Of({1, 2, 3});
  joint.outgoing = {2, 3, 4};
  joint.learners = {5};
  return joint;
}

GroupWrite FullWrite() {
  GroupWrite write{.group = 9, .persist = {}};
  Persist& persist = write.persist;
  persist.hard_state = HardState{.term = Term(4), .vote = 3, .peers = {{1, Incarnation(11)}}};
  persist.snapshot = InstallStaged{.staged = StagedSnapshot(8),
                                   .meta = {.index = Index(6),
                                            .term = Term(3),
                                            .configuration = Joint(),
                                            .size = 77,
                                            .checksum = 88},
                                   .resets_log = true};
  persist.truncate_from = Index(7);
  persist.compact_to = Index(5);
  persist.entries = MakeEntries(7, 9, 4);
  return write;
}

TEST(WalFormat, Batch_Encoded_IsReadBack) {
  const GroupWrite write = FullWrite();
  std::string bytes;
  wal::EncodeBatchHeader(2, bytes);
  const size_t entries_at = wal::EncodeGroupWrite(write, bytes);
  wal::EncodeGroupWrite({.group = 3, .persist = {}}, bytes);
  EXPECT_LE(bytes.size(), wal::EncodedBytes({write, {.group = 3, .persist = {}}}));
  const auto writes = wal::DecodeBatch(bytes, 100);
  ASSERT_EQ(writes.status(), absl::OkStatus());
  ASSERT_EQ(writes->size(), 2U);
  const Persist& persist = (*writes)[0].persist;
  EXPECT_EQ(persist.hard_state, write.persist.hard_state);
  EXPECT_EQ(persist.snapshot->staged, StagedSnapshot(8));
  EXPECT_EQ(persist.snapshot->meta, write.persist.snapshot->meta);
  EXPECT_TRUE(persist.snapshot->resets_log);
  EXPECT_EQ(persist.truncate_from, Index(7));
  EXPECT_EQ(persist.compact_to, Index(5));
  EXPECT_EQ((*writes)[0].first, Index(7));
  ASSERT_EQ((*writes)[0].entries.size(), 3U);
  EXPECT_EQ((*writes)[0].entries[0].position, 100 + entries_at);
  for (size_t i = 0; i < 3; ++i) {
    const wal::EntryAt& at = (*writes)[0].entries[i];
    const auto entry = wal::DecodeEntry(9, Index(7 + i),
                                        std::string_view(bytes).substr(at.position - 100, at.size));
    EXPECT_EQ(entry.value(), write.persist.entries[i]);
  }
  EXPECT_EQ((*writes)[1].group, GroupId(3));
  EXPECT_TRUE((*writes)[1].entries.empty());
}

TEST(WalFormat, Payloads_CutAnywhere_AreRefused) {
  std::string batch;
  wal::EncodeBatchHeader(1, batch);
  wal::EncodeGroupWrite(FullWrite(), batch);
  std::string bootstrap;
  wal::EncodeBootstrap({.identity = kIdentity, .group = 4, .initial = Joint()}, bootstrap);
  std::string checkpoint;
  wal::EncodeCheckpoint({.identity = kIdentity,
                         .groups = {{.group = 4,
                                     .initial = Joint(),
                                     .hard_state = {},
                                     .snapshot = {},
                                     .head = Index(2),
                                     .last = Index(3)}}},
                        checkpoint);
  const std::vector<std::pair<std::string, std::function<absl::Status(std::string_view)>>> all = {
      {batch, [](std::string_view bytes) { return wal::DecodeBatch(bytes, 0).status(); }},
      {bootstrap, [](std::string_view bytes) { return wal::DecodeBootstrap(bytes).status(); }},
      {checkpoint, [](std::string_view bytes) { return wal::DecodeCheckpoint(bytes).status(); }}};
  for (const auto& [bytes, decode] : all) {
    EXPECT_EQ(decode(bytes), absl::OkStatus());
    EXPECT_TRUE(absl::IsDataLoss(decode(bytes + "x")));
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_TRUE(absl::IsDataLoss(decode(bytes.substr(0, size)))) << size;
    }
  }
}

TEST(WalFormat, Entry_OfAnotherPlaceOrChanged_IsNoticed) {
  GroupWrite write{.group = 9, .persist = {}};
  write.persist.entries = MakeEntries(7, 7, 4);
  std::string bytes;
  const size_t at = wal::EncodeGroupWrite(write, bytes);
  const std::string entry = bytes.substr(at);
  EXPECT_EQ(wal::DecodeEntry(9, Index(7), entry).value(), write.persist.entries[0]);
  EXPECT_TRUE(absl::IsDataLoss(wal::DecodeEntry(8, Index(7), entry).status()));
  EXPECT_TRUE(absl::IsDataLoss(wal::DecodeEntry(9, Index(8), entry).status()));
  for (size_t bit = 0; bit < 8 * entry.size(); ++bit) {
    std::string damaged = entry;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_TRUE(absl::IsDataLoss(wal::DecodeEntry(9, Index(7), damaged).status())) << bit;
  }
}

}  // namespace
}  // namespace synod::test
