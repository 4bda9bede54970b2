// What the judge of Multi-Paxos demands of messages: each of them promises something.
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/sim/paxos_judge_fixture.h"

namespace synod::sim {
namespace {

class PaxosJudgeMessages : public PaxosJudgeFixture {
 protected:
  void SendReport(NodeId from, const PrepareReply& reply) {
    Send(from, reply.ballot.node, reply.ballot.round.value(), reply);
  }
  void SendAck(NodeId from, const AcceptReply& reply) {
    Send(from, reply.ballot.node, reply.ballot.round.value(), reply);
  }
  // Node 2 has accepted these in the low ballot, of which it has had the promise of node 1.
  void AcceptLow(const std::vector<Entry>& values) {
    Elect(low_, {2});
    Propose(low_, 2, values);
    Accept(2, low_, values);
    EXPECT_EQ(Rule(), "");
  }
};

// --- Phase 1a ---

TEST_F(PaxosJudgeMessages, Prepare_DiskDoesNotKnowTheBallot_BreaksTheRule) {
  Begin(1, Writing(Hard(low_)));
  Send(1, 2, 1, PrepareRequest{.from = Index(1)});
  EXPECT_EQ(Rule(), "persist before send");
}

TEST_F(PaxosJudgeMessages, Prepare_DiskKnowsALowerBallotOfTheRound_BreaksTheRule) {
  Promise(2, low_);
  Send(2, 1, 1, PrepareRequest{.from = Index(1)});
  EXPECT_EQ(Rule(), "persist before send");
}

TEST_F(PaxosJudgeMessages, Prepare_DiskKnowsTheBallotOrAHigherOne_IsAllowed) {
  Promise(1, low_);
  Send(1, 2, 1, PrepareRequest{.from = Index(1)});
  Promise(1, middle_);
  Send(1, 2, 1, PrepareRequest{.from = Index(1)});
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeMessages, Prepare_SomebodyHasNotRecordedTheCandidate_BreaksTheRule) {
  Write(3, Writing(HardState{}));
  Promise(1, low_);
  Send(1, 2, 1, PrepareRequest{.from = Index(1)});
  EXPECT_EQ(Rule(), "no vote before introductions (I3)");
}

// --- Phase 1b ---

TEST_F(PaxosJudgeMessages, Promise_DiskDoesNotKnowIt_BreaksTheRule) {
  Promise(2, low_);
  Begin(2, Writing(Hard(high_)));
  SendReport(2, Reporting(high_));
  EXPECT_EQ(Rule(), "promise after sync (I3)");
}

TEST_F(PaxosJudgeMessages, Promise_DiskKnowsALowerOneOfTheRound_BreaksTheRule) {
  Promise(3, low_);
  SendReport(3, Reporting(middle_));
  EXPECT_EQ(Rule(), "promise after sync (I3)");
}

TEST_F(PaxosJudgeMessages, Promise_DiskKnowsItOrAHigherOne_IsAllowed) {
  Promise(2, low_);
  SendReport(2, Reporting(low_));
  Promise(2, high_);
  SendReport(2, Reporting(low_));
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeMessages, Promise_IsRefused_NeedsNothingOnTheDisk) {
  PrepareReply refusal;
  refusal.ballot = low_;
  refusal.promised = high_;
  SendReport(2, refusal);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeMessages, Promise_SomebodyHasNotRecordedTheAcceptor_BreaksTheRule) {
  Write(3, Writing(HardState{}));
  Report(2, low_);
  EXPECT_EQ(Rule(), "no vote before introductions (I3)");
}

TEST_F(PaxosJudgeMessages, Report_LacksASlot_BreaksTheRule) {
  AcceptLow({ValueIn(1, 1), ValueIn(2, 1)});
  Report(2, high_, {{.entry = ValueIn(1, 1), .ballot = low_}});
  EXPECT_EQ(Rule(), "a promise reports what was accepted");
}

TEST_F(PaxosJudgeMessages, Report_HasAnotherValue_BreaksTheRule) {
  AcceptLow({ValueIn(1, 1, "x")});
  Report(2, high_, {{.entry = ValueIn(1, 1, "y"), .ballot = low_}});
  EXPECT_EQ(Rule(), "a promise reports what was accepted");
}

TEST_F(PaxosJudgeMessages, Report_HasAnotherBallot_BreaksTheRule) {
  AcceptLow({ValueIn(1, 1)});
  Report(2, high_, {{.entry = ValueIn(1, 1), .ballot = middle_}});
  EXPECT_EQ(Rule(), "a promise reports what was accepted");
}

TEST_F(PaxosJudgeMessages, Report_HasAll_IsAllowed) {
  AcceptLow({ValueIn(1, 1), ValueIn(2, 1)});
  Report(2, high_,
         {{.entry = ValueIn(1, 1), .ballot = low_}, {.entry = ValueIn(2, 1), .ballot = low_}});
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeMessages, Report_LacksWhatWasAcceptedInItsOwnBallotSince_IsAllowed) {
  AcceptLow({ValueIn(1, 1)});
  Elect(high_, {1});
  Propose(high_, 2, {ValueIn(1, 2)});
  Accept(2, high_, {ValueIn(1, 2)});
  SendReport(2, Reporting(high_));
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeMessages, Report_LacksWhatWasNotAskedFor_IsAllowed) {
  AcceptLow({ValueIn(1, 1)});
  Promise(2, high_);
  PrepareReply reply = Reporting(high_);
  reply.from = Index(2);
  SendReport(2, reply);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeMessages, Report_GoesOn_SaysNothingOfWhatIsStillToCome) {
  AcceptLow({ValueIn(1, 1), ValueIn(2, 1)});
  Promise(2, high_);
  PrepareReply reply = Reporting(high_, {{.entry = ValueIn(1, 1), .ballot = low_}});
  reply.next = Index(2);
  SendReport(2, reply);
  EXPECT_EQ(Rule(), "");
  reply.next = Index(3);
  SendReport(2, reply);
  EXPECT_EQ(Rule(), "a promise reports what was accepted");
}

TEST_F(PaxosJudgeMessages, Report_BeginsWhereNoSnapshotReaches_BreaksTheRule) {
  AcceptLow({ValueIn(1, 1)});
  Promise(2, high_);
  PrepareReply reply = Reporting(high_);
  reply.first = Index(2);
  SendReport(2, reply);
  EXPECT_EQ(Rule(), "a promise reports what was accepted");
}

TEST_F(PaxosJudgeMessages, Report_BeginsBehindASnapshot_IsAllowed) {
  Elect(low_, {2});
  Choose(low_, {2, 1}, {ValueIn(1, 1)});
  Write(2, Installing(SnapshotOfFirst()));
  Promise(2, high_);
  PrepareReply reply = Reporting(high_);
  reply.first = Index(2);
  SendReport(2, reply);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeMessages, Report_DiskHasNotGotWhatItSays_BreaksTheRule) {
  Promise(2, high_);
  SendReport(2, Reporting(high_, {{.entry = ValueIn(1, 1), .ballot = low_}}));
  EXPECT_EQ(Rule(), "report after sync (I3)");
}

TEST_F(PaxosJudgeMessages, Report_SnapshotOnTheDiskStandsForWhatItSays_IsAllowed) {
  Elect(low_, {2});
  Choose(low_, {2, 1}, {ValueIn(1, 1)});
  Write(2, Installing(SnapshotOfFirst()));
  Report(2, high_, {{.entry = ValueIn(1, 1), .ballot = low_}});
  EXPECT_EQ(Rule(), "");
}

// --- Phase 2a ---

TEST_F(PaxosJudgeMessages, Proposal_DiskDoesNotKnowTheBallot_BreaksTheRule) {
  Begin(1, Writing(Hard(low_)));
  Propose(low_, 2, {ValueIn(1, 1)});
  EXPECT_EQ(Rule(), "persist before send");
}

TEST_F(PaxosJudgeMessages, Heartbeat_DiskDoesNotKnowTheBallot_BreaksTheRule) {
  Promise(2, low_);
  Send(2, 1, 1, HeartbeatOf(1));
  EXPECT_EQ(Rule(), "persist before send");
}

TEST_F(PaxosJudgeMessages, Heartbeat_DiskKnowsTheBallot_IsAllowed) {
  Promise(2, middle_);
  Send(2, 1, 1, HeartbeatOf(1));
  EXPECT_EQ(Rule(), "");
}

// --- Phase 2b ---

TEST_F(PaxosJudgeMessages, Ack_AcceptIsOnItsWayToTheDisk_BreaksTheRule) {
  Elect(low_, {2});
  Propose(low_, 2, {ValueIn(1, 1)});
  Begin(2, Accepting(2, low_, {ValueIn(1, 1)}));
  SendAck(2, Acking(low_, 1));
  EXPECT_EQ(Rule(), "ack after sync (I5)");
}

TEST_F(PaxosJudgeMessages, Ack_DiskHasIt_IsAllowed) {
  AcceptLow({ValueIn(1, 1), ValueIn(2, 1)});
  SendAck(2, Acking(low_, 1));
  SendAck(2, Acking(low_, 2));
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeMessages, Ack_ReachesOverAGap_BreaksTheRule) {
  AcceptLow({ValueIn(2, 1)});
  SendAck(2, Acking(low_, 2));
  EXPECT_EQ(Rule(), "ack after sync (I5)");
}

TEST_F(PaxosJudgeMessages, Ack_DiskHasItInALowerBallot_BreaksTheRule) {
  AcceptLow({ValueIn(1, 1)});
  Promise(2, high_);
  SendAck(2, Acking(high_, 1));
  EXPECT_EQ(Rule(), "ack after sync (I5)");
}

TEST_F(PaxosJudgeMessages, Ack_DiskHasItInALowerBallotAndItIsChosen_IsAllowed) {
  Elect(low_, {2});
  Choose(low_, {2, 1}, {ValueIn(1, 1)});
  Promise(2, high_);
  SendAck(2, Acking(high_, 1));
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeMessages, Ack_DiskDoesNotKnowTheBallot_BreaksTheRule) {
  Elect(low_, {2});
  Choose(low_, {2, 1}, {ValueIn(1, 1)});
  SendAck(2, Acking(high_, 1));
  EXPECT_EQ(Rule(), "ack after sync (I5)");
}

TEST_F(PaxosJudgeMessages, Ack_DiskHadItUntilAHigherBallotTookItsPlace_IsAllowed) {
  AcceptLow({ValueIn(1, 1)});
  Elect(high_, {1});
  Propose(high_, 2, {ValueIn(1, 2)});
  Accept(2, high_, {ValueIn(1, 2)});
  SendAck(2, Acking(low_, 1));
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeMessages, Ack_AHigherBallotTookItsPlaceInTheSameWrite_IsAllowed) {
  Elect(low_, {2});
  Propose(low_, 2, {ValueIn(1, 1)});
  Elect(high_, {1});
  Propose(high_, 2, {ValueIn(1, 2)});
  Persist both = Accepting(2, low_, {ValueIn(1, 1)});
  last_[2] = both.entries.back().index;
  const Persist second = Accepting(2, high_, {ValueIn(1, 2)});
  both.entries.insert(both.entries.end(), second.entries.begin(), second.entries.end());
  both.hard_state = Hard(high_);
  Write(2, both);
  SendAck(2, Acking(low_, 1));
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeMessages, Ack_IsRefused_NeedsNothingOnTheDisk) {
  AcceptReply refusal = Acking(low_, 1, /*chosen=*/1);
  refusal.promised = high_;
  SendAck(2, refusal);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeMessages, Ack_SaysThatMoreIsChosenThanTheDiskHasNoted_BreaksTheRule) {
  Elect(low_, {2});
  Choose(low_, {2, 1}, {ValueIn(1, 1)});
  Begin(2, Accepting(2, low_, {}, /*chosen=*/1));
  SendAck(2, Acking(low_, 1, /*chosen=*/1));
  EXPECT_EQ(Rule(), "what is told to be chosen is noted");
}

TEST_F(PaxosJudgeMessages, Ack_SaysThatIsChosenWhatTheDiskHasNoted_IsAllowed) {
  Elect(low_, {2});
  Choose(low_, {2, 1}, {ValueIn(1, 1)});
  NoteChosen(2, low_, 1);
  SendAck(2, Acking(low_, 1, /*chosen=*/1));
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeMessages, Ack_SaysThatIsChosenWhatASnapshotStandsFor_IsAllowed) {
  Elect(low_, {2});
  Choose(low_, {2, 1}, {ValueIn(1, 1)});
  Promise(3, low_);
  Write(3, Installing(SnapshotOfFirst()));
  SendAck(3, Acking(low_, 1, /*chosen=*/1));
  EXPECT_EQ(Rule(), "");
}

// --- A disk that replaced another ---

struct PaxosBody {
  std::string name;
  MessageBody body;

  friend void PrintTo(const PaxosBody& its, std::ostream* out) { *out << its.name; }
};

class PaxosJudgeReplacedDisk : public PaxosJudgeMessages,
                               public ::testing::WithParamInterface<PaxosBody> {};
class PaxosJudgeReplacedDiskThatOnlyAnswers : public PaxosJudgeReplacedDisk {};

TEST_P(PaxosJudgeReplacedDisk, Message_OfOneThatStandsInForTheFirst_BreaksTheRule) {
  Replace(2, Incarnation(77));
  Promise(2, high_);
  Send(2, 1, 1, GetParam().body);
  EXPECT_EQ(Rule(), "a replaced disk has no vote (M3)");
}

TEST_P(PaxosJudgeReplacedDiskThatOnlyAnswers, Message_OfOneThatStandsInForTheFirst_IsAllowed) {
  Replace(2, Incarnation(77));
  Promise(2, high_);
  Send(2, 1, 1, GetParam().body);
  EXPECT_EQ(Rule(), "");
}

INSTANTIATE_TEST_SUITE_P(, PaxosJudgeReplacedDisk,
                         ::testing::Values(PaxosBody{"PreVoteRequest", PreVoteRequest{}},
                                           PaxosBody{"PreVote", PreVoteReply{.next_term = Term(1),
                                                                             .granted = true}},
                                           PaxosBody{"Prepare", PrepareRequest{.from = Index(1)}},
                                           PaxosBody{"Promise", Reporting(BallotBy(1, 1))},
                                           PaxosBody{"Heartbeat", HeartbeatOf(1)}),
                         [](const auto& instance) { return instance.param.name; });

INSTANTIATE_TEST_SUITE_P(
    , PaxosJudgeReplacedDiskThatOnlyAnswers,
    ::testing::Values(PaxosBody{"Refusal", PrepareReply{.ballot = BallotBy(1, 1),
                                                        .promised = BallotBy(3, 2),
                                                        .from = {},
                                                        .first = {},
                                                        .chosen = {},
                                                        .next = {},
                                                        .accepted = {}}},
                      PaxosBody{"HeartbeatAnswer", AnsweringHeartbeat(BallotBy(1, 1), 1)}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace synod::sim
