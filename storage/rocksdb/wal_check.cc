#include "wal_check.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "synod/base/crc32c.h"

#include "status.h"

namespace synod::rocksdb {
namespace {

// RocksDB's log format: blocks of 32 KiB, in them records of a header (masked CRC-32C over type and
// data, 2 bytes of length, type) and data. What does not fit the rest of a block is split; a rest
// that is too small for a header is zero.
constexpr size_t kBlockBytes = 32 * 1024;
constexpr size_t kHeaderBytes = 4 + 2 + 1;
constexpr unsigned char kFull = 1;
constexpr unsigned char kLast = 4;

uint32_t Unmask(uint32_t masked) {
  const uint32_t rotated = masked - 0xa282ead8U;
  return (rotated >> 17) | (rotated << 15);
}

uint32_t GetU32(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  return value;
}

// The size of the valid record at `position`, header included; nothing if there is none.
std::optional<size_t> RecordAt(std::string_view log, size_t position) {
  const size_t block_left = kBlockBytes - position % kBlockBytes;
  const std::string_view block = log.substr(position, block_left);
  if (block.size() < kHeaderBytes) return std::nullopt;
  const auto type = static_cast<unsigned char>(block[6]);
  if (type < kFull || type > kLast) return std::nullopt;
  const size_t length = static_cast<unsigned char>(block[4]) +
                        (static_cast<size_t>(static_cast<unsigned char>(block[5])) << 8);
  if (length > block.size() - kHeaderBytes) return std::nullopt;
  if (Crc32c(0, block.substr(6, 1 + length)) != Unmask(GetU32(block))) return std::nullopt;
  return kHeaderBytes + length;
}

}  // namespace

bool HasRecordBehindDamage(std::string_view log) {
  size_t position = 0;
  while (position < log.size()) {
    if (kBlockBytes - position % kBlockBytes < kHeaderBytes) {
      position += kBlockBytes - position % kBlockBytes;
      continue;
    }
    const std::optional<size_t> record = RecordAt(log, position);
    if (!record) break;
    position += *record;
  }
  // Where the next record begins is not known, since a length may be what is damaged. By chance
  // alone a checksum fits once in four billion times.
  for (++position; position < log.size(); ++position) {
    if (RecordAt(log, position)) return true;
  }
  return false;
}

absl::Status CheckWriteAheadLogs(::rocksdb::FileSystem& files, const std::string& database_path) {
  std::vector<std::string> names;
  absl::Status status =
      ToStatus(files.GetChildren(database_path, ::rocksdb::IOOptions(), &names, nullptr),
               "listing the directory " + database_path);
  if (!status.ok()) return status;
  for (const std::string& name : names) {
    if (!name.ends_with(".log")) continue;
    const std::string path = database_path + "/" + name;
    std::string log;
    status = ToStatus(::rocksdb::ReadFileToString(&files, path, &log), "reading " + path);
    if (!status.ok()) return status;
    if (HasRecordBehindDamage(log)) {
      return absl::DataLossError(path + " is damaged before its last valid record");
    }
  }
  return absl::OkStatus();
}

}  // namespace synod::rocksdb
