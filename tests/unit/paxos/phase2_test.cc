// Tests of paxos/impl/phase2.ipp: "Paxos Made Simple" §2.2.
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/paxos/fixture.h"

namespace synod::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// --- The acceptor ---

TEST(Accept, InAnyOrder_IsAckedUpToTheFirstGap) {
  Core core;
  core.Receive(2, 1, Accepts(1, 3, 4));
  core.Take();
  EXPECT_EQ(core.SentTo<AcceptReply>(2).at(0).accepted, Index());
  core.Receive(2, 1, Accepts(1, 1, 1));
  core.Take();
  EXPECT_EQ(core.SentTo<AcceptReply>(2).at(0).accepted, Index(1));
  core.Receive(2, 1, Accepts(1, 2, 2));
  core.Take();
  EXPECT_EQ(core.SentTo<AcceptReply>(2).at(0).accepted, Index(4));
}

TEST(Accept, AckWaitsForItsWrite_AndOutlivesARestart) {
  Core core;
  core.Receive(2, 1, Accepts(1, 1, 2));
  core.Receive(2, 1, Accepts(1, 4, 4));
  core.Take();
  ASSERT_THAT(core.out.messages, SizeIs(1)) << "One ack for both.";
  EXPECT_EQ(core.out.messages[0].after, core.out.persist.token);
  core.Start();
  EXPECT_THAT(core.Slots(), ElementsAre("1@1 1@1", "2@1 2@1", "4@1 4@1"));
  EXPECT_EQ(core->extent().last, Index(2));
}

TEST(Accept, BelowThePromise_IsRefused) {
  Core core;
  core.Receive(3, 5, PrepareRequest{.from = Index(1)});
  core.Receive(2, 5, Accepts(5, 1, 1));
  core.Take();
  EXPECT_THAT(core.Slots(), IsEmpty());
  EXPECT_EQ(core.SentTo<AcceptReply>(2).at(0).promised, BallotOf(5, 3));
}

TEST(Accept, AboveThePromise_IsAPromise) {
  Core core;
  core.Receive(2, 5, Accepts(5, 1, 1));
  EXPECT_EQ(core->promised(), BallotOf(5, 2));
  EXPECT_EQ(core->leader(), NodeId(2));
}

TEST(Accept, InAHigherBallot_TakesThePlaceOfWhatWasThere) {
  Core core;
  core.Receive(2, 1, Accepts(1, 1, 3));
  core.Receive(3, 2, Accepts(2, 2, 2));
  EXPECT_THAT(core.Slots(), ElementsAre("1@1 1@1", "2@2 2@2", "3@1 3@1"));
  core.Take();
  EXPECT_EQ(core.SentTo<AcceptReply>(3).at(0).accepted, Index()) << "Slot 1 is of another ballot.";
}

TEST(Accept, CommitIsOfWhatIsAcceptedInThisBallot) {
  Core core;
  core.Receive(2, 1, Accepts(1, 1, 3));
  core.Receive(3, 2, Accepts(2, 1, 1, /*commit=*/3));
  EXPECT_EQ(core->commit(), Index(1)) << "2 and 3 hold what node 2 proposed.";
  core.Receive(3, 2, Accepts(2, 2, 2, /*commit=*/3));
  EXPECT_EQ(core->commit(), Index(2));
}

TEST(Accept, AnotherValueWhereOneIsChosen_StopsTheReplica) {
  Core core;
  core.Receive(2, 1, Accepts(1, 1, 1, /*commit=*/1));
  core.Receive(3, 2, Accepts(2, 1, 1));
  core.Take();
  ASSERT_THAT(core.out.alerts, SizeIs(1));
  EXPECT_EQ(core.out.alerts[0].kind, Alert::Kind::kUnsafeTruncation);
  EXPECT_TRUE(core.out.alerts[0].fatal);
}

TEST(Accept, AsAHeartbeat_IsAnsweredWithoutTheDisk) {
  Core core;
  core.Receive(2, 1, Accepts(1, 1, 1));
  AcceptRequest heartbeat = Accepts(1, 2, 1);
  heartbeat.round = 4;
  core.Receive(2, 1, heartbeat);
  core.Take();
  const std::vector<AcceptReply> replies = core.SentTo<AcceptReply>(2);
  ASSERT_THAT(replies, SizeIs(2));
  EXPECT_EQ(replies[1].round, 4u);
  EXPECT_EQ(replies[1].accepted, Index()) << "It says nothing of what is durable.";
  EXPECT_TRUE(core.out.messages[1].after.IsZero());
}

// --- The proposer ---

Core Leading(const Given& given) {
  Core core(given);
  core.Lead(given.nodes == 3 ? std::vector<uint64_t>{2} : std::vector<uint64_t>{2, 3, 4});
  return core;
}

TEST(Choose, AQuorumHasAccepted_ItIsChosen) {
  Core core = Leading({.nodes = 5});
  core.Propose("x");
  core.Take();
  ASSERT_THAT(core.SentTo<AcceptRequest>(2), SizeIs(1));
  core.Persisted();
  core.Ack(2, 1, 1);
  EXPECT_EQ(core->commit(), Index());
  core.Ack(3, 1, 1);
  EXPECT_EQ(core->commit(), Index(1));
  core.Take();
  EXPECT_THAT(core.Committed(), ElementsAre(1u));
}

TEST(Choose, ByTheRulesCommitQuorum) {
  Core core = Leading({.nodes = 5, .quorums = QuorumRule::Flexible(4, 2)});
  core.Propose("x");
  core.Take();
  core.Persisted();
  EXPECT_EQ(core->commit(), Index());
  core.Ack(5, 1, 1);
  EXPECT_EQ(core->commit(), Index(1));
}

TEST(Choose, OwnAcceptorCountsOnceItsDiskHasIt) {
  Core core = Leading({.nodes = 3});
  core.Propose("x");
  core.Take();
  core.Ack(2, 1, 1);
  EXPECT_EQ(core->commit(), Index());
  core.Persisted();
  EXPECT_EQ(core->commit(), Index(1));
}

TEST(Choose, AckOfAnotherBallot_IsNotCounted) {
  Core core = Leading({.nodes = 3});
  core.Propose("x");
  core.Take();
  core.Persisted();
  AcceptReply stale;
  stale.ballot = stale.promised = BallotOf(1, 3);
  stale.accepted = Index(1);
  core.Receive(2, 1, stale);
  EXPECT_EQ(core->commit(), Index());
}

TEST(Choose, RefusedForAHigherBallot_StepsDownAndEndsItsProposals) {
  Core core = Leading({.nodes = 3});
  core.Propose("x");
  AcceptReply refusal;
  refusal.ballot = BallotOf(1, 1);
  refusal.promised = BallotOf(2, 3);
  core.Receive(2, 2, refusal);
  core.Take();
  EXPECT_FALSE(core->IsLeader());
  ASSERT_THAT(core.out.resolved, SizeIs(1));
  EXPECT_EQ(core.out.resolved[0].kind, Outcome::Kind::kUnknown);
}

TEST(Choose, NoMoreThanAlphaAreUnderWay) {
  Core core = Leading({.nodes = 3, .alpha = 2});
  core.Propose("a");
  core.Propose("b");
  core.Propose("c");
  core.Take();
  ASSERT_THAT(core.out.resolved, SizeIs(1));
  EXPECT_EQ(core.out.resolved[0].reason, Reason::kOverloaded);
  core.Persisted();
  core.Ack(2, 1, 1);
  core.Propose("d");
  EXPECT_THAT(core.Take().resolved, IsEmpty());
}

}  // namespace
}  // namespace synod::test
