#include "log_check.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "synod/base/crc32c.h"

#include "status.h"

namespace synod::rocksdb {
namespace {

using ::rocksdb::IOOptions;
using ::rocksdb::IOStatus;

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

// Whether the invalid record at `position` would be valid if its length were another.
bool HasWrongLength(std::string_view log, size_t position) {
  const std::string_view block = RestOfBlock(log, position);
  const std::optional<Header> header = ParseHeader(block);
  if (!header) return false;
  uint32_t checksum = 0;
  for (size_t at = kHeaderBytes - 1; at < block.size(); ++at) {
    checksum = Crc32c(checksum, block.substr(at, 1));
    if (checksum == header->checksum) return true;
  }
  return false;
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

struct LogName {
  uint64_t number = 0;
  std::string path;
};

// Of the database, the newest last.
absl::StatusOr<std::vector<LogName>> ListLogs(::rocksdb::FileSystem& files,
                                              const std::string& database_path) {
  std::vector<std::string> names;
  absl::Status status = ToStatus(files.GetChildren(database_path, IOOptions(), &names, nullptr),
                                 "listing the directory " + database_path);
  if (!status.ok()) return status;
  std::vector<LogName> logs;
  for (const std::string& name : names) {
    uint64_t number = 0;
    const size_t dot = name.find('.');
    if (dot == name.npos || name.substr(dot) != ".log") continue;
    if (!absl::SimpleAtoi(name.substr(0, dot), &number)) continue;
    logs.push_back({.number = number, .path = database_path + "/" + name});
  }
  std::sort(logs.begin(), logs.end(),
            [](const LogName& a, const LogName& b) { return a.number < b.number; });
  return logs;
}

absl::Status CutTo(::rocksdb::FileSystem& files, const std::string& path, size_t size) {
  std::unique_ptr<::rocksdb::FSWritableFile> file;
  IOStatus status = files.ReopenWritableFile(path, ::rocksdb::FileOptions(), &file, nullptr);
  if (status.ok()) status = file->Truncate(size, IOOptions(), nullptr);
  if (status.ok()) status = file->Fsync(IOOptions(), nullptr);
  if (status.ok()) status = file->Close(IOOptions(), nullptr);
  return ToStatus(status, "cutting " + path);
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
  if (HasWrongLength(log, valid.end) || !LacksSector(log, valid.end, written)) {
    return absl::DataLossError("damaged at byte " + std::to_string(valid.end) +
                               ", in its last record");
  }
  return valid.complete;
}

absl::Status CutWriteAheadLogs(::rocksdb::FileSystem& files, const std::string& database_path) {
  const auto logs = ListLogs(files, database_path);
  if (!logs.ok()) return logs.status();
  for (const LogName& log : *logs) {
    std::string bytes;
    absl::Status status =
        ToStatus(::rocksdb::ReadFileToString(&files, log.path, &bytes), "reading " + log.path);
    if (!status.ok()) return status;
    const auto end = EndOfLog(bytes);
    if (!end.ok())
      return absl::DataLossError(log.path + " is " + std::string(end.status().message()));
    if (*end == bytes.size()) continue;
    // The next file is not begun before this one's last write is done.
    const bool is_torn = !IsZero(std::string_view(bytes).substr(*end));
    if (is_torn && &log != &logs->back()) {
      return absl::DataLossError(log.path + " ends within a write, though a newer file follows it");
    }
    if (status = CutTo(files, log.path, *end); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace synod::rocksdb
