// Tests of raft/impl/election.ipp: Raft §5.2, §5.4.1. Pre-vote has pre_vote_test.cc.
#include <algorithm>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/raft/fixture.h"

namespace synod::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// --- Campaigning ---

TEST(Election, TimerNotRunOut_NothingHappens) {
  Core core;
  core.Elapse(kElectionTimeout - Duration(1));
  EXPECT_THAT(core.Take().messages, IsEmpty());
  EXPECT_EQ(core->role(), Role::kFollower);
}

TEST(Election, Timers_AreSpreadOverTwiceTheTimeout) {
  std::vector<Instant> deadlines;
  for (uint64_t seed = 1; seed <= 64; ++seed) {
    Core core({.seed = seed});
    deadlines.push_back(core.Take().next_deadline);
    EXPECT_GE(deadlines.back(), core.now() + kElectionTimeout);
    EXPECT_LT(deadlines.back(), core.now() + 2 * kElectionTimeout);
  }
  const auto [least, most] = std::minmax_element(deadlines.begin(), deadlines.end());
  EXPECT_GT(*most - *least, kElectionTimeout / 2) << "Equal timers split every vote.";
}

// --- The candidate's side ---

TEST(Election, UnderARuleOfItsOwn_TakesTheVotesThatItAsksFor) {
  Core core({.members = Flexible(5, 4, 2)});
  core.BecomePreCandidate();
  for (const NodeId voter : {NodeId(2), NodeId(3)}) {
    core.Receive(voter, 0, PreVoteReply{.next_term = Term(1), .granted = true});
  }
  EXPECT_EQ(core->role(), Role::kPreCandidate);
  core.Receive(4, 0, PreVoteReply{.next_term = Term(1), .granted = true});
  core.Settle();
  core.Receive(2, 1, VoteReply{.granted = true});
  core.Receive(3, 1, VoteReply{.granted = true});
  EXPECT_EQ(core->role(), Role::kCandidate);
  core.Receive(4, 1, VoteReply{.granted = true});
  EXPECT_EQ(core->role(), Role::kLeader);
}

TEST(Election, UnderARuleOfItsOwn_IsLostOnceTooManyRefuse) {
  Core core({.members = Flexible(5, 4, 2)});
  core.BecomeCandidate();
  core.Receive(2, 1, VoteReply{.granted = false});
  EXPECT_EQ(core->role(), Role::kCandidate);
  core.Receive(3, 1, VoteReply{.granted = false});
  EXPECT_EQ(core->role(), Role::kFollower);
}

// E11, mutation 2: a request that overtook the write could be forgotten in a crash, and the vote
// given again.
TEST(PersistBeforeVote, CandidatesRequests_WaitForItsOwnVote) {
  Core core;
  core.BecomePreCandidate();
  core.Receive(2, 0, PreVoteReply{.next_term = Term(1), .granted = true});
  core.Take();
  ASSERT_THAT(core.Sent<VoteRequest>(), SizeIs(2));
  for (const Outgoing& request : core.Sent<VoteRequest>()) {
    EXPECT_FALSE(request.after.IsZero());
    EXPECT_EQ(request.after, core.out.persist.token);
  }
}

// E11: its own vote counts like any other, that is, once it is durable.
TEST(PersistBeforeVote, OwnVoteNotDurable_DoesNotCount) {
  Core core;
  core.BecomePreCandidate();
  core.Receive(2, 0, PreVoteReply{.next_term = Term(1), .granted = true});
  core.Take();
  core.Receive(2, 1, VoteReply{.granted = true});
  EXPECT_EQ(core->role(), Role::kCandidate);
  core.Persisted();
  EXPECT_EQ(core->role(), Role::kLeader);
}

TEST(Candidate, QuorumGrants_LeadsAndAnnouncesItselfByANoOp) {
  Core core({.log = {1}});
  core.BecomeLeader();
  EXPECT_EQ(core->role(), Role::kLeader);
  EXPECT_EQ(core->leader(), NodeId(1));
  ASSERT_THAT(core.SentTo<AppendRequest>(2), SizeIs(1));
  const AppendRequest append = core.SentTo<AppendRequest>(2).front();
  EXPECT_EQ(append.prev_index, Index(1));
  ASSERT_THAT(append.entries, SizeIs(1));
  EXPECT_EQ(append.entries[0].kind, EntryKind::kNoOp);
  EXPECT_EQ(append.entries[0].term, Term(2));
}

TEST(Candidate, SameVoterGrantsTwice_CountsOnce) {
  Core core({.members = Configuration::Of({1, 2, 3, 4, 5})});
  core.BecomeCandidate();
  core.Receive(2, 1, VoteReply{.granted = true});
  core.Receive(2, 1, VoteReply{.granted = true});
  EXPECT_EQ(core->role(), Role::kCandidate);
  core.Receive(3, 1, VoteReply{.granted = true});
  EXPECT_EQ(core->role(), Role::kLeader);
}

// E2: grants of t4 that arrive when the candidate is at t5.
TEST(Candidate, GrantsOfAnOlderTerm_AreNeverCounted) {
  Core core({.term = 3});
  core.BecomeCandidate();
  ASSERT_EQ(core->term(), Term(4));
  core.BecomeCandidate();
  ASSERT_EQ(core->term(), Term(5));
  core.Receive(2, 4, VoteReply{.granted = true});
  core.Receive(3, 4, VoteReply{.granted = true});
  EXPECT_EQ(core->role(), Role::kCandidate);
  EXPECT_EQ(core->counters().stale_messages, 2u);
}

// E2
TEST(Candidate, PreVoteReply_IsNeverAVote) {
  Core core({.term = 3});
  core.BecomeCandidate();
  core.Receive(2, 4, PreVoteReply{.next_term = Term(5), .granted = true});
  core.Receive(3, 3, PreVoteReply{.next_term = Term(4), .granted = true});
  EXPECT_EQ(core->role(), Role::kCandidate);
}

// E2: the timer of an unsuccessful candidate starts a new pre-vote in the same term; late votes of
// that term must not make a leader of it.
TEST(Candidate, TimesOutAndAsksForPreVotes_LateVotesAreNotCounted) {
  Core core;
  core.BecomeCandidate();
  core.BecomePreCandidate();
  ASSERT_EQ(core->role(), Role::kPreCandidate);
  core.Receive(2, 1, VoteReply{.granted = true});
  EXPECT_EQ(core->role(), Role::kPreCandidate);
}

TEST(Candidate, TooManyRefuse_FollowsAgainAndKeepsItsVote) {
  Core core;
  core.BecomeCandidate();
  core.Receive(2, 1, VoteReply{.granted = false});
  core.Receive(3, 1, VoteReply{.granted = false});
  EXPECT_EQ(core->role(), Role::kFollower);
  EXPECT_EQ(core->vote(), NodeId(1));
}

TEST(Candidate, LeaderOfItsTermShowsItself_Follows) {
  Core core;
  core.BecomeCandidate();
  core.Receive(2, 1, Heartbeat{});
  EXPECT_EQ(core->role(), Role::kFollower);
  EXPECT_EQ(core->leader(), NodeId(2));
}

TEST(Candidate, AloneInItsGroup_LeadsOnceItsVoteIsDurable) {
  Core core({.members = Configuration::Of({1})});
  core.ElapseElectionTimer();
  core.Take();
  EXPECT_EQ(core->role(), Role::kCandidate);
  core.Persisted();
  EXPECT_EQ(core->role(), Role::kLeader);
}

// M11
TEST(Candidate, LearnersGrant_IsNotCounted) {
  Core core({.members = {.voters = {1, 2, 3}, .outgoing = {}, .learners = {4}}});
  core.BecomeCandidate();
  EXPECT_THAT(core.SentTo<VoteRequest>(4), IsEmpty());
  core.Receive(4, 1, VoteReply{.granted = true});
  EXPECT_EQ(core->role(), Role::kCandidate);
}

TEST(Candidate, InJointConfiguration_NeedsBothHalves) {
  Core core({.members = {.voters = {1, 2, 3}, .outgoing = {3, 4, 5}, .learners = {}}});
  core.BecomeCandidate();
  core.Receive(2, 1, VoteReply{.granted = true});
  core.Receive(4, 1, VoteReply{.granted = true});
  EXPECT_EQ(core->role(), Role::kCandidate);
  core.Receive(5, 1, VoteReply{.granted = true});
  EXPECT_EQ(core->role(), Role::kLeader);
}

TEST(Learner, TimerRunsOut_DoesNotCampaign) {
  Core core({.node = 4, .members = {.voters = {1, 2, 3}, .outgoing = {}, .learners = {4}}});
  core.ElapseElectionTimer();
  EXPECT_EQ(core->role(), Role::kFollower);
  EXPECT_THAT(core.Take().messages, IsEmpty());
}

// F7: what it would promise as a leader it could not keep.
TEST(Follower, OwnDiskHangs_DoesNotCampaign) {
  Core core;
  core.Receive(2, 1, Append(0, 0, {1}));
  core.Take();
  core.Elapse(5 * kElectionTimeout);
  EXPECT_EQ(core->role(), Role::kFollower);
  core.Persisted();
  core.ElapseElectionTimer();
  EXPECT_EQ(core->role(), Role::kPreCandidate);
}

// --- The voter's side ---

// E1, mutation 2: an answer that overtook the write could be forgotten in a crash.
TEST(PersistBeforeVote, VotersGrant_WaitsForTheWrite) {
  Core core;
  core.Receive(2, 5, AskVote(0, 0));
  core.Take();
  ASSERT_THAT(core.Sent<VoteReply>(), SizeIs(1));
  EXPECT_TRUE(core.SentTo<VoteReply>(2).at(0).granted);
  EXPECT_FALSE(core.Sent<VoteReply>()[0].after.IsZero());
  EXPECT_EQ(core.Sent<VoteReply>()[0].after, core.out.persist.token);
  ASSERT_TRUE(core.out.persist.hard_state);
  EXPECT_EQ(core.out.persist.hard_state->term, Term(5));
  EXPECT_EQ(core.out.persist.hard_state->vote, NodeId(2));
}

// Mutation 6
TEST(OneVoteATerm, AnotherCandidateOfTheTerm_IsRefused) {
  Core core;
  core.Receive(2, 5, AskVote(0, 0));
  core.Settle();
  core.Receive(3, 5, AskVote(9, 4));
  core.Take();
  EXPECT_FALSE(core.SentTo<VoteReply>(3).at(0).granted);
  EXPECT_EQ(core->vote(), NodeId(2));
}

TEST(OneVoteATerm, SameCandidateAsksAgain_IsGrantedAgain) {
  Core core;
  core.Receive(2, 5, AskVote(0, 0));
  core.Settle();
  core.Receive(2, 5, AskVote(0, 0));
  core.Take();
  EXPECT_TRUE(core.SentTo<VoteReply>(2).at(0).granted);
  EXPECT_TRUE(core.out.persist.IsEmpty());
}

// E1
TEST(OneVoteATerm, AfterARestart_StillHolds) {
  Core core({.term = 5, .vote = 2});
  core.Receive(3, 5, AskVote(0, 0));
  core.Take();
  EXPECT_FALSE(core.SentTo<VoteReply>(3).at(0).granted);
}

// E1: the vote was asked for twice before the first write was done: the repeated grant waits too.
TEST(OneVoteATerm, RepeatedWhileTheFirstIsBeingWritten_WaitsAsWell) {
  Core core;
  core.Receive(2, 5, AskVote(0, 0));
  core.Take();
  const PersistToken first = core.out.persist.token;
  core.Receive(2, 5, AskVote(0, 0));
  core.Take();
  EXPECT_EQ(core.Sent<VoteReply>().at(0).after, first);
}

// E3
TEST(OneVoteATerm, PreCandidacyInTheSameTerm_KeepsTheVote) {
  Core core;
  core.Receive(2, 5, AskVote(0, 0));
  core.Settle();
  core.BecomePreCandidate();
  core.Receive(3, 5, AskVote(9, 4));
  core.Take();
  EXPECT_FALSE(core.SentTo<VoteReply>(3).at(0).granted);
  EXPECT_EQ(core->vote(), NodeId(2));
}

// E3
TEST(OneVoteATerm, SteppingDownInTheSameTerm_KeepsTheVote) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Elapse(kElectionTimeout);  // Nobody answers: check-quorum.
  ASSERT_EQ(core->role(), Role::kFollower);
  EXPECT_EQ(core->vote(), NodeId(1));
  core.Receive(3, 1, AskVote(9, 9));
  core.Take();
  EXPECT_FALSE(core.SentTo<VoteReply>(3).at(0).granted);
}

// E3: a message of the same term from a leader it did not vote for.
TEST(OneVoteATerm, LeaderOfTheTermShowsItself_KeepsTheVote) {
  Core core;
  core.Receive(2, 5, AskVote(0, 0));
  core.Receive(3, 5, Heartbeat{});
  EXPECT_EQ(core->vote(), NodeId(2));
  EXPECT_EQ(core->leader(), NodeId(3));
}

// Raft §5.4.1, exhaustively around the voter's own log, which ends in index 2 of term 2.
TEST(Voter, CandidatesLog_MustBeAtLeastAsUpToDate) {
  for (uint64_t last_term = 1; last_term <= 3; ++last_term) {
    for (uint64_t last_index = 1; last_index <= 3; ++last_index) {
      Core core({.term = 4, .log = {1, 2}});
      core.Receive(2, 5, AskVote(last_index, last_term));
      core.Take();
      const bool up_to_date = last_term > 2 || (last_term == 2 && last_index >= 2);
      EXPECT_EQ(core.SentTo<VoteReply>(2).at(0).granted, up_to_date) << last_index << last_term;
      EXPECT_EQ(core->term(), Term(5)) << "It adopts the term either way.";
    }
  }
}

TEST(Voter, Grants_WaitsAWholeElectionTimeoutBeforeItCampaigns) {
  Core core;
  core.Elapse(kElectionTimeout - Duration(1));
  core.Receive(2, 5, AskVote(0, 0));
  core.Elapse(kElectionTimeout - Duration(1));
  EXPECT_EQ(core->role(), Role::kFollower);
}

// E8, Ongaro §6.2: whoever hears its leader does not help to depose it.
TEST(Voter, LeaderIsAlive_IgnoresCandidatesOfLaterTerms) {
  Core core;
  core.Follow(2, 1);
  core.Receive(3, 9, AskVote(9, 8));
  core.Take();
  EXPECT_THAT(core.out.messages, IsEmpty());
  EXPECT_EQ(core->term(), Term(1));
  core.Elapse(kElectionTimeout);
  core.Receive(3, 9, AskVote(9, 8));
  core.Take();
  EXPECT_TRUE(core.SentTo<VoteReply>(3).at(0).granted);
}

// E9: but the leader itself may ask for it.
TEST(Voter, LeaderIsAliveButAskedForTheElection_Grants) {
  Core core;
  core.Follow(2, 1);
  VoteRequest request = AskVote(9, 1);
  request.by_transfer = true;
  core.Receive(3, 2, request);
  core.Take();
  EXPECT_TRUE(core.SentTo<VoteReply>(3).at(0).granted);
}

TEST(Voter, TermHasALeader_RefusesItsOtherCandidates) {
  Core core;
  core.Follow(2, 5);
  core.Receive(3, 5, AskVote(9, 4));
  core.Take();
  EXPECT_FALSE(core.SentTo<VoteReply>(3).at(0).granted);
}

// Nobody asks for votes who is no voter in its own eyes. Here the candidate is none yet, but may be
// by a change that has not come here: were it refused, there might be nobody who can lead (Raft
// §6).
TEST(Voter, CandidateThatIsNoVoterHere_IsGranted) {
  Core core({.members = {.voters = {1, 2, 3}, .outgoing = {}, .learners = {4}}});
  core.Receive(4, 0,
               PreVoteRequest{.next_term = Term(5), .last_index = Index(9), .last_term = Term(4)});
  core.Receive(5, 5, AskVote(9, 4));
  core.Take();
  EXPECT_TRUE(core.SentTo<PreVoteReply>(4).at(0).granted);
  EXPECT_TRUE(core.SentTo<VoteReply>(5).at(0).granted);
}

// M3: of two disks of one name one replaces the other. Each is a candidate of its own, and a term
// has one vote.
TEST(Voter, TwoDisksOfOneName_AreTwoCandidates) {
  Core core;
  core.Receive(2, 5, AskVote(9, 4));
  core.Settle();
  Message other = core.From(2, 5, AskVote(9, 4));
  other.incarnation = Incarnation(77);
  core.Step(other);
  core.Take();
  EXPECT_FALSE(core.SentTo<VoteReply>(2).at(0).granted);
  core.Receive(2, 5, AskVote(9, 4));
  core.Take();
  EXPECT_TRUE(core.SentTo<VoteReply>(2).at(0).granted);
  EXPECT_EQ(core->vote_incarnation(), IncarnationOf(2));
}

// E10: the candidate may know of a promotion that the learner has not heard of; whether the vote
// counts is the candidate's business.
TEST(Learner, AskedForItsVote_Votes) {
  Core core({.node = 4, .members = {.voters = {1, 2, 3}, .outgoing = {}, .learners = {4}}});
  core.Receive(2, 5, AskVote(0, 0));
  core.Take();
  EXPECT_TRUE(core.SentTo<VoteReply>(2).at(0).granted);
}

// E12: a leader that restarts may have lost entries that it sent but never synced. Its vote is for
// itself, yet late grants and acks make it no leader again; only a new term may.
TEST(Leader, RestartsInItsTerm_DoesNotLeadItAgain) {
  Core core({.term = 5, .vote = 1, .log = {4}});
  core.Receive(2, 5, VoteReply{.granted = true});
  core.Receive(3, 5, VoteReply{.granted = true});
  core.Receive(2, 5, Accepted(2));
  core.Receive(2, 5, HeartbeatReply{});
  EXPECT_EQ(core->role(), Role::kFollower);
  core.BecomeLeader();
  EXPECT_EQ(core->term(), Term(6));
}

}  // namespace
}  // namespace synod::test
