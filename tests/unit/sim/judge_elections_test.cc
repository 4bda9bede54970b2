// What the judge demands of who leads, and of who would have another leader.
#include <chrono>

#include <gtest/gtest.h>

#include "tests/unit/sim/judge_fixture.h"

namespace synod::sim {
namespace {

using std::chrono::milliseconds;
using test::kElectionTimeout;
using test::kHeartbeat;

class JudgeElections : public JudgeFixture {
 protected:
  explicit JudgeElections(size_t founders = 3, size_t spares = 0)
      : JudgeFixture(founders, spares) {}

  // Node 1 leads term 1, elected by node 3, and nobody has its first entry.
  Core Leader() {
    Core core;
    core.BecomeLeader();
    WriteAllOf(1, core);
    TurnElectedBy(3, 1, core);
    EXPECT_EQ(Rule(), "");
    return core;
  }
  // Node 2 hears that.
  void HearLeader() {
    Core follower({.node = 2});
    follower.Follow(1, 1);
    WriteTerm(2, 1);
    Deliver(1, 2, 1, Heartbeat{});
    Turn(2, follower);
    EXPECT_EQ(Rule(), "");
  }
};

// --- Who leads ---

TEST_F(JudgeElections, Leader_AnotherLeadsTheTerm_BreaksElectionSafety) {
  Core first = Leader();
  Core second({.node = 2});
  second.BecomeLeader();
  WriteAllOf(2, second);
  Turn(2, second);
  EXPECT_EQ(Rule(), "election safety");
}

TEST_F(JudgeElections, Leader_AnotherLedTheTermBefore_IsAllowed) {
  Core first = Leader();
  Core second({.node = 2, .term = 1});
  second.BecomeLeader();
  WriteAllOf(2, second);
  TurnElectedBy(3, 2, second);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeElections, Leader_HasItsOwnVoteAlone_IsElectedByNoQuorum) {
  Core core;
  core.BecomeLeader();
  WriteAllOf(1, core);
  Turn(1, core);
  EXPECT_EQ(Rule(), "elected by a quorum");
}

TEST_F(JudgeElections, Leader_VoteIsForAnotherDiskOfIt_IsElectedByNoQuorum) {
  Core core;
  core.BecomeLeader();
  WriteAllOf(1, core);
  HardState hard = Hard(1, 1);
  hard.vote_incarnation = Incarnation(77);
  Write(3, Writing(hard));
  Turn(1, core);
  EXPECT_EQ(Rule(), "elected by a quorum");
}

TEST_F(JudgeElections, Leader_VoteIsOfADiskThatWasReplaced_IsAllowed) {
  Core core;
  core.BecomeLeader();
  WriteAllOf(1, core);
  WriteTerm(3, 1, 1);
  Replace(3, Incarnation(77));
  Turn(1, core);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeElections, Leader_LacksWhatIsCommitted_BreaksLeaderCompleteness) {
  WriteLog(1, {1, 1});
  WriteLog(2, {1, 1});
  Core follower({.node = 2, .log = {1, 1}});
  follower.Receive(1, 1, test::Append(2, 1, {}, /*commit=*/2));
  Turn(2, follower);
  Core core({.node = 3, .term = 1});
  core.BecomeLeader();
  WriteAllOf(3, core);
  TurnElectedBy(1, 3, core);
  EXPECT_EQ(Rule(), "leader completeness");
}

TEST_F(JudgeElections, Leader_HasWhatIsCommitted_IsAllowed) {
  WriteLog(1, {1, 1});
  WriteLog(2, {1, 1});
  Core follower({.node = 2, .log = {1, 1}});
  follower.Receive(1, 1, test::Append(2, 1, {}, /*commit=*/2));
  Turn(2, follower);
  Core core({.node = 1, .log = {1, 1}});
  core.BecomeLeader();
  WriteAllOf(1, core);
  TurnElectedBy(3, 1, core);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeElections, Term_Falls_BreaksTermMonotony) {
  Core later({.term = 2});
  Turn(1, later);
  EXPECT_EQ(Rule(), "");
  Core earlier({.term = 1});
  Turn(1, earlier);
  EXPECT_EQ(Rule(), "term monotony");
}

TEST_F(JudgeElections, Vote_BecomesAnother_IsNotOneATerm) {
  Core core({.term = 2, .vote = 1});
  WriteAllOf(1, core);
  Turn(1, core);
  EXPECT_EQ(Rule(), "");
  Core other({.term = 2, .vote = 3});
  Turn(1, other);
  EXPECT_EQ(Rule(), "one vote a term");
}

// Both halves of a joint configuration elect.
class JudgeJointElections : public JudgeElections {
 protected:
  JudgeJointElections() : JudgeElections(/*founders=*/5) {
    members_ = Configuration::Of({1, 4, 5});
    members_.outgoing = Configuration::Of({1, 2, 3}).voters;
    judge_.OnBootstrap(1, IncarnationOf(1), members_);
    core_.BecomeLeader();
    WriteAllOf(1, core_);
  }

  Configuration members_;
  Core core_{
      {.members = Configuration{.voters = {1, 4, 5}, .outgoing = {1, 2, 3}, .learners = {}}}};
};

TEST_F(JudgeJointElections, Leader_MajorityOfTheNewHalfAlone_IsElectedByNoQuorum) {
  WriteTerm(4, 1, 1);
  TurnElectedBy(5, 1, core_);
  EXPECT_EQ(Rule(), "elected by a quorum");
}

TEST_F(JudgeJointElections, Leader_MajorityOfTheOldHalfAlone_IsElectedByNoQuorum) {
  WriteTerm(2, 1, 1);
  TurnElectedBy(3, 1, core_);
  EXPECT_EQ(Rule(), "elected by a quorum");
}

TEST_F(JudgeJointElections, Leader_MajorityOfBothHalves_IsAllowed) {
  WriteTerm(2, 1, 1);
  TurnElectedBy(5, 1, core_);
  EXPECT_EQ(Rule(), "");
}

// --- Who campaigns ---

TEST_F(JudgeElections, Candidate_NobodyHasPreVoted_BreaksTheRule) {
  Core core;
  core.BecomeCandidate();
  Turn(1, core);
  EXPECT_EQ(Rule(), "candidacy by pre-votes");
}

TEST_F(JudgeElections, Candidate_PreVoteWasForAnotherTerm_BreaksTheRule) {
  Core core;
  core.BecomeCandidate();
  Send(2, 1, 0, PreVoteReply{.next_term = Term(2), .granted = true});
  Turn(1, core);
  EXPECT_EQ(Rule(), "candidacy by pre-votes");
}

TEST_F(JudgeElections, Candidate_QuorumHasPreVoted_IsAllowed) {
  Core core;
  core.BecomeCandidate();
  Send(2, 1, 0, PreVoteReply{.next_term = Term(1), .granted = true});
  Turn(1, core);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeElections, Candidate_DoesNotPreVote_IsAllowed) {
  EngineOptions engine;
  engine.pre_vote = false;
  judge_.OnStart(1, engine, 1);
  Core core;
  core.BecomeCandidate();
  Turn(1, core);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeElections, CandidateByTransfer_NoLeaderHasAskedForIt_BreaksTheRule) {
  Core leader = Leader();
  WriteTerm(2, 2, 2);
  Send(2, 3, 2, VoteRequest{.last_index = {}, .last_term = {}, .by_transfer = true});
  EXPECT_EQ(Rule(), "candidacy by transfer");
}

TEST_F(JudgeElections, CandidateByTransfer_AskedBySomebodyElse_BreaksTheRule) {
  Core leader = Leader();
  WriteTerm(2, 2, 2);
  Send(3, 2, 1, TimeoutNow{});
  Send(2, 3, 2, VoteRequest{.last_index = {}, .last_term = {}, .by_transfer = true});
  EXPECT_EQ(Rule(), "candidacy by transfer");
}

TEST_F(JudgeElections, CandidateByTransfer_AskedByTheLeader_IsAllowed) {
  Core leader = Leader();
  WriteTerm(2, 2, 2);
  Send(1, 2, 1, TimeoutNow{});
  Send(2, 3, 2, VoteRequest{.last_index = {}, .last_term = {}, .by_transfer = true});
  EXPECT_EQ(Rule(), "");
}

// --- Who helps ---

TEST_F(JudgeElections, PreVote_HearsALeader_BreaksTheRule) {
  HearLeader();
  now_ += kElectionTimeout - milliseconds(1);
  Deliver(3, 2, 1, PreVoteRequest{});
  Send(2, 3, 1, PreVoteReply{.next_term = Term(2), .granted = true});
  EXPECT_EQ(Rule(), "no pre-vote beside a leader");
}

TEST_F(JudgeElections, PreVote_HasNotHeardTheLeaderForATimeout_IsAllowed) {
  HearLeader();
  now_ += kElectionTimeout;
  Deliver(3, 2, 1, PreVoteRequest{});
  Send(2, 3, 1, PreVoteReply{.next_term = Term(2), .granted = true});
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeElections, PreVote_CandidatesLogIsBehind_BreaksTheRule) {
  WriteLog(2, {1, 1});
  const PreVoteRequest question{.next_term = Term(2), .last_index = Index(1), .last_term = Term(1)};
  Send(3, 2, 1, question);
  Deliver(3, 2, 1, question);
  Send(2, 3, 1, PreVoteReply{.next_term = Term(2), .granted = true});
  EXPECT_EQ(Rule(), "pre-vote for an equal log or better (Raft 5.4.1)");
}

TEST_F(JudgeElections, PreVote_CandidatesLogIsEqual_IsAllowed) {
  WriteLog(2, {1, 1});
  const PreVoteRequest question{.next_term = Term(2), .last_index = Index(2), .last_term = Term(1)};
  Send(3, 2, 1, question);
  Deliver(3, 2, 1, question);
  Send(2, 3, 1, PreVoteReply{.next_term = Term(2), .granted = true});
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeElections, Vote_CandidatesLogIsBehind_BreaksTheRule) {
  WriteLog(2, {1, 1});
  WriteTerm(3, 2, 3);
  const VoteRequest request = test::AskVote(/*last_index=*/1, /*last_term=*/1);
  Send(3, 2, 2, request);
  Deliver(3, 2, 2, request);
  Core voter({.node = 2, .term = 2, .vote = 3, .log = {1, 1}});
  Turn(2, voter);
  EXPECT_EQ(Rule(), "vote for an equal log or better (Raft 5.4.1)");
}

TEST_F(JudgeElections, Vote_CandidatesLogIsShorterAndOfALaterTerm_IsAllowed) {
  WriteLog(2, {1, 1});
  WriteTerm(3, 3, 3);
  const VoteRequest request = test::AskVote(/*last_index=*/1, /*last_term=*/2);
  Send(3, 2, 3, request);
  Deliver(3, 2, 3, request);
  Core voter({.node = 2, .term = 3, .vote = 3, .log = {1, 1}});
  Turn(2, voter);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeElections, Term_AdoptedOfACandidateBesideALeader_BreaksTheRule) {
  HearLeader();
  now_ += kElectionTimeout - milliseconds(1);
  Deliver(3, 2, 2, test::AskVote(0, 0));
  Core adopter({.node = 2, .term = 2});
  Turn(2, adopter);
  EXPECT_EQ(Rule(), "no vote beside a leader");
}

TEST_F(JudgeElections, Term_AdoptedOfACandidateWhomTheLeaderHasAsked_IsAllowed) {
  HearLeader();
  VoteRequest request = test::AskVote(0, 0);
  request.by_transfer = true;
  Deliver(3, 2, 2, request);
  Core adopter({.node = 2, .term = 2});
  Turn(2, adopter);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeElections, Term_AdoptedOfACandidateOnceTheLeaderIsSilent_IsAllowed) {
  HearLeader();
  now_ += kElectionTimeout;
  Deliver(3, 2, 2, test::AskVote(0, 0));
  Core adopter({.node = 2, .term = 2});
  Turn(2, adopter);
  EXPECT_EQ(Rule(), "");
}

// --- Who goes on leading ---

TEST_F(JudgeElections, Leader_HearsNobody_BreaksCheckQuorum) {
  Core core = Leader();
  now_ += kElectionTimeout + kHeartbeat;
  Turn(1, core);
  EXPECT_EQ(Rule(), "");
  now_ += milliseconds(1);
  Turn(1, core);
  EXPECT_EQ(Rule(), "check quorum");
}

TEST_F(JudgeElections, Leader_HearsAQuorum_IsAllowed) {
  Core core = Leader();
  now_ += kElectionTimeout;
  Deliver(2, 1, 1, HeartbeatReply{});
  now_ += kHeartbeat + milliseconds(1);
  Turn(1, core);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeElections, Leader_HearsOnlyWhatIsOfAnotherTerm_BreaksCheckQuorum) {
  Core core = Leader();
  now_ += kElectionTimeout;
  Deliver(2, 1, 0, HeartbeatReply{});
  now_ += kHeartbeat + milliseconds(1);
  Turn(1, core);
  EXPECT_EQ(Rule(), "check quorum");
}

// --- Reads that followers pass on ---

class JudgeReads : public JudgeElections {
 protected:
  JudgeReads() {
    Send(1, 2, 1, Heartbeat{.round = 3, .commit = {}});
    Deliver(3, 1, 1, ReadRequest{.context = RequestId(7)});
  }

  Core core_ = Leader();
};

TEST_F(JudgeReads, Answer_RoundHadBegunBeforeItCame_BreaksTheRule) {
  Deliver(2, 1, 1, HeartbeatReply{.round = 3, .epoch = {}, .received = {}});
  Send(1, 3, 1, ReadReply{.context = RequestId(7), .index = Index(1)});
  Turn(1, core_);
  EXPECT_EQ(Rule(), "read after a round of its own (D3)");
}

TEST_F(JudgeReads, Answer_RoundHasBegunSince_IsAllowed) {
  Send(1, 2, 1, Heartbeat{.round = 4, .commit = {}});
  Deliver(2, 1, 1, HeartbeatReply{.round = 4, .epoch = {}, .received = {}});
  Send(1, 3, 1, ReadReply{.context = RequestId(7), .index = Index(1)});
  Turn(1, core_);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeReads, OwnAnswer_RoundHadBegunBeforeItCame_BreaksTheRule) {
  const Judge::AskedRead asked = judge_.OnReadAsked(1);
  Deliver(2, 1, 1, HeartbeatReply{.round = 3, .epoch = {}, .received = {}});
  judge_.OnReadAnswered(1, asked);
  Turn(1, core_);
  EXPECT_EQ(Rule(), "read after a round of its own (D3)");
}

TEST_F(JudgeReads, OwnAnswer_RoundHasBegunSince_IsAllowed) {
  const Judge::AskedRead asked = judge_.OnReadAsked(1);
  Send(1, 2, 1, Heartbeat{.round = 4, .commit = {}});
  Deliver(2, 1, 1, HeartbeatReply{.round = 4, .epoch = {}, .received = {}});
  judge_.OnReadAnswered(1, asked);
  Turn(1, core_);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeReads, OwnAnswer_OfOneWhoDidNotLead_IsAllowed) {
  judge_.OnReadAnswered(2, judge_.OnReadAsked(2));
  Core other({.node = 2});
  Turn(2, other);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeReads, Refusal_WithoutARound_IsAllowed) {
  Send(1, 3, 1, ReadReply{.context = RequestId(7), .index = {}, .reason = Reason::kNotLeader});
  Turn(1, core_);
  EXPECT_EQ(Rule(), "");
}

}  // namespace
}  // namespace synod::sim
