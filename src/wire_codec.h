// What the two directions of the wire format agree upon.
#ifndef SYNOD_SRC_WIRE_CODEC_H_
#define SYNOD_SRC_WIRE_CODEC_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace synod::wire::internal {

static_assert(std::endian::native == std::endian::little,
              "fixed-size integers are copied as they are; a big-endian port must swap them");

inline constexpr std::array<char, 4> kMagic = {'S', 'Y', 'N', 'D'};
inline constexpr size_t kVersionOffset = 4;
inline constexpr size_t kKindOffset = 5;
inline constexpr size_t kReservedOffset = 6;
inline constexpr size_t kBodyBytesOffset = 8;
inline constexpr size_t kChecksumOffset = 12;

// A message's second byte.
inline constexpr uint8_t kSameGroup = 1;
inline constexpr uint8_t kSameTerm = 2;
inline constexpr uint8_t kSameIncarnation = 4;
inline constexpr uint8_t kAllSame = kSameGroup | kSameTerm | kSameIncarnation;

// An entry's first byte: its kind, and whether its term is above that of the entry before.
inline constexpr uint8_t kTermRises = 0x80;

inline constexpr size_t kMaxVarintBytes = 10;

}  // namespace synod::wire::internal

#endif  // SYNOD_SRC_WIRE_CODEC_H_
