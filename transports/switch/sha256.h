// SHA-256 (FIPS 180-4).
#ifndef SYNOD_TRANSPORTS_SWITCH_SHA256_H_
#define SYNOD_TRANSPORTS_SWITCH_SHA256_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace synod::slots {

class Sha256 {
 public:
  static constexpr size_t kDigestBytes = 32;

  void Add(std::span<const std::byte> bytes);
  // Once, at the end.
  [[nodiscard]] std::array<std::byte, kDigestBytes> Finish();

 private:
  static constexpr size_t kBlockBytes = 64;

  void AddBlock();

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, kBlockBytes> block_{};
  uint64_t size_ = 0;  // Of all that was added.
};

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_SHA256_H_
