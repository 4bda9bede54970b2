// The link over the acceptors that run in this process, and what it does on its own account: when
// it repeats, when it stops, and what it makes of answers that no acceptor should give.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/switch/link_suite.h"
#include "tests/unit/switch/link_under_test.h"
#include "tests/unit/switch/switch_under_test.h"

namespace synod::slots::testing {

using LinkSubjects = ::testing::Types<SoftwareSubject, EmulatedSubject>;
INSTANTIATE_TYPED_TEST_SUITE_P(Switch, Link, LinkSubjects);

namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class LinkAlone : public ::testing::Test {
 protected:
  void SetUp() override { subject_.Do(EnableSteps(kLinkGroup, kLinkIncarnation, 0)); }

  SoftwareSubject subject_;
  ProposerUnderTest one_{subject_, 1, {.max_in_flight = 4}};
};

TEST_F(LinkAlone, NotAnswered_RepeatsAtLongerAndLongerIntervals) {
  one_.Accept(3, 1, {"a"});
  std::vector<Duration> pauses;
  for (int i = 0; i < 12; ++i) {
    one_.out.packets.clear();
    const Instant before = one_.now;
    one_.Elapse(one_.link().NextDeadline() - one_.now);
    ASSERT_THAT(one_.out.packets, SizeIs(1));
    pauses.push_back(one_.now - before);
  }
  EXPECT_EQ(pauses.front(), LinkOptions().retransmit_min);
  EXPECT_EQ(pauses[1], 2 * pauses[0]);
  EXPECT_EQ(pauses.back(), LinkOptions().retransmit_max);
  EXPECT_EQ(one_.link().counters().retransmissions, 12u);
}

TEST_F(LinkAlone, UselessAnswers_AreNoReasonToAskAtOnce) {
  subject_.PowerCycle();
  one_.Accept(3, 1, {"a", "b", "c"});
  one_.Exchange();
  EXPECT_EQ(one_.link().counters().requests, 3u);
  EXPECT_EQ(one_.link().counters().useless_answers, 3u);
  const Instant next = one_.link().NextDeadline();
  EXPECT_EQ(next - one_.now, LinkOptions().retransmit_min) << "One pause for all three.";
  one_.Heartbeat(3, 1);
  EXPECT_THAT(one_.out.packets, SizeIs(0)) << "That waits, too.";
}

TEST_F(LinkAlone, ManySlots_AFewAreUnderWay) {
  one_.Accept(3, 1, {"a", "b", "c", "d", "e", "f"});
  EXPECT_THAT(one_.out.packets, SizeIs(4));
  one_.Exchange();
  EXPECT_EQ(one_.Acked(), 6u);
}

TEST_F(LinkAlone, MoreSlotsThanMayWait_AreDroppedAndComeAgain) {
  ProposerUnderTest small(subject_, 2, {.max_queued = 2});
  small.Accept(3, 1, {"a", "b", "c"});
  small.Exchange();
  EXPECT_EQ(small.Acked(), 2u);
  EXPECT_EQ(small.link().counters().dropped_slots, 1u);
  small.Accept(3, 1, {"a", "b", "c"});
  small.Exchange();
  EXPECT_EQ(small.Acked(), 3u);
}

TEST_F(LinkAlone, SaidAgain_NothingIsSentTwice) {
  one_.Accept(3, 1, {"a", "b"});
  one_.Accept(3, 1, {"a", "b"});
  EXPECT_THAT(one_.out.packets, SizeIs(2));
  one_.Exchange();
  ASSERT_EQ(one_.Acked(), 2u);
  one_.Accept(3, 1, {"a", "b"});
  EXPECT_EQ(one_.Acked(), std::nullopt);
  one_.Exchange();
  EXPECT_EQ(one_.Acked(), 2u) << "By a probe: an ack is the acceptor's word.";
}

TEST_F(LinkAlone, AnotherBallot_LateAnswersCountForNothing) {
  one_.Accept(3, 1, {"a"});
  const SlotPacket late = subject_.Ask(one_.out.packets.at(0));
  one_.out.packets.clear();
  one_.Prepare(5, 1);
  one_.link().OnAnswer(late, one_.now);
  one_.link().TakeOutput(one_.out);
  EXPECT_EQ(one_.Acked(), std::nullopt);
  EXPECT_EQ(one_.link().counters().stale_answers, 1u);
}

TEST_F(LinkAlone, AnswerThatDoesNotFit_IsNone) {
  one_.Accept(3, 1, {"a"});
  const SlotPacket right = subject_.Ask(one_.out.packets.at(0));
  one_.out.packets.clear();
  const auto counts = [&](auto change) {
    SlotPacket wrong = right;
    change(wrong);
    one_.link().OnAnswer(wrong, one_.now);
    one_.link().TakeOutput(one_.out);
    return one_.Acked().has_value();
  };
  EXPECT_FALSE(counts([](SlotPacket& p) { ++p.cookie; }));
  EXPECT_FALSE(counts([](SlotPacket& p) { ++p.slot; }));
  EXPECT_FALSE(counts([](SlotPacket& p) { ++p.ballot.round; }));
  EXPECT_FALSE(counts([](SlotPacket& p) { ++p.group; }));
  EXPECT_FALSE(counts([](SlotPacket& p) { ++p.incarnation; }));
  EXPECT_FALSE(counts([](SlotPacket& p) { p.message = Message::k1b; }));
  EXPECT_FALSE(counts([](SlotPacket& p) { p.outcome = Outcome::kPromisedHigher; }));
  EXPECT_FALSE(counts([](SlotPacket& p) { p.outcome = static_cast<Outcome>(99); }));
  EXPECT_TRUE(counts([](SlotPacket&) {}));
}

// A shorter round would be a lower ballot.
TEST_F(LinkAlone, BallotOverflow_IsRefusedWithWhatToDo) {
  one_.Prepare(uint64_t{1} << 32, 1);
  EXPECT_THAT(one_.out.packets, SizeIs(0));
  ASSERT_THAT(one_.out.warnings, SizeIs(1));
  EXPECT_THAT(one_.out.warnings[0], HasSubstr("ballot overflow"));
  EXPECT_THAT(one_.out.warnings[0], HasSubstr("Replace it"));
  one_.Prepare((uint64_t{1} << 32) - 1, 1);
  EXPECT_THAT(one_.out.packets, SizeIs(1));
}

TEST_F(LinkAlone, TrimTakenBack_IsNotAskedAboutAgainAndAgain) {
  subject_.Write(SlotRegister::kTrim, 0, 5);
  one_.Heartbeat(3, 1);
  one_.Exchange();
  subject_.Write(SlotRegister::kTrim, 0, 3);
  one_.Accept(3, 20 * kChunkSlots, {"a"}, /*commit=*/20 * kChunkSlots - 1);
  one_.Heartbeat(3, 2);
  const uint64_t before = one_.link().counters().requests;
  one_.Exchange();
  EXPECT_LT(one_.link().counters().requests - before, 5u);
  ASSERT_THAT(one_.out.warnings, SizeIs(1));
  EXPECT_THAT(one_.out.warnings[0], HasSubstr("taken back"));
}

// It would say that there was nothing in slots of which others were written in place (I8). This
// proposer has never heard of the higher trim.
TEST_F(LinkAlone, TrimTakenBack_AcceptorReportsNothingAnyMore) {
  subject_.Write(SlotRegister::kTrim, 0, 20);
  ProposerUnderTest before{subject_, 2};
  before.Accept(3, 21 * kChunkSlots, {"a"}, /*commit=*/21 * kChunkSlots - 1);
  before.Exchange();
  ASSERT_EQ(before.Acked(), 21 * kChunkSlots);
  subject_.Write(SlotRegister::kTrim, 0, 4);
  one_.Prepare(4, 4 * kChunkSlots);
  one_.Exchange();
  EXPECT_THAT(one_.Told<PrepareReply>(), SizeIs(0));
  ASSERT_THAT(one_.out.warnings, SizeIs(1));
  EXPECT_THAT(one_.out.warnings[0], HasSubstr("taken back"));
}

TEST_F(LinkAlone, AskedAgainForTheSameReport_GoesOnWithIt) {
  one_.Accept(3, 1, std::vector<std::string>(16, "x"));
  one_.Exchange();
  ProposerUnderTest two{subject_, 2, {.max_in_flight = 4, .page_slots = 16}};
  two.Prepare(4, 1);
  std::vector<PrepareReply> replies;
  for (int round_trips = 0; replies.empty() && round_trips < 10; ++round_trips) {
    for (const SlotPacket& packet : std::exchange(two.out.packets, {})) {
      two.link().OnAnswer(subject_.Ask(packet), two.now);
    }
    two.Prepare(4, 1);
    two.link().TakeOutput(two.out);
    replies = two.Told<PrepareReply>();
  }
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_THAT(replies[0].accepted, SizeIs(16));
}

TEST_F(LinkAlone, AnswerIsOvertakenByWordOfAHigherTrim_IsAskedAgain) {
  constexpr uint64_t kBeyond = uint64_t{kWindowChunks} * kChunkSlots;
  one_.Accept(3, kBeyond, {"a"}, /*commit=*/kBeyond - 1);
  const SlotPacket late = subject_.Ask(one_.out.packets.at(0));
  ASSERT_EQ(late.outcome, Outcome::kOutsideWindow);
  one_.out.packets.clear();
  subject_.Write(SlotRegister::kTrim, 0, 5);
  one_.Heartbeat(3, 1);
  one_.Exchange();
  one_.link().OnAnswer(late, one_.now);
  one_.Elapse({});
  EXPECT_THAT(one_.out.warnings, SizeIs(0)) << "Nobody has taken it back.";
  one_.Exchange();
  EXPECT_EQ(one_.Acked(), kBeyond);
}

TEST_F(LinkAlone, WhatIsNotForAnAcceptor_IsDropped) {
  one_.Say(3, TimeoutNow{});
  one_.Say(3, Introduce{});
  one_.Prepare(3, UINT64_MAX);  // Phase 1 goes on elsewhere.
  EXPECT_THAT(one_.out.packets, SizeIs(0));
  EXPECT_THAT(one_.out.messages, SizeIs(0));
}

}  // namespace
}  // namespace synod::slots::testing
