// What passes between a proposer and a slot acceptor, which is a switch, a kernel's data path or a
// process: one UDP datagram of 128 bytes each way. docs/switch.md describes the bytes.
#ifndef SYNOD_SWITCH_SLOT_PACKET_H_
#define SYNOD_SWITCH_SLOT_PACKET_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/core/ballot.h"

namespace synod::slots {

inline constexpr size_t kPacketBytes = 128;
inline constexpr uint16_t kMagic = 0x5359;  // "SY"
inline constexpr uint8_t kVersion = 1;

// The slots that an acceptor keeps, and in what pieces it is told to forget them: it answers for
// slots of the chunks trim, trim + 1, …, trim + 15.
inline constexpr uint32_t kWindowSlots = 65'536;
inline constexpr uint32_t kChunkSlots = 4'096;
inline constexpr uint32_t kWindowChunks = kWindowSlots / kChunkSlots;
// No slot from here on can be named by a chunk of 32 bits.
inline constexpr uint64_t kSlotEnd = uint64_t{1} << 44;

inline constexpr size_t kMaxValueBytes = 32;
inline constexpr uint32_t kMaxValueKind = (1u << 24) - 1;

// An answer is its request's message with the highest bit set, also of a request that is unknown.
inline constexpr uint8_t kAnswerBit = 0x80;
enum class Message : uint8_t {
  k1a = 0x01,  // Promise this ballot, and say what was accepted in this slot.
  k2a = 0x02,  // Accept this value in this slot under this ballot.
  k1b = 0x81,
  k2b = 0x82,
};

// What an answer says. Checked in the order in which they are listed here; nothing has changed in
// the acceptor if it is one of those before kPromisedHigher.
enum class Outcome : uint8_t {
  kUnsupportedVersion = 10,  // The answer's version is the acceptor's.
  kMalformed = 9,            // Unknown message, or a ballot whose round is 0.
  kValueTooLarge = 8,
  kSlotOverflow = 7,  // kSlotEnd or beyond.
  kNotAVoter = 2,     // It has no incarnation, as after power-on.
  kWrongGroup = 4,
  kWrongIncarnation = 3,  // The answer names the one that it has.
  kOutsideWindow = 5,     // The answer names its trim.
  kPromisedHigher = 1,    // The answer names the promise.
  kSlotReused = 6,  // A later slot is where this one was. The ballot is promised nevertheless.
  kDone = 0,
};

// "promised higher"; "unknown" for what is none of them.
[[nodiscard]] std::string_view Describe(Outcome outcome);

// A ballot as it fits a switch: four words of 32 bits, compared from the first on. A round of 0 is
// no ballot.
struct SlotBallot {
  uint32_t round = 0;
  uint32_t node = 0;
  uint64_t incarnation = 0;

  // kOutOfRange ("ballot overflow") if the round or the node takes more than 32 bits. Who gets that
  // cannot go on with this kind of acceptor: a shorter round would be a lower ballot.
  [[nodiscard]] static absl::StatusOr<SlotBallot> From(const Ballot& ballot);
  [[nodiscard]] Ballot ToBallot() const {
    return {.round = Term(round), .node = node, .incarnation = Incarnation(incarnation)};
  }
  [[nodiscard]] bool IsZero() const { return round == 0; }

  friend auto operator<=>(const SlotBallot&, const SlotBallot&) = default;
};

// A value, or the digest of one that is too large; `kind` says which, and means nothing to an
// acceptor. Bytes from `length` on are kept too.
struct SlotValue {
  uint32_t kind = 0;   // Up to kMaxValueKind.
  uint8_t length = 0;  // Up to kMaxValueBytes.
  std::array<std::byte, kMaxValueBytes> bytes{};

  friend bool operator==(const SlotValue&, const SlotValue&) = default;
};

// A request or an answer. In requests what only answers have is ignored.
struct SlotPacket {
  uint8_t version = kVersion;
  Message message = Message::k1a;
  Outcome outcome = Outcome::kDone;  // Of answers.
  uint32_t group = 0;
  uint64_t cookie = 0;  // The proposer's; comes back as it was.
  // In a request the acceptor's that is meant, in an answer the acceptor's that it is; 0 if it is
  // not a voter.
  uint64_t incarnation = 0;
  SlotBallot ballot{};
  uint64_t slot = 0;
  // Of answers.
  uint32_t trim = 0;      // The first chunk of the window.
  uint32_t highest = 0;   // When done: no slot of a later chunk was ever accepted in.
  SlotBallot promised{};  // From the promise check on; when done it is the request's ballot.
  SlotBallot accepted{};  // When done; in a 1b zero if nothing was accepted in the slot.
  // What a 2a proposes; in a 1b that is done, what was accepted. Other answers repeat the
  // request's.
  SlotValue value{};

  friend bool operator==(const SlotPacket&, const SlotPacket&) = default;
};

void Encode(const SlotPacket& packet, std::span<std::byte, kPacketBytes> bytes);

// Nothing if the datagram is no slot packet: another size, or another magic. All else is taken as
// it is, an unknown message or outcome too.
[[nodiscard]] std::optional<SlotPacket> Decode(std::span<const std::byte> bytes);

}  // namespace synod::slots

#endif  // SYNOD_SWITCH_SLOT_PACKET_H_
