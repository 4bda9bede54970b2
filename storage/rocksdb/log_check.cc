#include "log_check.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "format.h"
#include "masked_checksum.h"
#include "storage/files/read_file.h"

namespace synod::rocksdb {
namespace {

// RocksDB's log format: blocks of 32 KiB, in them records of a header (masked CRC-32C over type and
// data, 2 bytes of length, type) and data. A write that does not fit the rest of a block is split
// into a first, middle and last record; a rest that is too small for a header is zero.
constexpr size_t kBlockBytes = 32 * 1024;
constexpr size_t kTypeAt = kChecksumBytes + 2;
constexpr size_t kHeaderBytes = kTypeAt + 1;
constexpr size_t kSectorBytes = 512;

enum RecordType : unsigned char { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

struct Header {
  uint32_t checksum = 0;
  unsigned char type = 0;
  size_t end = 0;  // Of the record, in the log or behind its end.
};

bool IsZero(std::string_view bytes) { return bytes.find_first_not_of('\0') == bytes.npos; }

size_t SectorOf(size_t position) { return position / kSectorBytes * kSectorBytes; }

// What is left of the block at `position`.
std::string_view RestOfBlock(std::string_view log, size_t position) {
  return log.substr(position, kBlockBytes - position % kBlockBytes);
}

// Nothing if no record of RocksDB's begins like this.
std::optional<Header> HeaderAt(std::string_view log, size_t position) {
  const std::string_view block = RestOfBlock(log, position);
  if (block.size() < kHeaderBytes) return std::nullopt;
  const size_t length = static_cast<unsigned char>(block[kChecksumBytes]) +
                        (size_t{static_cast<unsigned char>(block[kChecksumBytes + 1])} << 8);
  const Header header{.checksum = GetChecksum(block),
                      .type = static_cast<unsigned char>(block[kTypeAt]),
                      .end = position + kHeaderBytes + length};
  if (header.type < kFull || header.type > kLast) return std::nullopt;
  if (header.end - position > kBlockBytes - position % kBlockBytes) return std::nullopt;
  return header;
}

// In which bits the checksum of the record at `position` is wrong; nothing if the record is not
// there to its end.
std::optional<uint32_t> WrongBits(std::string_view log, size_t position, const Header& header) {
  if (header.end > log.size()) return std::nullopt;
  const size_t from = position + kTypeAt;
  return header.checksum ^ MaskedChecksum(log.substr(from, header.end - from));
}

// The header of the valid record at `position`; nothing if there is none.
std::optional<Header> RecordAt(std::string_view log, size_t position) {
  const std::optional<Header> header = HeaderAt(log, position);
  if (!header || WrongBits(log, position, *header) != 0U) return std::nullopt;
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
    position = record->end;
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

// Whether all that the record at `position` lacks is what it has in its first sector: some, but not
// all, bytes of its checksum. What differs in one bit alone is damaged.
bool LacksChecksum(std::string_view log, size_t position) {
  const std::optional<Header> header = HeaderAt(log, position);
  if (!header) return false;
  const std::optional<uint32_t> wrong = WrongBits(log, position, *header);
  const size_t lacking = SectorOf(position) + kSectorBytes - position;
  return wrong && std::popcount(*wrong) > 1 && *wrong >> (8 * lacking) == 0;
}

// Whether a sector is missing of what the write that has an invalid record at `position` wrote
// before `written`. A sector's part of a header may be zeros and yet whole if it ends within the
// checksum.
bool LacksSector(std::string_view log, size_t position, size_t written) {
  const size_t end = std::max(written, position + kHeaderBytes);
  for (size_t at = position; at < end;) {
    const size_t next = std::min(end, SectorOf(at) + kSectorBytes);
    if (next > log.size()) return true;
    if (IsZero(log.substr(at, next - at)) &&
        (next - position >= kChecksumBytes || LacksChecksum(log, position))) {
      return true;
    }
    at = next;
  }
  return false;
}

// Whether what is there ends as every write does. What a write has in its last block may begin
// within that.
bool EndsLikeAWrite(std::string_view log, size_t position, size_t written) {
  size_t size = kWriteEnd.size();
  if (position % kBlockBytes == 0) size = std::min(size, written - position - kHeaderBytes);
  return log.substr(0, written).ends_with(kWriteEnd.substr(kWriteEnd.size() - size));
}

// Whether sectors are missing behind `written`, as the invalid record at `position` says.
bool LacksEnd(std::string_view log, size_t position, size_t written) {
  const std::optional<Header> header = HeaderAt(log, position);
  if (!header || EndsLikeAWrite(log, position, written)) return false;
  return header->end > log.size() || SectorOf(header->end - 1) >= written;
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
  if (!LacksSector(log, valid.end, written) && !LacksEnd(log, valid.end, written)) {
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
