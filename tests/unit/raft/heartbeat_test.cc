// Tests of raft/impl/heartbeat.ipp: staying leader, and ceasing to be one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/raft/fixture.h"

namespace synod::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

HeartbeatReply ReplyTo(uint64_t round, uint64_t received = 0) {
  return {.round = round, .epoch = {}, .received = Index(received)};
}

// --- The leader's side ---

TEST(Heartbeat, EveryInterval_GoesToEveryMember) {
  Core core({.members = {.voters = {1, 2, 3}, .outgoing = {}, .learners = {4}}});
  core.BecomeEstablishedLeader();
  core.Elapse(kHeartbeat);
  core.Take();
  core.Elapse(kHeartbeat - Duration(1));
  EXPECT_THAT((core.Take(), core.Sent<Heartbeat>()), IsEmpty());
  core.Elapse(Duration(1));
  EXPECT_THAT((core.Take(), core.Sent<Heartbeat>()), SizeIs(3));
}

// I7: what the peer has not acked in this term may differ from ours.
TEST(Heartbeat, CommitIndexInIt_IsAtMostThePeersMatch) {
  Core core({.log = {1, 1}});
  core.BecomeLeader();
  core.Ack(2, 3);
  ASSERT_EQ(core->commit(), Index(3));
  core.Elapse(kHeartbeat);
  core.Take();
  EXPECT_EQ(core.SentTo<Heartbeat>(2).at(0).commit, Index(3));
  EXPECT_EQ(core.SentTo<Heartbeat>(3).at(0).commit, Index(0));
}

// Mutation 8
TEST(CheckQuorum, NobodyAnswersForAnElectionTimeout_StepsDown) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Elapse(kElectionTimeout - Duration(1));
  EXPECT_TRUE(core->IsLeader());
  core.Elapse(kHeartbeat);
  EXPECT_FALSE(core->IsLeader());
  EXPECT_EQ(core->leader(), NodeId());
  EXPECT_EQ(core->term(), Term(1)) << "It gives up its office, not its term.";
  core.Take();
  ASSERT_EQ(core.out.alerts.size(), 1u);
  EXPECT_EQ(core.out.alerts[0].kind, Alert::Kind::kQuorumLost);
  EXPECT_EQ(core->counters().quorums_lost, 1u);
}

TEST(CheckQuorum, OneOfTwoFollowersAnswers_Stays) {
  Core core;
  core.BecomeEstablishedLeader();
  for (int i = 0; i < 40; ++i) {
    core.Elapse(kHeartbeat);
    core.Take();
    core.Receive(2, 1, ReplyTo(core.SentTo<Heartbeat>(2).at(0).round));
  }
  EXPECT_TRUE(core->IsLeader());
}

TEST(CheckQuorum, OnlyALearnerAnswers_StepsDown) {
  Core core({.members = {.voters = {1, 2, 3}, .outgoing = {}, .learners = {4}}});
  core.BecomeEstablishedLeader();
  for (int i = 0; i < 11; ++i) {
    core.Elapse(kHeartbeat);
    core.Receive(4, 1, ReplyTo(0));
  }
  EXPECT_FALSE(core->IsLeader());
}

TEST(CheckQuorum, TurnedOff_Stays) {
  Core core({.options = {.check_quorum = false}});
  core.BecomeEstablishedLeader();
  core.Elapse(3 * kElectionTimeout);
  EXPECT_TRUE(core->IsLeader());
}

TEST(CheckQuorum, AloneInItsGroup_Stays) {
  Core core({.members = Configuration::Of({1})});
  core.BecomeLeader();
  core.Settle();
  core.Elapse(3 * kElectionTimeout);
  EXPECT_TRUE(core->IsLeader());
}

// F7: heartbeats flow, but the disk of the leader hangs.
TEST(StalledDisk, OfTheLeader_StepsDown) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Propose("x");
  core.Take();
  for (int i = 0; i < 45 && core->IsLeader(); ++i) {
    core.Elapse(kHeartbeat);
    core.Receive(2, 1, ReplyTo(0));
  }
  EXPECT_FALSE(core->IsLeader());
  core.Take();
  ASSERT_EQ(core.out.alerts.size(), 1u);
  EXPECT_EQ(core.out.alerts[0].kind, Alert::Kind::kDiskStalled);
  EXPECT_EQ(core->counters().disk_stalls, 1u);
}

TEST(StalledDisk, SlowButMoving_Stays) {
  Core core;
  core.BecomeEstablishedLeader();
  for (int i = 0; i < 100; ++i) {
    core.Propose("x");
    core.Take();
    const PersistToken write = core.last_token();
    core.Elapse(kHeartbeat);
    core.Receive(2, 1, ReplyTo(0));
    if (i % 20 == 19) core.Persisted(write - 1);
  }
  EXPECT_TRUE(core->IsLeader());
}

// R9 on the leader's side: an append whose ack does not come is repeated from what the peer says it
// has, and only the ack of that counts.
TEST(Heartbeat, AckOfAnAppendStaysAway_AsksAgainFromWhereThePeerIs) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Propose("x");
  core.Propose("y");
  core.Settle();
  core.Elapse(2 * kHeartbeat);
  core.Receive(2, 1, ReplyTo(1, 2));
  core.Take();
  EXPECT_THAT(core.SentTo<AppendRequest>(2), IsEmpty()) << "It may still be on its way.";
  core.Elapse(kHeartbeat);
  core.Receive(2, 1, ReplyTo(1, 2));
  core.Take();
  ASSERT_THAT(core.SentTo<AppendRequest>(2), SizeIs(1));
  EXPECT_EQ(core.SentTo<AppendRequest>(2)[0].prev_index, Index(2));
  EXPECT_EQ(core->counters().retransmissions, 1u);
  EXPECT_EQ(core->commit(), Index(1)) << "Received is not durable.";
}

TEST(HeartbeatReply, BeyondTheLeadersRoundOrLog_IsCountedAndIgnored) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Receive(2, 1, ReplyTo(99));
  core.Receive(2, 1, ReplyTo(0, 99));
  EXPECT_EQ(core->counters().invalid_messages, 2u);
  EXPECT_EQ(core.PeerProgress(2).round, 0u);
  EXPECT_EQ(core.PeerProgress(2).received, Index());
}

// --- The follower's side ---

TEST(Heartbeat, OfTheLeader_PostponesTheElection) {
  Core core;
  for (int i = 0; i < 20; ++i) {
    core.Receive(2, 1, Heartbeat{});
    core.Elapse(kElectionTimeout - Duration(1));
  }
  EXPECT_EQ(core->role(), Role::kFollower);
  EXPECT_EQ(core->leader(), NodeId(2));
}

TEST(Heartbeat, WithANewerCommitIndex_Commits) {
  Core core({.log = {1, 1}});
  core.Receive(2, 1, Append(2, 1, {}));
  core.Receive(2, 1, Heartbeat{.round = 0, .commit = Index(2)});
  core.Take();
  EXPECT_THAT(core.CommittedIndexes(), ElementsAre(Index(1), Index(2)));
}

TEST(Heartbeat, Answered_SaysHowFarTheLogAgreesEvenIfItIsNotDurable) {
  Core core;
  core.Receive(2, 1, Append(0, 0, {1, 1}));
  core.Receive(2, 1, Heartbeat{.round = 5, .commit = {}});
  core.Take();
  ASSERT_THAT(core.SentTo<HeartbeatReply>(2), SizeIs(1));
  EXPECT_EQ(core.SentTo<HeartbeatReply>(2)[0], ReplyTo(5, 2));
}

// What agreed with the last leader need not agree with this one.
TEST(Heartbeat, OfANewLeader_NothingIsKnownToAgree) {
  Core core;
  core.Receive(2, 1, Append(0, 0, {1, 1}));
  core.Receive(3, 2, Heartbeat{});
  core.Take();
  EXPECT_EQ(core.SentTo<HeartbeatReply>(3).at(0).received, Index());
}

TEST(Heartbeat, CommitIndexBeyondTheLog_IsCountedAndIgnored) {
  Core core({.log = {1}});
  core.Follow(2, 1);
  core.Receive(2, 1, Heartbeat{.round = 0, .commit = Index(2)});
  EXPECT_EQ(core->counters().invalid_messages, 1u);
  EXPECT_EQ(core->commit(), Index());
}

TEST(Heartbeat, OfASecondLeaderInTheTerm_IsCountedAndIgnored) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Receive(2, 1, Heartbeat{});
  EXPECT_EQ(core->counters().invalid_messages, 1u);
  EXPECT_TRUE(core->IsLeader());
}

}  // namespace
}  // namespace synod::test
