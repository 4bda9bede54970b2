// Reads pieces of the log back from its segments.
#ifndef SYNOD_STORAGE_WAL_LOG_READER_H_
#define SYNOD_STORAGE_WAL_LOG_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "synod/port/file_system.h"

#include "log_writer.h"

namespace synod::wal {

// Not thread-safe. Reads ahead, so it is for positions that mostly rise.
class LogReader {
 public:
  // `segments` are in order, and stay until the reader is gone; so does `files`.
  LogReader(FileSystem& files, std::string directory, std::vector<Segment> segments);

  // Valid until the next call. kDataLoss if the file ends before it, or is missing; names it.
  [[nodiscard]] absl::StatusOr<std::string_view> Read(uint64_t position, size_t size);

  // The segment's file and the offset in it, for an error.
  [[nodiscard]] std::string Describe(uint64_t position) const;

 private:
  [[nodiscard]] const Segment* Find(uint64_t position) const;

  FileSystem& files_;
  const std::string directory_;
  const std::vector<Segment> segments_;
  const Segment* open_ = nullptr;
  std::unique_ptr<File> file_;
  std::vector<char> window_;  // What was read of it last,
  uint64_t window_offset_ = 0;
  size_t window_size_ = 0;
};

}  // namespace synod::wal

#endif  // SYNOD_STORAGE_WAL_LOG_READER_H_
