// What the two directions of the wire format agree upon.
#ifndef SYNOD_SRC_WIRE_CODEC_H_
#define SYNOD_SRC_WIRE_CODEC_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "synod/base/crc32c.h"

namespace synod::wire::internal {

static_assert(std::endian::native == std::endian::little,
              "fixed-size integers are copied as they are; a big-endian port must swap them");

inline constexpr std::array<char, 4> kMagic = {'S', 'Y', 'N', 'D'};
inline constexpr size_t kVersionOffset = 4;
inline constexpr size_t kKindOffset = 5;
inline constexpr size_t kHeaderCheckOffset = 6;
inline constexpr size_t kBodyBytesOffset = 8;
inline constexpr size_t kChecksumOffset = 12;
inline constexpr size_t kNumberOffset = 16;

// Of all that the checksum of a frame covers in its header: neither itself nor the header's check.
inline uint32_t ChecksumOfFields(const char* header) {
  const uint32_t crc = Crc32c(0, std::string_view(header, kHeaderCheckOffset));
  return Crc32c(crc,
                std::string_view(header + kBodyBytesOffset, kChecksumOffset - kBodyBytesOffset));
}

// The header's check; the checksum and the number are in their places already. Folded in this way
// the CRC keeps a distance of four; its lower or its upper half alone would not.
inline uint16_t HeaderCheck(const char* header) {
  const uint32_t crc = Crc32c(ChecksumOfFields(header),
                              std::string_view(header + kChecksumOffset, 2 * sizeof(uint32_t)));
  return static_cast<uint16_t>(crc ^ (crc >> 16));
}

// A message's second byte.
inline constexpr uint8_t kSameGroup = 1;
inline constexpr uint8_t kSameTerm = 2;
inline constexpr uint8_t kSameIncarnation = 4;
inline constexpr uint8_t kAllSame = kSameGroup | kSameTerm | kSameIncarnation;

// An entry's first byte: its kind, and whether its term is above that of the entry before.
inline constexpr uint8_t kTermRises = 0x80;
// Of an entry in a report: its kind, and whether it was accepted in another ballot than the one
// before.
inline constexpr uint8_t kBallotChanges = 0x80;

inline constexpr size_t kMaxVarintBytes = 10;

}  // namespace synod::wire::internal

#endif  // SYNOD_SRC_WIRE_CODEC_H_
