#include "synod/switch/slot_packet.h"

#include <bit>
#include <cstring>

namespace synod::slots {
namespace {

static_assert(std::endian::native == std::endian::little);

class Writer {
 public:
  explicit Writer(std::byte* bytes) : next_(bytes) {}

  void Word(uint32_t word) {
    word = __builtin_bswap32(word);
    std::memcpy(next_, &word, sizeof(word));
    next_ += sizeof(word);
  }
  void Double(uint64_t word) {
    Word(static_cast<uint32_t>(word >> 32));
    Word(static_cast<uint32_t>(word));
  }
  void Write(const SlotBallot& ballot) {
    Word(ballot.round);
    Word(ballot.node);
    Double(ballot.incarnation);
  }
  void Write(const SlotValue& value) {
    Word(value.kind << 8 | value.length);
    std::memcpy(next_, value.bytes.data(), value.bytes.size());
  }

 private:
  std::byte* next_;
};

class Reader {
 public:
  explicit Reader(const std::byte* bytes) : next_(bytes) {}

  uint32_t Word() {
    uint32_t word = 0;
    std::memcpy(&word, next_, sizeof(word));
    next_ += sizeof(word);
    return __builtin_bswap32(word);
  }
  uint64_t Double() {
    const uint64_t high = Word();
    return high << 32 | Word();
  }
  SlotBallot Ballot() {
    SlotBallot ballot;
    ballot.round = Word();
    ballot.node = Word();
    ballot.incarnation = Double();
    return ballot;
  }
  SlotValue Value() {
    const uint32_t shape = Word();
    SlotValue value{.kind = shape >> 8, .length = static_cast<uint8_t>(shape)};
    std::memcpy(value.bytes.data(), next_, value.bytes.size());
    return value;
  }

 private:
  const std::byte* next_;
};

}  // namespace

std::string_view Describe(Outcome outcome) {
  switch (outcome) {
    case Outcome::kUnsupportedVersion:
      return "unsupported version";
    case Outcome::kMalformed:
      return "malformed";
    case Outcome::kValueTooLarge:
      return "value too large";
    case Outcome::kSlotOverflow:
      return "slot overflow";
    case Outcome::kNotAVoter:
      return "not a voter";
    case Outcome::kWrongGroup:
      return "wrong group";
    case Outcome::kWrongIncarnation:
      return "wrong incarnation";
    case Outcome::kOutsideWindow:
      return "outside the window";
    case Outcome::kPromisedHigher:
      return "promised higher";
    case Outcome::kSlotReused:
      return "slot reused";
    case Outcome::kDone:
      return "done";
  }
  return "unknown";
}

absl::StatusOr<SlotBallot> SlotBallot::From(const Ballot& ballot) {
  if (ballot.round.value() > UINT32_MAX || ballot.node.value() > UINT32_MAX) {
    return absl::OutOfRangeError(
        "ballot overflow: an acceptor in a switch keeps 32 bits of the "
        "round and of the node");
  }
  return SlotBallot{.round = static_cast<uint32_t>(ballot.round.value()),
                    .node = static_cast<uint32_t>(ballot.node.value()),
                    .incarnation = ballot.incarnation.value()};
}

void Encode(const SlotPacket& packet, std::span<std::byte, kPacketBytes> bytes) {
  Writer writer(bytes.data());
  writer.Word(uint32_t{kMagic} << 16 | uint32_t{packet.version} << 8 |
              static_cast<uint8_t>(packet.message));
  writer.Word(uint32_t{static_cast<uint8_t>(packet.outcome)} << 24);
  writer.Word(packet.group);
  writer.Double(packet.cookie);
  writer.Double(packet.incarnation);
  writer.Write(packet.ballot);
  writer.Double(packet.slot);
  writer.Word(packet.trim);
  writer.Word(packet.highest);
  writer.Write(packet.promised);
  writer.Write(packet.accepted);
  writer.Write(packet.value);
}

std::optional<SlotPacket> Decode(std::span<const std::byte> bytes) {
  if (bytes.size() != kPacketBytes) return std::nullopt;
  Reader reader(bytes.data());
  const uint32_t first = reader.Word();
  if (first >> 16 != kMagic) return std::nullopt;
  SlotPacket packet;
  packet.version = static_cast<uint8_t>(first >> 8);
  packet.message = static_cast<Message>(first & 0xff);
  packet.outcome = static_cast<Outcome>(reader.Word() >> 24);
  packet.group = reader.Word();
  packet.cookie = reader.Double();
  packet.incarnation = reader.Double();
  packet.ballot = reader.Ballot();
  packet.slot = reader.Double();
  packet.trim = reader.Word();
  packet.highest = reader.Word();
  packet.promised = reader.Ballot();
  packet.accepted = reader.Ballot();
  packet.value = reader.Value();
  return packet;
}

}  // namespace synod::slots
