// What the judge demands of those who lead in Multi-Paxos, and of who would have another leader.
#include <chrono>

#include <gtest/gtest.h>

#include "tests/unit/sim/paxos_judge_fixture.h"

namespace synod::sim {
namespace {

using std::chrono::milliseconds;
using test::kElectionTimeout;
using test::kHeartbeat;

class PaxosJudgeElections : public PaxosJudgeFixture {
 protected:
  // Node 1 leads in its first ballot, by the promise of node 2, and has proposed nothing.
  PaxosCore Leader() {
    PaxosCore core = NewCore(1);
    core.Lead({2});
    WriteAllOf(1, core);
    Report(2, low_);
    Turn(1, core);
    EXPECT_EQ(Rule(), "");
    return core;
  }
  // Node 2 hears that.
  void HearLeader() {
    PaxosCore follower = NewCore(2);
    follower.Receive(1, 1, HeartbeatOf(1));
    Promise(2, low_);
    Deliver(1, 2, 1, HeartbeatOf(1));
    Turn(2, follower);
    EXPECT_EQ(follower->leader(), NodeId(1));
    EXPECT_EQ(Rule(), "");
  }
  // Node 2 takes part in this ballot now, of a leader that it has not heard.
  void Adopt(const Ballot& ballot) {
    PaxosCore core = NewCore(2);
    core.Receive(ballot.node, ballot.round.value(), PrepareRequest{.from = Index(1)});
    EXPECT_EQ(core->promised(), ballot);
    Turn(2, core);
  }

  const Ballot beside_ = BallotBy(3, 1);  // In the same round.
};

// --- Who leads ---

TEST_F(PaxosJudgeElections, Leader_HasItsOwnPromiseAlone_IsElectedByNoQuorum) {
  PaxosCore core = NewCore(1);
  core.Lead({2});
  WriteAllOf(1, core);
  Turn(1, core);
  EXPECT_EQ(Rule(), "elected by a quorum");
}

TEST_F(PaxosJudgeElections, Leader_PromiseHasNotBeenReported_IsElectedByNoQuorum) {
  PaxosCore core = NewCore(1);
  core.Lead({2});
  WriteAllOf(1, core);
  Promise(2, low_);
  Turn(1, core);
  EXPECT_EQ(Rule(), "elected by a quorum");
}

TEST_F(PaxosJudgeElections, Leader_QuorumHasPromised_IsAllowed) {
  Leader();
  EXPECT_EQ(counts_.elections, 1u);
}

TEST_F(PaxosJudgeElections, Leader_PromiseWasOfADiskThatWasReplaced_IsAllowed) {
  PaxosCore core = NewCore(1);
  core.Lead({2});
  WriteAllOf(1, core);
  Report(2, low_);
  Replace(2, Incarnation(77));
  Turn(1, core);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeElections, Leader_AnotherLeadsInTheSameRound_IsAllowed) {
  PaxosCore first = Leader();
  PaxosCore second = NewCore(3);
  second.Lead({2});
  ASSERT_EQ(second->promised(), beside_);
  WriteAllOf(3, second);
  Report(2, beside_);
  Turn(3, second);
  EXPECT_EQ(Rule(), "");
  EXPECT_EQ(counts_.elections, 2u);
}

TEST_F(PaxosJudgeElections, Leader_AnotherLifeOfItLedInTheBallot_BreaksElectionSafety) {
  PaxosCore first = Leader();
  judge_.OnLoad(1, {.initial_configuration = options_.Founders(),
                    .hard_state = Hard(low_),
                    .snapshot = {},
                    .entries = {}});
  Turn(1, first, /*life=*/2);
  EXPECT_EQ(Rule(), "election safety");
}

// --- Who campaigns ---

class PaxosJudgeCandidates : public PaxosJudgeElections {
 protected:
  // Node 1 has heard of a ballot of round 2, and campaigns in round 3.
  PaxosJudgeCandidates() {
    core_.Receive(3, 2, PreVoteRequest{.next_term = Term(3), .last_index = {}, .last_term = {}});
    core_.BecomeCandidate();
    EXPECT_EQ(core_->term(), Term(3));
    EXPECT_EQ(core_->role(), Role::kCandidate);
  }
  void PreVote(NodeId from, NodeId to, uint64_t round) {
    Send(from, to, 0, PreVoteReply{.next_term = Term(round), .granted = true});
  }
  // Node 2 leads in the ballot, and has asked this one to campaign.
  void AskFor(NodeId to, const Ballot& ballot) {
    PaxosCore leader = NewCore(ballot.node);
    leader.BecomeCandidate();
    leader.Report(1);
    leader.Settle();
    ASSERT_EQ(leader->promised(), ballot);
    WriteAllOf(ballot.node, leader);
    Report(1, ballot);
    Turn(ballot.node, leader);
    Send(ballot.node, to, ballot.round.value(), TimeoutNow{});
    EXPECT_EQ(Rule(), "");
  }

  PaxosCore core_ = NewCore(1);
};

TEST_F(PaxosJudgeCandidates, Candidate_NobodyHasPreVoted_BreaksTheRule) {
  Turn(1, core_);
  EXPECT_EQ(Rule(), "candidacy by pre-votes");
}

TEST_F(PaxosJudgeCandidates, Candidate_QuorumHasPreVoted_IsAllowed) {
  PreVote(2, 1, 3);
  Turn(1, core_);
  EXPECT_EQ(Rule(), "");
}

// Since it asked it has heard of a higher round, and goes above that.
TEST_F(PaxosJudgeCandidates, Candidate_QuorumHasPreVotedForALowerRound_IsAllowed) {
  PreVote(2, 1, 2);
  Turn(1, core_);
  EXPECT_EQ(Rule(), "");
}

// A restart makes it forget the round that it had asked for before.
TEST_F(PaxosJudgeCandidates, Candidate_QuorumHasPreVotedAndNoneForAnEarlierQuestion_IsAllowed) {
  PreVote(1, 1, 3);
  PreVote(2, 1, 2);
  Turn(1, core_);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeCandidates, Candidate_QuorumHasPreVotedForAHigherRound_BreaksTheRule) {
  PreVote(2, 1, 4);
  Turn(1, core_);
  EXPECT_EQ(Rule(), "candidacy by pre-votes");
}

TEST_F(PaxosJudgeCandidates, Candidate_PreVotesWereForAnother_BreaksTheRule) {
  PreVote(1, 2, 3);
  PreVote(2, 3, 3);
  Turn(1, core_);
  EXPECT_EQ(Rule(), "candidacy by pre-votes");
}

TEST_F(PaxosJudgeCandidates, Candidate_PreVotesWereForARoundThatHasPassed_BreaksTheRule) {
  PreVote(2, 1, 2);
  PaxosCore earlier = NewCore(1);
  earlier.Receive(3, 2, PrepareRequest{.from = Index(1)});
  Turn(1, earlier);
  EXPECT_EQ(Rule(), "");
  Turn(1, core_);
  EXPECT_EQ(Rule(), "candidacy by pre-votes") << "It has adopted round 2 since it asked.";
}

TEST_F(PaxosJudgeCandidates, Candidate_LeaderHasAskedForIt_IsAllowed) {
  AskFor(1, BallotBy(2, 1));
  Turn(1, core_);
  EXPECT_EQ(Rule(), "") << "It has heard of round 2 meanwhile.";
}

TEST_F(PaxosJudgeCandidates, Candidate_LeaderHasAskedAnother_BreaksTheRule) {
  AskFor(3, BallotBy(2, 1));
  Turn(1, core_);
  EXPECT_EQ(Rule(), "candidacy by pre-votes");
}

TEST_F(PaxosJudgeCandidates, Candidate_LeaderHadAskedInARoundThatHasPassed_BreaksTheRule) {
  AskFor(1, BallotBy(2, 1));
  PaxosCore earlier = NewCore(1);
  earlier.Receive(3, 2, PrepareRequest{.from = Index(1)});
  Turn(1, earlier);
  EXPECT_EQ(Rule(), "");
  Turn(1, core_);
  EXPECT_EQ(Rule(), "candidacy by pre-votes");
}

TEST_F(PaxosJudgeCandidates, ByTransfer_NoLeaderHasAskedForIt_BreaksTheRule) {
  Promise(1, BallotBy(1, 3));
  Send(1, 2, 3, PrepareRequest{.from = Index(1), .by_transfer = true});
  EXPECT_EQ(Rule(), "candidacy by transfer");
}

TEST_F(PaxosJudgeCandidates, ByTransfer_AskedBySomebodyElse_BreaksTheRule) {
  Send(3, 1, 1, TimeoutNow{});
  Promise(1, BallotBy(1, 3));
  Send(1, 2, 3, PrepareRequest{.from = Index(1), .by_transfer = true});
  EXPECT_EQ(Rule(), "candidacy by transfer");
}

TEST_F(PaxosJudgeCandidates, ByTransfer_AskedInTheSameRound_BreaksTheRule) {
  AskFor(1, BallotBy(2, 1));
  Promise(1, BallotBy(2, 1));
  Promise(3, BallotBy(3, 1));
  Send(3, 2, 1, PrepareRequest{.from = Index(1), .by_transfer = true});
  EXPECT_EQ(Rule(), "candidacy by transfer");
}

TEST_F(PaxosJudgeCandidates, ByTransfer_AskedByALeaderOfALowerRound_IsAllowed) {
  AskFor(1, BallotBy(2, 1));
  Promise(1, BallotBy(1, 3));
  Send(1, 2, 3, PrepareRequest{.from = Index(1), .by_transfer = true});
  EXPECT_EQ(Rule(), "");
}

// --- Who helps ---

TEST_F(PaxosJudgeElections, PreVote_HearsALeader_BreaksTheRule) {
  HearLeader();
  now_ += kElectionTimeout - milliseconds(1);
  Deliver(3, 2, 1, PreVoteRequest{});
  Send(2, 3, 1, PreVoteReply{.next_term = Term(2), .granted = true});
  EXPECT_EQ(Rule(), "no pre-vote beside a leader");
}

TEST_F(PaxosJudgeElections, PreVote_HasNotHeardTheLeaderForATimeout_IsAllowed) {
  HearLeader();
  now_ += kElectionTimeout;
  Deliver(3, 2, 1, PreVoteRequest{});
  Send(2, 3, 1, PreVoteReply{.next_term = Term(2), .granted = true});
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeElections, Promise_ToACandidateBesideALeader_BreaksTheRule) {
  HearLeader();
  now_ += kElectionTimeout - milliseconds(1);
  Deliver(3, 2, 2, PrepareRequest{.from = Index(1)});
  Adopt(high_);
  EXPECT_EQ(Rule(), "no vote beside a leader");
}

TEST_F(PaxosJudgeElections, Promise_ToACandidateOfTheSameRoundBesideALeader_BreaksTheRule) {
  HearLeader();
  Deliver(3, 2, 1, PrepareRequest{.from = Index(1)});
  Adopt(beside_);
  EXPECT_EQ(Rule(), "no vote beside a leader");
}

TEST_F(PaxosJudgeElections, Promise_ToACandidateWhomTheLeaderHasAsked_IsAllowed) {
  HearLeader();
  Deliver(3, 2, 2, PrepareRequest{.from = Index(1), .by_transfer = true});
  Adopt(high_);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeElections, Promise_ToACandidateOnceTheLeaderIsSilent_IsAllowed) {
  HearLeader();
  now_ += kElectionTimeout;
  Deliver(3, 2, 2, PrepareRequest{.from = Index(1)});
  Adopt(high_);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeElections, Promise_LeaderOfALowerBallotIsHeard_DoesNotProtectIt) {
  HearLeader();
  now_ += kElectionTimeout;
  Deliver(3, 2, 2, PrepareRequest{.from = Index(1)});
  Adopt(high_);
  Deliver(1, 2, 1, HeartbeatOf(2));
  Deliver(1, 2, 3, PrepareRequest{.from = Index(1)});
  Adopt(BallotBy(1, 3));
  EXPECT_EQ(Rule(), "");
}

// --- Who goes on leading ---

TEST_F(PaxosJudgeElections, Leader_HearsNobody_BreaksCheckQuorum) {
  PaxosCore core = Leader();
  now_ += kElectionTimeout + kHeartbeat;
  Turn(1, core);
  EXPECT_EQ(Rule(), "");
  now_ += milliseconds(1);
  Turn(1, core);
  EXPECT_EQ(Rule(), "check quorum");
}

TEST_F(PaxosJudgeElections, Leader_HearsAQuorum_IsAllowed) {
  PaxosCore core = Leader();
  now_ += kElectionTimeout;
  Deliver(2, 1, 1, AnsweringHeartbeat(low_, 1));
  now_ += kHeartbeat + milliseconds(1);
  Turn(1, core);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeElections, Leader_HearsOnlyRefusals_BreaksCheckQuorum) {
  PaxosCore core = Leader();
  now_ += kElectionTimeout;
  AcceptReply refusal = AnsweringHeartbeat(low_, 1);
  refusal.promised = high_;
  Deliver(2, 1, 1, refusal);
  now_ += kHeartbeat + milliseconds(1);
  Turn(1, core);
  EXPECT_EQ(Rule(), "check quorum");
}

TEST_F(PaxosJudgeElections, Leader_HearsAnswersToAnotherBallotOfTheRound_BreaksCheckQuorum) {
  PaxosCore core = Leader();
  now_ += kElectionTimeout;
  Deliver(2, 1, 1, AnsweringHeartbeat(beside_, 1));
  now_ += kHeartbeat + milliseconds(1);
  Turn(1, core);
  EXPECT_EQ(Rule(), "check quorum");
}

}  // namespace
}  // namespace synod::sim
