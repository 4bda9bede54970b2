// What a slot acceptor promises, keeps and forgets, wherever it runs.
#ifndef SYNOD_TESTS_UNIT_SWITCH_ACCEPTOR_SUITE_H_
#define SYNOD_TESTS_UNIT_SWITCH_ACCEPTOR_SUITE_H_

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "synod/base/rng.h"

#include "gtest/gtest.h"
#include "tests/unit/switch/switch_under_test.h"

namespace synod::slots::testing {

template <class Subject>
class Acceptor : public ::testing::Test {
 protected:
  static constexpr uint32_t kGroup = 3;
  static constexpr uint64_t kIncarnation = 0xfeedface12345678;

  void SetUp() override {
    subject_.SkipIfUnavailable();
    if (!IsSkipped()) subject_.Do(EnableSteps(kGroup, kIncarnation, 0));
  }

  SlotPacket Ask(Message message, SlotBallot ballot, uint64_t slot, uint32_t value = 0) {
    SlotPacket packet{.message = message,
                      .group = kGroup,
                      .incarnation = kIncarnation,
                      .ballot = ballot,
                      .slot = slot};
    packet.value.kind = value;
    packet.value.length = 4;
    return subject_.Ask(packet);
  }
  SlotPacket Prepare(SlotBallot ballot, uint64_t slot) { return Ask(Message::k1a, ballot, slot); }
  SlotPacket Accept(SlotBallot ballot, uint64_t slot, uint32_t value) {
    return Ask(Message::k2a, ballot, slot, value);
  }
  void SetTrim(uint32_t trim) { subject_.Write(SlotRegister::kTrim, 0, trim); }
  std::map<std::pair<size_t, size_t>, uint32_t> Registers() {
    std::map<std::pair<size_t, size_t>, uint32_t> words;
    for (size_t i = 0; i < kSlotRegisters; ++i) {
      const auto which = static_cast<SlotRegister>(i);
      for (size_t index = 0; index < SizeOf(which); index += SizeOf(which) / 16 + 1) {
        words[{i, index}] = subject_.Read(which, index);
      }
    }
    return words;
  }

  Subject subject_;
};

TYPED_TEST_SUITE_P(Acceptor);

TYPED_TEST_P(Acceptor, PromiseForOneSlot_Given_HoldsForAll) {
  EXPECT_EQ(this->Prepare({5, 1, 1}, 10).outcome, Outcome::kDone);
  const SlotPacket refused = this->Accept({4, 9, 9}, 60'000, 1);
  EXPECT_EQ(refused.outcome, Outcome::kPromisedHigher);
  EXPECT_EQ(refused.promised, (SlotBallot{5, 1, 1}));
  EXPECT_EQ(this->Prepare({5, 1, 1}, 60'000).accepted, SlotBallot());
}

TYPED_TEST_P(Acceptor, AcceptedUnderHigherBallot_WithoutPromise_IsThePromise) {
  EXPECT_EQ(this->Accept({7, 2, 1}, 3, 30).outcome, Outcome::kDone);
  EXPECT_EQ(this->Accept({7, 1, 9}, 4, 40).outcome, Outcome::kPromisedHigher);
  EXPECT_EQ(this->Prepare({7, 2, 0}, 4).outcome, Outcome::kPromisedHigher);
  EXPECT_EQ(this->Prepare({7, 2, 1}, 4).accepted, SlotBallot());
}

// A leader's 1a at its own ballot is a probe and a read.
TYPED_TEST_P(Acceptor, PrepareAtOwnBallot_Repeated_Reads) {
  (void)this->Accept({2, 1, 1}, 8, 80);
  for (int round = 0; round < 3; ++round) {
    const SlotPacket answer = this->Prepare({2, 1, 1}, 8);
    EXPECT_EQ(answer.outcome, Outcome::kDone);
    EXPECT_EQ(answer.accepted, (SlotBallot{2, 1, 1}));
    EXPECT_EQ(answer.value.kind, 80u);
  }
}

TYPED_TEST_P(Acceptor, RefusedAccept_OfLowerBallot_LeavesTheSlot) {
  (void)this->Accept({2, 1, 1}, 8, 80);
  (void)this->Prepare({3, 1, 1}, 0);
  EXPECT_EQ(this->Accept({2, 1, 1}, 8, 81).outcome, Outcome::kPromisedHigher);
  const SlotPacket answer = this->Prepare({3, 1, 1}, 8);
  EXPECT_EQ(answer.accepted, (SlotBallot{2, 1, 1}));
  EXPECT_EQ(answer.value.kind, 80u);
}

TYPED_TEST_P(Acceptor, WrappedSlot_ReadBeforeAccept_IsEmpty) {
  (void)this->Accept({1, 1, 1}, 100, 1);
  this->SetTrim(1);
  const uint64_t wrapped = 100 + kWindowSlots;
  EXPECT_EQ(this->Prepare({1, 1, 1}, wrapped).accepted, SlotBallot());
  EXPECT_EQ(this->Prepare({1, 1, 1}, wrapped).value, SlotValue());
  EXPECT_EQ(this->Accept({1, 1, 1}, wrapped, 2).outcome, Outcome::kDone);
  EXPECT_EQ(this->Prepare({1, 1, 1}, wrapped).value.kind, 2u);
  EXPECT_EQ(this->Prepare({1, 1, 1}, 100).outcome, Outcome::kOutsideWindow);
}

TYPED_TEST_P(Acceptor, WholeWindow_AcceptedInTwice_KeepsEachSlotsOwn) {
  for (uint64_t start : {uint64_t{0}, uint64_t{kWindowSlots}}) {
    this->SetTrim(static_cast<uint32_t>(start / kChunkSlots));
    for (uint64_t slot = start; slot < start + kWindowSlots; slot += 61) {
      EXPECT_EQ(this->Accept({1, 1, 1}, slot, static_cast<uint32_t>(slot)).outcome, Outcome::kDone);
    }
    for (uint64_t slot = start; slot < start + kWindowSlots; slot += 61) {
      EXPECT_EQ(this->Prepare({1, 1, 1}, slot).value.kind, static_cast<uint32_t>(slot));
    }
  }
}

TYPED_TEST_P(Acceptor, SlotOutsideTheWindow_Asked_IsAnsweredWithTheTrim) {
  this->SetTrim(100);
  const auto before = this->Registers();
  for (const uint64_t slot :
       {uint64_t{0}, uint64_t{100} * kChunkSlots - 1, uint64_t{116} * kChunkSlots, kSlotEnd - 1}) {
    for (const Message message : {Message::k1a, Message::k2a}) {
      const SlotPacket answer = this->Ask(message, {9, 9, 9}, slot);
      EXPECT_EQ(answer.outcome, Outcome::kOutsideWindow) << slot;
      EXPECT_EQ(answer.trim, 100u);
    }
  }
  EXPECT_EQ(this->Registers(), before);
}

TYPED_TEST_P(Acceptor, PowerCycle_AfterPromise_LeavesNoVoter) {
  (void)this->Accept({5, 1, 1}, 10, 1);
  this->subject_.PowerCycle();
  for (const Message message : {Message::k1a, Message::k2a}) {
    const SlotPacket answer = this->Ask(message, {1, 1, 1}, 10);
    EXPECT_EQ(answer.outcome, Outcome::kNotAVoter);
    EXPECT_EQ(answer.incarnation, 0u);
  }
  for (const auto& [place, word] : this->Registers()) EXPECT_EQ(word, 0u);
}

TYPED_TEST_P(Acceptor, NewIncarnation_AskedAsTheOldOne_RefusesAndNamesItself) {
  this->subject_.PowerCycle();
  this->subject_.Do(EnableSteps(this->kGroup, this->kIncarnation + 1, 0));
  const SlotPacket answer = this->Prepare({9, 1, 1}, 0);
  EXPECT_EQ(answer.outcome, Outcome::kWrongIncarnation);
  EXPECT_EQ(answer.incarnation, this->kIncarnation + 1);
  EXPECT_EQ(this->subject_.Read(SlotRegister::kPromisedRound, 0), 0u);
}

// Writes of a step may come in any order, and packets in between: nobody is answered as a voter
// before all of them are there.
TYPED_TEST_P(Acceptor, EachOrderOfWrites_WhileEnabling_NeverVotesHalfSet) {
  const std::vector<ControlStep> steps = EnableSteps(this->kGroup, this->kIncarnation, 0);
  std::vector<size_t> order = {0, 1, 2, 3};
  do {
    this->subject_.PowerCycle();
    for (const size_t i : order) {
      const RegisterWrite& write = steps[1][i];
      this->subject_.Write(write.which, write.index, write.word);
      EXPECT_EQ(this->Prepare({1, 1, 1}, 0).outcome, Outcome::kNotAVoter);
    }
    this->subject_.Do({steps[2]});
    EXPECT_EQ(this->Prepare({1, 1, 1}, 0).outcome, Outcome::kDone);
  } while (std::next_permutation(order.begin(), order.end()));
}

TYPED_TEST_P(Acceptor, ValueOfEveryLength_Accepted_IsReadBack) {
  Rng rng(1);
  for (uint8_t length = 0; length <= kMaxValueBytes; ++length) {
    SlotPacket packet{.message = Message::k2a,
                      .group = this->kGroup,
                      .incarnation = this->kIncarnation,
                      .ballot = {1, 1, 1},
                      .slot = length};
    packet.value.length = length;
    packet.value.kind = static_cast<uint32_t>(rng.Next()) & kMaxValueKind;
    for (std::byte& byte : packet.value.bytes) byte = static_cast<std::byte>(rng.Next());
    EXPECT_EQ(this->subject_.Ask(packet).outcome, Outcome::kDone);
    EXPECT_EQ(this->Prepare({1, 1, 1}, length).value, packet.value);
  }
}

TYPED_TEST_P(Acceptor, RequestsBitsFlipped_Asked_ChangeNothingUnlessTheyAreRequests) {
  (void)this->Accept({2, 2, 2}, 5, 50);
  SlotPacket request{.message = Message::k1a,
                     .group = this->kGroup,
                     .incarnation = this->kIncarnation,
                     .ballot = {1, 9, 9},
                     .slot = 6};
  const auto before = this->Registers();
  const Bytes bytes = Encoded(request);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    const std::optional<Bytes> answer = this->subject_.Ask(flipped);
    // Only where the flip makes the ballot higher is it promised.
    const std::optional<SlotPacket> decoded = answer ? Decode(*answer) : std::nullopt;
    if (decoded && decoded->outcome == Outcome::kDone) {
      EXPECT_GT(decoded->ballot.round, 1u);
      this->subject_.Write(SlotRegister::kPromisedRound, 0, 2);
      this->subject_.Write(SlotRegister::kPromisedNode, 0, 2);
      this->subject_.Write(SlotRegister::kPromisedHigh, 0, 0);
      this->subject_.Write(SlotRegister::kPromisedLow, 0, 2);
    }
    ASSERT_EQ(this->Registers(), before) << "bit " << bit;
  }
}

REGISTER_TYPED_TEST_SUITE_P(
    Acceptor, PromiseForOneSlot_Given_HoldsForAll,
    AcceptedUnderHigherBallot_WithoutPromise_IsThePromise, PrepareAtOwnBallot_Repeated_Reads,
    RefusedAccept_OfLowerBallot_LeavesTheSlot, WrappedSlot_ReadBeforeAccept_IsEmpty,
    WholeWindow_AcceptedInTwice_KeepsEachSlotsOwn, SlotOutsideTheWindow_Asked_IsAnsweredWithTheTrim,
    PowerCycle_AfterPromise_LeavesNoVoter, NewIncarnation_AskedAsTheOldOne_RefusesAndNamesItself,
    EachOrderOfWrites_WhileEnabling_NeverVotesHalfSet, ValueOfEveryLength_Accepted_IsReadBack,
    RequestsBitsFlipped_Asked_ChangeNothingUnlessTheyAreRequests);

}  // namespace synod::slots::testing

#endif  // SYNOD_TESTS_UNIT_SWITCH_ACCEPTOR_SUITE_H_
