// Random life of a slot acceptor: requests that meet each other, and what its control plane does.
#ifndef SYNOD_TESTS_UNIT_SWITCH_RANDOM_REQUESTS_H_
#define SYNOD_TESTS_UNIT_SWITCH_RANDOM_REQUESTS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "synod/base/rng.h"
#include "synod/switch/slot_packet.h"
#include "synod/switch/slot_registers.h"

#include "tests/unit/switch/switch_under_test.h"

namespace synod::slots::testing {

// Draws ballots, slots and trims close to each other, and at the borders of their words.
class RandomRequests {
 public:
  explicit RandomRequests(uint64_t seed) : rng_(seed) {}

  SlotPacket Next() {
    SlotPacket packet{.message = rng_.Chance(1, 2) ? Message::k1a : Message::k2a,
                      .outcome = static_cast<Outcome>(rng_.Below(12)),
                      .group = kGroup,
                      .cookie = rng_.Next(),
                      .incarnation = kIncarnation,
                      .ballot = Ballot(),
                      .slot = Slot(),
                      .trim = Word(),
                      .highest = Word(),
                      .promised = Ballot(),
                      .accepted = Ballot(),
                      .value = Value()};
    if (rng_.Chance(1, 20)) Spoil(packet);
    return packet;
  }

  // Sometimes what the control plane does between two packets, to both of two acceptors.
  void Control(Subject& one, Subject& other) {
    const uint64_t what = rng_.Below(2000);
    const auto both = [&](const std::vector<ControlStep>& steps) {
      one.Do(steps);
      other.Do(steps);
    };
    if (what < 4) {
      trim_ = Trim();
      both({{{SlotRegister::kTrim, 0, trim_}}});
    } else if (what == 4) {
      both(DisableSteps());
    } else if (what < 40) {
      both(EnableSteps(kGroup, kIncarnation, trim_));
    } else if (what == 40) {  // Half of an incarnation.
      both({{{SlotRegister::kIncarnationHigh, 0, Word()}}});
    } else if (what == 41) {
      one.PowerCycle();
      other.PowerCycle();
      trim_ = Trim();
      both(EnableSteps(kGroup, kIncarnation, trim_));
    } else if (what == 42) {
      one.PowerCycle();
      other.PowerCycle();
    }
  }

  // A datagram with some bits flipped, or some of its bytes missing or too many.
  Bytes Damaged(const SlotPacket& packet) {
    Bytes bytes = Encoded(packet);
    if (rng_.Chance(1, 3)) {
      bytes.resize(rng_.Below(kPacketBytes + 20));
    } else {
      for (uint64_t i = rng_.Below(4); i < 4; ++i) {
        bytes[rng_.Below(bytes.size())] ^= static_cast<std::byte>(1u << rng_.Below(8));
      }
    }
    return bytes;
  }

  Rng& rng() { return rng_; }

 private:
  static constexpr uint32_t kGroup = 9;
  static constexpr uint64_t kIncarnation = 0x0123456789abcdef;

  // One of few, or any; about the borders of comparisons.
  uint32_t Word() {
    constexpr std::array<uint32_t, 8> kWords = {0,          1,          2,          3,
                                                0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
    return rng_.Chance(7, 8) ? kWords[rng_.Below(kWords.size())]
                             : static_cast<uint32_t>(rng_.Next());
  }

  SlotBallot Ballot() {
    // Rounds rise, so that promises do not end at the highest.
    if (rng_.Chance(1, 50)) round_ += static_cast<uint32_t>(rng_.Below(2));
    SlotBallot ballot{.round = round_ - static_cast<uint32_t>(rng_.Below(3) / 2),
                      .node = static_cast<uint32_t>(rng_.Below(3)),
                      .incarnation = uint64_t{Word() % 2} << 32 | Word() % 3};
    if (rng_.Chance(1, 10'000)) ballot.round = Word();
    if (rng_.Chance(1, 10'000)) ballot.node = Word();
    return ballot;
  }

  uint32_t Trim() {
    const uint64_t how = rng_.Below(10);
    if (how < 5) return trim_ + static_cast<uint32_t>(rng_.Below(20));
    if (how < 8) return static_cast<uint32_t>(rng_.Below(40));
    return how == 8 ? Word() : 0xffffffff - static_cast<uint32_t>(rng_.Below(20));
  }

  // Few places in each chunk, in the window, beside it, and by a whole window off.
  uint64_t Slot() {
    if (rng_.Chance(1, 200)) return rng_.Next() >> rng_.Below(64);
    const uint64_t chunk = trim_ + rng_.Below(36) - 2;
    return chunk * kChunkSlots + rng_.Below(3) * (kChunkSlots - 1) / 2;
  }

  SlotValue Value() {
    SlotValue value{.kind = static_cast<uint32_t>(rng_.Next()) & kMaxValueKind,
                    .length = static_cast<uint8_t>(rng_.Below(34))};
    for (std::byte& byte : value.bytes) byte = static_cast<std::byte>(rng_.Next());
    return value;
  }

  void Spoil(SlotPacket& packet) {
    switch (rng_.Below(8)) {
      case 0:
        packet.version = static_cast<uint8_t>(rng_.Next());
        break;
      case 1:
        packet.message = static_cast<Message>(rng_.Next() & 0xff);
        break;
      case 2:
        packet.group = Word();
        break;
      case 3:
        packet.incarnation = rng_.Chance(1, 2) ? 0 : kIncarnation ^ (uint64_t{1} << rng_.Below(64));
        break;
      case 4:
        packet.ballot.round = 0;
        break;
      case 5:
        packet.value.length = static_cast<uint8_t>(rng_.Next());
        break;
      case 6:
        packet.slot += uint64_t{1} << rng_.Below(64);
        break;
      default:
        packet.slot += kWindowSlots * (rng_.Below(5) - 2);
    }
  }

  Rng rng_;
  uint32_t trim_ = 0;
  uint32_t round_ = 1;
};

}  // namespace synod::slots::testing

#endif  // SYNOD_TESTS_UNIT_SWITCH_RANDOM_REQUESTS_H_
