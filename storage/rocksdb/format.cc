#include "format.h"

#include <optional>
#include <utility>
#include <vector>

#include "synod/base/crc32c.h"
#include "synod/core/configuration_codec.h"

namespace synod::rocksdb {
namespace {

constexpr char kEntryPrefix = 'E';

// In an entry's kind: its payload is stuffed.
constexpr unsigned char kStuffed = 0x80;
// So many bytes of it lie between two that are not its own.
constexpr size_t kPieceBytes = 128;
constexpr char kStuffing = '\xff';

void PutBigEndian(char* out, uint64_t value) {
  for (int i = 7; i >= 0; --i, value >>= 8) out[i] = static_cast<char>(value & 0xff);
}

uint64_t GetBigEndian(const char* in) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = (value << 8) | static_cast<unsigned char>(in[i]);
  return value;
}

void PutLittleEndian(char* out, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i, value >>= 8) out[i] = static_cast<char>(value & 0xff);
}

uint64_t GetLittleEndian(const char* in, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = bytes; i-- > 0;) value = (value << 8) | static_cast<unsigned char>(in[i]);
  return value;
}

// Builds a record: numbers in order, then the checksum.
class RecordWriter {
 public:
  template <class Tag>
  RecordWriter& Put(StrongId<Tag> id) {
    return Put(id.value());
  }
  RecordWriter& Put(uint64_t value) { return PutBytes(value, 8); }
  RecordWriter& Put(uint32_t value) { return PutBytes(value, 4); }
  RecordWriter& Put(const Configuration& configuration) {
    const std::string bytes = synod::EncodeConfiguration(configuration);
    Put(static_cast<uint32_t>(bytes.size()));
    record_.append(bytes);
    return *this;
  }

  std::string Seal(std::string_view key) {
    Put(Crc32c(Crc32c(0, key), record_));
    return std::move(record_);
  }

 private:
  RecordWriter& PutBytes(uint64_t value, size_t bytes) {
    const size_t at = record_.size();
    record_.resize(at + bytes);
    PutLittleEndian(record_.data() + at, value, bytes);
    return *this;
  }

  std::string record_;
};

// Takes a record apart. After anything that does not fit, every Get leaves its argument alone and
// Finish says so.
class RecordReader {
 public:
  RecordReader(std::string_view key, std::string_view record) : rest_(record) {
    if (record.size() < 4) {
      fits_ = false;
      return;
    }
    rest_.remove_suffix(4);
    const auto stored =
        static_cast<uint32_t>(GetLittleEndian(record.data() + record.size() - 4, 4));
    fits_ = stored == Crc32c(Crc32c(0, key), rest_);
  }

  template <class Tag>
  RecordReader& Get(StrongId<Tag>& id) {
    uint64_t value = id.value();
    Get(value);
    id = StrongId<Tag>(value);
    return *this;
  }
  RecordReader& Get(uint64_t& value) {
    GetBytes(value, 8);
    return *this;
  }
  RecordReader& Get(uint32_t& value) {
    uint64_t wide = value;
    GetBytes(wide, 4);
    value = static_cast<uint32_t>(wide);
    return *this;
  }
  RecordReader& Get(Configuration& configuration) {
    const size_t size = GetCount(1);
    std::optional<Configuration> decoded = synod::DecodeConfiguration(rest_.substr(0, size));
    rest_.remove_prefix(size);
    if (!decoded) fits_ = false;
    if (fits_) configuration = *std::move(decoded);
    return *this;
  }

  // A number of items of at least `item_bytes` each; 0 if so many cannot follow.
  size_t GetCount(size_t item_bytes) {
    uint32_t count = 0;
    Get(count);
    if (count > rest_.size() / item_bytes) fits_ = false;
    return fits_ ? count : 0;
  }

  absl::Status Finish(std::string_view what) const {
    if (fits_ && rest_.empty()) return absl::OkStatus();
    return absl::DataLossError(std::string(what) + " does not match its checksum or its format");
  }

 private:
  void GetBytes(uint64_t& value, size_t bytes) {
    if (!fits_ || rest_.size() < bytes) {
      fits_ = false;
      return;
    }
    value = GetLittleEndian(rest_.data(), bytes);
    rest_.remove_prefix(bytes);
  }

  std::string_view rest_;
  bool fits_ = true;
};

// What Stuff was given; nothing if it has not made this.
std::optional<std::string> Unstuff(std::string_view stuffed) {
  std::string payload;
  payload.reserve(stuffed.size());
  while (stuffed.size() >= kPieceBytes) {
    if (!stuffed.substr(kPieceBytes).starts_with(kStuffing)) return std::nullopt;
    payload.append(stuffed.substr(0, kPieceBytes));
    stuffed.remove_prefix(kPieceBytes + 1);
  }
  payload.append(stuffed);
  return payload;
}

std::string Of(std::string_view what, GroupId group) {
  return std::string(what) + " of group " + std::to_string(group.value());
}

}  // namespace

std::string GroupKey(GroupId group, GroupRecord record) {
  std::string key(1 + 8 + 1, kGroupPrefix[0]);
  PutBigEndian(key.data() + 1, group.value());
  key.back() = static_cast<char>(record);
  return key;
}

std::optional<ParsedGroupKey> ParseGroupKey(std::string_view key) {
  if (key.size() != 1 + 8 + 1 || !key.starts_with(kGroupPrefix)) return std::nullopt;
  const auto record = static_cast<GroupRecord>(key.back());
  switch (record) {
    case GroupRecord::kConfiguration:
    case GroupRecord::kHardState:
    case GroupRecord::kLogHead:
    case GroupRecord::kSnapshot:
      return ParsedGroupKey{GroupId(GetBigEndian(key.data() + 1)), record};
  }
  return std::nullopt;
}

EntryKeyBuffer EntryKey(GroupId group, Index index) {
  EntryKeyBuffer key;
  key[0] = kEntryPrefix;
  PutBigEndian(key.data() + 1, group.value());
  PutBigEndian(key.data() + 9, index.value());
  return key;
}

std::optional<Index> ParseEntryKey(GroupId group, std::string_view key) {
  if (key.size() != kEntryKeyBytes || key[0] != kEntryPrefix ||
      GetBigEndian(key.data() + 1) != group.value()) {
    return std::nullopt;
  }
  return Index(GetBigEndian(key.data() + 9));
}

Link RootLink(GroupId group) {
  std::array<char, 8> bytes;
  PutLittleEndian(bytes.data(), group.value(), 8);
  return Crc32c(0, {bytes.data(), bytes.size()});
}

Link SnapshotLink(GroupId group, Index index, Term term) {
  std::array<char, 16> bytes;
  PutLittleEndian(bytes.data(), index.value(), 8);
  PutLittleEndian(bytes.data() + 8, term.value(), 8);
  return Crc32c(RootLink(group), {bytes.data(), bytes.size()});
}

Link NextLink(Link predecessor, const Entry& entry) {
  std::array<char, 4 + 8 + 8 + 1> bytes;
  PutLittleEndian(bytes.data(), predecessor, 4);
  PutLittleEndian(bytes.data() + 4, entry.index.value(), 8);
  PutLittleEndian(bytes.data() + 12, entry.term.value(), 8);
  bytes[20] = static_cast<char>(entry.kind);
  return Crc32c(Crc32c(0, {bytes.data(), bytes.size()}), entry.payload.view());
}

bool NeedsStuffing(std::string_view payload) {
  for (; payload.size() >= kPieceBytes; payload.remove_prefix(kPieceBytes)) {
    // Decided by the first byte nearly always.
    if (payload.substr(0, kPieceBytes).find_first_not_of('\0') == payload.npos) return true;
  }
  return false;
}

std::string Stuff(std::string_view payload) {
  std::string stuffed;
  stuffed.reserve(payload.size() + payload.size() / kPieceBytes);
  for (; payload.size() >= kPieceBytes; payload.remove_prefix(kPieceBytes)) {
    stuffed.append(payload.substr(0, kPieceBytes)).push_back(kStuffing);
  }
  return stuffed.append(payload);
}

EntryHeaderBuffer EntryHeader(Link link, const Entry& entry, bool is_stuffed) {
  EntryHeaderBuffer header;
  PutLittleEndian(header.data(), link, 4);
  PutLittleEndian(header.data() + 4, entry.term.value(), 8);
  header[12] =
      static_cast<char>(static_cast<unsigned char>(entry.kind) | (is_stuffed ? kStuffed : 0));
  return header;
}

absl::StatusOr<DecodedEntry> DecodeEntry(Index index, std::string_view value) {
  if (value.size() < kEntryHeaderBytes) return absl::DataLossError("the record is too short");
  DecodedEntry decoded;
  decoded.link = static_cast<Link>(GetLittleEndian(value.data(), 4));
  decoded.entry.index = index;
  decoded.entry.term = Term(GetLittleEndian(value.data() + 4, 8));
  const auto kind = static_cast<unsigned char>(value[12]);
  decoded.entry.kind = static_cast<EntryKind>(kind & ~kStuffed);
  const std::string_view payload = value.substr(kEntryHeaderBytes);
  switch (decoded.entry.kind) {
    case EntryKind::kNoOp:
    case EntryKind::kCommand:
    case EntryKind::kConfiguration:
    case EntryKind::kMark:
      if ((kind & kStuffed) == 0) {
        decoded.entry.payload = Payload::Copy(payload);
        return decoded;
      }
      if (const auto unstuffed = Unstuff(payload)) {
        decoded.entry.payload = Payload::Copy(*unstuffed);
        return decoded;
      }
      return absl::DataLossError("its payload does not match its format");
  }
  return absl::FailedPreconditionError("the entry is of a kind that this version does not know");
}

std::string EncodeIdentity(const StoreIdentity& identity) {
  return RecordWriter()
      .Put(identity.cluster)
      .Put(identity.node)
      .Put(identity.incarnation)
      .Seal(kIdentityKey);
}

absl::StatusOr<StoreIdentity> DecodeIdentity(std::string_view value) {
  StoreIdentity identity;
  RecordReader reader(kIdentityKey, value);
  reader.Get(identity.cluster).Get(identity.node).Get(identity.incarnation);
  if (absl::Status status = reader.Finish("the store's identity"); !status.ok()) return status;
  return identity;
}

std::string EncodeConfiguration(GroupId group, const Configuration& configuration) {
  return RecordWriter().Put(configuration).Seal(GroupKey(group, GroupRecord::kConfiguration));
}

absl::StatusOr<Configuration> DecodeConfiguration(GroupId group, std::string_view value) {
  Configuration configuration;
  RecordReader reader(GroupKey(group, GroupRecord::kConfiguration), value);
  reader.Get(configuration);
  absl::Status status = reader.Finish(Of("the initial configuration", group));
  if (!status.ok()) return status;
  return configuration;
}

std::string EncodeHardState(GroupId group, const HardState& state) {
  RecordWriter writer;
  writer.Put(state.term).Put(state.vote).Put(state.vote_incarnation);
  writer.Put(static_cast<uint32_t>(state.peers.size()));
  for (const KnownPeer& peer : state.peers) writer.Put(peer.node).Put(peer.incarnation);
  return writer.Seal(GroupKey(group, GroupRecord::kHardState));
}

absl::StatusOr<HardState> DecodeHardState(GroupId group, std::string_view value) {
  HardState state;
  RecordReader reader(GroupKey(group, GroupRecord::kHardState), value);
  reader.Get(state.term).Get(state.vote).Get(state.vote_incarnation);
  state.peers.resize(reader.GetCount(16));
  for (KnownPeer& peer : state.peers) reader.Get(peer.node).Get(peer.incarnation);
  if (absl::Status status = reader.Finish(Of("the hard state", group)); !status.ok()) return status;
  return state;
}

std::string EncodeLogHead(GroupId group, const LogHead& head) {
  return RecordWriter().Put(head.index).Put(head.link).Seal(GroupKey(group, GroupRecord::kLogHead));
}

absl::StatusOr<LogHead> DecodeLogHead(GroupId group, std::string_view value) {
  LogHead head;
  RecordReader reader(GroupKey(group, GroupRecord::kLogHead), value);
  reader.Get(head.index).Get(head.link);
  if (absl::Status status = reader.Finish(Of("the log head", group)); !status.ok()) return status;
  return head;
}

std::string EncodeSnapshot(GroupId group, const SnapshotRecord& record) {
  const SnapshotMeta& meta = record.meta;
  return RecordWriter()
      .Put(meta.index)
      .Put(meta.term)
      .Put(meta.configuration)
      .Put(meta.size)
      .Put(meta.checksum)
      .Put(record.file)
      .Seal(GroupKey(group, GroupRecord::kSnapshot));
}

absl::StatusOr<SnapshotRecord> DecodeSnapshot(GroupId group, std::string_view value) {
  SnapshotRecord record;
  SnapshotMeta& meta = record.meta;
  RecordReader reader(GroupKey(group, GroupRecord::kSnapshot), value);
  reader.Get(meta.index).Get(meta.term).Get(meta.configuration);
  reader.Get(meta.size).Get(meta.checksum).Get(record.file);
  absl::Status status = reader.Finish(Of("the snapshot record", group));
  if (!status.ok()) return status;
  return record;
}

}  // namespace synod::rocksdb
