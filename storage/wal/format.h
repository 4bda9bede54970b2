// The disk format: segments, and the records in them (README.md, "Disk format").
#ifndef SYNOD_STORAGE_WAL_FORMAT_H_
#define SYNOD_STORAGE_WAL_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/core/durable_state.h"

namespace synod::wal {

// The version of everything below the store's directory. Raised with every change that an older
// version of this library would misread.
inline constexpr uint32_t kFormatVersion = 5;

inline constexpr size_t kSegmentHeaderBytes = 64;
inline constexpr size_t kRecordHeaderBytes = 24;
inline constexpr size_t kRecordAlignment = 8;
// Every header field of a record is for less than this many bytes of payload.
inline constexpr uint32_t kMaxPayloadBytes = uint32_t{1} << 31;
// What a disk writes as a whole, or not at all.
inline constexpr size_t kSectorBytes = 512;

// The CRC-32C through all records of the log up to one of them.
using Link = uint32_t;

// --- Segments. Positions count the bytes of records since the store was created, over all
// segments: the record at offset o of a segment is at header.position + o - kSegmentHeaderBytes.

struct SegmentHeader {
  uint64_t number = 0;  // 1, 2, …; the file's name.
  StoreIdentity
      identity;  // Zero until the store is bootstrapped. Its incarnation seeds the records.
  uint64_t position = 0;  // Of its first record: where the segment before it ends.
  Link link = 0;          // Of the last record before it.
};

using SegmentHeaderBuffer = std::array<char, kSegmentHeaderBytes>;
[[nodiscard]] SegmentHeaderBuffer EncodeSegmentHeader(const SegmentHeader& header);
// kDataLoss for what EncodeSegmentHeader cannot have written.
[[nodiscard]] absl::StatusOr<SegmentHeader> DecodeSegmentHeader(std::string_view bytes);

[[nodiscard]] std::string SegmentName(uint64_t number);
// Nothing if it is no segment's name.
[[nodiscard]] std::optional<uint64_t> ParseSegmentName(std::string_view name);

// --- Records.

enum class RecordKind : uint8_t {
  kBatch = 1,       // What one call of LogStore::Write changes.
  kBootstrap = 2,   // A new group.
  kCheckpoint = 3,  // Everything but the entries. The first of every segment, and only there.
};

struct RecordHeader {
  uint32_t length = 0;  // Of the payload, without padding.
  // Everything before this position was durable when the record was written: the evidence that
  // tells damage from a torn tail.
  uint64_t synced = 0;
  Link link = 0;  // Of the record before, continued over payload and padding.
  RecordKind kind = RecordKind::kBatch;
  // How many sectors of the file that begin in the payload are zero, or become so by one flipped
  // bit. If more are found to be zero, some were never written.
  uint32_t zero_sectors = 0;
};

// What the checksums of a store's record headers begin with. Nobody who does not know the
// incarnation can make a payload that looks like a record.
[[nodiscard]] uint32_t SeedOf(Incarnation incarnation);

// The header at the beginning of `bytes`; nothing if its checksum is not that of a header at this
// position (F3) under this seed.
[[nodiscard]] std::optional<RecordHeader> DecodeRecordHeader(std::string_view bytes, uint32_t seed,
                                                             uint64_t position);

// What a record is padded with, by at least one byte: so what the record has of its last sector
// is never zero, nor one flipped bit away from it, and is not found so unless it was never written.
inline constexpr char kPadding = '\xff';

// The bytes that a record takes, padding included.
[[nodiscard]] constexpr uint64_t RecordBytes(uint64_t payload_bytes) {
  return (kRecordHeaderBytes + payload_bytes) / kRecordAlignment * kRecordAlignment +
         kRecordAlignment;
}

// Where a record will stand.
struct RecordPlace {
  uint64_t offset = 0;    // In its segment's file.
  uint64_t position = 0;  // In the log.
  uint64_t synced = 0;
  uint32_t seed = 0;
  Link link = 0;  // Of the record before.
};

// Completes the record that `buffer` has from `start` on: kRecordHeaderBytes of anything, and the
// payload. Pads it, fills in its header, and returns its link.
Link SealRecord(std::string& buffer, size_t start, RecordKind kind, const RecordPlace& place);

// How many sectors that begin in the payload of the record `bytes`, at `offset` of its file, are
// zero.
[[nodiscard]] uint32_t CountZeroSectors(std::string_view bytes, uint64_t offset);

// Whether a part of the record header `bytes` at `offset` of its file, namely all of it in one
// sector, is zero, which no part of a written one is.
[[nodiscard]] bool HasHoleInHeader(std::string_view bytes, uint64_t offset);

}  // namespace synod::wal

#endif  // SYNOD_STORAGE_WAL_FORMAT_H_
