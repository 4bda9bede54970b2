// The wire format's sending side.
#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include "synod/base/assert.h"
#include "synod/base/crc32c.h"
#include "synod/core/configuration_codec.h"
#include "synod/port/wire.h"

#include "src/wire_codec.h"

namespace synod::wire {

namespace {

using namespace internal;  // NOLINT(google-build-using-namespace): this file is half of its code.

constexpr size_t kEntryHeaderBound = 1 + 2 * kMaxVarintBytes;
constexpr size_t kAcceptedHeaderBound = kEntryHeaderBound + 2 * kMaxVarintBytes + 8;
static_assert(kEntryHeaderBound <= Entry::kHeaderBytes,
              "whoever bounds an append by the Bytes of its entries bounds its frame");
static_assert(kAcceptedHeaderBound <= Entry::kHeaderBytes + AcceptedEntry::kBallotBytes,
              "and so does whoever bounds a report");
constexpr size_t kKeptCapacityBytes = 256 * 1024;

bool IsShared(const Payload& payload) {
  return payload.size() >= OutgoingFrame::kSharedPayloadBytes;
}

size_t EntriesOf(const Message& message) {
  if (const auto* append = std::get_if<AppendRequest>(&message.body)) return append->entries.size();
  if (const auto* accept = std::get_if<AcceptRequest>(&message.body)) return accept->entries.size();
  if (const auto* promise = std::get_if<PrepareReply>(&message.body)) {
    return promise->accepted.size();
  }
  return 0;
}

// The bytes of a message, or of that part of it which is copied.
size_t SizeBound(const Message& message, bool with_shared) {
  const auto payload_bytes = [&](const Payload& payload) {
    return with_shared || !IsShared(payload) ? payload.size() : 0;
  };
  size_t bound = kMessageOverheadBytes;
  const auto add = [&](const Entry& entry, size_t header) {
    bound += header + payload_bytes(entry.payload);
  };
  if (const auto* append = std::get_if<AppendRequest>(&message.body)) {
    for (const Entry& entry : append->entries) add(entry, kEntryHeaderBound);
  } else if (const auto* accept = std::get_if<AcceptRequest>(&message.body)) {
    for (const Entry& entry : accept->entries) add(entry, kEntryHeaderBound);
  } else if (const auto* promise = std::get_if<PrepareReply>(&message.body)) {
    for (const AcceptedEntry& accepted : promise->accepted) {
      add(accepted.entry, kAcceptedHeaderBound);
    }
  } else if (const auto* chunk = std::get_if<SnapshotChunk>(&message.body)) {
    bound += EncodeConfiguration(chunk->meta.configuration).size();
    bound += payload_bytes(chunk->data);
  }
  return bound;
}

// Returns what the frame's checksum begins with; PutChecksum puts its end.
uint32_t PutHeader(char* header, FrameKind kind, size_t body_bytes) {
  const auto size = static_cast<uint32_t>(body_bytes);
  std::memcpy(header, kMagic.data(), kMagic.size());
  header[kVersionOffset] = static_cast<char>(kVersion);
  header[kKindOffset] = static_cast<char>(kind);
  std::memcpy(header + kBodyBytesOffset, &size, sizeof(size));
  return ChecksumOfFields(header);
}

void PutNumber(char* header, uint32_t number) {
  std::memcpy(header + kNumberOffset, &number, sizeof(number));
  const uint16_t check = HeaderCheck(header);
  std::memcpy(header + kHeaderCheckOffset, &check, sizeof(check));
}

void PutChecksum(char* header, uint32_t checksum) {
  std::memcpy(header + kChecksumOffset, &checksum, sizeof(checksum));
  PutNumber(header, 0);
}

}  // namespace

// Writes into memory that was reserved for the message.
class OutgoingFrame::Encoder {
 public:
  explicit Encoder(OutgoingFrame& frame) : frame_(frame), out_(frame.bytes_.get() + frame.used_) {}

  void Finish() { frame_.used_ = static_cast<size_t>(out_ - frame_.bytes_.get()); }

  void Byte(uint8_t value) { *out_++ = static_cast<char>(value); }
  void Bool(bool value) { Byte(value ? 1 : 0); }
  void Varint(uint64_t value) {
    while (value >= 0x80) {
      Byte(static_cast<uint8_t>(value | 0x80));
      value >>= 7;
    }
    Byte(static_cast<uint8_t>(value));
  }
  template <class Tag>
  void Varint(StrongId<Tag> id) {
    Varint(id.value());
  }
  template <class Integer>
  void Fixed(Integer value) {
    std::memcpy(out_, &value, sizeof(value));
    out_ += sizeof(value);
  }

  void Put(const Introduce& m) {
    Fixed(m.configuration_hash);
    Fixed(m.recorded.value());
    Bool(m.wants_reply);
    Bool(m.is_settled);
    Fixed(m.question);
  }
  void Put(const PreVoteRequest& m) {
    Varint(m.next_term);
    Varint(m.last_index);
    Varint(m.last_term);
  }
  void Put(const PreVoteReply& m) {
    Varint(m.next_term);
    Bool(m.granted);
  }
  void Put(const VoteRequest& m) {
    Varint(m.last_index);
    Varint(m.last_term);
    Bool(m.by_transfer);
  }
  void Put(const VoteReply& m) { Bool(m.granted); }
  void Put(const AppendRequest& m) {
    Varint(m.prev_index);
    Varint(m.prev_term);
    Varint(m.commit);
    Varint(m.epoch);
    PutEntries(m.prev_index + 1, m.prev_term, m.entries);
  }
  void Put(const AppendReply& m) {
    Byte(static_cast<uint8_t>(m.status));
    Varint(m.epoch);
    Varint(m.index);
    Varint(m.hint_index);
    Varint(m.hint_term);
  }
  void Put(const Heartbeat& m) {
    Varint(m.round);
    Varint(m.commit);
    Varint(m.epoch);
  }
  void Put(const HeartbeatReply& m) {
    Varint(m.round);
    Varint(m.epoch);
    Varint(m.received);
    Bool(m.has_space);
  }
  void Put(const TimeoutNow&) {}
  void Put(const ReadRequest& m) { Varint(m.context); }
  void Put(const ReadReply& m) {
    Varint(m.context);
    Varint(m.index);
    Byte(static_cast<uint8_t>(m.reason));
  }
  void Put(const SnapshotChunk& m) {
    SYNOD_ASSERT(m.data.size() <= m.meta.size && m.offset <= m.meta.size - m.data.size(),
                 "a chunk lies within its snapshot");
    Varint(m.transfer);
    Varint(m.meta.index);
    Varint(m.meta.term);
    PutText(EncodeConfiguration(m.meta.configuration));
    Varint(m.meta.size);
    Fixed(m.meta.checksum);
    Varint(m.offset);
    Fixed(m.checksum);
    PutPayload(m.data);
  }
  void Put(const SnapshotChunkReply& m) {
    Varint(m.transfer);
    Varint(m.next_offset);
    Bool(m.rejected);
  }
  void Put(const NotMember& m) {
    Varint(m.as_of);
    Fixed(m.incarnation.value());
  }
  void Put(const PrepareRequest& m) {
    Varint(m.from);
    Bool(m.by_transfer);
  }
  void Put(const PrepareReply& m) {
    Put(m.ballot);
    Put(m.promised);
    Varint(m.from);
    Varint(m.first);
    Varint(m.chosen);
    Varint(m.next);
    Varint(m.accepted.size());
    Index least = m.from;
    Ballot ballot;
    for (const auto& [entry, accepted_in] : m.accepted) {
      SYNOD_ASSERT(entry.index >= least, "a report is in the order of its slots");
      SYNOD_ASSERT(entry.term == accepted_in.round, "an entry is of its ballot's round");
      const auto kind = static_cast<uint8_t>(entry.kind);
      Byte(accepted_in == ballot ? kind : kind | kBallotChanges);
      if (accepted_in != ballot) Put(accepted_in);
      Varint(entry.index - least);
      PutPayload(entry.payload);
      least = entry.index + 1;
      ballot = accepted_in;
    }
  }
  void Put(const AcceptRequest& m) {
    Varint(m.first);
    Varint(m.commit);
    Varint(m.epoch);
    Varint(m.round);
    Varint(m.forget);
    PutEntries(m.first, Term(), m.entries);
  }
  void Put(const AcceptReply& m) {
    Put(m.ballot);
    Put(m.promised);
    Varint(m.epoch);
    Varint(m.accepted);
    Varint(m.received);
    Varint(m.chosen);
    Varint(m.round);
    Bool(m.has_space);
  }

 private:
  void Put(const Ballot& ballot) {
    Varint(ballot.round);
    Varint(ballot.node);
    Fixed(ballot.incarnation.value());
  }

  void PutEntries(Index index, Term term, const std::vector<Entry>& entries) {
    Varint(entries.size());
    for (const Entry& entry : entries) {
      SYNOD_ASSERT(entry.index == index, "a request's entries have no gap");
      SYNOD_ASSERT(entry.term >= term, "terms never fall along the log (Raft §5.3)");
      const auto kind = static_cast<uint8_t>(entry.kind);
      if (entry.term == term) {
        Byte(kind);
      } else {
        Byte(kind | kTermRises);
        Varint(entry.term - term);
        term = entry.term;
      }
      PutPayload(entry.payload);
      ++index;
    }
  }

  void PutText(std::string_view text) {
    Varint(text.size());
    std::memcpy(out_, text.data(), text.size());
    out_ += text.size();
  }

  void PutPayload(const Payload& payload) {
    Varint(payload.size());
    if (IsShared(payload)) {
      frame_.shared_.push_back({static_cast<size_t>(out_ - frame_.bytes_.get()), payload});
      frame_.shared_bytes_ += payload.size();
    } else if (!payload.empty()) {
      std::memcpy(out_, payload.view().data(), payload.size());
      out_ += payload.size();
    }
  }

  OutgoingFrame& frame_;
  char* out_;
};

std::string EncodeFrame(FrameKind kind, std::string_view body) {
  std::string frame(kHeaderBytes, '\0');
  const uint32_t checksum = PutHeader(frame.data(), kind, body.size());
  PutChecksum(frame.data(), Crc32c(checksum, body));
  frame.append(body);
  return frame;
}

size_t EncodedSizeBound(const Message& message) { return SizeBound(message, true); }

bool FitsInFrame(const Message& message, size_t bound, size_t max_body_bytes) {
  return bound <= max_body_bytes && EntriesOf(message) <= kMaxEntriesPerFrame;
}

bool OutgoingFrame::HasRoomFor(const Message& message, size_t bound, size_t max_body_bytes) const {
  return messages_ < kMaxMessagesPerFrame && size() - kHeaderBytes + bound <= max_body_bytes &&
         entries_ + EntriesOf(message) <= kMaxEntriesPerFrame;
}

void OutgoingFrame::Reserve(size_t size) {
  if (capacity_ - used_ >= size && capacity_ != 0) return;
  const size_t capacity = std::max({size_t{1024}, 2 * capacity_, used_ + size});
  auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
  if (bytes_ != nullptr) std::memcpy(bytes.get(), bytes_.get(), used_);
  bytes_ = std::move(bytes);
  capacity_ = capacity;
}

void OutgoingFrame::Add(const Message& message) {
  Reserve(SizeBound(message, false));
  uint8_t same = 0;
  if (message.group == group_) same |= kSameGroup;
  if (message.term == term_) same |= kSameTerm;
  if (message.incarnation == incarnation_) same |= kSameIncarnation;

  Encoder encoder(*this);
  encoder.Byte(static_cast<uint8_t>(message.body.index()));
  encoder.Byte(same);
  if ((same & kSameGroup) == 0) encoder.Varint(message.group);
  if ((same & kSameTerm) == 0) encoder.Varint(message.term);
  if ((same & kSameIncarnation) == 0) encoder.Fixed(message.incarnation.value());
  std::visit([&](const auto& body) { encoder.Put(body); }, message.body);
  encoder.Finish();

  group_ = message.group;
  term_ = message.term;
  incarnation_ = message.incarnation;
  ++messages_;
  entries_ += EntriesOf(message);
}

void OutgoingFrame::Seal() {
  SYNOD_ASSERT(messages_ > 0, "an empty frame is never sent");
  SYNOD_ASSERT(size() - kHeaderBytes <= kMaxBodyBytes, "no frame exceeds kMaxBodyBytes");
  char* const bytes = bytes_.get();
  uint32_t checksum = PutHeader(bytes, FrameKind::kMessages, size() - kHeaderBytes);
  size_t done = kHeaderBytes;
  for (const Shared& shared : shared_) {
    checksum = Crc32c(checksum, std::string_view(bytes + done, shared.at - done));
    checksum = Crc32c(checksum, shared.payload.view());
    done = shared.at;
  }
  checksum = Crc32c(checksum, std::string_view(bytes + done, used_ - done));
  PutChecksum(bytes, checksum);
}

void OutgoingFrame::SetNumber(uint32_t number) { PutNumber(bytes_.get(), number); }

void OutgoingFrame::AppendPieces(size_t offset, std::vector<std::string_view>& pieces) const {
  const auto add = [&](std::string_view piece) {
    const size_t skipped = std::min(offset, piece.size());
    offset -= skipped;
    if (skipped < piece.size()) pieces.push_back(piece.substr(skipped));
  };
  size_t done = 0;
  for (const Shared& shared : shared_) {
    add(std::string_view(bytes_.get() + done, shared.at - done));
    add(shared.payload.view());
    done = shared.at;
  }
  add(std::string_view(bytes_.get() + done, used_ - done));
}

void OutgoingFrame::Clear() {
  if (capacity_ > kKeptCapacityBytes) {
    bytes_.reset();
    capacity_ = 0;
  }
  used_ = kHeaderBytes;
  shared_.clear();
  shared_bytes_ = 0;
  messages_ = 0;
  entries_ = 0;
  group_ = GroupId();
  term_ = Term();
  incarnation_ = Incarnation();
}

}  // namespace synod::wire
