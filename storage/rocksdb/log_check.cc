#include "log_check.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "synod/base/crc32c.h"

#include "storage/files/read_file.h"

namespace synod::rocksdb {
namespace {

// RocksDB's log format: blocks of 32 KiB, in them records of a header (masked CRC-32C over type and
// data, 2 bytes of length, type) and data. A write that does not fit the rest of a block is split
// into a first, middle and last record; a rest that is too small for a header is zero.
constexpr size_t kBlockBytes = 32 * 1024;
constexpr size_t kHeaderBytes = 4 + 2 + 1;
constexpr size_t kSectorBytes = 512;

enum RecordType : unsigned char { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

struct Header {
  uint32_t checksum = 0;
  size_t length = 0;
  unsigned char type = 0;
};

uint32_t Unmask(uint32_t masked) {
  const uint32_t rotated = masked - 0xa282ead8U;
  return (rotated >> 17) | (rotated << 15);
}

uint32_t GetU32(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  return value;
}

bool IsZero(std::string_view bytes) { return bytes.find_first_not_of('\0') == bytes.npos; }

// What is left of the block at `position`.
std::string_view RestOfBlock(std::string_view log, size_t position) {
  return log.substr(position, kBlockBytes - position % kBlockBytes);
}

std::optional<Header> ParseHeader(std::string_view block) {
  if (block.size() < kHeaderBytes) return std::nullopt;
  return Header{.checksum = Unmask(GetU32(block)),
                .length = static_cast<unsigned char>(block[4]) +
                          (size_t{static_cast<unsigned char>(block[5])} << 8),
                .type = static_cast<unsigned char>(block[6])};
}

// The header of the valid record at `position`; nothing if there is none.
std::optional<Header> RecordAt(std::string_view log, size_t position) {
  const std::string_view block = RestOfBlock(log, position);
  const std::optional<Header> header = ParseHeader(block);
  if (!header || header->type < kFull || header->type > kLast) return std::nullopt;
  if (header->length > block.size() - kHeaderBytes) return std::nullopt;
  if (Crc32c(0, block.substr(6, 1 + header->length)) != header->checksum) return std::nullopt;
  return header;
}

// Where the valid records end, and where the last write does that is whole in them.
struct ValidPart {
  size_t end = 0;
  size_t complete = 0;
};

ValidPart ReadValidPart(std::string_view log) {
  ValidPart valid;
  size_t position = 0;
  while (position < log.size()) {
    if (RestOfBlock(log, position).size() < kHeaderBytes) {
      position += RestOfBlock(log, position).size();
      continue;
    }
    const std::optional<Header> record = RecordAt(log, position);
    if (!record) break;
    position += kHeaderBytes + record->length;
    if (record->type == kFull || record->type == kLast) valid.complete = position;
  }
  valid.end = position;
  return valid;
}

// Whether another write begins between `position` and `written`. Where is not known, since a length
// may be what is damaged. By chance alone a checksum fits once in four billion times.
bool HasWriteBehind(std::string_view log, size_t position, size_t written) {
  for (++position; position < written; ++position) {
    const std::optional<Header> record = RecordAt(log, position);
    if (record && (record->type == kFull || record->type == kFirst)) return true;
  }
  return false;
}

// Whether the invalid record at `position` would be valid if its length were another. What is there
// ends at `written`, and so the record ended there, or behind a few zeros of its own. More lengths
// are not tried, since one of many fits by chance.
bool HasWrongLength(std::string_view log, size_t position, size_t written) {
  constexpr size_t kOwnZeros = 64;
  const std::string_view block = RestOfBlock(log, position);
  const std::optional<Header> header = ParseHeader(block);
  if (!header) return false;
  const size_t shortest = std::max(std::min(written - position, block.size()), kHeaderBytes);
  const size_t longest = std::min(shortest + kOwnZeros, block.size());
  constexpr size_t kCheckedFrom = kHeaderBytes - 1;
  uint32_t checksum = Crc32c(0, block.substr(kCheckedFrom, shortest - kCheckedFrom));
  for (size_t end = shortest;; ++end) {
    if (checksum == header->checksum) return true;
    if (end >= longest) return false;
    checksum = Crc32c(checksum, block.substr(end, 1));
  }
}

// Whether a sector is missing in what was to be written from `position` on: it is zero, or the file
// ends before it. What is there ends at `written`.
bool LacksSector(std::string_view log, size_t position, size_t written) {
  size_t end = written;
  if (const auto header = ParseHeader(RestOfBlock(log, position))) {
    end = std::max(end, position + kHeaderBytes + header->length);
  }
  if (end > log.size()) return true;
  while (position < end) {
    const size_t next = std::min(end, (position / kSectorBytes + 1) * kSectorBytes);
    if (IsZero(log.substr(position, next - position))) return true;
    position = next;
  }
  return false;
}

bool IsLogName(std::string_view name) {
  const size_t dot = name.find('.');
  return dot > 0 && dot != name.npos && name.substr(dot) == ".log" &&
         name.find_first_not_of("0123456789") == dot;
}

struct Log {
  std::string path;
  uint64_t size = 0;
  uint64_t end = 0;
  bool is_torn = false;
};

absl::StatusOr<Log> CheckLog(FileSystem& files, std::string path) {
  const auto bytes = storage::ReadFile(files, path);
  if (!bytes.ok()) return bytes.status();
  const auto end = EndOfLog(*bytes);
  if (!end.ok()) {
    return absl::DataLossError(path + " is " + std::string(end.status().message()));
  }
  return Log{.path = std::move(path),
             .size = bytes->size(),
             .end = *end,
             .is_torn = !IsZero(std::string_view(*bytes).substr(*end))};
}

}  // namespace

absl::StatusOr<size_t> EndOfLog(std::string_view log) {
  const ValidPart valid = ReadValidPart(log);
  const size_t written = log.find_last_not_of('\0') + 1;
  if (written <= valid.end) return valid.complete;
  if (HasWriteBehind(log, valid.end, written)) {
    return absl::DataLossError("damaged at byte " + std::to_string(valid.end) +
                               ", before its last valid record");
  }
  if (HasWrongLength(log, valid.end, written) || !LacksSector(log, valid.end, written)) {
    return absl::DataLossError("damaged at byte " + std::to_string(valid.end) +
                               ", in its last record");
  }
  return valid.complete;
}

absl::Status CheckManifest(FileSystem& files, const std::string& database_path) {
  const auto current = storage::ReadFile(files, database_path + "/CURRENT");
  if (!current.ok()) return current.status();
  return CheckLog(files, database_path + "/" + current->substr(0, current->find('\n'))).status();
}

absl::StatusOr<std::vector<std::string>> CutWriteAheadLogs(FileSystem& files,
                                                           const std::string& database_path) {
  const auto names = files.List(database_path);
  if (!names.ok()) return names.status();
  std::vector<Log> logs;
  for (const std::string& name : *names) {
    if (!IsLogName(name)) continue;
    auto log = CheckLog(files, database_path + "/" + name);
    if (!log.ok()) return log.status();
    logs.push_back(*std::move(log));
  }
  std::vector<std::string> torn;
  for (Log& log : logs) {
    if (log.end == log.size) continue;
    if (absl::Status status = files.Truncate(log.path, log.end); !status.ok()) return status;
    if (log.is_torn) torn.push_back(std::move(log.path));
  }
  return torn;
}

}  // namespace synod::rocksdb
