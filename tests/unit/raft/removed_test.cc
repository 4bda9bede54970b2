// Tests of raft/impl/membership.ipp and identity.ipp: who is not a member any more, or not yet, or
// under whose name another disk counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/raft/membership_fixture.h"

namespace synod::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Said to the disk of the replica under test.
NotMember NotAsOf(uint64_t index) {
  return {.as_of = Index(index), .incarnation = IncarnationOf(1)};
}

TEST(Removed, Campaigns_IsToldSo) {  // M7
  Core core;
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(Changed({1, 2}), 1, 1)));
  core.Receive(3, 1, PreVoteRequest{.next_term = Term(2), .last_index = {}, .last_term = {}});
  core.Take();
  EXPECT_THAT(core.SentTo<NotMember>(3), IsEmpty()) << "It is not committed, and may yet be gone.";
  core.Receive(2, 1, Heartbeat{.round = 1, .commit = Index(1)});
  core.Receive(3, 1, PreVoteRequest{.next_term = Term(2), .last_index = {}, .last_term = {}});
  core.Take();
  ASSERT_THAT(core.SentTo<NotMember>(3), SizeIs(1));
  EXPECT_EQ(core.SentTo<NotMember>(3)[0].as_of, Index(1));
  EXPECT_EQ(core.SentTo<NotMember>(3)[0].incarnation, IncarnationOf(3));
}

TEST(Removed, CampaignsInATermOfLongAgo_IsToldSoToo) {  // M7
  Core core;
  core.Receive(2, 7, AppendOf(0, 0, EntryOf(Changed({1, 2}), 1, 7), /*commit=*/1));
  core.Settle();
  core.Receive(3, 2, AskVote(0, 0));
  core.Take();
  EXPECT_THAT(core.SentTo<VoteReply>(3), SizeIs(1));
  EXPECT_THAT(core.SentTo<NotMember>(3), SizeIs(1));
}

TEST(Removed, CampaignsBesideALeader_IsToldAndNotObeyed) {  // M7
  Core core;
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(Changed({1, 2}), 1, 1), /*commit=*/1));
  core.Settle();
  core.Receive(3, 9, AskVote(0, 0));
  core.Take();
  EXPECT_THAT(core.Sent<VoteReply>(), IsEmpty());
  EXPECT_THAT(core.SentTo<NotMember>(3), SizeIs(1));
  EXPECT_EQ(core->term(), Term(1));
}

TEST(Removed, ItsAdditionNeverCameToBe_IsToldSo) {  // M7
  Core core({.log = {1, 1, 1}});
  core.Receive(2, 1, Append(3, 1, {1}, /*commit=*/4));
  core.Settle();
  core.Receive(4, 1, PreVoteRequest{.next_term = Term(2), .last_index = {}, .last_term = {}});
  core.Take();
  ASSERT_THAT(core.SentTo<NotMember>(4), SizeIs(1));
  EXPECT_EQ(core.SentTo<NotMember>(4)[0].as_of, Index(4));
  core.Receive(3, 1, PreVoteRequest{.next_term = Term(2), .last_index = {}, .last_term = {}});
  core.Take();
  EXPECT_THAT(core.SentTo<NotMember>(3), IsEmpty());
}

TEST(Removed, TheOneWhoTellsItKnowsItsWholeLog_BelievesIt) {  // M7
  Core core({.members = Configuration()});
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(Changed({1, 2}), 1, 1)));
  core.Settle();
  core.Receive(3, 1, NotAsOf(1));
  EXPECT_TRUE(core->removed()) << "Its entry at 1 is not the one that was committed there.";
}

TEST(Removed, IsToldSo_DisturbsNobodyUntilItIsAMemberAgain) {  // M7
  Core core;
  core.Receive(2, 1, Append(0, 0, {1}));
  core.Settle();
  core.ElapseElectionTimer();
  core.Take();
  ASSERT_EQ(core->role(), Role::kPreCandidate);
  core.Receive(2, 1, NotAsOf(7));
  core.Take();
  ASSERT_THAT(core.out.alerts, SizeIs(1));
  EXPECT_EQ(core.out.alerts[0].kind, Alert::Kind::kRemoved);
  EXPECT_TRUE(core->removed());
  core.ElapseElectionTimer();
  core.Take();
  EXPECT_EQ(core->role(), Role::kFollower);
  core.Follow(2, 3);
  EXPECT_TRUE(core->removed()) << "That leader has not heard of it yet.";
  core.Receive(2, 3, Heartbeat{.round = 0, .commit = {}, .epoch = Index(8)});
  EXPECT_FALSE(core->removed());
  core.ElapseElectionTimer();
  EXPECT_EQ(core->role(), Role::kPreCandidate);
}

// One that it sent long ago was answered late.
TEST(Removed, ItsFormerDiskIsToldSo_DoesNotBelieveIt) {  // M3, M7
  Core core;
  core.Receive(2, 1, NotMember{.as_of = Index(7), .incarnation = Incarnation(5)});
  EXPECT_FALSE(core->removed());
}

TEST(Removed, NoticeIsOlderThanItsReturn_IsIgnored) {  // M8
  Core core;
  core.Receive(2, 1, Append(0, 0, {1, 1}));
  core.Receive(2, 1, AppendOf(2, 1, EntryOf(Changed({1, 2, 3}), 3, 1)));
  core.Settle();
  core.Receive(3, 1, NotAsOf(2));
  EXPECT_FALSE(core->removed());
}

// M8, I9: in one term, and without a restart.
TEST(Removed, ComesBack_IsProbedAnewAndItsOldAcksAreVoid) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Reconfigure({Learner(4)});
  core.Settle();
  core.Receive(4, 1, AcceptedIn(2, 2));
  AckAll(core);
  core.Settle();
  core.Reconfigure({Removal(4)});
  core.Settle();
  AckAll(core);
  core.Settle();
  core.Reconfigure({Learner(4)});
  core.Settle();
  AckAll(core);
  core.Settle();
  ASSERT_EQ(core->configuration().EpochOf(4), Index(4));
  core.Reconfigure({Removal(4)});
  core.Settle();
  AckAll(core);
  core.Settle();
  core.Reconfigure({Learner(4)});
  core.Settle();
  const Index match = core.PeerProgress(4).match;
  core.Receive(4, 1, AcceptedIn(4, 5));
  EXPECT_EQ(core.PeerProgress(4).match, match);
  core.Receive(4, 1, AcceptedIn(6, 5));
  EXPECT_EQ(core.PeerProgress(4).match, Index(5));
}

// --- Replaced disks (M3) ---

TEST(ReplacedDisk, GoesBeforeTheNewOneComes) {
  Core core;
  core.BecomeEstablishedLeader();
  MemberChange fresh = Voter(3);
  fresh.incarnation = Incarnation(77);
  const RequestId request = core.Reconfigure({fresh});
  core.Settle();
  EXPECT_EQ(core->configuration().voters, (Nodes{1, 2}));
  EXPECT_EQ(core->configuration().outgoing, (Nodes{1, 2, 3}));
  core.Ack(2, 2);
  core.Settle();
  core.Ack(2, 3);
  core.Settle();
  EXPECT_FALSE(EndOf(core, request));
  EXPECT_EQ(core->configuration().voters, (Nodes{1, 2, 3}));
  EXPECT_EQ(core->configuration().RecordOf(3)->incarnation, Incarnation(77));
  EXPECT_EQ(core->configuration().EpochOf(3), Index(4));
  // The old disk's word counts no more.
  core.Receive(3, 1, AcceptedIn(4, 4));
  EXPECT_EQ(core.PeerProgress(3).match, Index());
  Message ack = core.From(3, 1, AcceptedIn(4, 4));
  ack.incarnation = Incarnation(77);
  core.Step(ack);
  core.Ack(2, 4);
  core.Settle();
  EXPECT_FALSE(core->configuration().IsJoint());
  core.Ack(2, 5);
  core.Take();
  EXPECT_EQ(EndOf(core, request), Ended(request, Outcome::Kind::kCommitted));
}

TEST(ReplacedDisk, OldOneIsToldOfTheNew_DoesNotStopAMemberOfTheChange) {
  Core core({.node = 3});
  Configuration now = Changed({1, 2, 3});
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(now, 1, 1)));
  core.Settle();
  // Whoever says so has not heard of the change.
  core.Receive(1, 1, Introduce{.configuration_hash = 0, .recorded = Incarnation(9)});
  core.Take();
  EXPECT_THAT(core.out.alerts, IsEmpty());
}

// --- What is told of epochs (I9) ---

TEST(Epoch, OfTheReceiver_IsToldAndEchoed) {
  Core follower;
  AppendRequest append = Append(0, 0, {1});
  append.epoch = Index(7);
  follower.Receive(2, 1, append);
  follower.Take();
  EXPECT_EQ(follower.SentTo<AppendReply>(2).at(0).epoch, Index(7));
  follower.Receive(2, 1, Heartbeat{.round = 1, .commit = {}, .epoch = Index(8)});
  follower.Take();
  EXPECT_EQ(follower.SentTo<HeartbeatReply>(2).at(0).epoch, Index(8));

  Core leader;
  leader.BecomeEstablishedLeader();
  leader.Reconfigure({Learner(4)});
  leader.Take();
  EXPECT_EQ(leader.SentTo<AppendRequest>(4).at(0).epoch, Index(2));
  EXPECT_EQ(leader.SentTo<AppendRequest>(2).at(0).epoch, Index());
  leader.Elapse(kHeartbeat);
  leader.Take();
  EXPECT_EQ(leader.SentTo<Heartbeat>(4).at(0).epoch, Index(2));
}

// --- A voter on its way out ---

// Ongaro §4.2.2: the only one that has the entry which removes it must not be the only one that
// would not campaign.
TEST(VoterOnItsWayOut, ItsRemovalIsNotCommitted_CampaignsAndDoesNotCountItself) {
  Core core;
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(Changed({2, 3}, {1, 2, 3}), 1, 1), /*commit=*/1));
  core.Receive(2, 1, AppendOf(1, 1, EntryOf(Changed({2, 3}), 2, 1)));
  core.Settle();
  EXPECT_TRUE(core->MayCampaign());
  core.BecomePreCandidate();
  EXPECT_THAT(core.Sent<PreVoteRequest>(), SizeIs(2));
  core.Receive(2, 1, PreVoteReply{.next_term = Term(2), .granted = true});
  EXPECT_EQ(core->role(), Role::kPreCandidate) << "Of the new voters one.";
  core.Receive(3, 1, PreVoteReply{.next_term = Term(2), .granted = true});
  EXPECT_EQ(core->role(), Role::kCandidate);
}

TEST(VoterOnItsWayOut, RestartsAndKnowsOfNoCommit_StillCampaigns) {
  Core core({.members = Configuration()});
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(Changed({2, 3}, {1, 2, 3}), 1, 1), /*commit=*/1));
  core.Receive(2, 1, AppendOf(1, 1, EntryOf(Changed({2, 3}), 2, 1)));
  core.Settle();
  DurableState state;
  state.hard_state.term = Term(1);
  state.entries = {EntryOf(Changed({2, 3}, {1, 2, 3}), 1, 1), EntryOf(Changed({2, 3}), 2, 1)};
  core.Start(std::move(state));
  EXPECT_EQ(core->commit(), Index());
  EXPECT_TRUE(core->MayCampaign());
}

TEST(VoterOnItsWayOut, ItsRemovalIsCommitted_IsSilent) {
  Core core;
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(Changed({2, 3}, {1, 2, 3}), 1, 1), /*commit=*/1));
  core.Receive(2, 1, AppendOf(1, 1, EntryOf(Changed({2, 3}), 2, 1), /*commit=*/2));
  core.Settle();
  EXPECT_FALSE(core->MayCampaign());
}

TEST(VoterOnItsWayOut, AnotherDiskHasItsName_IsSilent) {  // M3
  Core core;
  Configuration without = Changed({2, 3});
  Configuration renewed = Changed({1, 2, 3}, {2, 3});
  renewed.records[0].incarnation = Incarnation(5);
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(without, 1, 1)));
  core.Receive(2, 1, AppendOf(1, 1, EntryOf(renewed, 2, 1)));
  core.Settle();
  EXPECT_FALSE(core->MayCampaign());
}

TEST(VoterOnItsWayOut, AnotherDiskHadItsName_IsSilent) {  // M3
  Core core({.members = Configuration()});
  Configuration before = Changed({1, 2, 3});
  before.records[0].incarnation = Incarnation(5);
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(before, 1, 1)));
  core.Receive(2, 1, AppendOf(1, 1, EntryOf(Changed({2, 3}), 2, 1)));
  core.Settle();
  EXPECT_FALSE(core->MayCampaign());
}

// --- Who never campaigns ---

TEST(Learner, HearsNoLeaderForLong_KnowsNoneAndEndsWhatItPassedOn) {
  Core core;
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(Changed({2, 3}, {}, {1}), 1, 1), /*commit=*/1));
  core.Settle();
  EXPECT_EQ(core->leader(), NodeId(2));
  const RequestId read = core.Read();
  core.Take();
  core.ElapseElectionTimer();
  core.Take();
  EXPECT_EQ(core->leader(), NodeId());
  EXPECT_EQ(EndOf(core, read), Ended(read, Outcome::Kind::kNotCommitted, Reason::kLeadershipLost));
  EXPECT_EQ(core->pending_reads(), 0u);
}

// --- What a newcomer's snapshot could say ---

TEST(Joiner, HasNotHeardOfAnyChange_TakesNoSnapshot) {  // M4
  Core core({.members = Configuration()});
  core.Receive(2, 1, Append(0, 0, {1, 1}, /*commit=*/2));
  core.Settle();
  EXPECT_FALSE(core->MaySnapshotAt(Index(2)));
  core.Receive(2, 1, AppendOf(2, 1, EntryOf(Changed({1, 2}), 3, 1), /*commit=*/3));
  core.Settle();
  EXPECT_FALSE(core->MaySnapshotAt(Index(2)));
  EXPECT_TRUE(core->MaySnapshotAt(Index(3)));
}

// No snapshot could make room: it would wait for ever for the change that names it.
TEST(Joiner, HasNotHeardOfAnyChange_TakesEntriesThoughItsLogIsFull) {
  EngineOptions options;
  options.max_entry_bytes = 1;
  options.max_uncommitted_bytes = options.max_entry_bytes + Entry::kHeaderBytes;
  options.max_log_bytes = 2 * options.max_uncommitted_bytes;
  Core core({.members = Configuration(), .options = options});
  core.Receive(2, 1, Append(0, 0, {1, 1, 1, 1}, /*commit=*/4));
  core.Settle();
  core.Receive(2, 1, Append(4, 1, {1}, /*commit=*/5));
  core.Settle();
  EXPECT_EQ(core->log().last(), Index(5));
}

TEST(Joiner, HasNotHeardOfAnyChange_TellsNobodyThatItIsNoMember) {  // M7
  Core core({.members = Configuration()});
  core.Receive(2, 1, PreVoteRequest{.next_term = Term(2), .last_index = {}, .last_term = {}});
  core.Receive(2, 2, AskVote(0, 0));
  core.Take();
  EXPECT_THAT(core.Sent<NotMember>(), IsEmpty());
}

// --- Introductions once the members have changed ---

// Of one whose configuration names the receiver's disk.
Introduce SettledWord(Incarnation recorded) {
  return {.configuration_hash = 0, .recorded = recorded, .wants_reply = false, .is_settled = true};
}

// It could never meet those who have been removed.
TEST(NotIntroduced, AChangeHasNamedIt_TakesTheWordOfOneWhoKnows) {
  Core core({.introduced = false});
  core.Receive(2, 0, SettledWord(IncarnationOf(1)));
  EXPECT_TRUE(core->introduced());
}

TEST(NotIntroduced, AChangeHasNamedAnotherDiskOrNone_IsNotIntroducedByIt) {  // M3
  for (const Incarnation recorded : {Incarnation(5), Incarnation()}) {
    Core core({.introduced = false});
    core.Receive(2, 0, SettledWord(recorded));
    EXPECT_FALSE(core->introduced());
  }
}

TEST(NotIntroduced, HearsAnotherDiskThanItHasMet_AsksWhichOfThemCounts) {
  Core core({.introduced = false});
  core.Receive(2, 0, Introduce{});
  core.Settle();
  Message message = core.From(2, 1, Heartbeat{});
  message.incarnation = Incarnation(5);
  core.Step(std::move(message));
  core.Take();
  ASSERT_THAT(core.SentTo<Introduce>(2), SizeIs(1));
  EXPECT_TRUE(core.SentTo<Introduce>(2)[0].wants_reply);
  EXPECT_EQ(core->leader(), NodeId());
}

TEST(NotIntroduced, HearsALeaderThatItHasNeverHeardOf_AsksWhoIsWhom) {
  Core core({.introduced = false});
  core.Receive(6, 3, Heartbeat{});
  core.Take();
  ASSERT_THAT(core.SentTo<Introduce>(6), SizeIs(1));
  EXPECT_TRUE(core.SentTo<Introduce>(6)[0].wants_reply);
  EXPECT_EQ(core->leader(), NodeId());
}

TEST(Introduction, OfWhomNoChangeHasNamed_SaysOnlyWhatIsRecorded) {
  Core core;
  core.Receive(3, 0, Introduce{.configuration_hash = 0, .recorded = {}, .wants_reply = true});
  core.Take();
  ASSERT_THAT(core.SentTo<Introduce>(3), SizeIs(1));
  EXPECT_FALSE(core.SentTo<Introduce>(3)[0].is_settled);
  EXPECT_EQ(core.SentTo<Introduce>(3)[0].recorded, IncarnationOf(3));
}

TEST(Introduction, OfWhomAChangeHasNamed_SaysSo) {
  Core core;
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(Changed({1, 2, 3}), 1, 1)));
  core.Settle();
  core.Receive(3, 0, Introduce{.configuration_hash = 0, .recorded = {}, .wants_reply = true});
  core.Take();
  ASSERT_THAT(core.SentTo<Introduce>(3), SizeIs(1));
  EXPECT_TRUE(core.SentTo<Introduce>(3)[0].is_settled);
  EXPECT_EQ(core.SentTo<Introduce>(3)[0].recorded, IncarnationOf(3));
}

}  // namespace
}  // namespace synod::test
