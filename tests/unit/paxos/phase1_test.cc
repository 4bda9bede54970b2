// Tests of paxos/impl/phase1.ipp: "Paxos Made Simple" §2.2 and §3.
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/paxos/fixture.h"

namespace synod::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

AcceptedEntry Accepted(uint64_t slot, uint64_t round, uint64_t node, std::string_view text) {
  return {.entry = Command(slot, round, text), .ballot = BallotOf(round, node)};
}

// --- The proposer ---

TEST(Prepare, LeavesOnceTheBallotCannotBeForgotten) {
  Core core;
  core.Elapse(2 * kElectionTimeout);
  core.Take();
  core.Receive(2, 0, PreVoteReply{.next_term = Term(1), .granted = true});
  core.Take();
  ASSERT_THAT(core.SentTo<PrepareRequest>(2), SizeIs(1));
  EXPECT_EQ(core.SentTo<PrepareRequest>(2)[0].from, Index(1));
  for (const Outgoing& outgoing : core.out.messages) {
    EXPECT_EQ(outgoing.after, core.out.persist.token);
  }
  EXPECT_EQ(core.out.persist.hard_state->term, Term(1));
}

TEST(Prepare, AQuorumReports_Leads) {
  Core core({.nodes = 5});
  core.BecomeCandidate();
  core.Report(2, 1, {});
  EXPECT_EQ(core->role(), Role::kCandidate);
  core.Report(2, 1, {});
  EXPECT_EQ(core->role(), Role::kCandidate) << "One acceptor is one, however often it says so.";
  core.Report(3, 1, {});
  EXPECT_TRUE(core->IsLeader());
}

TEST(Prepare, UnderARuleOfItsOwn_TakesThePromisesThatItAsksFor) {
  Core core({.nodes = 5, .quorums = QuorumRule::Flexible(2, 4)});
  core.BecomeCandidate();
  core.Report(4, 1, {});
  EXPECT_TRUE(core->IsLeader());
}

TEST(Prepare, ReportOfAnotherBallot_IsNotCounted) {
  Core core;
  core.BecomeCandidate();
  const Ballot other = BallotOf(2, 1);
  core.Receive(2, 1,
               PrepareReply{.ballot = other,
                            .promised = other,
                            .from = Index(1),
                            .first = Index(1),
                            .chosen = Index(),
                            .next = Index(),
                            .accepted = {}});
  EXPECT_EQ(core->role(), Role::kCandidate);
}

TEST(Prepare, RefusedForAHigherBallot_GivesUpAndAsksAboveItNextTime) {
  Core core;
  core.BecomeCandidate();
  PrepareReply refusal;
  refusal.ballot = BallotOf(1, 1);
  refusal.promised = BallotOf(7, 3);
  core.Receive(2, 7, refusal);
  EXPECT_EQ(core->role(), Role::kFollower);
  core.BecomeCandidate(8);
  EXPECT_EQ(core->promised(), BallotOf(8, 1));
}

// Seed 7190: each campaigned anew before anybody had told all.
TEST(Prepare, AReportGoesOn_ThoseWhoHaveReportedHearOfIt) {
  Core core({.nodes = 5});
  core.Receive(3, 1, PreVoteRequest{.next_term = Term(2), .last_index = {}, .last_term = {}});
  core.BecomeCandidate(2);
  core.Report(2, 2, {});
  const Ballot ballot = BallotOf(2, 1);
  core.Receive(3, 2,
               PrepareReply{.ballot = ballot,
                            .promised = ballot,
                            .from = Index(1),
                            .first = Index(1),
                            .chosen = Index(),
                            .next = Index(2),
                            .accepted = {Accepted(1, 1, 3, "a")}});
  core.Take();
  ASSERT_THAT(core.SentTo<PrepareRequest>(3), SizeIs(1));
  EXPECT_EQ(core.SentTo<PrepareRequest>(3)[0].from, Index(2));
  ASSERT_THAT(core.SentTo<PrepareRequest>(2), SizeIs(1));
  EXPECT_THAT(core.SentTo<PrepareRequest>(4), IsEmpty()) << "It has not even begun.";
  const PrepareRequest told = core.SentTo<PrepareRequest>(2)[0];

  Core acceptor({.nodes = 5});
  acceptor.Receive(3, 1, Accepts(1, 1, 2));
  acceptor.Receive(2, 2, PrepareRequest{.from = Index(1), .by_transfer = true});
  for (int i = 0; i < 4; ++i) {
    acceptor.Elapse(kElectionTimeout - std::chrono::milliseconds(1));
    acceptor.Receive(2, 2, told);
  }
  EXPECT_EQ(acceptor->role(), Role::kFollower) << "It does not campaign meanwhile.";
  acceptor.Take();
  EXPECT_THAT(acceptor.SentTo<PrepareReply>(2).back().accepted, IsEmpty());
}

TEST(TakeOver, ProposesTheValueOfTheHighestBallotInEachSlot) {
  Core core({.nodes = 5});
  core.Receive(4, 2, Accepts(2, 1, 1));
  core.Take();
  core.Persisted();
  core.BecomeCandidate(3);
  core.Report(2, 3, {Accepted(1, 1, 5, "old"), Accepted(2, 2, 4, "high")});
  core.Report(3, 3, {Accepted(2, 1, 5, "low"), Accepted(3, 1, 5, "only")});
  ASSERT_TRUE(core->IsLeader());
  EXPECT_THAT(core.Slots(), ElementsAre("1@3 1@2", "2@3 high", "3@3 only"));
}

TEST(TakeOver, FillsGapsWithNoOps) {
  Core core;
  core.BecomeCandidate();
  core.Report(2, 1, {});
  Core later;
  later.BecomeCandidate(1);
  later.Receive(2, 5, Accepts(5, 1, 1));
  later.Take();
  later.Persisted();
  later.BecomeCandidate(6);
  later.Report(2, 6, {Accepted(1, 5, 2, "1@5"), Accepted(4, 5, 2, "far")});
  ASSERT_TRUE(later->IsLeader());
  EXPECT_THAT(later.Slots(), ElementsAre("1@6 1@5", "2@6", "3@6", "4@6 far"));
}

TEST(TakeOver, BeforePhase1IsComplete_NothingIsProposed) {
  Core core({.nodes = 5});
  core.BecomeCandidate();
  core.Report(2, 1, {});
  core.Propose("x");
  EXPECT_THAT(core.Take().persist.entries, IsEmpty());
  EXPECT_THAT(core.out.resolved, SizeIs(1));
}

TEST(TakeOver, ReadsWaitUntilWhatWasFoundIsChosen) {
  Core core;
  core.BecomeCandidate(1);
  core.Receive(2, 5, Accepts(5, 1, 1));
  core.Take();
  core.Persisted();
  core.BecomeCandidate(6);
  core.Report(2, 6, {Accepted(1, 5, 2, "1@5"), Accepted(2, 5, 2, "2@5")});
  core.Take();
  core.Persisted();
  core->Read(RequestId(77));
  for (const AcceptRequest& request : core.SentTo<AcceptRequest>(2)) EXPECT_EQ(request.round, 0u);
  core.Take();
  EXPECT_THAT(core.SentTo<AcceptRequest>(2), IsEmpty()) << "No round may confirm it yet (D1).";
  core.Ack(2, 6, 2);
  EXPECT_EQ(core->commit(), Index(2));
  core.Take();
  ASSERT_THAT(core.SentTo<AcceptRequest>(2), SizeIs(1));
  EXPECT_NE(core.SentTo<AcceptRequest>(2)[0].round, 0u);
}

TEST(TakeOver, WhatAReporterKnowsToBeChosen_IsLearntAtOnce) {
  Core core({.nodes = 5});
  core.BecomeCandidate();
  core.Report(2, 1, {Accepted(1, 0, 4, "")});
  EXPECT_EQ(core->counters().invalid_messages, 1u) << "Nothing is accepted in round 0.";
  core.Receive(3, 9, Accepts(9, 1, 1));
  core.Take();
  core.Persisted();
  core.BecomeCandidate(10);
  core.Report(2, 10, {Accepted(1, 9, 3, "1@9"), Accepted(2, 9, 3, "2@9")}, /*chosen=*/1);
  EXPECT_EQ(core->commit(), Index(1));
  EXPECT_THAT(core.Take().committed, SizeIs(1));
}

TEST(TakeOver, MoreThanAlphaWasFound_TheRestWaits) {
  Core core({.alpha = 2});
  core.BecomeCandidate(1);
  core.Receive(2, 5, Accepts(5, 1, 1));
  core.Take();
  core.Persisted();
  core.BecomeCandidate(6);
  core.Report(2, 6, {Accepted(1, 5, 2, "a"), Accepted(2, 5, 2, "b"), Accepted(3, 5, 2, "c")});
  core.Take();
  core.Persisted();
  EXPECT_EQ(core->extent().last, Index(2));
  core.Ack(2, 6, 1);
  EXPECT_EQ(core->extent().last, Index(3)) << "One is chosen, so the configuration of 3 is known.";
}

// --- The acceptor ---

// Seed 20030: it had accepted something in the ballot before the request for its promise came.
TEST(Promise, BeforeIntroductions_IsNotGiven) {
  Core core({.is_introduced = false});
  core.Receive(2, 4, PrepareRequest{.from = Index(1)});
  EXPECT_EQ(core->promised(), Ballot());
  core.Receive(2, 5, Accepts(5, 1, 1));
  EXPECT_EQ(core->promised(), BallotOf(5, 2)) << "What others have elected it may follow.";
  core.Receive(2, 5, PrepareRequest{.from = Index(1)});
  core.Take();
  EXPECT_THAT(core.SentTo<PrepareReply>(2), IsEmpty());
}

TEST(Promise, BelowTheOneThatWasGiven_IsRefused) {
  Core core;
  core.Receive(3, 5, PrepareRequest{.from = Index(1)});
  core.Receive(2, 5, PrepareRequest{.from = Index(1)});
  core.Take();
  EXPECT_EQ(core->promised(), BallotOf(5, 3));
  ASSERT_THAT(core.SentTo<PrepareReply>(2), SizeIs(1));
  EXPECT_EQ(core.SentTo<PrepareReply>(2)[0].promised, BallotOf(5, 3));
}

TEST(Promise, OfAHigherNodeInTheSameRound_TakesItsPlace) {
  Core core;
  core.Receive(2, 5, PrepareRequest{.from = Index(1)});
  core.Receive(3, 5, PrepareRequest{.from = Index(1)});
  EXPECT_EQ(core->promised(), BallotOf(5, 3));
}

TEST(Promise, LeavesOnceItIsDurable_AndOutlivesARestart) {
  Core core;
  core.Receive(3, 5, PrepareRequest{.from = Index(1)});
  core.Take();
  ASSERT_THAT(core.out.messages, SizeIs(1));
  EXPECT_EQ(core.out.messages[0].after, core.out.persist.token);
  core.Start();
  EXPECT_EQ(core->promised(), BallotOf(5, 3));
}

TEST(Promise, ReportsWhatWasAccepted_InAnyOrderAndBallot) {
  Core core;
  core.Receive(2, 4, Accepts(4, 1, 2));
  core.Receive(2, 4, Accepts(4, 5, 5));
  core.Receive(3, 4, Accepts(4, 2, 2));
  core.Elapse(2 * kElectionTimeout);
  core.Receive(3, 6, PrepareRequest{.from = Index(2), .by_transfer = true});
  core.Take();
  const std::vector<PrepareReply> replies = core.SentTo<PrepareReply>(3);
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_THAT(replies[0].accepted, ElementsAre(Accepted(2, 4, 3, "2@4"), Accepted(5, 4, 2, "5@4")));
}

TEST(Promise, ReportIsTooLong_GoesOnWhenItIsAskedFor) {
  Core core({.options = {.max_append_bytes = 150}});
  core.Receive(2, 4, Accepts(4, 1, 5));
  core.Receive(3, 6, PrepareRequest{.from = Index(1), .by_transfer = true});
  core.Take();
  const PrepareReply first = core.SentTo<PrepareReply>(3).at(0);
  ASSERT_THAT(first.accepted, SizeIs(2));
  EXPECT_EQ(first.next, Index(3));
  core.Receive(3, 6, PrepareRequest{.from = first.next, .by_transfer = true});
  core.Take();
  EXPECT_EQ(core.SentTo<PrepareReply>(3).at(0).accepted[0].entry.index, Index(3));
}

TEST(Promise, Phase1GoesOn_OthersAreNoCandidates) {
  Core core;
  const PreVoteRequest question{.next_term = Term(9), .last_index = Index(), .last_term = {}};
  const auto grants = [&](uint64_t candidate) {
    core.Receive(candidate, 0, question);
    core.Take();
    return core.SentTo<PreVoteReply>(candidate).back().granted;
  };
  EXPECT_TRUE(grants(3));
  core.Receive(2, 5, PrepareRequest{.from = Index(1)});
  EXPECT_FALSE(grants(3));
  EXPECT_TRUE(grants(2)) << "It may begin anew.";
  core.Elapse(kElectionTimeout - std::chrono::milliseconds(1));
  EXPECT_FALSE(grants(3));
  core.Elapse(std::chrono::milliseconds(1));
  EXPECT_TRUE(grants(3)) << "Nothing was asked for an election timeout.";
}

TEST(Promise, BesideALeaderThatIsHeard_IsNotGiven) {
  Core core;
  core.Receive(2, 4, Accepts(4, 1, 1));
  core.Receive(3, 6, PrepareRequest{.from = Index(1)});
  EXPECT_EQ(core->promised(), BallotOf(4, 2));
  core.Receive(3, 6, PrepareRequest{.from = Index(1), .by_transfer = true});
  EXPECT_EQ(core->promised(), BallotOf(6, 3));
}

}  // namespace
}  // namespace synod::test
