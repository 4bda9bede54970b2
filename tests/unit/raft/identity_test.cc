// Tests of raft/impl/identity.ipp: introductions, and disks that are not who they say (I3, M3).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/raft/fixture.h"

namespace synod::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// A core that is not introduced, and the hash that it introduces itself with.
struct Stranger {
  Stranger() : core({.introduced = false}) {
    core.Elapse(kHeartbeat);
    core.Take();
    hash = core.SentTo<Introduce>(2).at(0).configuration_hash;
  }
  // What a peer of the same configuration says that has recorded this core.
  Introduce FromPeer(Incarnation recorded = IncarnationOf(1), bool wants_reply = true) const {
    return {.configuration_hash = hash, .recorded = recorded, .wants_reply = wants_reply};
  }
  Core core;
  uint64_t hash = 0;
};

TEST(Introduction, FirstStart_AsksEveryMemberUntilItIsKnown) {
  Stranger stranger;
  Core& core = stranger.core;
  EXPECT_THAT(core.Sent<Introduce>(), SizeIs(2));
  EXPECT_TRUE(core.SentTo<Introduce>(3).at(0).wants_reply);
  core.Receive(2, 0, stranger.FromPeer());
  core.Take();
  core.Elapse(kHeartbeat);
  core.Take();
  EXPECT_THAT(core.SentTo<Introduce>(2), IsEmpty());
  EXPECT_THAT(core.SentTo<Introduce>(3), SizeIs(1));
}

TEST(Introduction, AsksAtTheVeryInstantOfItsStart_WhenTicked) {
  Core core({.introduced = false});
  core.Elapse(Duration::zero());
  core.Take();
  EXPECT_THAT(core.Sent<Introduce>(), SizeIs(2)) << "Its first deadline was now.";
  EXPECT_GT(core.out.next_deadline, core.now());
}

// I3: the answer says "recorded", so it waits until that is durable.
TEST(Introduction, Recorded_AnswerWaitsForTheWrite) {
  Stranger stranger;
  Core& core = stranger.core;
  core.Receive(2, 0, stranger.FromPeer());
  core.Take();
  ASSERT_TRUE(core.out.persist.hard_state);
  ASSERT_THAT(core.out.persist.hard_state->peers, SizeIs(1));
  EXPECT_EQ(core.out.persist.hard_state->peers[0],
            (KnownPeer{.node = 2, .incarnation = IncarnationOf(2)}));
  ASSERT_THAT(core.Sent<Introduce>(), SizeIs(1));
  EXPECT_EQ(core.Sent<Introduce>()[0].after, core.out.persist.token);
  EXPECT_EQ(core.SentTo<Introduce>(2)[0].recorded, IncarnationOf(2));
}

TEST(Introduction, LastMemberKnownButNotDurably_IsNotComplete) {
  Stranger stranger;
  Core& core = stranger.core;
  core.Receive(3, 0, stranger.FromPeer());
  core.Receive(2, 0, stranger.FromPeer());
  core.Take();
  EXPECT_FALSE(core->introduced());
  core.Persisted();
  EXPECT_TRUE(core->introduced());
  const std::vector<KnownPeer>& peers = core.out.persist.hard_state->peers;
  ASSERT_THAT(peers, SizeIs(3));
  for (size_t i = 0; i < peers.size(); ++i) {
    EXPECT_EQ(peers[i], (KnownPeer{.node = i + 1, .incarnation = IncarnationOf(i + 1)}));
  }
}

// A member that is recorded nowhere could come back as another disk, be recorded there, and vote
// in both of its lives.
TEST(Introduction, NotYetRecordedByAMember_IsNotComplete) {
  Stranger stranger;
  Core& core = stranger.core;
  core.Receive(2, 0, stranger.FromPeer());
  core.Receive(3, 0, stranger.FromPeer(Incarnation()));
  core.Settle();
  EXPECT_FALSE(core->introduced());
  core.Elapse(kHeartbeat);
  core.Take();
  EXPECT_THAT(core.SentTo<Introduce>(3), SizeIs(1)) << "It keeps asking.";
  EXPECT_THAT(core.SentTo<Introduce>(2), IsEmpty());
  core.Receive(3, 0, stranger.FromPeer());
  core.Settle();
  EXPECT_TRUE(core->introduced());
}

// M3: only the disk that is recorded may say that it has recorded this one.
TEST(Introduction, RecordedByAnotherDiskOfAMember_IsNotComplete) {
  Stranger stranger;
  Core& core = stranger.core;
  core.Receive(2, 0, stranger.FromPeer());
  core.Receive(3, 0, stranger.FromPeer(Incarnation()));
  Message other_disk = core.From(3, 0, stranger.FromPeer());
  other_disk.incarnation = Incarnation(77);
  core.Step(other_disk);
  core.Settle();
  EXPECT_FALSE(core->introduced());
}

// What it heard in an earlier life, it asks again; what it recorded stays.
TEST(Introduction, RestartBeforeItIsComplete_GoesOnWhereItWas) {
  Stranger stranger;
  Core& core = stranger.core;
  core.Receive(2, 0, stranger.FromPeer());
  core.Take();
  DurableState state = Core::StateOf({.introduced = false});
  state.hard_state = *core.out.persist.hard_state;
  core.Start(state);
  core.Elapse(kHeartbeat);
  core.Take();
  ASSERT_THAT(core.SentTo<Introduce>(2), SizeIs(1));
  EXPECT_EQ(core.SentTo<Introduce>(2)[0].recorded, IncarnationOf(2));
  core.Receive(2, 0, stranger.FromPeer());
  core.Receive(3, 0, stranger.FromPeer());
  core.Settle();
  EXPECT_TRUE(core->introduced());
}

TEST(Introduction, Incomplete_NeitherCampaignsNorVotes) {
  Stranger stranger;
  Core& core = stranger.core;
  core.Receive(2, 0, stranger.FromPeer());
  core.Settle();
  core.ElapseElectionTimer();
  EXPECT_EQ(core->role(), Role::kFollower);
  core.Receive(2, 0, PreVoteRequest{.next_term = Term(1), .last_index = {}, .last_term = {}});
  core.Receive(2, 1, AskVote(0, 0));
  core.Take();
  EXPECT_FALSE(core.SentTo<PreVoteReply>(2).at(0).granted);
  EXPECT_FALSE(core.SentTo<VoteReply>(2).at(0).granted);
  EXPECT_EQ(core->vote(), NodeId());
}

TEST(Introduction, KnownFromTheDisk_IsCompleteAtOnce) {
  EXPECT_TRUE(Core()->introduced());
  EXPECT_TRUE(Core({.members = Configuration::Of({1})})->introduced());
}

TEST(Introduction, OfAnotherConfiguration_IsNotRecordedAndAlertsOnce) {
  Stranger stranger;
  Core& core = stranger.core;
  Introduce other = stranger.FromPeer();
  other.configuration_hash = stranger.hash + 1;
  core.Receive(2, 0, other);
  core.Receive(2, 0, other);
  core.Take();
  EXPECT_TRUE(core.out.persist.IsEmpty());
  ASSERT_THAT(core.out.alerts, SizeIs(1));
  EXPECT_EQ(core.out.alerts[0].kind, Alert::Kind::kConfigurationMismatch);
  EXPECT_FALSE(core.out.alerts[0].fatal);
  EXPECT_THAT(core.SentTo<Introduce>(2), SizeIs(2)) << "The other side is to hear of it too.";
}

TEST(Introduction, ConfigurationsOfOtherMembers_HashDifferently) {
  const auto hash_of = [](Configuration members) { return internal::HashOf(members); };
  EXPECT_EQ(hash_of(Configuration::Of({1, 2, 3})), hash_of(Configuration::Of({3, 2, 1})));
  EXPECT_NE(hash_of(Configuration::Of({1, 2, 3})), hash_of(Configuration::Of({1, 2, 4})));
  EXPECT_NE(hash_of({.voters = {1, 2}, .outgoing = {}, .learners = {3}}),
            hash_of(Configuration::Of({1, 2, 3})));
  EXPECT_NE(hash_of({.voters = {1}, .outgoing = {2}, .learners = {}}),
            hash_of({.voters = {1}, .outgoing = {}, .learners = {2}}));
}

// M3: its own disk was replaced. The peers hold promises of the old one.
TEST(WipedDisk, OfThisReplica_IsToldAndStops) {
  Stranger stranger;
  Core& core = stranger.core;
  core.Receive(2, 0, stranger.FromPeer(Incarnation(77), false));
  core.Take();
  ASSERT_THAT(core.out.alerts, SizeIs(1));
  EXPECT_EQ(core.out.alerts[0].kind, Alert::Kind::kSelfWiped);
  EXPECT_TRUE(core.out.alerts[0].fatal);
  EXPECT_TRUE(core.out.persist.IsEmpty());
}

// M3: it has forgotten its vote and its acks, so none of its own may count.
TEST(WipedDisk, OfAPeer_ItsVotesAndAcksAreRefused) {
  Core core;
  core.BecomeCandidate();
  Message grant = core.From(2, 1, VoteReply{.granted = true});
  grant.incarnation = Incarnation(77);
  core.Step(grant);
  EXPECT_EQ(core->role(), Role::kCandidate);
  core.Receive(3, 1, VoteReply{.granted = true});
  ASSERT_TRUE(core->IsLeader());
  core.Settle();
  Message ack = core.From(2, 1, Accepted(1));
  ack.incarnation = Incarnation(77);
  core.Step(ack);
  EXPECT_EQ(core->commit(), Index());
  EXPECT_EQ(core->counters().unknown_incarnation_messages, 2u);
}

TEST(WipedDisk, OfAPeer_IsToldUnderWhichIncarnationItIsKnown) {
  Core core;
  core.Elapse(kHeartbeat);
  Message vote = core.From(2, 1, VoteReply{.granted = true});
  vote.incarnation = Incarnation(77);
  core.Step(vote);
  core.Step(vote);
  core.Take();
  EXPECT_EQ(core->term(), Term(0)) << "Not even its term counts.";
  ASSERT_THAT(core.SentTo<Introduce>(2), SizeIs(1)) << "And not in a storm.";
  EXPECT_EQ(core.SentTo<Introduce>(2)[0].recorded, IncarnationOf(2));
  ASSERT_THAT(core.out.alerts, SizeIs(1));
  EXPECT_EQ(core.out.alerts[0].kind, Alert::Kind::kPeerWiped);
}

// M3: it may be a wiped disk itself, and must find out before it takes anything in.
TEST(WipedDisk, NotIntroduced_HearsNobodyItHasNotMet) {
  Core core({.introduced = false});
  core.Receive(2, 5, Append(0, 0, {1}));
  core.Receive(2, 5, AskVote(9, 4));
  core.Take();
  EXPECT_EQ(core->log().last(), Index());
  EXPECT_EQ(core->term(), Term());
}

TEST(WipedDisk, OfAPeerThatIntroducesItself_KeepsTheRecordedIncarnation) {
  Stranger stranger;
  Core core;
  Message again = core.From(2, 0, stranger.FromPeer());
  again.incarnation = Incarnation(77);
  core.Step(again);
  core.Take();
  EXPECT_TRUE(core.out.persist.IsEmpty());
  ASSERT_THAT(core.SentTo<Introduce>(2), SizeIs(1));
  EXPECT_EQ(core.SentTo<Introduce>(2)[0].recorded, IncarnationOf(2));
  ASSERT_THAT(core.out.alerts, SizeIs(1));
  EXPECT_EQ(core.out.alerts[0].kind, Alert::Kind::kPeerWiped);
}

}  // namespace
}  // namespace synod::test
