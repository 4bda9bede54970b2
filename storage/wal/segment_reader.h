// Reads the records of one segment, and says of what is no record whether it is a torn tail or
// damage.
#ifndef SYNOD_STORAGE_WAL_SEGMENT_READER_H_
#define SYNOD_STORAGE_WAL_SEGMENT_READER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "format.h"

namespace synod::wal {

struct Record {
  RecordKind kind = RecordKind::kBatch;
  uint64_t payload_position = 0;
  std::string_view payload;
};

// Why what stands at an offset of a segment is no record.
struct Damage {
  uint64_t offset = 0;
  std::string reason;
  // It is what an interrupted write leaves, and nothing shows that it was ever synced. Means
  // something in the last segment only: all others were synced to their ends.
  bool is_torn = false;
};

class SegmentReader {
 public:
  // `segment` is the whole file, with its header, and must outlive the reader and its records.
  SegmentReader(std::string_view segment, const SegmentHeader& header);

  // Moves on to the next record. False at the end, and in front of anything that is no record:
  // damage() tells which.
  [[nodiscard]] bool Next(Record& record);

  [[nodiscard]] const std::optional<Damage>& damage() const { return damage_; }
  // Behind the last record: in the file, and in the log.
  [[nodiscard]] uint64_t offset() const { return offset_; }
  [[nodiscard]] uint64_t position() const { return PositionAt(offset_); }
  // Of the last record.
  [[nodiscard]] Link link() const { return link_; }

 private:
  bool Fail(std::string reason, bool looks_torn);
  // Whether a valid record behind the damage says that what is damaged had been synced by then.
  [[nodiscard]] bool WasSynced() const;
  [[nodiscard]] uint64_t PositionAt(uint64_t offset) const {
    return position_ + offset - kSegmentHeaderBytes;
  }

  const std::string_view segment_;
  const uint64_t position_;  // Of the first record.
  const uint32_t seed_;
  uint64_t offset_ = kSegmentHeaderBytes;
  Link link_;
  std::optional<Damage> damage_;
};

}  // namespace synod::wal

#endif  // SYNOD_STORAGE_WAL_SEGMENT_READER_H_
