#include "format.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "synod/base/crc32c.h"

#include "coding.h"

namespace synod::wal {
namespace {

constexpr std::string_view kMagic = "synodwal";
constexpr std::string_view kSegmentSuffix = ".wal";
constexpr size_t kNumberDigits = 16;

// Offsets in a segment header; what lies between is zero.
constexpr size_t kVersionAt = 8;
constexpr size_t kNumberAt = 16;
constexpr size_t kClusterAt = 24;
constexpr size_t kNodeAt = 32;
constexpr size_t kIncarnationAt = 40;
constexpr size_t kPositionAt = 48;
constexpr size_t kLinkAt = 56;
constexpr size_t kSegmentChecksumAt = 60;

// Offsets in a record header.
constexpr size_t kLengthAt = 0;
constexpr size_t kChecksumAt = 4;
constexpr size_t kSyncedAt = 8;
constexpr size_t kRecordLinkAt = 16;
constexpr size_t kKindAt = 20;  // One byte; the other three are zero_sectors.

// Over everything but itself, and the position, which is not stored.
uint32_t HeaderChecksum(const char* header, uint32_t seed, uint64_t position) {
  char place[8];
  StoreNumber(place, position);
  const uint32_t length = Crc32c(seed, {header + kLengthAt, kChecksumAt - kLengthAt});
  const uint32_t rest = Crc32c(length, {header + kSyncedAt, kRecordHeaderBytes - kSyncedAt});
  return Crc32c(rest, {place, sizeof(place)});
}

bool IsZero(std::string_view bytes) {
  if (bytes.empty()) return true;
  // Each byte equals the one before it.
  return bytes.front() == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

bool IsZeroOrOneBit(std::string_view bytes) {
  if (IsZero(bytes)) return true;
  const size_t first = bytes.find_first_not_of('\0');
  return std::has_single_bit(static_cast<unsigned char>(bytes[first])) &&
         IsZero(bytes.substr(first + 1));
}

// Of the sectors that begin in the payload of the record `bytes`, at `offset` of its file.
uint32_t CountSectors(std::string_view bytes, uint64_t offset, bool (*counts)(std::string_view)) {
  const uint64_t payload = offset + kRecordHeaderBytes;
  uint64_t sector = (payload + kSectorBytes - 1) / kSectorBytes * kSectorBytes;
  uint32_t count = 0;
  for (; sector < offset + bytes.size(); sector += kSectorBytes) {
    // Decided by the first bytes nearly always.
    if (counts(bytes.substr(sector - offset, kSectorBytes))) ++count;
  }
  return count;
}

}  // namespace

SegmentHeaderBuffer EncodeSegmentHeader(const SegmentHeader& header) {
  SegmentHeaderBuffer bytes{};
  std::copy(kMagic.begin(), kMagic.end(), bytes.begin());
  StoreNumber(bytes.data() + kVersionAt, kFormatVersion);
  StoreNumber(bytes.data() + kNumberAt, header.number);
  StoreNumber(bytes.data() + kClusterAt, header.identity.cluster.value());
  StoreNumber(bytes.data() + kNodeAt, header.identity.node.value());
  StoreNumber(bytes.data() + kIncarnationAt, header.identity.incarnation.value());
  StoreNumber(bytes.data() + kPositionAt, header.position);
  StoreNumber(bytes.data() + kLinkAt, header.link);
  StoreNumber(bytes.data() + kSegmentChecksumAt, Crc32c(0, {bytes.data(), kSegmentChecksumAt}));
  return bytes;
}

absl::StatusOr<SegmentHeader> DecodeSegmentHeader(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes) {
    return absl::DataLossError("the segment's header is cut off");
  }
  const char* const data = bytes.data();
  if (Crc32c(0, bytes.substr(0, kSegmentChecksumAt)) !=
          LoadNumber<uint32_t>(data + kSegmentChecksumAt) ||
      !bytes.starts_with(kMagic) || LoadNumber<uint32_t>(data + kVersionAt) != kFormatVersion) {
    return absl::DataLossError("the segment's header does not match its checksum or its format");
  }
  return SegmentHeader{
      .number = LoadNumber<uint64_t>(data + kNumberAt),
      .identity = {.cluster = LoadNumber<uint64_t>(data + kClusterAt),
                   .node = LoadNumber<uint64_t>(data + kNodeAt),
                   .incarnation = Incarnation(LoadNumber<uint64_t>(data + kIncarnationAt))},
      .position = LoadNumber<uint64_t>(data + kPositionAt),
      .link = LoadNumber<uint32_t>(data + kLinkAt)};
}

std::string SegmentName(uint64_t number) {
  std::string name(kNumberDigits, '0');
  for (size_t i = kNumberDigits; i-- > 0; number >>= 4) name[i] = "0123456789abcdef"[number & 0xf];
  return name.append(kSegmentSuffix);
}

std::optional<uint64_t> ParseSegmentName(std::string_view name) {
  if (name.size() != kNumberDigits + kSegmentSuffix.size() || !name.ends_with(kSegmentSuffix)) {
    return std::nullopt;
  }
  uint64_t number = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + kNumberDigits, number, 16);
  if (parsed.ec != std::errc() || SegmentName(number) != name) return std::nullopt;
  return number;
}

uint32_t SeedOf(Incarnation incarnation) {
  char bytes[8];
  StoreNumber(bytes, incarnation.value());
  return Crc32c(0, {bytes, sizeof(bytes)});
}

std::optional<RecordHeader> DecodeRecordHeader(std::string_view bytes, uint32_t seed,
                                               uint64_t position) {
  if (bytes.size() < kRecordHeaderBytes) return std::nullopt;
  const char* const data = bytes.data();
  if (HeaderChecksum(data, seed, position) != LoadNumber<uint32_t>(data + kChecksumAt)) {
    return std::nullopt;
  }
  const auto kind = LoadNumber<uint32_t>(data + kKindAt);
  return RecordHeader{.length = LoadNumber<uint32_t>(data + kLengthAt),
                      .synced = LoadNumber<uint64_t>(data + kSyncedAt),
                      .link = LoadNumber<uint32_t>(data + kRecordLinkAt),
                      .kind = static_cast<RecordKind>(kind & 0xff),
                      .zero_sectors = kind >> 8};
}

Link SealRecord(std::string& buffer, size_t start, RecordKind kind, const RecordPlace& place) {
  const size_t length = buffer.size() - start - kRecordHeaderBytes;
  buffer.resize(start + RecordBytes(length), kPadding);
  const std::string_view record = std::string_view(buffer).substr(start);
  const Link link = Crc32c(place.link, record.substr(kRecordHeaderBytes));
  const uint32_t zero_sectors = CountSectors(record, place.offset, IsZeroOrOneBit);
  char* const header = buffer.data() + start;
  StoreNumber(header + kLengthAt, static_cast<uint32_t>(length));
  StoreNumber(header + kSyncedAt, place.synced);
  StoreNumber(header + kRecordLinkAt, link);
  StoreNumber(header + kKindAt, static_cast<uint32_t>(kind) | (zero_sectors << 8));
  StoreNumber(header + kChecksumAt, HeaderChecksum(header, place.seed, place.position));
  return link;
}

uint32_t CountZeroSectors(std::string_view bytes, uint64_t offset) {
  return CountSectors(bytes, offset, IsZero);
}

bool HasHoleInHeader(std::string_view bytes, uint64_t offset) {
  const auto in_first = static_cast<size_t>(
      std::min<uint64_t>(kRecordHeaderBytes, kSectorBytes - offset % kSectorBytes));
  const std::string_view header = bytes.substr(0, kRecordHeaderBytes);
  if (IsZero(header.substr(0, in_first))) return true;
  return in_first < header.size() && IsZero(header.substr(in_first));
}

}  // namespace synod::wal
