#include "log_reader.h"

#include <algorithm>
#include <utility>

namespace synod::wal {
namespace {

constexpr size_t kWindowBytes = 256 * 1024;

}  // namespace

LogReader::LogReader(FileSystem& files, std::string directory, std::vector<Segment> segments)
    : files_(files), directory_(std::move(directory)), segments_(std::move(segments)) {}

const Segment* LogReader::Find(uint64_t position) const {
  const auto behind = std::upper_bound(
      segments_.begin(), segments_.end(), position,
      [](uint64_t value, const Segment& segment) { return value < segment.position; });
  return behind == segments_.begin() ? nullptr : &*(behind - 1);
}

std::string LogReader::Describe(uint64_t position) const {
  const Segment* const segment = Find(position);
  if (segment == nullptr) return directory_ + ", before its first segment";
  return directory_ + "/" + SegmentName(segment->number) + ", offset " +
         std::to_string(kSegmentHeaderBytes + position - segment->position);
}

absl::StatusOr<std::string_view> LogReader::Read(uint64_t position, size_t size) {
  const Segment* const segment = Find(position);
  if (segment == nullptr) return absl::DataLossError("its segment is missing");
  if (segment != open_) {
    auto file = files_.Open(directory_ + "/" + SegmentName(segment->number));
    if (absl::IsNotFound(file.status())) return absl::DataLossError("its segment is missing");
    if (!file.ok()) return file.status();
    file_ = *std::move(file);
    open_ = segment;
    window_size_ = 0;
  }
  const uint64_t offset = kSegmentHeaderBytes + position - segment->position;
  if (offset < window_offset_ || offset + size > window_offset_ + window_size_) {
    window_.resize(std::max(size, kWindowBytes));
    const auto count = file_->ReadAt(offset, window_);
    if (!count.ok()) return count.status();
    window_offset_ = offset;
    window_size_ = *count;
    if (size > *count) return absl::DataLossError("its segment ends before it does");
  }
  return std::string_view(window_.data() + (offset - window_offset_), size);
}

}  // namespace synod::wal
