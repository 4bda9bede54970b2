// Slot packets and the ballots that fit them.
#include "synod/switch/slot_packet.h"

#include "synod/base/rng.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/switch/switch_under_test.h"

namespace synod::slots {
namespace {

using testing::Bytes;
using testing::Encoded;
using ::testing::HasSubstr;

TEST(SlotPacket, EveryField_EncodedAndDecoded_ComesBack) {
  Rng rng(1);
  for (int round = 0; round < 1000; ++round) {
    const auto word = [&] { return static_cast<uint32_t>(rng.Next()); };
    const auto ballot = [&] {
      return SlotBallot{.round = word(), .node = word(), .incarnation = rng.Next()};
    };
    SlotPacket packet{
        .version = static_cast<uint8_t>(word()),
        .message = static_cast<Message>(word() & 0xff),
        .outcome = static_cast<Outcome>(word() & 0xff),
        .group = word(),
        .cookie = rng.Next(),
        .incarnation = rng.Next(),
        .ballot = ballot(),
        .slot = rng.Next(),
        .trim = word(),
        .highest = word(),
        .promised = ballot(),
        .accepted = ballot(),
        .value = {.kind = word() & kMaxValueKind, .length = static_cast<uint8_t>(word())}};
    for (std::byte& byte : packet.value.bytes) byte = static_cast<std::byte>(word());
    EXPECT_EQ(Decode(Encoded(packet)), packet);
  }
}

TEST(SlotPacket, OtherSizeOrMagic_Decoded_IsNone) {
  Bytes bytes = Encoded({});
  for (size_t size = 0; size < 2 * kPacketBytes; ++size) {
    Bytes other = bytes;
    other.resize(size);
    EXPECT_EQ(Decode(other).has_value(), size == kPacketBytes) << size;
  }
  bytes[1] ^= std::byte{1};
  EXPECT_FALSE(Decode(bytes).has_value());
}

TEST(SlotBallot, BallotOf32Bits_Converted_ComesBack) {
  const Ballot ballot{.round = Term(UINT32_MAX),
                      .node = NodeId(UINT32_MAX),
                      .incarnation = Incarnation(UINT64_MAX)};
  const absl::StatusOr<SlotBallot> slot_ballot = SlotBallot::From(ballot);
  ASSERT_TRUE(slot_ballot.ok());
  EXPECT_EQ(slot_ballot->ToBallot(), ballot);
}

TEST(SlotBallot, LargerRoundOrNode_Converted_IsOverflow) {
  constexpr uint64_t kTooLarge = uint64_t{1} << 32;
  for (const Ballot& ballot : {Ballot{.round = Term(kTooLarge), .node = 1, .incarnation = {}},
                               Ballot{.round = Term(1), .node = kTooLarge, .incarnation = {}}}) {
    const absl::Status status = SlotBallot::From(ballot).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
    EXPECT_THAT(std::string(status.message()), HasSubstr("ballot overflow"));
  }
}

TEST(SlotBallot, OrderOfBallots_Converted_IsTheSame) {
  Rng rng(1);
  const auto draw = [&] {
    return Ballot{.round = Term(rng.Below(3)),
                  .node = NodeId(rng.Below(3)),
                  .incarnation = Incarnation(rng.Below(3) << (rng.Below(2) * 40))};
  };
  for (int round = 0; round < 1000; ++round) {
    const Ballot a = draw();
    const Ballot b = draw();
    EXPECT_EQ(a <=> b, *SlotBallot::From(a) <=> *SlotBallot::From(b));
  }
}

}  // namespace
}  // namespace synod::slots
