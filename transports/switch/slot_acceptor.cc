#include "synod/switch/slot_acceptor.h"

#include <algorithm>
#include <cstring>

#include "synod/base/mutation.h"

namespace synod::slots {
namespace {

uint32_t LoadWord(const SlotValue& value, size_t word) {
  uint32_t loaded = 0;
  std::memcpy(&loaded, value.bytes.data() + 4 * word, sizeof(loaded));
  return __builtin_bswap32(loaded);
}

void StoreWord(SlotValue& value, size_t word, uint32_t stored) {
  stored = __builtin_bswap32(stored);
  std::memcpy(value.bytes.data() + 4 * word, &stored, sizeof(stored));
}

// Into one half of a word of 64 bits.
void SetHigh(uint64_t& both, uint32_t word) { both = uint64_t{word} << 32 | (both & UINT32_MAX); }
void SetLow(uint64_t& both, uint32_t word) { both = (both >> 32 << 32) | word; }

}  // namespace

uint64_t SlotAcceptor::Incarnation() const {
  if (Single(SlotRegister::kEnabled) == 0) return 0;
  return uint64_t{Single(SlotRegister::kIncarnationHigh)} << 32 |
         Single(SlotRegister::kIncarnationLow);
}

SlotBallot SlotAcceptor::Promised() const {
  return {.round = Single(SlotRegister::kPromisedRound),
          .node = Single(SlotRegister::kPromisedNode),
          .incarnation = uint64_t{Single(SlotRegister::kPromisedHigh)} << 32 |
                         Single(SlotRegister::kPromisedLow)};
}

void SlotAcceptor::SetPromised(const SlotBallot& ballot) {
  Single(SlotRegister::kPromisedRound) = ballot.round;
  Single(SlotRegister::kPromisedNode) = ballot.node;
  Single(SlotRegister::kPromisedHigh) = static_cast<uint32_t>(ballot.incarnation >> 32);
  Single(SlotRegister::kPromisedLow) = static_cast<uint32_t>(ballot.incarnation);
}

Outcome SlotAcceptor::Check(const SlotPacket& request) const {
  const bool is_2a = request.message == Message::k2a;
  if (request.version != kVersion) return Outcome::kUnsupportedVersion;
  if ((request.message != Message::k1a && !is_2a) || request.ballot.IsZero()) {
    return Outcome::kMalformed;
  }
  if (is_2a && request.value.length > kMaxValueBytes) return Outcome::kValueTooLarge;
  if (request.slot >= kSlotEnd) return Outcome::kSlotOverflow;
  if (Incarnation() == 0) return Outcome::kNotAVoter;
  if (request.group != Single(SlotRegister::kGroup)) return Outcome::kWrongGroup;
  if (request.incarnation != Incarnation()) return Outcome::kWrongIncarnation;
  const uint32_t trim = Single(SlotRegister::kTrim);
  const uint32_t chunk = ChunkOf(request.slot);
  if (chunk < trim || chunk - trim >= kWindowChunks) return Outcome::kOutsideWindow;
  return Outcome::kDone;
}

SlotPacket SlotAcceptor::Answer(const SlotPacket& request) {
  SlotPacket answer = request;
  answer.version = kVersion;
  answer.message = static_cast<Message>(static_cast<uint8_t>(request.message) | kAnswerBit);
  answer.outcome = Check(request);
  answer.incarnation = Incarnation();
  answer.trim = Single(SlotRegister::kTrim);
  answer.highest = 0;
  answer.promised = {};
  answer.accepted = {};
  if (answer.outcome != Outcome::kDone) return answer;

  // The promise before the slot.
  answer.promised = Promised();
  if (request.ballot < answer.promised) {
    answer.outcome = Outcome::kPromisedHigher;
    return answer;
  }
  SetPromised(request.ballot);
  answer.promised = request.ballot;
  AnswerInSlot(request, answer);
  return answer;
}

void SlotAcceptor::AnswerInSlot(const SlotPacket& request, SlotPacket& answer) {
  Slot& slot = slots_[request.slot % slots_.size()];
  const uint32_t generation = GenerationOf(request.slot);
  uint32_t& highest = Single(SlotRegister::kHighest);
  if (slot.generation > generation) {
    answer.outcome = Outcome::kSlotReused;
    return;
  }
  if (request.message == Message::k2a) {
    slot = {.generation = generation, .accepted = request.ballot, .value = request.value};
    highest = std::max(highest, ChunkOf(request.slot));
    answer.accepted = request.ballot;
  } else if (slot.generation == generation || Mutated(Mutation::kWrappedSlotIsFresh)) {
    answer.accepted = slot.accepted;
    answer.value = slot.value;
  } else {
    answer.value = {};  // What is there is an earlier slot's.
  }
  answer.highest = highest;
}

bool SlotAcceptor::Process(std::span<const std::byte> request,
                           std::span<std::byte, kPacketBytes> answer) {
  const std::optional<SlotPacket> packet = Decode(request);
  if (!packet || (static_cast<uint8_t>(packet->message) & kAnswerBit) != 0) return false;
  Encode(Answer(*packet), answer);
  return true;
}

uint32_t SlotAcceptor::Read(SlotRegister which, size_t index) const {
  if (!Has(which, index)) return 0;
  if (which < SlotRegister::kGeneration) return Single(which);
  const Slot& slot = slots_[index];
  switch (which) {
    case SlotRegister::kGeneration:
      return slot.generation;
    case SlotRegister::kAcceptedRound:
      return slot.accepted.round;
    case SlotRegister::kAcceptedNode:
      return slot.accepted.node;
    case SlotRegister::kAcceptedHigh:
      return static_cast<uint32_t>(slot.accepted.incarnation >> 32);
    case SlotRegister::kAcceptedLow:
      return static_cast<uint32_t>(slot.accepted.incarnation);
    case SlotRegister::kShape:
      return slot.value.kind << 8 | slot.value.length;
    default:
      return LoadWord(slot.value,
                      static_cast<size_t>(which) - static_cast<size_t>(SlotRegister::kValue0));
  }
}

void SlotAcceptor::Write(SlotRegister which, size_t index, uint32_t word) {
  if (!Has(which, index)) return;
  if (which < SlotRegister::kGeneration) {
    Single(which) = word;
    return;
  }
  Slot& slot = slots_[index];
  switch (which) {
    case SlotRegister::kGeneration:
      slot.generation = word;
      break;
    case SlotRegister::kAcceptedRound:
      slot.accepted.round = word;
      break;
    case SlotRegister::kAcceptedNode:
      slot.accepted.node = word;
      break;
    case SlotRegister::kAcceptedHigh:
      SetHigh(slot.accepted.incarnation, word);
      break;
    case SlotRegister::kAcceptedLow:
      SetLow(slot.accepted.incarnation, word);
      break;
    case SlotRegister::kShape:
      slot.value.kind = word >> 8;
      slot.value.length = static_cast<uint8_t>(word);
      break;
    default:
      StoreWord(slot.value, static_cast<size_t>(which) - static_cast<size_t>(SlotRegister::kValue0),
                word);
  }
}

void SlotAcceptor::PowerCycle() {
  const auto kept = singles_;
  singles_ = {};
  if (Mutated(Mutation::kRebootedSwitchVotes)) {
    // As by a control plane that restores what it had set.
    for (const auto which :
         {SlotRegister::kEnabled, SlotRegister::kGroup, SlotRegister::kIncarnationHigh,
          SlotRegister::kIncarnationLow, SlotRegister::kTrim}) {
      Single(which) = kept[static_cast<size_t>(which)];
    }
  }
  std::fill(slots_.begin(), slots_.end(), Slot());
}

}  // namespace synod::slots
