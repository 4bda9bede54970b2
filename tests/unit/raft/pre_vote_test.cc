// Tests of pre-vote in raft/impl/election.ipp (Ongaro §9.6): asking before raising the term.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/raft/fixture.h"

namespace synod::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// Mutation 7: without pre-vote a replica that is cut off raises its term for ever and deposes a
// healthy leader when it returns.
TEST(PreVote, CutOffReplicaTimesOutOften_NeverRaisesItsTerm) {
  Core core({.log = {1, 2}});
  for (int i = 0; i < 5; ++i) {
    core.ElapseElectionTimer();
    core.Take();
    EXPECT_EQ(core->role(), Role::kPreCandidate);
    EXPECT_EQ(core->term(), Term(2));
    EXPECT_TRUE(core.out.persist.IsEmpty());
    EXPECT_THAT(core.Sent<VoteRequest>(), IsEmpty());
    ASSERT_THAT(core.Sent<PreVoteRequest>(), SizeIs(2));
    EXPECT_EQ(core.SentTo<PreVoteRequest>(2).front(),
              (PreVoteRequest{.next_term = Term(3), .last_index = Index(2), .last_term = Term(2)}));
  }
}

TEST(PreVote, TurnedOff_CampaignsAtOnce) {
  Core core({.options = {.pre_vote = false}});
  core.ElapseElectionTimer();
  core.Take();
  EXPECT_EQ(core->role(), Role::kCandidate);
  EXPECT_EQ(core->term(), Term(1));
  EXPECT_THAT(core.Sent<VoteRequest>(), SizeIs(2));
}

TEST(PreVote, QuorumGrants_CampaignsInTheNextTerm) {
  Core core({.log = {1}});
  core.BecomePreCandidate();
  core.Receive(2, 1, PreVoteReply{.next_term = Term(2), .granted = true});
  core.Take();
  EXPECT_EQ(core->role(), Role::kCandidate);
  EXPECT_EQ(core->term(), Term(2));
  ASSERT_TRUE(core.out.persist.hard_state);
  EXPECT_EQ(core.out.persist.hard_state->term, Term(2));
  EXPECT_EQ(core.out.persist.hard_state->vote, NodeId(1));
}

TEST(PreVote, SameVoterGrantsTwice_CountsOnce) {
  Core core({.members = Configuration::Of({1, 2, 3, 4, 5})});
  core.BecomePreCandidate();
  for (int i = 0; i < 3; ++i) {
    core.Receive(2, 0, PreVoteReply{.next_term = Term(1), .granted = true});
  }
  EXPECT_EQ(core->role(), Role::kPreCandidate);
}

TEST(PreVote, GrantForAnotherTerm_IsStale) {
  Core core({.log = {4}});
  core.BecomePreCandidate();
  core.Receive(2, 3, PreVoteReply{.next_term = Term(4), .granted = true});
  EXPECT_EQ(core->role(), Role::kPreCandidate);
  EXPECT_EQ(core->counters().stale_messages, 1u);
}

TEST(PreVote, TooManyRefuse_FollowsAgain) {
  Core core;
  core.BecomePreCandidate();
  core.Receive(2, 0, PreVoteReply{.next_term = Term(1), .granted = false});
  EXPECT_EQ(core->role(), Role::kPreCandidate);
  core.Receive(3, 0, PreVoteReply{.next_term = Term(1), .granted = false});
  EXPECT_EQ(core->role(), Role::kFollower);
}

TEST(PreVote, Asked_ChangesNothingAtTheVoter) {
  Core core({.term = 3, .vote = 2});
  core.Receive(3, 7, PreVoteRequest{.next_term = Term(8), .last_index = {}, .last_term = {}});
  core.Take();
  EXPECT_TRUE(core.SentTo<PreVoteReply>(3).at(0).granted);
  EXPECT_EQ(core->term(), Term(3));
  EXPECT_EQ(core->vote(), NodeId(2));
  EXPECT_TRUE(core.out.persist.IsEmpty());
}

TEST(PreVote, LeaderIsAlive_IsRefused) {
  Core core;
  core.Follow(2, 1);
  const PreVoteRequest request{.next_term = Term(2), .last_index = {}, .last_term = {}};
  core.Receive(3, 1, request);
  EXPECT_FALSE((core.Take(), core.SentTo<PreVoteReply>(3)).at(0).granted);
  core.Elapse(kElectionTimeout);
  core.Receive(3, 1, request);
  EXPECT_TRUE((core.Take(), core.SentTo<PreVoteReply>(3)).at(0).granted);
}

// E6: C was left behind at t1, A and B went on to t5. B dies when C heals.
TEST(PreVote, VoterFarBehindInTerm_ItsGrantCounts) {
  Core ahead({.term = 5, .log = {1}});
  ahead.BecomePreCandidate();
  ahead.Receive(3, 1, PreVoteReply{.next_term = Term(6), .granted = true});
  EXPECT_EQ(ahead->role(), Role::kCandidate);
  EXPECT_EQ(ahead->term(), Term(6));
}

// E6, E7: the replica with the lower term and the longer log learns the term, and asks again.
TEST(PreVote, RefusedByHigherTerm_CatchesUpWithIt) {
  Core behind({.term = 1, .log = {1, 1, 1}});
  behind.BecomePreCandidate();
  behind.Receive(2, 5, PreVoteReply{.next_term = Term(2), .granted = false});
  EXPECT_EQ(behind->role(), Role::kFollower);
  EXPECT_EQ(behind->term(), Term(5));
  behind.BecomePreCandidate();
  EXPECT_EQ(behind.SentTo<PreVoteRequest>(2).at(0).next_term, Term(6));
}

// E7: and the one with the higher term and the shorter log gives it its vote.
TEST(PreVote, HigherTermButShorterLog_GrantsTheLongerLog) {
  Core core({.term = 5, .log = {1}});
  core.Receive(2, 5,
               PreVoteRequest{.next_term = Term(6), .last_index = Index(3), .last_term = Term(1)});
  core.Take();
  EXPECT_TRUE(core.SentTo<PreVoteReply>(2).at(0).granted);
}

}  // namespace
}  // namespace synod::test
