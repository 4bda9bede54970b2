#include "payload_format.h"

#include <utility>

#include "synod/base/crc32c.h"

#include "coding.h"

namespace synod::wal {
namespace {

// What a GroupWrite has besides entries.
constexpr uint8_t kHasHardState = 1;
constexpr uint8_t kHasSnapshot = 2;
constexpr uint8_t kResetsLog = 4;
constexpr uint8_t kTruncates = 8;
constexpr uint8_t kCompacts = 16;
constexpr uint8_t kAllFlags = 31;

// Group, flags, first index, number of entries.
constexpr size_t kGroupHeaderBytes = 8 + 1 + 8 + 4;

uint32_t EntryChecksum(GroupId group, Index index, Term term, EntryKind kind,
                       std::string_view payload) {
  char bytes[8 + 8 + 8 + 1];
  StoreNumber(bytes, group.value());
  StoreNumber(bytes + 8, index.value());
  StoreNumber(bytes + 16, term.value());
  bytes[24] = static_cast<char>(kind);
  return Crc32c(Crc32c(0, {bytes, sizeof(bytes)}), payload);
}

absl::Status Misfit(std::string_view what) {
  return absl::DataLossError("the " + std::string(what) + " does not match its format");
}

// All but the entries.
bool GetGroupWrite(Decoder& decoder, LoggedWrite& write) {
  uint8_t flags = 0;
  Persist& persist = write.persist;
  decoder.Get(write.group).Get(flags);
  if ((flags & ~kAllFlags) != 0) return false;
  if ((flags & kHasHardState) != 0) decoder.Get(persist.hard_state.emplace());
  if ((flags & kHasSnapshot) != 0) {
    InstallStaged& install = persist.snapshot.emplace();
    decoder.Get(install.staged).Get(install.meta);
    install.resets_log = (flags & kResetsLog) != 0;
  }
  if ((flags & kTruncates) != 0) decoder.Get(persist.truncate_from.emplace());
  if ((flags & kCompacts) != 0) decoder.Get(persist.compact_to.emplace());
  decoder.Get(write.first);
  return decoder.Fits();
}

}  // namespace

absl::StatusOr<Entry> DecodeEntry(GroupId group, Index index, std::string_view bytes) {
  Decoder decoder(bytes);
  uint32_t size = 0;
  uint32_t checksum = 0;
  uint8_t kind = 0;
  Entry entry{.index = index, .term = Term(), .kind = EntryKind::kNoOp, .payload = {}};
  decoder.Get(size).Get(checksum).Get(entry.term).Get(kind);
  entry.kind = static_cast<EntryKind>(kind);
  if (!decoder.Fits() || size != bytes.size() - kEntryHeaderBytes ||
      checksum !=
          EntryChecksum(group, index, entry.term, entry.kind, bytes.substr(kEntryHeaderBytes))) {
    return absl::DataLossError("it does not match its checksum");
  }
  switch (entry.kind) {
    case EntryKind::kNoOp:
    case EntryKind::kCommand:
    case EntryKind::kConfiguration:
    case EntryKind::kMark:
      entry.payload = Payload::Copy(bytes.substr(kEntryHeaderBytes));
      return entry;
  }
  return absl::FailedPreconditionError("it is of a kind that this version does not know");
}

void EncodeBatchHeader(size_t groups, std::string& out) {
  Encoder(out).Put(static_cast<uint32_t>(groups));
}

size_t EncodeGroupWrite(const GroupWrite& write, std::string& out) {
  const Persist& persist = write.persist;
  uint8_t flags = 0;
  if (persist.hard_state) flags |= kHasHardState;
  if (persist.snapshot) flags |= kHasSnapshot;
  if (persist.snapshot && persist.snapshot->resets_log) flags |= kResetsLog;
  if (persist.truncate_from) flags |= kTruncates;
  if (persist.compact_to) flags |= kCompacts;
  Encoder encoder(out);
  encoder.Put(write.group).Put(flags);
  if (persist.hard_state) encoder.Put(*persist.hard_state);
  if (persist.snapshot) encoder.Put(persist.snapshot->staged).Put(persist.snapshot->meta);
  if (persist.truncate_from) encoder.Put(*persist.truncate_from);
  if (persist.compact_to) encoder.Put(*persist.compact_to);
  encoder.Put(persist.entries.empty() ? Index() : persist.entries.front().index);
  encoder.Put(static_cast<uint32_t>(persist.entries.size()));
  const size_t entries_at = out.size();
  for (const Entry& entry : persist.entries) {
    const std::string_view payload = entry.payload.view();
    encoder.Put(static_cast<uint32_t>(payload.size()))
        .Put(EntryChecksum(write.group, entry.index, entry.term, entry.kind, payload))
        .Put(entry.term)
        .Put(static_cast<uint8_t>(entry.kind));
    out.append(payload);
  }
  return entries_at;
}

uint64_t EncodedBytes(const std::vector<GroupWrite>& batch) {
  uint64_t bytes = 4;
  for (const GroupWrite& write : batch) {
    const Persist& persist = write.persist;
    bytes += kGroupHeaderBytes + 8 + 8;
    if (persist.hard_state) bytes += 8 + 8 + 8 + 4 + 16 * persist.hard_state->peers.size();
    if (persist.snapshot) {
      bytes += 8 + 8 + 8 + 8 + 4 + 4;
      bytes += EncodeConfiguration(persist.snapshot->meta.configuration).size();
    }
    for (const Entry& entry : persist.entries) bytes += kEntryHeaderBytes + entry.payload.size();
  }
  return bytes;
}

absl::StatusOr<std::vector<LoggedWrite>> DecodeBatch(std::string_view payload, uint64_t position) {
  Decoder decoder(payload);
  std::vector<LoggedWrite> writes(decoder.GetCount(kGroupHeaderBytes));
  for (LoggedWrite& write : writes) {
    if (!GetGroupWrite(decoder, write)) return Misfit("batch");
    write.entries.resize(decoder.GetCount(kEntryHeaderBytes));
    for (EntryAt& entry : write.entries) {
      entry.position = position + decoder.offset();
      uint32_t size = 0;
      uint32_t checksum = 0;
      uint8_t kind = 0;
      decoder.Get(size).Get(checksum).Get(entry.term).Get(kind).Skip(size);
      entry.size = static_cast<uint32_t>(kEntryHeaderBytes) + size;
    }
  }
  if (!decoder.FitsAll()) return Misfit("batch");
  return writes;
}

void EncodeBootstrap(const BootstrapRecord& record, std::string& out) {
  Encoder(out).Put(record.identity).Put(record.group).Put(record.initial);
}

absl::StatusOr<BootstrapRecord> DecodeBootstrap(std::string_view payload) {
  BootstrapRecord record;
  Decoder decoder(payload);
  decoder.Get(record.identity).Get(record.group).Get(record.initial);
  if (!decoder.FitsAll()) return Misfit("bootstrap record");
  return record;
}

void EncodeCheckpoint(const Checkpoint& checkpoint, std::string& out) {
  Encoder encoder(out);
  encoder.Put(checkpoint.identity).Put(static_cast<uint32_t>(checkpoint.groups.size()));
  for (const GroupCheckpoint& group : checkpoint.groups) {
    encoder.Put(group.group).Put(group.initial).Put(group.hard_state);
    encoder.Put(group.snapshot.meta).Put(group.snapshot.file).Put(group.head).Put(group.last);
  }
}

absl::StatusOr<Checkpoint> DecodeCheckpoint(std::string_view payload) {
  Checkpoint checkpoint;
  Decoder decoder(payload);
  decoder.Get(checkpoint.identity);
  // At least its numbers and the counts of its empty lists.
  checkpoint.groups.resize(decoder.GetCount(8 * 9 + 4 * 8));
  for (GroupCheckpoint& group : checkpoint.groups) {
    decoder.Get(group.group).Get(group.initial).Get(group.hard_state);
    decoder.Get(group.snapshot.meta).Get(group.snapshot.file).Get(group.head).Get(group.last);
    if (group.last < group.head) return Misfit("checkpoint");
  }
  if (!decoder.FitsAll()) return Misfit("checkpoint");
  return checkpoint;
}

}  // namespace synod::wal
