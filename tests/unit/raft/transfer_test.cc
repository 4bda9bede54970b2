// Tests of raft/impl/transfer.ipp: leadership transfer (Ongaro §3.10).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/raft/fixture.h"

namespace synod::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

void ExpectEnded(const Core& core, RequestId request, Outcome::Kind kind, Reason reason) {
  ASSERT_THAT(core.out.resolved, SizeIs(1));
  EXPECT_EQ(core.out.resolved[0], (Resolved{.request = request, .kind = kind, .reason = reason}));
}

TEST(Transfer, ToAPeerThatHasTheWholeLog_AsksItAtOnce) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Transfer(2);
  core.Take();
  EXPECT_THAT(core.SentTo<TimeoutNow>(2), SizeIs(1));
  EXPECT_THAT(core.SentTo<TimeoutNow>(3), IsEmpty());
  core.Take();
  EXPECT_THAT(core.Sent<TimeoutNow>(), IsEmpty()) << "Once.";
}

// It could not win before.
TEST(Transfer, ToAPeerThatLagsBehind_WaitsUntilItHasTheWholeLog) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Propose("x");
  core.Take();
  core.Transfer(2);
  core.Take();
  EXPECT_THAT(core.Sent<TimeoutNow>(), IsEmpty());
  core.Ack(3, 2);
  core.Take();
  EXPECT_THAT(core.Sent<TimeoutNow>(), IsEmpty());
  core.Ack(2, 2);
  core.Take();
  EXPECT_THAT(core.SentTo<TimeoutNow>(2), SizeIs(1));
}

// E9: or the target would never have the whole log.
TEST(Transfer, UnderWay_RefusesProposals) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Transfer(2);
  const RequestId proposal = core.Propose("x");
  core.Take();
  ExpectEnded(core, proposal, Outcome::Kind::kNotCommitted, Reason::kTransferring);
}

TEST(Transfer, TargetLeads_Succeeds) {
  Core core;
  core.BecomeEstablishedLeader();
  const RequestId request = core.Transfer(2);
  core.Take();
  VoteRequest vote = AskVote(1, 1);
  vote.by_transfer = true;
  core.Receive(2, 2, vote);
  core.Settle();
  EXPECT_FALSE(core->IsLeader());
  core.Receive(2, 2, Append(1, 1, {2}));
  core.Take();
  ExpectEnded(core, request, Outcome::Kind::kCommitted, Reason::kNone);
}

TEST(Transfer, SomeoneElseLeads_Fails) {
  Core core;
  core.BecomeEstablishedLeader();
  const RequestId request = core.Transfer(2);
  core.Take();
  core.Receive(3, 2, Append(1, 1, {2}));
  core.Take();
  ExpectEnded(core, request, Outcome::Kind::kNotCommitted, Reason::kLeadershipLost);
}

// X7: a leader that is cut off with its target must not refuse writes for ever.
// Nobody can tell whether the target will win yet.
TEST(Transfer, TargetDoesNotMove_EndsUnknownAndProposalsAreTakenAgain) {
  Core core;
  core.BecomeEstablishedLeader();
  const RequestId request = core.Transfer(2);
  core.Take();
  ASSERT_THAT(core.SentTo<TimeoutNow>(2), SizeIs(1));
  for (int i = 0; i < 10; ++i) {
    core.Elapse(kHeartbeat);
    core.Receive(3, 1, HeartbeatReply{});
  }
  core.Take();
  ExpectEnded(core, request, Outcome::Kind::kUnknown, Reason::kDeadline);
  ASSERT_TRUE(core->IsLeader());
  core.Propose("x");
  core.Take();
  EXPECT_THAT(core.out.resolved, IsEmpty());
  EXPECT_THAT(core.out.persist.entries, SizeIs(1));
}

// X7: it loses its quorum as well, and leads again later.
TEST(Transfer, LeaderCutOffMeanwhile_EndsAndTheNextLeadershipIsNotConcerned) {
  Core core;
  core.BecomeEstablishedLeader();
  const RequestId request = core.Transfer(2);
  core.Take();
  core.Elapse(kElectionTimeout);
  core.Take();
  ExpectEnded(core, request, Outcome::Kind::kUnknown, Reason::kDeadline);
  core.BecomeEstablishedLeader();
  core.Propose("x");
  EXPECT_THAT(core.Take().resolved, IsEmpty());
}

TEST(Transfer, TargetDoesNotCatchUp_Fails) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Propose("x");
  core.Take();
  const RequestId request = core.Transfer(2);
  core.Take();
  EXPECT_THAT(core.Sent<TimeoutNow>(), IsEmpty());
  for (int i = 0; i < 10; ++i) {
    core.Elapse(kHeartbeat);
    core.Receive(3, 1, HeartbeatReply{});
  }
  core.Take();
  ExpectEnded(core, request, Outcome::Kind::kNotCommitted, Reason::kUnreachable);
}

// It could not lead, so that it must not depose the leader either (F7).
TEST(Transfer, DiskOfTheTargetHangs_DoesNotCampaign) {
  Core core;
  core.Follow(2, 1);
  core.Receive(2, 1, Append(0, 0, {1}));
  core.Take();
  core.Elapse(5 * kElectionTimeout);
  core.Receive(2, 1, Heartbeat{});
  core.Receive(2, 1, TimeoutNow{});
  EXPECT_EQ(core->role(), Role::kFollower);
  core.Persisted();
  core.Receive(2, 1, TimeoutNow{});
  EXPECT_EQ(core->role(), Role::kCandidate);
}

TEST(Transfer, ToWhomItCannotGo_IsRefused) {
  Core core({.members = {.voters = {1, 2, 3}, .outgoing = {}, .learners = {4}}});
  core.BecomeEstablishedLeader();
  const RequestId learner = core.Transfer(4);
  core.Take();
  ExpectEnded(core, learner, Outcome::Kind::kNotCommitted, Reason::kNotVoter);
  const RequestId stranger = core.Transfer(9);
  core.Take();
  ExpectEnded(core, stranger, Outcome::Kind::kNotCommitted, Reason::kNotVoter);
  const RequestId itself = core.Transfer(1);
  core.Take();
  ExpectEnded(core, itself, Outcome::Kind::kCommitted, Reason::kNone);
}

TEST(Transfer, WhileAnotherIsUnderWay_IsRefused) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Transfer(2);
  const RequestId second = core.Transfer(3);
  core.Take();
  ExpectEnded(core, second, Outcome::Kind::kNotCommitted, Reason::kTransferring);
}

TEST(Transfer, OnAFollower_IsRefused) {
  Core core;
  const RequestId request = core.Transfer(2);
  core.Take();
  ExpectEnded(core, request, Outcome::Kind::kNotCommitted, Reason::kNotLeader);
}

// --- The target's side ---

TEST(TimeoutNow, OfItsLeader_CampaignsAtOnceWithoutPreVote) {
  Core core({.log = {1}});
  core.Follow(2, 1);
  core.Receive(2, 1, TimeoutNow{});
  core.Take();
  EXPECT_EQ(core->role(), Role::kCandidate);
  EXPECT_EQ(core->term(), Term(2));
  ASSERT_THAT(core.SentTo<VoteRequest>(3), SizeIs(1));
  EXPECT_TRUE(core.SentTo<VoteRequest>(3)[0].by_transfer);
  EXPECT_THAT(core.Sent<VoteRequest>()[0].after, core.out.persist.token);
}

// E9: it arrives after a newer election.
TEST(TimeoutNow, OfALeaderThatWasReplaced_IsStale) {
  Core core;
  core.Follow(2, 1);
  core.Follow(3, 2);
  core.Receive(2, 1, TimeoutNow{});
  EXPECT_EQ(core->role(), Role::kFollower);
  EXPECT_EQ(core->term(), Term(2));
}

TEST(TimeoutNow, OfSomeoneWhoDoesNotLead_IsStale) {
  Core core;
  core.Follow(2, 1);
  core.Receive(3, 1, TimeoutNow{});
  EXPECT_EQ(core->role(), Role::kFollower);
  EXPECT_EQ(core->counters().stale_messages, 1u);
}

TEST(TimeoutNow, Repeated_RaisesTheTermOnce) {
  Core core;
  core.Follow(2, 1);
  core.Receive(2, 1, TimeoutNow{});
  core.Receive(2, 1, TimeoutNow{});
  EXPECT_EQ(core->term(), Term(2));
}

// E9
TEST(TimeoutNow, ToALearner_IsIgnored) {
  Core core({.node = 4, .members = {.voters = {1, 2, 3}, .outgoing = {}, .learners = {4}}});
  core.Follow(2, 1);
  core.Receive(2, 1, TimeoutNow{});
  EXPECT_EQ(core->role(), Role::kFollower);
}

}  // namespace
}  // namespace synod::test
