#include "segment_reader.h"

#include <utility>

#include "synod/base/crc32c.h"
#include "synod/base/mutation.h"

namespace synod::wal {

SegmentReader::SegmentReader(std::string_view segment, const SegmentHeader& header)
    : segment_(segment),
      position_(header.position),
      seed_(SeedOf(header.identity.incarnation)),
      link_(header.link) {}

bool SegmentReader::Next(Record& record) {
  const std::string_view rest = segment_.substr(offset_);
  if (rest.empty()) return false;
  if (rest.size() < kRecordHeaderBytes) return Fail("the file ends within a record's header", true);
  const std::optional<RecordHeader> header = DecodeRecordHeader(rest, seed_, position());
  if (!header) {
    return Fail("a record's header does not match its checksum, or belongs elsewhere",
                HasHoleInHeader(rest, offset_));
  }
  const uint64_t size = RecordBytes(header->length);
  if (rest.size() < size) return Fail("the file ends within a record", true);
  const std::string_view bytes = rest.substr(0, size);
  const Link link = Crc32c(link_, bytes.substr(kRecordHeaderBytes));
  if (link != header->link && !Mutated(Mutation::kNoChainCheck)) {
    return Fail("a record does not match its checksum, or not what precedes it",
                CountZeroSectors(bytes, offset_) > header->zero_sectors);
  }
  record = {.kind = header->kind,
            .payload_position = position() + kRecordHeaderBytes,
            .payload = bytes.substr(kRecordHeaderBytes, header->length)};
  offset_ += size;
  link_ = link;
  return true;
}

bool SegmentReader::Fail(std::string reason, bool looks_torn) {
  const bool absent = Mutated(Mutation::kCorruptIsAbsent);
  const bool was_synced = !absent && WasSynced();
  if (was_synced) reason += ", and a record behind it shows that it was synced";
  damage_ = Damage{.offset = offset_,
                   .reason = std::move(reason),
                   .is_torn = (looks_torn || absent) && !was_synced};
  return false;
}

bool SegmentReader::WasSynced() const {
  // Where the next record begins is not known, since the length may be what is damaged. A header
  // that is valid for its position can be nothing else: no payload knows both incarnation and
  // position.
  for (uint64_t offset = offset_ + kRecordAlignment; offset + kRecordHeaderBytes <= segment_.size();
       offset += kRecordAlignment) {
    const std::optional<RecordHeader> header =
        DecodeRecordHeader(segment_.substr(offset, kRecordHeaderBytes), seed_, PositionAt(offset));
    if (header && header->synced > position() && header->synced <= PositionAt(offset)) return true;
  }
  return false;
}

}  // namespace synod::wal
