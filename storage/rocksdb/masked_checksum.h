// How RocksDB writes checksums down.
#ifndef SYNOD_STORAGE_ROCKSDB_MASKED_CHECKSUM_H_
#define SYNOD_STORAGE_ROCKSDB_MASKED_CHECKSUM_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "synod/base/crc32c.h"

namespace synod::rocksdb {

inline constexpr size_t kChecksumBytes = 4;

// CRC-32C, so changed that bytes which hold it have another one.
[[nodiscard]] inline uint32_t MaskedChecksum(std::string_view bytes) {
  const uint32_t checksum = Crc32c(0, bytes);
  return ((checksum >> 15) | (checksum << 17)) + 0xa282ead8U;
}

// The one at the front of `bytes`, which are enough.
[[nodiscard]] inline uint32_t GetChecksum(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = kChecksumBytes; i-- > 0;) {
    value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

}  // namespace synod::rocksdb

#endif  // SYNOD_STORAGE_ROCKSDB_MASKED_CHECKSUM_H_
