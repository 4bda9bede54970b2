// What a proposer makes of a slot acceptor, wherever that runs.
#ifndef SYNOD_TESTS_UNIT_SWITCH_LINK_SUITE_H_
#define SYNOD_TESTS_UNIT_SWITCH_LINK_SUITE_H_

#include <optional>
#include <string>
#include <vector>

#include "synod/switch/slot_value.h"

#include "gtest/gtest.h"
#include "tests/unit/switch/link_under_test.h"

namespace synod::slots::testing {

template <class Subject>
class Link : public ::testing::Test {
 protected:
  void SetUp() override {
    subject_.SkipIfUnavailable();
    if (!IsSkipped()) subject_.Do(EnableSteps(kLinkGroup, kLinkIncarnation, 0));
  }
  void SetTrim(uint32_t trim) { subject_.Write(SlotRegister::kTrim, 0, trim); }
  static std::string Large(char c) { return std::string(33, c); }
  // "1@2 a", or with its kind alone if nothing else can be told.
  static std::vector<std::string> Found(const std::vector<PrepareReply>& replies) {
    std::vector<std::string> all;
    for (const PrepareReply& reply : replies) {
      for (const AcceptedEntry& accepted : reply.accepted) {
        all.push_back(std::to_string(accepted.entry.index.value()) + "@" +
                      std::to_string(accepted.ballot.round.value()) + " " +
                      std::string(accepted.entry.payload.view()));
      }
    }
    return all;
  }
  using Texts = std::vector<std::string>;

  Subject subject_;
  ProposerUnderTest one_{subject_, 1};
  ProposerUnderTest two_{subject_, 2};
};

TYPED_TEST_SUITE_P(Link);

TYPED_TEST_P(Link, FreshAcceptor_Promises_AndReportsNothing) {
  this->one_.Prepare(5, 1);
  EXPECT_EQ(this->one_.out.packets.size(), 1u) << "First the promise.";
  this->one_.Exchange();
  const auto replies = this->one_.template Told<PrepareReply>();
  ASSERT_FALSE(replies.empty());
  EXPECT_EQ(replies[0].ballot, this->one_.BallotOf(5));
  EXPECT_EQ(replies[0].promised, this->one_.BallotOf(5));
  EXPECT_EQ(replies[0].from, Index(1));
  EXPECT_TRUE(this->Found(replies).empty());
}

TYPED_TEST_P(Link, ValuesOfALeader_AcceptedInOrderOrNot_AreAckedAsAPrefix) {
  auto& leader = this->one_;
  leader.Accept(3, 1, {"a", "b", "c"});
  ASSERT_EQ(leader.out.packets.size(), 3u);
  const std::vector<SlotPacket> sent = std::exchange(leader.out.packets, {});
  const auto arrive = [&](size_t which) {
    leader.link().OnAnswer(this->subject_.Ask(sent[which]), leader.now);
    leader.link().TakeOutput(leader.out);
    return leader.Acked();
  };
  EXPECT_EQ(arrive(2), std::nullopt) << "There is a gap before it.";
  EXPECT_EQ(arrive(0), 1u);
  EXPECT_EQ(arrive(1), 3u);
}

TYPED_TEST_P(Link, AcksBeginBehindWhatIsChosen) {
  this->one_.Accept(3, 100, {"a", "b"}, /*commit=*/99);
  EXPECT_EQ(this->one_.Acked(), std::nullopt) << "The acceptor has said nothing yet.";
  this->one_.Exchange();
  EXPECT_EQ(this->one_.Acked(), 101u);
}

// What a leader that failed had proposed.
TYPED_TEST_P(Link, AnotherLeader_FindsWhatWasAccepted_ButNoDigest) {
  this->one_.Accept(3, 1, {"a", this->Large('b'), "c"});
  this->one_.Exchange();
  this->two_.Prepare(4, 1);
  this->two_.Exchange();
  const auto replies = this->two_.template Told<PrepareReply>();
  EXPECT_EQ(this->Found(replies), (typename TestFixture::Texts{"1@3 a", "3@3 c"}));
  EXPECT_EQ(this->one_.link().counters().digests, 1u);
}

TYPED_TEST_P(Link, LongReport_ComesInPages) {
  this->one_.Accept(3, 1, std::vector<std::string>(1500, "x"));
  this->one_.Exchange();
  this->two_.Prepare(4, 1);
  this->two_.Exchange();
  auto replies = this->two_.template Told<PrepareReply>();
  ASSERT_EQ(replies.size(), 1u);
  size_t found = replies[0].accepted.size();
  while (!replies[0].next.IsZero()) {
    const Index next = replies[0].next;
    EXPECT_LT(replies[0].accepted.empty() ? Index() : replies[0].accepted.back().entry.index, next);
    this->two_.Prepare(4, next.value());
    this->two_.Exchange();
    replies = this->two_.template Told<PrepareReply>();
    ASSERT_EQ(replies.size(), 1u);
    ASSERT_EQ(replies[0].from, next);
    found += replies[0].accepted.size();
  }
  EXPECT_EQ(found, 1500u);
}

TYPED_TEST_P(Link, DeposedLeader_IsToldByWhom) {
  this->two_.Prepare(4, 1);
  this->two_.Exchange();
  this->one_.Accept(3, 1, {"a"});
  this->one_.Exchange();
  const auto replies = this->one_.template Told<AcceptReply>();
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(replies[0].ballot, this->one_.BallotOf(3));
  EXPECT_EQ(replies[0].promised, this->two_.BallotOf(4));
  this->one_.Prepare(3, 1);
  const auto again = this->one_.template Told<PrepareReply>();
  ASSERT_EQ(again.size(), 1u) << "The ballot is over: nobody has to be asked.";
  EXPECT_EQ(again[0].promised, this->two_.BallotOf(4));
  EXPECT_TRUE(this->one_.out.packets.empty());
}

TYPED_TEST_P(Link, Heartbeat_IsAnsweredByAProbeOfItsOwn) {
  auto& leader = this->one_;
  leader.Heartbeat(3, 7);
  ASSERT_EQ(leader.out.packets.size(), 1u);
  leader.Heartbeat(3, 8);
  leader.Heartbeat(3, 9);
  EXPECT_EQ(leader.out.packets.size(), 1u) << "One at a time.";
  const SlotPacket answer = this->subject_.Ask(std::exchange(leader.out.packets, {})[0]);
  leader.link().OnAnswer(answer, leader.now);
  leader.link().TakeOutput(leader.out);
  auto replies = leader.template Told<AcceptReply>();
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(replies[0].round, 7u) << "It was asked before round 8 began.";
  EXPECT_EQ(replies[0].epoch, Index(77));
  leader.link().OnAnswer(answer, leader.now);
  leader.Exchange();
  replies = leader.template Told<AcceptReply>();
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(replies[0].round, 9u);
}

TYPED_TEST_P(Link, PreVote_AsksWhetherItIsThere_AndPromisesNothing) {
  this->one_.Say(0, PreVoteRequest{.next_term = Term(9), .last_index = {}, .last_term = {}});
  this->one_.Exchange();
  const auto replies = this->one_.template Told<PreVoteReply>();
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_TRUE(replies[0].granted);
  EXPECT_EQ(replies[0].next_term, Term(9));
  EXPECT_EQ(this->subject_.Read(SlotRegister::kPromisedRound, 0), 0u);
}

// I3, I9: what it said is forgotten, and what it says now is another's word.
TYPED_TEST_P(Link, RebootedAcceptor_CountsForNothing) {
  this->one_.Accept(3, 1, {"a"});
  this->one_.Exchange();
  ASSERT_EQ(this->one_.Acked(), 1u);
  this->subject_.PowerCycle();
  const auto expect_silence = [&] {
    this->one_.Accept(3, 2, {"b"});
    this->one_.Heartbeat(3, 7);
    this->one_.Exchange();
    this->two_.Prepare(4, 1);
    this->two_.Exchange();
    EXPECT_TRUE(this->one_.template Told<AcceptReply>().empty());
    EXPECT_TRUE(this->two_.template Told<PrepareReply>().empty());
  };
  expect_silence();
  this->subject_.Do(EnableSteps(kLinkGroup, kLinkIncarnation + 1, 0));
  this->one_.Elapse(std::chrono::seconds(2));
  this->two_.Elapse(std::chrono::seconds(2));
  expect_silence();
  this->two_.Say(4, PreVoteRequest{.next_term = Term(9), .last_index = {}, .last_term = {}});
  this->two_.Elapse(std::chrono::seconds(2));
  this->two_.Exchange();
  const auto replies = this->two_.template Told<PreVoteReply>();
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_FALSE(replies[0].granted);
  ASSERT_EQ(this->one_.out.warnings.size(), 1u);
  EXPECT_NE(this->one_.out.warnings[0].find("new incarnation"), std::string::npos);
}

TYPED_TEST_P(Link, BadNetwork_LosesNothingAndInventsNothing) {
  Rng dice(7);
  std::vector<std::string> values;
  for (int i = 0; i < 300; ++i) values.push_back(std::to_string(i));
  this->one_.Accept(3, 1, values);
  this->one_.ExchangeOverBadNetwork(dice);
  EXPECT_EQ(this->one_.Acked(), 300u);
  this->two_.Prepare(4, 1);
  this->two_.ExchangeOverBadNetwork(dice);
  const auto replies = this->two_.template Told<PrepareReply>();
  ASSERT_EQ(replies.size(), 1u);
  ASSERT_EQ(replies[0].accepted.size(), 300u);
  for (size_t i = 0; i < 300; ++i) {
    EXPECT_EQ(replies[0].accepted[i].entry, CommandAt(i + 1, 3, std::to_string(i)));
    EXPECT_EQ(replies[0].accepted[i].ballot, this->one_.BallotOf(3));
  }
}

// I8. Slots that the window has left are chosen, so they count; those that it has not reached wait.
TYPED_TEST_P(Link, WindowMoves_WhatItLeavesCounts_AndWhatIsAheadWaits) {
  auto& leader = this->one_;
  leader.Accept(3, kWindowSlots - 1, {"a", "b", "c"}, /*commit=*/kWindowSlots - 2);
  leader.Exchange();
  EXPECT_EQ(leader.Acked(), kWindowSlots - 1u);
  EXPECT_EQ(leader.out.packets.size(), 0u) << "Nothing is asked again and again.";
  this->SetTrim(1);
  leader.Heartbeat(3, 7, /*forget=*/kChunkSlots);
  leader.Exchange();
  EXPECT_EQ(leader.Acked(), kWindowSlots + 1u);

  this->two_.Prepare(4, 1);
  this->two_.Exchange();
  const auto replies = this->two_.template Told<PrepareReply>();
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(replies[0].from, Index(1));
  EXPECT_EQ(replies[0].first, Index(kChunkSlots)) << "Before that it may have accepted anything.";
  EXPECT_TRUE(replies[0].next > Index(kChunkSlots)) << "What was trimmed is not read.";
  this->two_.Accept(4, 1, {"x"});
  this->two_.Exchange();
  EXPECT_GE(this->two_.Acked().value_or(0), kChunkSlots - 1u) << "It is chosen.";
}

// I8: what was forgotten was chosen in a higher ballot, and is not what this leader proposes.
TYPED_TEST_P(Link, DeposedLeader_IsNotToldThatWhatWasForgottenIsItsOwn) {
  auto& old = this->one_;
  old.Accept(3, 1, {"a"});
  old.Exchange();
  ASSERT_EQ(old.Acked(), 1u);
  old.Accept(3, 2, {"lost"});
  old.out.packets.clear();
  this->two_.Prepare(4, 1);
  this->two_.Exchange();
  this->SetTrim(1);
  old.Elapse(std::chrono::seconds(1));
  old.Exchange();
  bool is_refused = false;
  for (const AcceptReply& reply : old.template Told<AcceptReply>()) {
    EXPECT_LT(reply.accepted, Index(2));
    is_refused |= reply.promised > reply.ballot;
  }
  EXPECT_TRUE(is_refused);
}

// Nor is one asked to forget by a leader in whose ballot it has not taken part.
TYPED_TEST_P(Link, Trim_OfAnAcceptorThatHasNotAnsweredInTheBallot_IsNotAskedFor) {
  auto& leader = this->one_;
  leader.Heartbeat(3, 1);
  leader.Exchange();
  leader.Heartbeat(5, 1, /*forget=*/100 * kChunkSlots);
  EXPECT_EQ(leader.AskedTrim(), std::nullopt);
  leader.Exchange();
  EXPECT_EQ(leader.AskedTrim(), 100u);
}

// A ballot that does not fit ends what was under way in the one before.
TYPED_TEST_P(Link, AnswerAfterABallotThatDoesNotFit_CountsForNothing) {
  auto& candidate = this->one_;
  candidate.Prepare(3, 1);
  const std::vector<SlotPacket> asked = std::exchange(candidate.out.packets, {});
  candidate.Prepare(uint64_t{1} << 32, 1);
  for (const SlotPacket& packet : asked) {
    candidate.link().OnAnswer(this->subject_.Ask(packet), candidate.now);
  }
  EXPECT_TRUE(candidate.template Told<PrepareReply>().empty());
}

TYPED_TEST_P(Link, CandidateBeyondTheWindow_GetsThePromiseAlone) {
  this->two_.Prepare(4, kWindowSlots + 5);
  this->two_.Exchange();
  const auto replies = this->two_.template Told<PrepareReply>();
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_TRUE(replies[0].accepted.empty());
  EXPECT_EQ(replies[0].next, Index());
  this->one_.Accept(3, 1, {"a"});
  this->one_.Exchange();
  EXPECT_EQ(this->one_.Acked(), std::nullopt);
}

// I8: as much as is agreed, and once that is worth a write of the control plane.
TYPED_TEST_P(Link, Trim_IsAskedForOnceItIsAgreed) {
  auto& leader = this->one_;
  leader.Heartbeat(3, 1, /*forget=*/100 * kChunkSlots);
  EXPECT_EQ(leader.AskedTrim(), std::nullopt) << "Where it is, is not known.";
  leader.Exchange();
  EXPECT_EQ(leader.AskedTrim(), 100u);
  this->SetTrim(100);
  leader.Heartbeat(3, 2, /*forget=*/101 * kChunkSlots);
  leader.Exchange();
  EXPECT_EQ(leader.AskedTrim(), std::nullopt);
  leader.Heartbeat(3, 3, /*forget=*/104 * kChunkSlots - 2);
  EXPECT_EQ(leader.AskedTrim(), std::nullopt) << "One slot of chunk 103 is missing.";
  leader.Heartbeat(3, 4, /*forget=*/104 * kChunkSlots - 1);
  EXPECT_EQ(leader.AskedTrim(), 104u);
}

// Whose control plane does what it is asked for is asked for more at once, and who does not, at
// longer and longer intervals.
TYPED_TEST_P(Link, Trim_NotRaised_IsAskedForAgainAfterAPause) {
  const LinkOptions options;
  auto& leader = this->one_;
  uint64_t round = 0;
  const auto asked = [&](uint32_t agreed) {
    leader.Heartbeat(3, ++round, /*forget=*/uint64_t{agreed} * kChunkSlots);
    leader.Exchange();
    return leader.AskedTrim();
  };
  EXPECT_EQ(asked(100), 100u);
  for (Duration pause = options.trim_pause_min; pause < std::chrono::seconds(8); pause *= 2) {
    leader.now += pause - Duration(1);
    EXPECT_EQ(asked(110), std::nullopt);
    leader.now += Duration(1);
    EXPECT_EQ(asked(110), 110u);
  }
  for (uint32_t trim = 110; trim < 200; trim += 10) {
    this->SetTrim(trim);
    EXPECT_EQ(asked(trim + 10), trim + 10);
  }
}

REGISTER_TYPED_TEST_SUITE_P(
    Link, FreshAcceptor_Promises_AndReportsNothing,
    ValuesOfALeader_AcceptedInOrderOrNot_AreAckedAsAPrefix, AcksBeginBehindWhatIsChosen,
    AnotherLeader_FindsWhatWasAccepted_ButNoDigest, LongReport_ComesInPages,
    DeposedLeader_IsToldByWhom, Heartbeat_IsAnsweredByAProbeOfItsOwn,
    PreVote_AsksWhetherItIsThere_AndPromisesNothing, RebootedAcceptor_CountsForNothing,
    BadNetwork_LosesNothingAndInventsNothing, WindowMoves_WhatItLeavesCounts_AndWhatIsAheadWaits,
    DeposedLeader_IsNotToldThatWhatWasForgottenIsItsOwn,
    Trim_OfAnAcceptorThatHasNotAnsweredInTheBallot_IsNotAskedFor,
    AnswerAfterABallotThatDoesNotFit_CountsForNothing, CandidateBeyondTheWindow_GetsThePromiseAlone,
    Trim_IsAskedForOnceItIsAgreed, Trim_NotRaised_IsAskedForAgainAfterAPause);

}  // namespace synod::slots::testing

#endif  // SYNOD_TESTS_UNIT_SWITCH_LINK_SUITE_H_
