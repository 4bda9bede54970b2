// Tests of raft/impl/membership.ipp: changes of the members (Raft §6).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/raft/membership_fixture.h"

namespace synod::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// --- Adding ---

TEST(Reconfigure, Learner_IsInForceAtOnceAndNeedsNoJoinConsensus) {
  Core core;
  core.BecomeEstablishedLeader();
  const RequestId request = core.Reconfigure({Learner(4)});
  core.Settle();
  EXPECT_EQ(core->configuration().voters, (Nodes{1, 2, 3}));
  EXPECT_EQ(core->configuration().learners, (Nodes{4}));
  EXPECT_FALSE(core->configuration().IsJoint());
  EXPECT_EQ(core.PeerProgress(4).epoch, Index(2));
  core.Receive(4, 1, AcceptedIn(2, 2));  // M11
  EXPECT_LT(core->commit(), Index(2));
  core.Ack(2, 2);
  core.Take();
  EXPECT_EQ(core->commit(), Index(2));
  EXPECT_EQ(EndOf(core, request), Ended(request, Outcome::Kind::kCommitted));
}

TEST(Reconfigure, Voter_TakesQuorumsOfBothHalvesAndThenOfTheNewOne) {
  Core core;
  core.BecomeEstablishedLeader();
  const RequestId request = core.Reconfigure({Voter(4), Voter(5), Removal(2), Removal(3)});
  core.Take();
  ASSERT_TRUE(core.out.configuration);
  EXPECT_EQ(core.out.configuration->voters, (Nodes{1, 4, 5}));
  EXPECT_EQ(core.out.configuration->outgoing, (Nodes{1, 2, 3}));
  core.Persisted();
  core.Receive(4, 1, AcceptedIn(2, 2));
  EXPECT_LT(core->commit(), Index(2)) << "A quorum of the new half alone.";
  core.Ack(3, 2);
  core.Take();
  EXPECT_EQ(core->commit(), Index(2));
  EXPECT_FALSE(core->configuration().IsJoint());
  EXPECT_EQ(core->configuration().Members(), (Nodes{1, 4, 5}));
  EXPECT_THAT(core->configuration().records, SizeIs(3));
  EXPECT_FALSE(EndOf(core, request)) << "It is not committed yet.";
  core.Persisted();
  core.Receive(5, 1, AcceptedIn(2, 3));
  core.Take();
  EXPECT_EQ(EndOf(core, request), Ended(request, Outcome::Kind::kCommitted));
}

TEST(Reconfigure, OldHalfAlone_DoesNotCommitTheJointConfiguration) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Reconfigure({Voter(4), Voter(5), Removal(2), Removal(3)});
  core.Settle();
  core.Ack(2, 2);
  core.Ack(3, 2);
  EXPECT_LT(core->commit(), Index(2));
}

TEST(Reconfigure, CommitBelowTheJointConfiguration_DoesNotLeaveIt) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Propose("a");
  core.Reconfigure({Voter(4)});
  core.Settle();
  core.Receive(4, 1, AcceptedIn(3, 2));
  core.Ack(2, 2);
  core.Take();
  EXPECT_EQ(core->commit(), Index(2));
  EXPECT_TRUE(core->configuration().IsJoint());
}

TEST(Reconfigure, WhatIsSoAlready_EndsAtOnceAndWritesNothing) {
  Core core;
  core.BecomeEstablishedLeader();
  const RequestId request = core.Reconfigure({Voter(2), Removal(7)});
  core.Take();
  EXPECT_EQ(EndOf(core, request), Ended(request, Outcome::Kind::kCommitted));
  EXPECT_TRUE(core.out.persist.IsEmpty());
}

TEST(Reconfigure, VoterBecomesLearner_StaysInTheOldHalfUntilTheEnd) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Reconfigure({{.node = 3, .to = To::kLearner}});
  core.Settle();
  EXPECT_TRUE(core->configuration().IsVoter(3));
  AckAll(core);
  core.Settle();
  EXPECT_FALSE(core->configuration().IsVoter(3));
  EXPECT_EQ(core->configuration().learners, (Nodes{3}));
  EXPECT_EQ(core.PeerProgress(3).epoch, Index()) << "It was a member all the time.";
}

// --- Newcomers of whom only the name is known ---

TEST(Newcomer, OfUnknownIncarnation_IsAskedForItFirst) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Reconfigure({{.node = 4, .to = To::kVoter, .address = "somewhere:1"}});
  core.Take();
  ASSERT_THAT(core.SentTo<Introduce>(4), SizeIs(1));
  EXPECT_TRUE(core.SentTo<Introduce>(4)[0].wants_reply);
  EXPECT_TRUE(core.out.persist.IsEmpty());
  core.Elapse(kHeartbeat);
  core.Take();
  ASSERT_THAT(core.SentTo<Introduce>(4), SizeIs(1)) << "Asked again: the first may be lost.";
  core.Receive(4, 0, FromNewcomer(core.SentTo<Introduce>(4)[0]));
  core.Take();
  EXPECT_EQ(core->configuration().voters, (Nodes{1, 2, 3, 4}));
  const MemberRecord* record = core->configuration().RecordOf(4);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->incarnation, IncarnationOf(4));
  EXPECT_EQ(record->address, "somewhere:1");
  EXPECT_EQ(record->epoch, Index(2));
  core.Elapse(kHeartbeat);
  core.Take();
  EXPECT_THAT(core.SentTo<Introduce>(4), IsEmpty());
}

// M3: what it said to an earlier change comes again, after its disk was replaced.
TEST(Newcomer, AnswersAnEarlierChange_IsNotTakenAtItsWord) {
  Core core;
  core.BecomeEstablishedLeader();
  const RequestId earlier = core.Reconfigure({{.node = 4, .to = To::kVoter}});
  core.Take();
  const Introduce asked = core.SentTo<Introduce>(4).at(0);
  std::optional<Resolved> end;
  for (int i = 0; i < 101 && !end; ++i) {
    core.Elapse(kHeartbeat);
    for (NodeId peer : {2, 3}) core.Receive(peer, 1, HeartbeatReply{});
    core.Take();
    end = EndOf(core, earlier);
  }
  ASSERT_TRUE(end);
  core.Reconfigure({{.node = 4, .to = To::kVoter}});
  core.Take();
  const Introduce asked_again = core.SentTo<Introduce>(4).at(0);
  core.Receive(4, 0, FromNewcomer(asked));
  core.Receive(4, 0, Introduce{});  // Nor what it says unasked.
  core.Take();
  EXPECT_FALSE(core->configuration().IsMember(4));
  core.Receive(4, 0, FromNewcomer(asked_again));
  core.Take();
  EXPECT_TRUE(core->configuration().IsMember(4));
}

TEST(Newcomer, DoesNotAnswer_NothingIsChanged) {
  Core core;
  core.BecomeEstablishedLeader();
  const RequestId request = core.Reconfigure({{.node = 4, .to = To::kVoter}});
  std::optional<Resolved> end;
  for (int i = 0; i < 101 && !end; ++i) {
    core.Elapse(kHeartbeat);
    for (NodeId peer : {2, 3}) core.Receive(peer, 1, HeartbeatReply{});
    core.Take();
    end = EndOf(core, request);
  }
  EXPECT_EQ(end, Ended(request, Outcome::Kind::kNotCommitted, Reason::kUnreachable));
  EXPECT_EQ(core->log().last(), Index(1));
  const RequestId next = core.Reconfigure({Learner(5)});
  core.Take();
  EXPECT_FALSE(EndOf(core, next)) << "Another may follow.";
}

TEST(Newcomer, BootstrappedAsAnInitialMember_IsNotTakenIn) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Reconfigure({{.node = 4, .to = To::kVoter}});
  core.Receive(4, 0, Introduce{.configuration_hash = 5, .recorded = {}, .wants_reply = false});
  core.Take();
  EXPECT_FALSE(core->configuration().IsMember(4));
  ASSERT_THAT(core.out.alerts, SizeIs(1));
  EXPECT_EQ(core.out.alerts[0].kind, Alert::Kind::kConfigurationMismatch);
}

// M8: it need not be bootstrapped again, nor restarted.
TEST(Newcomer, WasAMemberFromTheBeginning_ComesBack) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Reconfigure({Removal(3)});
  for (int i = 0; i < 2; ++i) {
    core.Settle();
    AckAll(core);
  }
  core.Settle();
  ASSERT_EQ(core->configuration().Members(), (Nodes{1, 2}));
  core.Reconfigure({{.node = 3, .to = To::kVoter}});
  core.Take();
  ASSERT_THAT(core.SentTo<Introduce>(3), SizeIs(1));
  EXPECT_EQ(core.SentTo<Introduce>(3)[0].recorded, Incarnation());
  core.Receive(3, 0,
               Introduce{.configuration_hash = internal::HashOf(Configuration::Of({1, 2, 3})),
                         .recorded = {},
                         .question = core.SentTo<Introduce>(3)[0].question});
  EXPECT_EQ(core->configuration().voters, (Nodes{1, 2, 3}));
}

TEST(Joiner, IsTold_AnswersUnderItsIncarnationAndRecordsNobody) {
  Core core({.node = 4, .members = {}});
  core.Receive(
      1, 1,
      Introduce{.configuration_hash = 5, .recorded = {}, .wants_reply = true, .question = 77});
  core.Take();
  ASSERT_THAT(core.SentTo<Introduce>(1), SizeIs(1));
  EXPECT_EQ(core.SentTo<Introduce>(1)[0].configuration_hash, 0u);
  EXPECT_EQ(core.SentTo<Introduce>(1)[0].question, 77u);
  EXPECT_THAT(core.out.alerts, IsEmpty());
  EXPECT_TRUE(core.out.persist.IsEmpty());
}

TEST(Joiner, IsToldOfAnotherDisk_GoesOnWaiting) {
  Core core({.node = 4, .members = {}});
  core.Receive(1, 1,
               Introduce{.configuration_hash = 5, .recorded = Incarnation(9), .wants_reply = true});
  core.Take();
  EXPECT_THAT(core.out.alerts, IsEmpty());
}

// The leader has yet to hear that the disk is another, and goes by what the lost one acked.
TEST(Joiner, IsToldOfCommitsThatALostDiskHad_BlamesNobody) {
  Core core({.node = 3, .members = {}});
  core.Receive(1, 1, Heartbeat{.round = 0, .commit = Index(2)});
  core.Take();
  EXPECT_EQ(core->counters().invalid_messages, 0u);
  EXPECT_EQ(core->counters().stale_messages, 1u);
  EXPECT_THAT(core.out.messages, IsEmpty());
}

TEST(Joiner, NeverCampaigns_ButVotesWhenItIsAsked) {
  Core core({.node = 4, .members = {}});
  core.ElapseElectionTimer();
  core.Take();
  EXPECT_EQ(core->role(), Role::kFollower);
  EXPECT_THAT(core.out.messages, IsEmpty());
  core.Receive(1, 5, AskVote(9, 4));
  core.Take();
  EXPECT_TRUE(core.SentTo<VoteReply>(1).at(0).granted);
}

TEST(Joiner, GetsTheLog_KnowsTheMembersAndCampaignsOnceItIsAVoter) {
  Core core({.node = 4, .members = {}});
  core.Receive(1, 1, AppendOf(0, 0, EntryOf(Changed({1, 2, 3}, {}, {4}), 1, 1)));
  core.Settle();
  core.ElapseElectionTimer();
  EXPECT_EQ(core->role(), Role::kFollower);
  core.Receive(1, 1, AppendOf(1, 1, EntryOf(Changed({1, 2, 3, 4}, {1, 2, 3}), 2, 1)));
  core.Settle();
  core.ElapseElectionTimer();
  EXPECT_EQ(core->role(), Role::kPreCandidate);
}

TEST(Joiner, NamedWithAnotherDisk_DoesNotCampaign) {  // M3
  Core core({.node = 4, .members = {}});
  Configuration configuration = Changed({1, 2, 3, 4});
  configuration.records[3].incarnation = Incarnation(9);
  core.Receive(1, 1, AppendOf(0, 0, EntryOf(configuration, 1, 1)));
  core.Settle();
  core.ElapseElectionTimer();
  EXPECT_EQ(core->role(), Role::kFollower);
}

// --- Refusals ---

TEST(RefusedChange, OnAFollower_NamesTheReason) {
  Core core;
  core.Follow(2, 1);
  const RequestId request = core.Reconfigure({Voter(4)});
  core.Take();
  EXPECT_EQ(EndOf(core, request), Ended(request, Outcome::Kind::kNotCommitted, Reason::kNotLeader));
}

TEST(RefusedChange, BeforeTheTermsFirstCommit_IsNotMade) {  // M1
  Core core;
  core.BecomeLeader();
  const RequestId request = core.Reconfigure({Voter(4)});
  core.Take();
  EXPECT_EQ(EndOf(core, request), Ended(request, Outcome::Kind::kNotCommitted, Reason::kNotReady));
  EXPECT_FALSE(core->configuration().IsMember(4));
}

TEST(RefusedChange, WhileAnotherIsUnderWay_IsNotMade) {  // M2
  Core core;
  core.BecomeEstablishedLeader();
  core.Reconfigure({Voter(4)});
  const RequestId asked = core.Reconfigure({Voter(5)});
  core.Take();
  EXPECT_EQ(EndOf(core, asked), Ended(asked, Outcome::Kind::kNotCommitted, Reason::kChanging));
  core.Persisted();
  AckAll(core);
  core.Settle();
  EXPECT_FALSE(core->configuration().IsJoint());
  const RequestId again = core.Reconfigure({Voter(5)});
  core.Take();
  EXPECT_EQ(EndOf(core, again), Ended(again, Outcome::Kind::kNotCommitted, Reason::kChanging));
  core.Persisted();
  AckAll(core);
  core.Settle();
  core.Reconfigure({Voter(5)});
  core.Take();
  EXPECT_TRUE(core->configuration().IsMember(5));
}

// A leader of a later term, whose predecessor's change is not committed yet.
TEST(RefusedChange, WhileThePredecessorsIsNotCommitted_IsNotMade) {  // M2
  Core core;
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(Changed({1, 2, 3}, {}, {4}), 1, 1)));
  core.Settle();
  core.BecomeLeader();
  ASSERT_TRUE(core->IsLeader());
  const RequestId request = core.Reconfigure({Learner(5)});
  core.Take();
  EXPECT_EQ(EndOf(core, request), Ended(request, Outcome::Kind::kNotCommitted, Reason::kNotReady));
}

TEST(RefusedChange, ThatCannotBe_NamesTheReason) {
  Core core;
  core.BecomeEstablishedLeader();
  std::vector<MemberChange> too_many;
  for (uint64_t node = 4; node <= 16; ++node) too_many.push_back(Voter(node));
  MemberChange far = Voter(4);
  far.address = std::string(MemberRecord::kMaxAddressBytes + 1, 'x');
  MemberChange own = Voter(1);
  own.incarnation = Incarnation(9);
  const MemberChange acceptor{.node = 4,
                              .to = MemberChange::To::kAcceptor,
                              .incarnation = Incarnation(4),
                              .address = "there"};
  const std::vector<std::vector<MemberChange>> bad = {{Voter(4), Removal(4)},
                                                      {Removal(1), Removal(2), Removal(3)},
                                                      too_many,
                                                      {far},
                                                      {own},
                                                      {acceptor},
                                                      {Voter(0)}};
  for (const std::vector<MemberChange>& changes : bad) {
    const RequestId request = core.Reconfigure(changes);
    core.Take();
    EXPECT_EQ(EndOf(core, request),
              Ended(request, Outcome::Kind::kNotCommitted, Reason::kInvalidChange));
  }
  EXPECT_EQ(core->log().last(), Index(1));
}

// Two of five could elect one leader, and two others another, in one term (Raft §5.2).
TEST(RefusedChange, OfALeaderUnderWhomATermCouldHaveTwo_IsInvalid) {
  Core core;
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(Flexible(5, 2, 4), 1, 1)));
  core.Take();
  EXPECT_EQ(core->counters().invalid_messages, 1u);
  EXPECT_EQ(core->log().last(), Index(0));
}

// Four of six could elect who knows nothing of what the other two have committed.
TEST(RefusedChange, AfterWhichQuorumsCouldMissEachOther_IsNotMade) {
  Core core({.members = Flexible(5, 4, 2)});
  core.BecomeEstablishedLeader();
  const RequestId more = core.Reconfigure({Voter(6)});
  core.Take();
  EXPECT_EQ(EndOf(core, more), Ended(more, Outcome::Kind::kNotCommitted, Reason::kInvalidChange));
  core.Reconfigure({Removal(5)});
  core.Take();
  EXPECT_EQ(core->configuration().quorums, QuorumRule::Flexible(4, 2));
  EXPECT_EQ(core->configuration().voters.size(), 4u);
}

TEST(RefusedChange, DuringATransfer_IsNotMade) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Transfer(2);
  const RequestId request = core.Reconfigure({Voter(4)});
  core.Take();
  EXPECT_EQ(EndOf(core, request),
            Ended(request, Outcome::Kind::kNotCommitted, Reason::kTransferring));
}

// --- Leaders that come and go ---

TEST(ChangeUnderWay, LeaderIsReplaced_NobodyKnowsWhatComesOfIt) {
  Core core;
  core.BecomeEstablishedLeader();
  const RequestId request = core.Reconfigure({Voter(4)});
  core.Receive(2, 2, Heartbeat{});
  core.Take();
  EXPECT_EQ(EndOf(core, request), Ended(request, Outcome::Kind::kUnknown, Reason::kLeadershipLost));
}

TEST(ChangeUnderWay, LeaderIsReplacedBeforeItBegan_WillNotBeMade) {
  Core core;
  core.BecomeEstablishedLeader();
  const RequestId request = core.Reconfigure({{.node = 4, .to = To::kVoter}});
  core.Receive(2, 2, Heartbeat{});
  core.Take();
  EXPECT_EQ(EndOf(core, request),
            Ended(request, Outcome::Kind::kNotCommitted, Reason::kLeadershipLost));
}

TEST(ChangeUnderWay, NewLeaderFindsAJointConfiguration_LeavesItOnceItIsCommitted) {
  Core core;
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(Changed({1, 2, 3, 4}, {1, 2, 3}), 1, 1)));
  core.Settle();
  core.BecomeLeader();
  ASSERT_TRUE(core->IsLeader());
  EXPECT_TRUE(core->configuration().IsJoint());
  AckAll(core);
  core.Take();
  EXPECT_EQ(core->commit(), Index(2));
  EXPECT_FALSE(core->configuration().IsJoint());
  EXPECT_EQ(core->configuration().voters, (Nodes{1, 2, 3, 4}));
}

// M6: it leads to the end of it.
TEST(ChangeUnderWay, LeaderRemovesItself_LeadsUntilItIsCommittedAndHandsOver) {
  Core core;
  core.BecomeEstablishedLeader();
  const RequestId request = core.Reconfigure({Removal(1)});
  core.Settle();
  EXPECT_EQ(core->configuration().voters, (Nodes{2, 3}));
  core.Ack(2, 2);
  core.Ack(3, 2);
  core.Take();
  core.Persisted();
  EXPECT_FALSE(core->configuration().IsMember(1));
  EXPECT_TRUE(core->IsLeader());
  core.Ack(2, 3);
  EXPECT_TRUE(core->IsLeader()) << "Its own disk is counted no more.";
  core.Ack(3, 3);
  core.Take();
  EXPECT_FALSE(core->IsLeader());
  EXPECT_EQ(EndOf(core, request), Ended(request, Outcome::Kind::kCommitted));
  EXPECT_EQ(core.Sent<TimeoutNow>().size(), 1u);
  EXPECT_TRUE(core->removed());
  core.ElapseElectionTimer();
  core.Take();
  EXPECT_EQ(core->role(), Role::kFollower);
}

// The answers that there are may be enough for fewer voters.
TEST(ChangeUnderWay, VotersBecomeFewer_ReadsThatWaitAreConfirmed) {
  Core core({.members = Configuration::Of({1, 2})});
  core.BecomeEstablishedLeader();
  core.Reconfigure({Removal(2)});
  core.Settle();
  const RequestId read = core.Read();
  core.Settle();
  EXPECT_THAT(core.out.reads, IsEmpty());
  core.Ack(2, 2);
  core.Take();
  ASSERT_EQ(core->configuration().Members(), (Nodes{1}));
  ASSERT_THAT(core.out.reads, SizeIs(1));
  EXPECT_EQ(core.out.reads[0].request, read);
}

// M6: as long as the joint configuration is not left, the old half decides too.
TEST(ChangeUnderWay, VoterOnItsWayOut_StillCampaignsAndVotes) {
  Core core;
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(Changed({2, 3}, {1, 2, 3}), 1, 1)));
  core.Settle();
  core.ElapseElectionTimer();
  EXPECT_EQ(core->role(), Role::kPreCandidate);
  core.Receive(3, 5, AskVote(9, 4));
  core.Take();
  EXPECT_TRUE(core.SentTo<VoteReply>(3).at(0).granted);
}

// --- Truncation, restart, compaction ---

TEST(Rollback, ConfigurationIsTruncated_TheOneBeforeIsInForceAgain) {  // M5
  Core core;
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(Changed({1, 2, 3, 4}, {1, 2, 3}), 1, 1)));
  core.Settle();
  EXPECT_TRUE(core->configuration().IsJoint());
  core.Receive(3, 2, Append(0, 0, {2}));
  core.Take();
  EXPECT_EQ(core->configuration(), Configuration::Of({1, 2, 3}));
  EXPECT_EQ(core.out.configuration, Configuration::Of({1, 2, 3}));
}

TEST(Rollback, Restart_FindsTheConfigurationInTheLog) {  // M5
  DurableState state = Core::StateOf({.term = 1, .log = {1}});
  state.entries.push_back(EntryOf(Changed({1, 2, 3}, {}, {4}), 2, 1));
  state.entries.push_back(EntryAt(3, 1));
  Core core;
  ASSERT_TRUE(Raft::Validate(state).ok());
  core.Start(state);
  EXPECT_EQ(core->configuration().learners, (Nodes{4}));
  EXPECT_EQ(core->ConfigurationAt(Index(1)), Configuration::Of({1, 2, 3}));
  core.Receive(2, 2, Append(1, 1, {2}));
  EXPECT_EQ(core->configuration(), Configuration::Of({1, 2, 3}));
}

// M4: not the newest, which may yet be gone.
TEST(Rollback, SnapshotTaken_HoldsTheConfigurationOfItsEnd) {
  Core core;
  core.Receive(2, 1, AppendOf(0, 0, EntryAt(1, 1), 1));
  core.Receive(2, 1, AppendOf(1, 1, EntryOf(Changed({1, 2, 3, 4}, {1, 2, 3}), 2, 1), 1));
  core.Settle();
  SnapshotMeta meta = SnapshotAt(1, 1);
  meta.configuration = core->ConfigurationAt(Index(1));
  EXPECT_EQ(meta.configuration, Configuration::Of({1, 2, 3}));
  EXPECT_TRUE(core->SnapshotTaken(meta, StagedSnapshot(1)));
  core.Settle();
  EXPECT_TRUE(core->configuration().IsJoint());
  core.Receive(3, 2, AppendOf(1, 1, EntryAt(2, 2)));
  EXPECT_EQ(core->configuration(), Configuration::Of({1, 2, 3}));
}

TEST(Rollback, SnapshotReceived_BringsItsConfiguration) {  // M4
  Core core;
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(Changed({1, 2, 3, 4}, {1, 2, 3}), 1, 1)));
  SnapshotMeta meta = SnapshotAt(9, 2);
  meta.configuration = Changed({1, 2, 5});
  EXPECT_TRUE(core->SnapshotReceived(2, IncarnationOf(2), Term(2), meta, StagedSnapshot(1)));
  core.Take();
  EXPECT_EQ(core->configuration().voters, (Nodes{1, 2, 5}));
  ASSERT_TRUE(core.out.configuration);
  EXPECT_EQ(core.out.configuration->voters, (Nodes{1, 2, 5}));
}

TEST(ConfigurationEntry, ThatCannotBeRead_IsInvalid) {
  Core core;
  Entry bad = EntryOf(Changed({1, 2, 3}), 1, 1);
  bad.payload = Payload::Copy("members");
  core.Receive(2, 1, AppendOf(0, 0, bad));
  Configuration nobody = Changed({1});
  nobody.voters.clear();
  core.Receive(2, 1, AppendOf(0, 0, EntryOf(nobody, 1, 1)));
  core.Take();
  EXPECT_EQ(core->log().last(), Index());
  EXPECT_EQ(core->counters().invalid_messages, 2u);
}

}  // namespace
}  // namespace synod::test
