// The end of the log: records are put together in one buffer, written by one append, and synced.
#ifndef SYNOD_STORAGE_WAL_LOG_WRITER_H_
#define SYNOD_STORAGE_WAL_LOG_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "synod/port/file_system.h"

#include "format.h"
#include "payload_format.h"

namespace synod::wal {

// A segment file of the log.
struct Segment {
  uint64_t number = 0;
  uint64_t position = 0;  // Of its first record.
};

// Not thread-safe. After a failed method nothing more may be asked of it.
class LogWriter {
 public:
  // Writes behind the end of segment `last`, where `position` and `link` are those of the log.
  // `files` must outlive it.
  LogWriter(FileSystem& files, std::string directory, uint64_t last, uint64_t position, Link link);

  // Begins the next segment with the checkpoint, which must be the state at the log's end; no
  // record may be pending. Durable at return: header, checkpoint, and the file's name (F6).
  // `identity` is what seeds the records; the checkpoint's, or the one about to be bootstrapped.
  [[nodiscard]] absl::Status BeginSegment(const StoreIdentity& identity,
                                          const Checkpoint& checkpoint);

  // The payload is to be appended to the string, until EndRecord. Nothing before it may change.
  std::string& BeginRecord();
  void EndRecord(RecordKind kind);
  // Instead of EndRecord: the record was never begun.
  void DropRecord() { buffer_.resize(record_start_); }
  // Where in the log a byte of the buffer will be.
  [[nodiscard]] uint64_t PositionOf(size_t buffer_offset) const { return end_ + buffer_offset; }

  // Bytes of records that are not written yet.
  [[nodiscard]] size_t pending_bytes() const { return buffer_.size(); }
  // Writes and syncs them. An error is final (F4).
  [[nodiscard]] absl::Status Commit();

  // The segment that is written to.
  [[nodiscard]] const Segment& segment() const { return segment_; }
  [[nodiscard]] uint64_t segment_bytes() const {
    return kSegmentHeaderBytes + end_ - segment_.position;
  }

 private:
  FileSystem& files_;
  const std::string directory_;
  Segment segment_;
  std::unique_ptr<File> file_;
  uint32_t seed_ = 0;
  uint64_t end_;        // Of the log, as far as it is synced.
  Link link_;           // Of the last record, pending ones included.
  std::string buffer_;  // Pending records; kept for its memory.
  size_t record_start_ = 0;
};

}  // namespace synod::wal

#endif  // SYNOD_STORAGE_WAL_LOG_WRITER_H_
