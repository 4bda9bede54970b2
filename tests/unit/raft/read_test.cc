// Tests of raft/impl/read.ipp: ReadIndex on leader and follower (Ongaro §6.4; I11).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/raft/fixture.h"

namespace synod::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

HeartbeatReply AnswerTo(uint64_t round) { return {.round = round, .epoch = {}, .received = {}}; }

// The round of the heartbeats in the newest output.
uint64_t RoundOf(const Core& core) {
  const std::vector<Heartbeat> heartbeats = core.SentTo<Heartbeat>(2);
  EXPECT_THAT(heartbeats, SizeIs(1));
  return heartbeats.empty() ? 0 : heartbeats[0].round;
}

void ExpectRefused(const Core& core, RequestId request, Reason reason) {
  ASSERT_THAT(core.out.resolved, SizeIs(1));
  EXPECT_EQ(core.out.resolved[0],
            (Resolved{.request = request, .kind = Outcome::Kind::kNotCommitted, .reason = reason}));
}

// --- On the leader ---

TEST(LeaderRead, QuorumAnswersItsRound_IsServedAtTheCommitIndex) {
  Core core;
  core.BecomeEstablishedLeader();
  const RequestId request = core.Read();
  core.Take();
  EXPECT_THAT(core.out.reads, IsEmpty());
  core.Receive(2, 1, AnswerTo(RoundOf(core)));
  core.Take();
  ASSERT_THAT(core.out.reads, SizeIs(1));
  EXPECT_EQ(core.out.reads[0].request, request);
  EXPECT_EQ(core.out.reads[0].index, Index(1));
}

// I11: a leader that was replaced without knowing it must not serve.
TEST(LeaderRead, NobodyAnswers_IsNotServedAndEndsWithTheLeadership) {
  Core core;
  core.BecomeEstablishedLeader();
  const RequestId request = core.Read();
  core.Take();
  core.Elapse(kElectionTimeout);
  core.Take();
  EXPECT_THAT(core.out.reads, IsEmpty());
  ExpectRefused(core, request, Reason::kLeadershipLost);
}

// D1: before its first commit a leader does not know what its predecessors committed.
TEST(LeaderRead, BeforeTheFirstCommitOfTheTerm_WaitsForIt) {
  Core core({.log = {1, 1}});
  core.BecomeLeader();
  const RequestId request = core.Read();
  core.Take();
  EXPECT_THAT(core.Sent<Heartbeat>(), IsEmpty());
  core.Receive(2, 2, AnswerTo(0));
  EXPECT_THAT(core.Take().reads, IsEmpty());
  core.Ack(2, 3);
  core.Take();
  core.Receive(2, 2, AnswerTo(RoundOf(core)));
  core.Take();
  ASSERT_THAT(core.out.reads, SizeIs(1));
  EXPECT_EQ(core.out.reads[0].request, request);
  EXPECT_EQ(core.out.reads[0].index, Index(3));
}

// D3: an answer that left before the read arrived says nothing about it.
TEST(LeaderRead, AnswerToAnEarlierRound_DoesNotCount) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Read();
  core.Take();
  const uint64_t first = RoundOf(core);
  const RequestId late = core.Read();
  core.Take();
  const uint64_t second = RoundOf(core);
  core.Receive(2, 1, AnswerTo(first));
  core.Take();
  ASSERT_THAT(core.out.reads, SizeIs(1));
  EXPECT_NE(core.out.reads[0].request, late);
  core.Receive(2, 1, AnswerTo(second));
  core.Take();
  ASSERT_THAT(core.out.reads, SizeIs(1));
  EXPECT_EQ(core.out.reads[0].request, late);
}

// D3: a periodic heartbeat that was sent before it.
TEST(LeaderRead, AnswerToAPeriodicHeartbeatBeforeIt_DoesNotCount) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Elapse(kHeartbeat);
  core.Take();
  const uint64_t before = RoundOf(core);
  core.Read();
  core.Take();
  core.Receive(2, 1, AnswerTo(before));
  core.Receive(3, 1, AnswerTo(before));
  EXPECT_THAT(core.Take().reads, IsEmpty());
}

// D2: an answer of the same round, but of the leadership before.
TEST(LeaderRead, AnswerOfAnEarlierTerm_DoesNotCount) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Read();
  core.Take();
  const uint64_t round = RoundOf(core);
  core.Receive(2, 2, Heartbeat{});
  core.Settle();
  core.BecomeEstablishedLeader();
  ASSERT_EQ(core->term(), Term(3));
  core.Read();
  core.Take();
  ASSERT_EQ(RoundOf(core), round);
  core.Receive(2, 1, AnswerTo(round));
  core.Receive(3, 1, AnswerTo(round));
  EXPECT_THAT(core.Take().reads, IsEmpty());
}

// D4: the index is the commit index when the round began, not one remembered from before.
TEST(LeaderRead, CommitMovedSinceTheLastRead_SeesIt) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Read();
  core.Take();
  core.Receive(2, 1, AnswerTo(RoundOf(core)));
  core.Propose("x");
  core.Take();
  core.Persisted();
  core.Ack(2, 2);
  core.Read();
  core.Take();
  core.Receive(2, 1, AnswerTo(RoundOf(core)));
  core.Take();
  ASSERT_THAT(core.out.reads, SizeIs(1));
  EXPECT_EQ(core.out.reads[0].index, Index(2));
}

TEST(LeaderRead, ManyBeforeOneOutput_ShareOneRound) {
  Core core;
  core.BecomeEstablishedLeader();
  for (int i = 0; i < 10; ++i) core.Read();
  core.Take();
  EXPECT_THAT(core.Sent<Heartbeat>(), SizeIs(2));
  core.Receive(3, 1, AnswerTo(RoundOf(core)));
  EXPECT_THAT(core.Take().reads, SizeIs(10));
}

TEST(LeaderRead, AloneInItsGroup_IsServedAtOnce) {
  Core core({.members = Configuration::Of({1})});
  core.BecomeLeader();
  core.Settle();
  core.Read();
  EXPECT_THAT(core.Take().reads, SizeIs(1));
}

TEST(LeaderRead, AnswerOfALearner_DoesNotCount) {
  Core core({.members = {.voters = {1, 2, 3}, .outgoing = {}, .learners = {4}}});
  core.BecomeEstablishedLeader();
  core.Read();
  core.Take();
  core.Receive(4, 1, AnswerTo(RoundOf(core)));
  EXPECT_THAT(core.Take().reads, IsEmpty());
}

TEST(LeaderRead, TooManyPending_IsRefused) {
  Core core({.options = {.max_pending_reads = 1}});
  core.BecomeEstablishedLeader();
  core.Read();
  const RequestId refused = core.Read();
  core.Receive(2, 1, ReadRequest{.context = RequestId(7)});
  core.Take();
  ExpectRefused(core, refused, Reason::kOverloaded);
  EXPECT_EQ(core.SentTo<ReadReply>(2).at(0).reason, Reason::kOverloaded);
}

// --- For a follower ---

TEST(ForwardedRead, AtTheLeader_IsAnsweredAfterAQuorumConfirmedIt) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Receive(3, 1, ReadRequest{.context = RequestId(7)});
  core.Take();
  EXPECT_THAT(core.Sent<ReadReply>(), IsEmpty());
  core.Receive(2, 1, AnswerTo(RoundOf(core)));
  core.Take();
  ASSERT_THAT(core.SentTo<ReadReply>(3), SizeIs(1));
  EXPECT_EQ(core.SentTo<ReadReply>(3)[0],
            (ReadReply{.context = RequestId(7), .index = Index(1), .reason = Reason::kNone}));
}

TEST(ForwardedRead, AtAReplicaThatDoesNotLead_IsRefused) {
  Core core;
  core.Follow(2, 1);
  core.Receive(3, 1, ReadRequest{.context = RequestId(7)});
  core.Take();
  EXPECT_EQ(core.SentTo<ReadReply>(3).at(0).reason, Reason::kNotLeader);
}

TEST(ForwardedRead, AtALeaderThatStepsDown_IsRefused) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Receive(3, 1, ReadRequest{.context = RequestId(7)});
  core.Elapse(kElectionTimeout);
  core.Take();
  EXPECT_EQ(core.SentTo<ReadReply>(3).at(0).reason, Reason::kLeadershipLost);
}

// --- On the follower ---

// A follower of 2 in term 1 that has passed on one read.
struct Forwarding {
  Forwarding() {
    core.Follow(2, 1);
    request = core.Read();
    core.Take();
    context = core.SentTo<ReadRequest>(2).at(0).context;
  }
  ReadReply Served(uint64_t index) const {
    return {.context = context, .index = Index(index), .reason = Reason::kNone};
  }
  Core core;
  RequestId request;
  RequestId context;
};

TEST(FollowerRead, Answered_IsServedAtTheLeadersIndex) {
  Forwarding f;
  f.core.Receive(2, 1, f.Served(9));
  f.core.Take();
  ASSERT_THAT(f.core.out.reads, SizeIs(1));
  EXPECT_EQ(f.core.out.reads[0].request, f.request);
  EXPECT_EQ(f.core.out.reads[0].index, Index(9)) << "Though it has not got so far itself.";
}

TEST(FollowerRead, AnsweredTwice_IsServedOnce) {
  Forwarding f;
  f.core.Receive(2, 1, f.Served(9));
  f.core.Receive(2, 1, f.Served(9));
  EXPECT_THAT(f.core.Take().reads, SizeIs(1));
  EXPECT_EQ(f.core->counters().stale_messages, 1u);
}

TEST(FollowerRead, AnsweredBySomeoneElse_IsNotServed) {
  Forwarding f;
  f.core.Receive(3, 1, f.Served(9));
  EXPECT_THAT(f.core.Take().reads, IsEmpty());
}

TEST(FollowerRead, RefusedByTheLeader_EndsWithItsReason) {
  Forwarding f;
  f.core.Receive(2, 1, ReadReply{.context = f.context, .index = {}, .reason = Reason::kOverloaded});
  f.core.Take();
  ExpectRefused(f.core, f.request, Reason::kOverloaded);
}

// D2
TEST(FollowerRead, LeaderChangesMeanwhile_EndsAndALateAnswerIsStale) {
  Forwarding f;
  f.core.Receive(3, 2, Heartbeat{});
  f.core.Take();
  ExpectRefused(f.core, f.request, Reason::kLeadershipLost);
  f.core.Receive(2, 1, f.Served(9));
  EXPECT_THAT(f.core.Take().reads, IsEmpty());
}

TEST(FollowerRead, NoAnswer_AsksAgainUnderTheSameName) {
  Forwarding f;
  for (int i = 0; i < 10; ++i) {
    f.core.Receive(2, 1, Heartbeat{});
    f.core.Elapse(kElectionTimeout / 10);
  }
  f.core.Take();
  ASSERT_THAT(f.core.SentTo<ReadRequest>(2), SizeIs(1));
  EXPECT_EQ(f.core.SentTo<ReadRequest>(2)[0].context, f.context);
}

// The leader is heard and cannot be reached: nothing else would end it.
TEST(FollowerRead, NobodyWaitsForItAnyMore_LeavesRoomForOthers) {
  Core core({.options = {.max_pending_reads = 2}});
  core.Follow(2, 1);
  const RequestId wanted = core.Read();
  core.Read();
  core->ForgetReads([&](RequestId read) { return read == wanted; });
  EXPECT_EQ(core->pending_reads(), 1u);
  core.Read();
  core.Take();
  EXPECT_THAT(core.out.resolved, IsEmpty());
  EXPECT_EQ(core->pending_reads(), 2u);
}

// D2: a name that was used before a restart would let an answer from then serve a read of now.
TEST(FollowerRead, NamesOfTwoLives_Differ) {
  Core first({.seed = 1});
  Core second({.seed = 2});
  RequestId contexts[2];
  for (Core* core : {&first, &second}) {
    core->Follow(2, 1);
    core->Read();
    core->Take();
    contexts[core == &second] = core->SentTo<ReadRequest>(2).at(0).context;
  }
  EXPECT_NE(contexts[0], contexts[1]);
}

TEST(FollowerRead, LeaderUnknown_IsRefusedAtOnce) {
  Core core;
  const RequestId request = core.Read();
  core.Take();
  ExpectRefused(core, request, Reason::kNotLeader);
  Core stranger({.introduced = false});
  const RequestId early = stranger.Read();
  stranger.Take();
  ExpectRefused(stranger, early, Reason::kNoQuorum);
}

TEST(FollowerRead, TooManyPending_IsRefused) {
  Core core({.options = {.max_pending_reads = 1}});
  core.Follow(2, 1);
  core.Read();
  const RequestId refused = core.Read();
  core.Take();
  ExpectRefused(core, refused, Reason::kOverloaded);
}

}  // namespace
}  // namespace synod::test
