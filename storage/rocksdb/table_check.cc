#include "table_check.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "masked_checksum.h"

namespace synod::rocksdb {
namespace {

using ::rocksdb::FSRandomAccessFile;
using ::rocksdb::IOStatus;

// The end of a table of format versions 1 to 5: the kind of its checksums, where the block of meta
// blocks and that of the index are, padding, the version and a magic number.
constexpr size_t kFooterBytes = 53;
constexpr char kCrc32cChecksums = 1;
// Behind each block: how it is compressed, and the checksum of both.
constexpr size_t kTrailerBytes = 1 + kChecksumBytes;
constexpr uint64_t kMaxMetaBytes = 1024 * 1024;
constexpr std::string_view kProperties = "rocksdb.properties";

struct Place {
  uint64_t offset = 0;
  uint64_t size = 0;
};

// Takes a number from the front: 7 bits a byte, the low ones first.
std::optional<uint64_t> TakeVarint(std::string_view& from) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !from.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(from.front());
    from.remove_prefix(1);
    value |= uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

std::optional<Place> TakePlace(std::string_view from) {
  const std::optional<uint64_t> offset = TakeVarint(from);
  const std::optional<uint64_t> size = TakeVarint(from);
  if (!offset || !size) return std::nullopt;
  return Place{.offset = *offset, .size = *size};
}

IOStatus ReadAt(FSRandomAccessFile& table, uint64_t offset, size_t size, std::string& bytes) {
  bytes.resize(size);
  ::rocksdb::Slice read;
  IOStatus status = table.Read(offset, size, {}, &read, bytes.data(), nullptr);
  // What is read may be where the file already has it.
  if (status.ok()) bytes = read.ToString();
  return status;
}

// Of the block of meta blocks. Its entries are: how much of the name before they share, how much
// they add to that, the size of the value; what they add, and the value.
std::optional<Place> FindProperties(std::string_view block) {
  std::string name;
  while (!block.empty()) {
    const std::optional<uint64_t> shared = TakeVarint(block);
    const std::optional<uint64_t> added = TakeVarint(block);
    const std::optional<uint64_t> value = TakeVarint(block);
    if (!shared || !added || !value || *shared > name.size() || *added > block.size() ||
        *value > block.size() - *added) {
      return std::nullopt;
    }
    name = name.substr(0, *shared) + std::string(block.substr(0, *added));
    if (name == kProperties) return TakePlace(block.substr(*added, *value));
    block.remove_prefix(*added + *value);
  }
  return std::nullopt;
}

}  // namespace

IOStatus CheckTable(FSRandomAccessFile& table, uint64_t size) {
  if (size < kFooterBytes) return IOStatus::OK();
  const auto is_within = [size](const std::optional<Place>& place) {
    return place && place->size <= kMaxMetaBytes && place->offset <= size &&
           size - place->offset >= place->size + kTrailerBytes;
  };
  std::string bytes;
  IOStatus status = ReadAt(table, size - kFooterBytes, kFooterBytes, bytes);
  if (!status.ok()) return status;
  if (bytes.size() != kFooterBytes || bytes.front() != kCrc32cChecksums) return IOStatus::OK();
  const std::optional<Place> meta = TakePlace(std::string_view(bytes).substr(1));
  if (!is_within(meta)) return IOStatus::OK();
  status = ReadAt(table, meta->offset, meta->size, bytes);
  if (!status.ok()) return status;
  const std::optional<Place> properties = FindProperties(bytes);
  if (!is_within(properties)) return IOStatus::OK();
  status = ReadAt(table, properties->offset, properties->size + kTrailerBytes, bytes);
  if (!status.ok()) return status;
  const std::string_view block = bytes;
  const size_t end = block.size() - std::min(block.size(), kChecksumBytes);
  if (end == properties->size + 1 &&
      MaskedChecksum(block.substr(0, end)) == GetChecksum(block.substr(end))) {
    return IOStatus::OK();
  }
  return IOStatus::Corruption("the properties of a table are damaged");
}

}  // namespace synod::rocksdb
