// Tests of raft/impl/step.ipp: what may enter a core at all, and the term rule (Raft §5.1).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/raft/fixture.h"

namespace synod::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Step, MessageForOrFromTheWrongOne_IsCountedAndIgnored) {
  Core core;
  const Message good = core.From(2, 5, AskVote(0, 0));
  const auto bad = [&](auto change) {
    Message message = good;
    change(message);
    core.Step(message);
  };
  bad([](Message& m) { m.group = 8; });
  bad([](Message& m) { m.to = 2; });
  bad([](Message& m) { m.from = 1; });
  bad([](Message& m) { m.from = NodeId(); });
  bad([](Message& m) {
    m.from = 7;
    m.group = 8;
  });
  bad([](Message& m) { m.incarnation = Incarnation(); });
  core.Take();
  EXPECT_EQ(core->counters().invalid_messages, 6u);
  EXPECT_EQ(core->term(), Term(0));
  EXPECT_THAT(core.out.messages, IsEmpty());
  EXPECT_THAT(core.out.alerts, SizeIs(3)) << "One for each member, and one for all strangers.";
  for (int i = 0; i < 3; ++i) bad([](Message& m) { m.group = 8; });
  core.Take();
  EXPECT_THAT(core.out.alerts, IsEmpty()) << "A storm of them alerts once.";
  core.Elapse(10 * kElectionTimeout);
  bad([](Message& m) { m.group = 8; });
  core.Take();
  EXPECT_THAT(core.out.alerts, SizeIs(1));
}

TEST(Step, SnapshotChunks_AreNotForTheCore) {
  Core core;
  core.Receive(2, 0, SnapshotChunk{});
  core.Receive(2, 0, SnapshotChunkReply{});
  EXPECT_EQ(core->counters().invalid_messages, 2u);
}

// Nobody is elected in term 0, so nobody leads in it, and nobody asks for its votes.
TEST(Step, LeadersOrCandidatesMessageOfTermZero_IsCountedAndIgnored) {
  Core core;
  core.Receive(2, 0, Append(0, 0, {0}));
  core.Receive(2, 0, Heartbeat{});
  core.Receive(2, 0, AskVote(0, 0));
  core.Take();
  EXPECT_EQ(core->counters().invalid_messages, 3u);
  EXPECT_EQ(core->leader(), NodeId());
  EXPECT_EQ(core->vote(), NodeId());
  EXPECT_EQ(core->log().last(), Index());
}

// Adopted, it would leave no terms for the elections to come, on the disk as well.
TEST(Step, TermThatNobodyCanReach_IsCountedAndIgnored) {
  Core core;
  core.Receive(2, kMaxTerm.value() + 1, AskVote(0, 0));
  core.Receive(2, UINT64_MAX, Heartbeat{});
  core.Receive(2, UINT64_MAX, VoteReply{});
  core.Take();
  EXPECT_EQ(core->counters().invalid_messages, 3u);
  EXPECT_EQ(core->term(), Term(0));
  EXPECT_FALSE(core.out.persist.hard_state);
}

TEST(Step, LastTermOfAll_IsFollowedButNotCampaignedIn) {
  Core core;
  core.Receive(2, kMaxTerm.value(), Heartbeat{});
  EXPECT_EQ(core->term(), kMaxTerm);
  core.Settle();
  core.ElapseElectionTimer();
  core.Take();
  EXPECT_EQ(core->role(), Role::kFollower);
}

TEST(TermRule, NewerTerm_MakesAFollowerAndForgetsTheVote) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Receive(2, 7, AppendReply{});
  EXPECT_EQ(core->role(), Role::kFollower);
  EXPECT_EQ(core->term(), Term(7));
  EXPECT_EQ(core->vote(), NodeId());
  EXPECT_EQ(core->leader(), NodeId());
  core.Take();
  ASSERT_TRUE(core.out.persist.hard_state);
  EXPECT_EQ(core.out.persist.hard_state->term, Term(7));
}

// E8: a leader that was cut off hears of the newer term, and so does a candidate that fell behind.
TEST(TermRule, OlderRequest_IsAnsweredWithTheNewerTerm) {
  Core core({.term = 5});
  core.Receive(2, 3, Append(0, 0, {3}));
  core.Receive(2, 3, Heartbeat{});
  core.Receive(3, 3, AskVote(9, 2));
  core.Take();
  ASSERT_THAT(core.SentTo<AppendReply>(2), SizeIs(2));
  EXPECT_EQ(core.SentTo<AppendReply>(2)[0].status, AppendReply::Status::kMismatch);
  EXPECT_FALSE(core.SentTo<VoteReply>(3).at(0).granted);
  for (const Outgoing& outgoing : core.out.messages) EXPECT_EQ(outgoing.message.term, Term(5));
  EXPECT_EQ(core->log().last(), Index());
  EXPECT_EQ(core->counters().stale_messages, 3u);
}

// E8: the other end of it.
TEST(TermRule, LeaderHearsOfANewerTerm_StepsDown) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Receive(3, 9, Mismatch(0, 0, 0));
  EXPECT_EQ(core->role(), Role::kFollower);
  EXPECT_EQ(core->term(), Term(9));
}

TEST(TermRule, OlderReply_IsDroppedWithoutAnswer) {
  Core core({.term = 5});
  core.Receive(2, 3, Accepted(1));
  core.Receive(2, 3, HeartbeatReply{});
  core.Receive(2, 3, VoteReply{.granted = true});
  core.Receive(2, 3, TimeoutNow{});
  EXPECT_THAT(core.Take().messages, IsEmpty());
  EXPECT_EQ(core->counters().stale_messages, 4u);
}

// A pre-vote claims nothing in the term that it carries.
TEST(TermRule, PreVoteRequestOfANewerTerm_DoesNotRaiseIt) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Receive(3, 9, PreVoteRequest{.next_term = Term(10), .last_index = {}, .last_term = {}});
  core.Take();
  EXPECT_TRUE(core->IsLeader());
  EXPECT_EQ(core->term(), Term(1));
  EXPECT_FALSE(core.SentTo<PreVoteReply>(3).at(0).granted);
}

}  // namespace
}  // namespace synod::test
