// The wire format's receiving side. Everything here may have been written by anybody.
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <variant>

#include "synod/base/crc32c.h"
#include "synod/core/configuration_codec.h"
#include "synod/port/wire.h"

#include "src/wire_codec.h"

namespace synod::wire {

namespace {

using namespace internal;  // NOLINT(google-build-using-namespace): this file is half of its code.

// Reads fields one after another. After the first that cannot be right all read as 0, and error()
// says what was wrong with it: so a message is decoded without a check at each field.
class Reader {
 public:
  Reader(std::string_view body, Buffer* owner)
      : begin_(body.data()), next_(body.data()), end_(body.data() + body.size()), owner_(owner) {}

  [[nodiscard]] bool AtEnd() const { return next_ == end_; }
  [[nodiscard]] size_t left() const { return static_cast<size_t>(end_ - next_); }
  [[nodiscard]] bool ok() const { return error_.ok(); }

  // With where it was found.
  [[nodiscard]] absl::Status error() const {
    return {error_.code(),
            absl::string_view(std::string(error_.message()) + ", in the message at " +
                              std::to_string(message_ - begin_) + " of a frame")};
  }

  void BeginMessage() { message_ = next_; }

  // The first error counts; it ends the reading.
  [[gnu::cold]] void Fail(absl::Status error) {
    if (!error_.ok()) return;
    error_ = std::move(error);
    next_ = end_;
  }
  [[gnu::cold]] void Malformed(const char* what) { Fail(absl::InvalidArgumentError(what)); }
  [[gnu::cold]] void Unknown(const char* what, uint64_t code) {
    Fail(absl::UnimplementedError("unknown " + std::string(what) + " " + std::to_string(code) +
                                  ": the sender is of a newer version"));
  }

  uint8_t Byte() {
    if (next_ == end_) {
      Malformed("the frame ends in the middle of a field");
      return 0;
    }
    return static_cast<uint8_t>(*next_++);
  }

  bool Bool() {
    const uint8_t value = Byte();
    if (value > 1) Malformed("a flag is neither 0 nor 1");
    return value == 1;
  }

  uint64_t Varint() {
    const uint8_t first = Byte();
    return first < 0x80 ? first : LongVarint(first);
  }
  template <class Tag>
  void Varint(StrongId<Tag>& id) {
    id = StrongId<Tag>(Varint());
  }

  template <class Integer>
  Integer Fixed() {
    Integer value = 0;
    if (left() < sizeof(value)) {
      Malformed("the frame ends in the middle of a field");
      return 0;
    }
    std::memcpy(&value, next_, sizeof(value));
    next_ += sizeof(value);
    return value;
  }

  // How many items of at least `item_bytes` follow: so many can be there, and are allowed. Both
  // matter, since memory is taken for all of them at once, and more for each than it has bytes
  // here.
  size_t Count(size_t item_bytes, size_t allowed, const char* excess) {
    const uint64_t count = Varint();
    if (count > left() / item_bytes) {
      Malformed("a list is longer than its frame");
      return 0;
    }
    if (count > allowed) {
      Malformed(excess);
      return 0;
    }
    return count;
  }

  // How many entries of an append follow.
  size_t CountOfEntries() {
    const size_t count = Count(2, kMaxEntriesPerFrame - entries_, "too many entries in one frame");
    entries_ += count;
    return count;
  }

  Payload Bytes() {
    const uint64_t size = Varint();
    if (size > left()) {
      Malformed("a payload is longer than its frame");
      return {};
    }
    if (size == 0) return {};
    const char* const bytes = next_;
    next_ += size;
    if (owner_ == nullptr) {
      // Of the first payload's beginning on: what comes before is not needed any more.
      copy_ = Buffer(static_cast<size_t>(end_ - bytes));
      std::memcpy(copy_.data(), bytes, copy_.capacity());
      owner_ = &copy_;
      owner_origin_ = bytes;
    } else if (owner_origin_ == nullptr) {
      owner_origin_ = owner_->data();
    }
    return owner_->Share(static_cast<size_t>(bytes - owner_origin_), size);
  }

 private:
  uint64_t LongVarint(uint8_t first) {
    uint64_t value = first & 0x7f;
    for (unsigned shift = 7; shift < 64; shift += 7) {
      const uint8_t byte = Byte();
      value |= uint64_t{byte & 0x7fu} << shift;
      if (byte >= 0x80) continue;
      if (shift == 63 && byte > 1) break;
      if (byte == 0) Malformed("an integer is longer than need be");
      return ok() ? value : 0;
    }
    Malformed("an integer exceeds 64 bits");
    return 0;
  }

  const char* begin_;
  const char* next_;
  const char* end_;
  const char* message_ = nullptr;  // Where the one that is read begins.
  absl::Status error_;
  size_t entries_ = 0;  // Of all messages so far.

  Buffer* owner_;                       // Whose slices payloads become; null until it is needed.
  const char* owner_origin_ = nullptr;  // The byte of the body that is the owner's first.
  Buffer copy_;
};

// Codes are contiguous from `first` to `last`.
template <class Enum>
Enum ReadCode(Reader& in, const char* what, Enum first, Enum last) {
  const uint8_t code = in.Byte();
  if (code < static_cast<uint8_t>(first) || code > static_cast<uint8_t>(last)) {
    in.Unknown(what, code);
  }
  return static_cast<Enum>(code);
}

void Read(Reader& in, Configuration& configuration) {
  const Payload bytes = in.Bytes();
  std::optional<Configuration> decoded;
  if (bytes.size() <= kMaxConfigurationBytes) decoded = DecodeConfiguration(bytes.view());
  if (!decoded) {
    in.Malformed("a configuration cannot be read");
    return;
  }
  configuration = *std::move(decoded);
}

void Read(Reader& in, Introduce& m) {
  m.configuration_hash = in.Fixed<uint64_t>();
  m.recorded = Incarnation(in.Fixed<uint64_t>());
  m.wants_reply = in.Bool();
  m.is_settled = in.Bool();
  m.question = in.Fixed<uint64_t>();
}

void Read(Reader& in, PreVoteRequest& m) {
  in.Varint(m.next_term);
  in.Varint(m.last_index);
  in.Varint(m.last_term);
}

void Read(Reader& in, PreVoteReply& m) {
  in.Varint(m.next_term);
  m.granted = in.Bool();
}

void Read(Reader& in, VoteRequest& m) {
  in.Varint(m.last_index);
  in.Varint(m.last_term);
  m.by_transfer = in.Bool();
}

void Read(Reader& in, VoteReply& m) { m.granted = in.Bool(); }

EntryKind ReadKind(Reader& in, uint8_t code) {
  if (code < static_cast<uint8_t>(EntryKind::kNoOp) ||
      code > static_cast<uint8_t>(EntryKind::kConfiguration)) {
    in.Unknown("entry kind", code);  // Never skipped: the log would lack an entry (X5).
  }
  return static_cast<EntryKind>(code);
}

// Those that follow `index`, where the term is `before`.
void ReadEntries(Reader& in, Index index, Term before, std::vector<Entry>& entries) {
  const size_t count = in.CountOfEntries();
  if (count > std::numeric_limits<uint64_t>::max() - index.value()) {
    in.Malformed("the entries of a request run past the last index");
    return;
  }
  entries.reserve(count);
  uint64_t term = before.value();
  for (size_t i = 0; i < count; ++i) {
    const uint8_t head = in.Byte();
    if ((head & kTermRises) != 0) {
      const uint64_t rise = in.Varint();
      if (rise == 0 || rise > std::numeric_limits<uint64_t>::max() - term) {
        in.Malformed("the term of an entry does not follow that of the entry before");
        return;
      }
      term += rise;
    }
    const EntryKind kind = ReadKind(in, head & static_cast<uint8_t>(~kTermRises));
    Payload payload = in.Bytes();
    if (!in.ok()) return;
    entries.push_back(
        {.index = ++index, .term = Term(term), .kind = kind, .payload = std::move(payload)});
  }
}

void Read(Reader& in, AppendRequest& m) {
  in.Varint(m.prev_index);
  in.Varint(m.prev_term);
  in.Varint(m.commit);
  in.Varint(m.epoch);
  ReadEntries(in, m.prev_index, m.prev_term, m.entries);
}

void Read(Reader& in, AppendReply& m) {
  m.status =
      ReadCode(in, "append status", AppendReply::Status::kAccepted, AppendReply::Status::kMismatch);
  in.Varint(m.epoch);
  in.Varint(m.index);
  in.Varint(m.hint_index);
  in.Varint(m.hint_term);
}

void Read(Reader& in, Heartbeat& m) {
  m.round = in.Varint();
  in.Varint(m.commit);
  in.Varint(m.epoch);
}

void Read(Reader& in, HeartbeatReply& m) {
  m.round = in.Varint();
  in.Varint(m.epoch);
  in.Varint(m.received);
  m.has_space = in.Bool();
}

void Read(Reader&, TimeoutNow&) {}

void Read(Reader& in, ReadRequest& m) { in.Varint(m.context); }

void Read(Reader& in, ReadReply& m) {
  in.Varint(m.context);
  in.Varint(m.index);
  m.reason = ReadCode(in, "reason", Reason::kNone, Reason::kInvalidChange);
}

void Read(Reader& in, SnapshotChunk& m) {
  m.transfer = in.Varint();
  in.Varint(m.meta.index);
  in.Varint(m.meta.term);
  Read(in, m.meta.configuration);
  m.meta.size = in.Varint();
  m.meta.checksum = in.Fixed<uint32_t>();
  m.offset = in.Varint();
  m.checksum = in.Fixed<uint32_t>();
  m.data = in.Bytes();
  if (m.data.size() > m.meta.size || m.offset > m.meta.size - m.data.size()) {
    in.Malformed("a chunk reaches past the end of its snapshot");
  }
}

void Read(Reader& in, SnapshotChunkReply& m) {
  m.transfer = in.Varint();
  m.next_offset = in.Varint();
  m.rejected = in.Bool();
}

void Read(Reader& in, NotMember& m) {
  in.Varint(m.as_of);
  m.incarnation = Incarnation(in.Fixed<uint64_t>());
}

void Read(Reader& in, PrepareRequest& m) {
  in.Varint(m.from);
  m.by_transfer = in.Bool();
}

void Read(Reader& in, Ballot& ballot) {
  in.Varint(ballot.round);
  ballot.node = NodeId(in.Varint());
  ballot.incarnation = Incarnation(in.Fixed<uint64_t>());
}

void Read(Reader& in, PrepareReply& m) {
  Read(in, m.ballot);
  Read(in, m.promised);
  in.Varint(m.from);
  in.Varint(m.first);
  in.Varint(m.chosen);
  in.Varint(m.next);
  const size_t count = in.CountOfEntries();
  m.accepted.reserve(count);
  Index least = m.from;
  Ballot ballot;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t head = in.Byte();
    if ((head & kBallotChanges) != 0) {
      const Ballot before = std::exchange(ballot, {});
      Read(in, ballot);
      if (ballot == before) in.Malformed("a ballot repeats that of the entry before");
    }
    const EntryKind kind = ReadKind(in, head & static_cast<uint8_t>(~kBallotChanges));
    const uint64_t skipped = in.Varint();
    if (skipped >= std::numeric_limits<uint64_t>::max() - least.value()) {
      in.Malformed("the slots of a report run past the last index");
    }
    Payload payload = in.Bytes();
    if (!in.ok()) return;
    m.accepted.push_back({.entry = {.index = least + skipped,
                                    .term = ballot.round,
                                    .kind = kind,
                                    .payload = std::move(payload)},
                          .ballot = ballot});
    least = least + skipped + 1;
  }
}

void Read(Reader& in, AcceptRequest& m) {
  in.Varint(m.first);
  in.Varint(m.commit);
  in.Varint(m.epoch);
  m.round = in.Varint();
  in.Varint(m.forget);
  if (m.first.IsZero()) {
    in.Malformed("slots begin at 1");
    return;
  }
  ReadEntries(in, m.first - 1, Term(), m.entries);
}

void Read(Reader& in, AcceptReply& m) {
  Read(in, m.ballot);
  Read(in, m.promised);
  in.Varint(m.epoch);
  in.Varint(m.accepted);
  in.Varint(m.received);
  in.Varint(m.chosen);
  m.round = in.Varint();
  m.has_space = in.Bool();
}

// Reads the alternative number `type`; false if there is none.
template <size_t... kTypes>
bool ReadBody(Reader& in, size_t type, MessageBody& body, std::index_sequence<kTypes...>) {
  return ((type == kTypes && (Read(in, body.emplace<kTypes>()), true)) || ...);
}

// `before` is the message before this one, or an empty one. What is the same as there must be left
// out, or the batch would have a second encoding.
void ReadMessage(Reader& in, const Message& before, Message& m) {
  in.BeginMessage();
  const uint8_t type = in.Byte();
  const uint8_t same = in.Byte();
  if ((same & ~kAllSame) != 0) in.Unknown("message flags", same);
  m.group = before.group;
  m.term = before.term;
  m.incarnation = before.incarnation;
  if ((same & kSameGroup) == 0) in.Varint(m.group);
  if ((same & kSameTerm) == 0) in.Varint(m.term);
  if ((same & kSameIncarnation) == 0) m.incarnation = Incarnation(in.Fixed<uint64_t>());
  if (!in.ok()) return;
  const bool repeats = ((same & kSameGroup) == 0 && m.group == before.group) ||
                       ((same & kSameTerm) == 0 && m.term == before.term) ||
                       ((same & kSameIncarnation) == 0 && m.incarnation == before.incarnation);
  if (repeats) {
    in.Malformed("a field repeats that of the message before");
  } else if (m.group.IsZero()) {
    in.Malformed("a message belongs to no group");
  } else if (!ReadBody(in, type, m.body,
                       std::make_index_sequence<std::variant_size_v<MessageBody>>())) {
    in.Unknown("message type", type);
  }
}

}  // namespace

absl::StatusOr<FrameHeader> ParseHeader(std::string_view header, size_t max_body_bytes) {
  if (header.size() < kHeaderBytes) {
    return absl::InvalidArgumentError("less than a frame's header");
  }
  if (std::memcmp(header.data(), kMagic.data(), kMagic.size()) != 0) {
    return absl::InvalidArgumentError("the peer does not speak this protocol");
  }
  const auto version = static_cast<uint8_t>(header[kVersionOffset]);
  if (version != kVersion) {
    return absl::UnimplementedError("the peer speaks version " + std::to_string(version) +
                                    " of the wire format, this node version " +
                                    std::to_string(kVersion));
  }
  uint16_t check = 0;
  std::memcpy(&check, header.data() + kHeaderCheckOffset, sizeof(check));
  if (check != HeaderCheck(header.data())) {
    return absl::DataLossError("the header of a frame does not match its check");
  }
  const auto kind = static_cast<uint8_t>(header[kKindOffset]);
  if (kind != static_cast<uint8_t>(FrameKind::kHandshake) &&
      kind != static_cast<uint8_t>(FrameKind::kMessages)) {
    return absl::UnimplementedError("unknown kind of frame " + std::to_string(kind));
  }
  FrameHeader parsed{.kind = static_cast<FrameKind>(kind)};
  std::memcpy(&parsed.body_bytes, header.data() + kBodyBytesOffset, sizeof(parsed.body_bytes));
  std::memcpy(&parsed.number, header.data() + kNumberOffset, sizeof(parsed.number));
  if (parsed.body_bytes > max_body_bytes || parsed.body_bytes > kMaxBodyBytes) {
    return absl::OutOfRangeError("a frame of " + std::to_string(parsed.body_bytes) +
                                 " bytes; the bound is " + std::to_string(max_body_bytes));
  }
  return parsed;
}

absl::Status VerifyChecksum(std::string_view frame) {
  if (frame.size() < kHeaderBytes) return absl::InvalidArgumentError("less than a frame's header");
  uint32_t expected = 0;
  std::memcpy(&expected, frame.data() + kChecksumOffset, sizeof(expected));
  if (Crc32c(ChecksumOfFields(frame.data()), frame.substr(kHeaderBytes)) != expected) {
    return absl::DataLossError("the checksum of a frame does not match its content");
  }
  return absl::OkStatus();
}

absl::Status DecodeMessages(std::string_view body, Buffer* owner, NodeId from, NodeId to,
                            std::vector<Message>& out) {
  const size_t first = out.size();
  Reader in(body, owner);
  if (body.empty()) in.Malformed("a frame without a message");
  while (in.ok() && !in.AtEnd()) {
    if (out.size() - first == kMaxMessagesPerFrame) {
      in.Malformed("too many messages in one frame");
      break;
    }
    Message& message = out.emplace_back();
    static const Message kNothing;
    ReadMessage(in, out.size() - first == 1 ? kNothing : out[out.size() - 2], message);
    message.from = from;
    message.to = to;
  }
  if (in.ok()) return absl::OkStatus();
  out.erase(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
  return in.error();
}

}  // namespace synod::wire
