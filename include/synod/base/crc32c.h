// CRC-32C (Castagnoli), the checksum of every frame, record and snapshot: in hardware where the
// processor has it.
#ifndef SYNOD_BASE_CRC32C_H_
#define SYNOD_BASE_CRC32C_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace synod {

namespace internal {

constexpr std::array<uint32_t, 256> MakeCrc32cTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
    table[byte] = crc;
  }
  return table;
}

inline constexpr std::array<uint32_t, 256> kCrc32cTable = MakeCrc32cTable();

inline uint32_t Crc32cPortable(uint32_t crc, const char* data, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    crc = (crc >> 8) ^ kCrc32cTable[(crc ^ static_cast<unsigned char>(data[i])) & 0xff];
  }
  return crc;
}

#if defined(__x86_64__)
[[gnu::target("sse4.2")]] inline uint32_t Crc32cHardware(uint32_t crc, const char* data,
                                                         size_t size) {
  uint64_t wide = crc;
  for (; size >= 8; data += 8, size -= 8) {
    uint64_t word = 0;
    std::memcpy(&word, data, 8);
    wide = __builtin_ia32_crc32di(wide, word);
  }
  crc = static_cast<uint32_t>(wide);
  for (; size > 0; ++data, --size) {
    crc = __builtin_ia32_crc32qi(crc, static_cast<unsigned char>(*data));
  }
  return crc;
}

inline const bool kHasHardwareCrc32c = __builtin_cpu_supports("sse4.2") != 0;
#endif

}  // namespace internal

// Continues `crc` (0 to begin) over `bytes`; Crc32c(Crc32c(0, a), b) == Crc32c(0, ab).
inline uint32_t Crc32c(uint32_t crc, std::string_view bytes) {
  crc = ~crc;
#if defined(__x86_64__)
  if (internal::kHasHardwareCrc32c) {
    return ~internal::Crc32cHardware(crc, bytes.data(), bytes.size());
  }
#endif
  return ~internal::Crc32cPortable(crc, bytes.data(), bytes.size());
}

}  // namespace synod

#endif  // SYNOD_BASE_CRC32C_H_
