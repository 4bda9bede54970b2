// Scenarios of members that are not, or are no more, what the others take them for.
#include <algorithm>
#include <chrono>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/scenarios/protocols.h"
#include "tests/scenarios/script.h"

namespace synod::sim {
namespace {

class Membership : public PlayedByBoth {};
INSTANTIATE_TEST_SUITE_P(, Membership, BothProtocols(), ProtocolNameOf);

using std::chrono::seconds;
using testing::HasSubstr;

// raft-tlaplus, dragonboat#256: a disk that was wiped has forgotten its votes and its acks.
TEST_P(Membership, M3_WipedDiskUnderItsOldName_IsRefusedAsAVoter) {
  Script s(GetParam());
  s.Elect(A);
  s.Write(A, "x");
  s.AwaitEquality();
  s.Stop(B);
  s.At(B).Wipe(/*joins=*/false);
  s.Start(B);
  s.RunUntil([&] { return s.At(B).IsStopped(); });
  EXPECT_THAT(s.At(B).replica().Status().stopped.ToString(),
              HasSubstr("remembers another disk of this node"));
  // With B it would be a quorum.
  s.Crash(C);
  const Asked& y = s.Propose(A, "y");
  s.RunFor(seconds(5));
  EXPECT_FALSE(y.IsCommitted());
  EXPECT_EQ(s.Leader(), NodeId());
  s.Start(C);
  s.RunUntil([&] { return !s.Leader().IsZero(); });
  s.Write(s.Leader(), "z");
  s.HealAndConverge();
}

// --- When a change may be made ---

// Ongaro's correction of 2015 to single-server changes: until the leader has committed something of
// its own, another configuration than the one it sees may be committed. Of Multi-Paxos, until all
// is chosen that it has found.
TEST_P(Membership, M1_ChangeBeforeTheFirstCommitOfTheTerm_IsRefused) {
  Script s(GetParam(), {.spares = 1});
  s.Elect(A);
  s.HideCommit(Messages().From(A));
  s.Write(A, "x");
  s.AwaitDurable(B, s.Core(A).commit());
  s.Crash(A);
  NetworkRule& acks = s.Hold(AppendReplies().To(B));
  s.Elect(B);
  const Asked& early = s.Reconfigure(B, {AddVoter(D)});
  s.Await(early);
  EXPECT_TRUE(early.IsRefused(Reason::kNotReady));
  EXPECT_FALSE(s.Core(B).configuration().IsMember(D));
  s.Release(acks);
  s.Write(B, "y");
  s.Start(A);
  s.ChangeMembers(B, {AddVoter(D)});
  s.HealAndConverge();
}

// hydro#3192.
TEST_P(Membership, M2_ChangesAtTwoLeaders_NeverDecideBoth) {
  Script s(GetParam(), {.nodes = 5});
  s.Elect(A);
  s.Write(A, "x");
  for (NodeId node : {A, B}) {
    for (NodeId other : {C, D, E}) s.Cut(node, other);
  }
  const Index change = s.Core(A).extent().last + 1;
  const Asked& lost = s.Reconfigure(A, {Remove(C), Remove(D), Remove(E)});
  s.AwaitDurable(B, change);
  s.Elect(C);
  s.Write(C, "y");
  s.ChangeMembers(C, {Remove(A), Remove(B)});
  s.RunUntil([&] { return s.Leader() == C && !s.Leads(A); });
  EXPECT_FALSE(lost.IsCommitted());
  s.TimeOut(B);
  s.RunFor(seconds(5));
  EXPECT_FALSE(s.Leads(B));
  s.HealAndConverge();
  EXPECT_EQ(s.Voters(C), (std::vector{C, D, E}));
}

// One change at a time, at one leader too.
TEST_P(Membership, M2_ChangeDuringAnother_IsRefused) {
  Script s(GetParam(), {.spares = 2});
  s.Elect(A);
  s.Write(A, "x");
  NetworkRule& held = s.Hold(AppendReplies().To(A));
  const Asked& first = s.Reconfigure(A, {AddVoter(D)});
  s.RunUntil([&] { return s.Core(A).configuration().IsMember(D); });
  const Asked& second = s.Reconfigure(A, {AddVoter(E)});
  s.Await(second);
  EXPECT_TRUE(second.IsRefused(Reason::kChanging));
  s.Release(held);
  s.Await(first);
  EXPECT_TRUE(first.IsCommitted());
  s.HealAndConverge();
}

// --- Disks and snapshots ---

// The way back from M3.
TEST_P(Membership, M3_AnotherDiskUnderTheName_ComesInByAChange) {
  Script s(GetParam());
  s.Elect(A);
  s.Write(A, "x");
  s.Stop(C);
  s.At(C).Wipe(/*joins=*/true);
  s.Start(C);
  s.Write(A, "y");
  MemberChange change = AddVoter(C);
  change.incarnation = s.At(C).incarnation();
  s.ChangeMembers(A, {change});
  s.AwaitEquality();
  // It is needed now.
  s.Crash(B);
  s.Write(A, "z");
  s.HealAndConverge();
}

// openraft#1808, canonical/raft#250.
TEST_P(Membership, M4_SnapshotFromBeforeTheChange_BringsTheMembersOfThen) {
  Script s(GetParam(),
           {.spares = 1, .engine = {.trailing_entries = 0}, .snapshot_after_entries = 5});
  s.Elect(A);
  for (int i = 0; i < 20; ++i) s.Write(A, std::to_string(i));
  const Index snapshot = s.Core(A).snapshot_index();
  ASSERT_GT(snapshot, Index(1));
  NetworkRule& appends = s.Hold(Appends().To(D));
  const Asked& change = s.Reconfigure(A, {AddLearner(D)});
  s.RunUntil([&] { return s.Core(A).configuration().IsMember(D); });
  s.Await(change);
  s.Release(appends);
  s.RunUntil([&] { return s.Core(D).snapshot_index() >= snapshot; });
  EXPECT_EQ(s.Core(D).ConfigurationAt(s.Core(D).snapshot_index()).voters, (std::vector{A, B, C}));
  s.RunUntil([&] { return s.AreEqual({A, B, C, D}); });
  s.Crash(D);
  s.Start(D);
  s.HealAndConverge();
}

// A newcomer that gets the log from its beginning does not know the first members.
TEST_P(Membership, M4_NewcomerAppliesEntriesFromBeforeItsMembership_TakesNoSnapshotOfThem) {
  Script s(GetParam(), {.spares = 1, .snapshot_after_entries = 5});
  s.Elect(A);
  for (int i = 0; i < 6; ++i) s.Write(A, std::to_string(i));
  s.Crash(C);
  const Index last = s.Core(A).extent().last;
  NetworkRule& change = s.HoldEntriesBehind(last, Messages().To(D));
  s.ChangeMembers(A, {AddLearner(D)});
  s.RunFor(seconds(2));
  EXPECT_EQ(s.Core(D).commit(), last);
  EXPECT_FALSE(s.Core(D).configuration().IsMember(D));
  EXPECT_EQ(s.Core(D).snapshot_index(), Index());
  s.Crash(D);
  s.Start(D);
  ASSERT_TRUE(s.IsUp(D)) << s.At(D).refusal();
  change.is_lifted = true;
  s.HealAndConverge();
}

// --- What is truncated ---

// rafter#34, ClickHouse#105784. Of Multi-Paxos only a leader goes by what is not chosen: below.
TEST(RaftMembership, M5_ConfigurationIsTruncated_TheOneBeforeIsInForce) {
  for (const bool restarts : {false, true}) {
    Script s(Protocol::kRaft, {.spares = 1});
    s.Elect(A);
    s.Write(A, "x");
    s.Isolate(A);
    s.Join(A, D);
    s.Reconfigure(A, {AddVoter(D), Remove(B)});
    s.RunUntil([&] { return s.Voters(A) == std::vector{A, C, D}; });
    s.Elect(B);
    s.Write(B, "y");
    if (restarts) {
      s.Crash(A);
      s.Start(A);
      EXPECT_EQ(s.Voters(A), (std::vector{A, C, D}));
    }
    s.Heal();
    s.RunUntil([&] { return s.Core(A).extent().last == s.Core(B).extent().last; });
    EXPECT_EQ(s.Voters(A), (std::vector{A, B, C}));
    s.HealAndConverge();
  }
}

// ClickHouse#105784.
TEST(RaftMembership, M5_ConfigurationIsTruncatedBehindACompaction_TheSnapshotsIsInForce) {
  for (const bool restarts : {false, true}) {
    Script s(Protocol::kRaft,
             {.spares = 2, .engine = {.trailing_entries = 0}, .snapshot_after_entries = 5});
    s.Elect(A);
    s.Write(A, "x");
    s.ChangeMembers(A, {AddVoter(D)});
    const Index change = s.Core(A).commit();
    for (int i = 0; i < 20; ++i) s.Write(A, std::to_string(i));
    s.RunUntil([&] { return s.AreEqual({A, B, C, D}); });
    ASSERT_GT(s.Core(A).extent().first, change) << "It is in the snapshot alone.";
    s.Isolate(A);
    s.Join(A, E);
    s.Reconfigure(A, {AddVoter(E), Remove(B)});
    s.RunUntil([&] { return s.Voters(A) == std::vector{A, C, D, E}; });
    s.Elect(B);
    s.Write(B, "y");
    if (restarts) {
      s.Crash(A);
      s.Start(A);
      EXPECT_EQ(s.Voters(A), (std::vector{A, C, D, E}));
    }
    s.Heal();
    s.RunUntil([&] { return s.Core(A).extent().last == s.Core(B).extent().last; });
    EXPECT_EQ(s.Voters(A), (std::vector{A, B, C, D}));
    s.HealAndConverge();
  }
}

// A, alone with `newcomer`, proposes it as a voter, beside those who are. B leads the others.
void ProposeInVain(Script& s, NodeId newcomer) {
  const std::vector<NodeId> before = s.Voters(A);
  s.Isolate(A);
  s.Join(A, newcomer);
  s.Reconfigure(A, {AddVoter(newcomer)});
  s.RunUntil([&] { return s.Core(A).configuration().IsVoter(newcomer); });
  s.AwaitDurable(A, s.Core(A).extent().last);
  s.Elect(B);
  s.Write(B, "y");
  s.RunUntil([&] { return !s.Leads(A); });
  EXPECT_EQ(s.Voters(A), before);
  s.Crash(A);
  s.Start(A);
  EXPECT_EQ(s.Voters(A), before);
  s.Heal();
  s.RunUntil([&] { return s.Core(A).commit() == s.Core(B).commit(); });
  EXPECT_EQ(s.Voters(A), before);
}

TEST(PaxosMembership, M5_ConfigurationIsNotChosen_TheOneBeforeIsInForce) {
  Script s(Protocol::kMultiPaxos, {.spares = 1});
  s.Elect(A);
  s.Write(A, "x");
  ProposeInVain(s, D);
  EXPECT_EQ(s.Voters(A), (std::vector{A, B, C}));
  s.HealAndConverge();
}

TEST(PaxosMembership, M5_ConfigurationIsNotChosenBehindACompaction_TheSnapshotsIsInForce) {
  Script s(Protocol::kMultiPaxos,
           {.spares = 2, .engine = {.trailing_entries = 0}, .snapshot_after_entries = 5});
  s.Elect(A);
  s.ChangeMembers(A, {AddVoter(D)});
  const Index change = s.Core(A).commit();
  for (int i = 0; i < 20; ++i) s.Write(A, std::to_string(i));
  s.RunUntil([&] { return s.AreEqual({A, B, C, D}); });
  ASSERT_GT(s.Core(A).extent().first, change) << "It is in the snapshot alone.";
  ProposeInVain(s, E);
  EXPECT_EQ(s.Voters(A), (std::vector{A, B, C, D}));
  s.HealAndConverge();
}

// --- A leader that is not to stay ---

// scylla#10618, openraft#2091, etcd-io/raft#83.
TEST_P(Membership, M6_LeaderRemovesItself_LeadsUntilThatIsCommittedAndHandsOver) {
  Script s(GetParam());
  s.Elect(A);
  s.Write(A, "x");
  s.ChangeMembers(A, {Remove(A)});
  EXPECT_FALSE(s.Leads(A));
  ASSERT_TRUE(s.Within(std::chrono::milliseconds(400), [&] { return !s.Leader().IsZero(); }))
      << "Nobody waits for an election timeout.";
  EXPECT_EQ(s.Voters(s.Leader()), (std::vector{B, C}));
  s.Write(s.Leader(), "y");
  s.HealAndConverge();
}

TEST_P(Membership, M6_LeaderDemotesItself_LeadsUntilThatIsCommittedAndLearns) {
  Script s(GetParam());
  s.Elect(A);
  s.Write(A, "x");
  s.ChangeMembers(A, {AddLearner(A)});
  EXPECT_FALSE(s.Leads(A));
  ASSERT_TRUE(s.Within(std::chrono::milliseconds(400), [&] { return !s.Leader().IsZero(); }))
      << "Nobody waits for an election timeout.";
  EXPECT_EQ(s.Voters(s.Leader()), (std::vector{B, C}));
  s.Write(s.Leader(), "y");
  s.AwaitEquality();
  EXPECT_FALSE(s.Core(A).removed());
  s.HealAndConverge();
}

// openraft#2091, etcd-io/raft#83.
TEST(RaftMembership, M6_LeaderOnItsWayOutLosesItsLeadership_VotesAsOneOfTheOldHalf) {
  for (const MemberChange& change : {Remove(A), AddLearner(A)}) {
    Script s(Protocol::kRaft, {.nodes = 4});
    s.Elect(A);
    s.Write(A, "x");
    s.Crash(D);
    NetworkRule& acks = s.Hold(AppendReplies().To(A));
    s.Reconfigure(A, {change});
    s.RunUntil([&] { return s.Core(B).configuration().IsJoint(); });
    s.RunUntil([&] { return s.Core(C).configuration().IsJoint(); });
    NetworkRule& heartbeats = s.Drop(Heartbeats().From(A));
    s.RunUntil([&] { return !s.Leads(A); });
    s.Elect(B);  // Of the old half it takes three of the four, and D is down.
    heartbeats.is_lifted = true;
    acks.is_lifted = true;
    s.RunUntil([&] {
      return s.Voters(B) == std::vector{B, C, D} && !s.Core(B).configuration().IsJoint();
    });
    s.HealAndConverge();
  }
}

// The same where those before decide for alpha slots more.
TEST(PaxosMembership, M6_LeaderOnItsWayOutLosesItsLeadership_PromisesAsOneOfThoseBefore) {
  for (const MemberChange& change : {Remove(A), AddLearner(A)}) {
    Script s(Protocol::kMultiPaxos, {.nodes = 4});
    s.Elect(A);
    s.Write(A, "x");
    s.Crash(D);
    s.Reconfigure(A, {change});
    s.RunUntil([&] { return !s.Core(A).configuration().IsVoter(A); });
    const Index leave = s.Core(A).extent().last;
    s.HoldEntriesBehind(leave, Messages().From(A));
    for (NodeId node : {B, C}) {
      s.RunUntil([&] { return !s.Core(node).configuration().IsVoter(A); });
    }
    NetworkRule& heartbeats = s.Drop(Every<AcceptRequest>().From(A));
    s.RunUntil([&] { return !s.Leads(A); });
    s.Elect(B);  // It takes three of the four, and D is down.
    EXPECT_EQ(s.Core(B).commit(), leave);
    heartbeats.is_lifted = true;
    s.RunUntil([&] {
      return s.Voters(B) == std::vector{B, C, D} && s.Core(B).commit() == s.Core(B).extent().last;
    });
    s.HealAndConverge();
  }
}

// Ongaro §4.2.2, found by seed 66 of the simulator.
TEST(RaftMembership, M6_OnlyTheOneThatLeavesHasTheLastEntry_IsElectedOnceMore) {
  Script s(Protocol::kRaft, {.nodes = 2});
  s.Elect(A);
  s.Write(A, "x");
  NetworkRule& leave =
      s.Drop(Every<AppendRequest>([](const AppendRequest& append) {
               return !append.entries.empty() && append.entries.back().index >= Index(4);
             }).From(A));
  s.Reconfigure(A, {Remove(A)});
  s.RunUntil([&] { return s.Voters(A) == std::vector{B} && !s.Core(A).configuration().IsJoint(); });
  s.Crash(A);
  s.Start(A);
  leave.is_lifted = true;
  s.RunUntil([&] { return s.Leads(B) && s.Voters(B) == std::vector{B}; });
  s.Write(B, "y");
  s.HealAndConverge();
}

// B, which is to go on alone, does not hear that this is chosen.
TEST(PaxosMembership, M6_OnlyTheOneThatLeavesKnowsIt_LeadsUntilTheOtherDoes) {
  Script s(Protocol::kMultiPaxos, {.nodes = 2});
  s.Elect(A);
  s.Write(A, "x");
  s.Reconfigure(A, {Remove(A)});
  s.RunUntil([&] { return s.Voters(A) == std::vector{B}; });
  const Index leave = s.Core(A).extent().last;
  NetworkRule& news = s.HideCommit(Messages().From(A));
  s.RunUntil([&] { return s.Core(A).commit() >= leave; });
  s.RunFor(seconds(5));
  EXPECT_TRUE(s.Leads(A));
  EXPECT_LT(s.Core(B).commit(), leave);
  s.Crash(A);
  s.RunFor(seconds(5));
  EXPECT_FALSE(s.Leads(B)) << "It does not know that it decides alone.";
  s.Start(A);
  news.is_lifted = true;
  s.RunUntil([&] { return s.Leads(B) && s.Voters(B) == std::vector{B}; });
  s.Write(B, "y");
  s.HealAndConverge();
}

// --- Those who have left ---

// hashicorp#524, etcd#11038.
TEST_P(Membership, M7_RemovedNodeCampaigns_DisturbsNobodyAndIsTold) {
  for (const bool pre_votes : {true, false}) {
    Script s(GetParam(), {.without_pre_vote = pre_votes ? std::vector<NodeId>{} : std::vector{C}});
    s.Elect(A);
    s.Write(A, "x");
    s.Isolate(C);
    s.ChangeMembers(A, {Remove(C)});
    s.RunFor(seconds(5));
    const Term term = s.Core(A).term();
    s.Heal();
    s.RunUntil([&] { return s.Core(C).removed(); });
    const Term its = s.Core(C).term();
    s.RunFor(seconds(5));
    EXPECT_EQ(s.Core(C).term(), its) << "It goes on campaigning.";
    EXPECT_TRUE(s.Leads(A));
    EXPECT_EQ(s.Core(A).term(), term);
    s.HealAndConverge();
  }
}

// ClickHouse#118740.
TEST_P(Membership, M8_RemovedAndAddedAgainInOneTerm_CountsByItsNewAcksAlone) {
  Script s(GetParam());
  s.Elect(A);
  NetworkRule& acks = s.Copy(AppendReplies().From(C));
  s.Write(A, "x");
  s.AwaitEquality();
  acks.is_lifted = true;
  s.ChangeMembers(A, {Remove(C)});
  NetworkRule& cut = s.Drop(Messages().From(C).Where(
      [](const Message& message) { return !std::holds_alternative<Introduce>(message.body); }));
  s.ChangeMembers(A, {AddVoter(C)});
  s.Replay(acks);
  s.RunFor(seconds(1));
  EXPECT_EQ(s.MatchOf(A, C), Index());
  cut.is_lifted = true;
  s.AwaitEquality();
  EXPECT_FALSE(s.Core(C).removed());
  s.HealAndConverge();
}

// braft#407.
TEST(RaftMembership, M9_FromFiveToTwoWithMostOfTheOldDown_IsElectableOnceBothQuorumsAreUp) {
  Script s(Protocol::kRaft, {.nodes = 5});
  s.Elect(A);
  s.Write(A, "x");
  NetworkRule& acks = s.Hold(AppendReplies().To(A));
  s.Reconfigure(A, {Remove(C), Remove(D), Remove(E)});
  s.RunUntil([&] { return s.Core(B).configuration().IsJoint(); });
  for (NodeId node : s.Nodes()) s.Crash(node);
  acks.is_lifted = true;
  s.Start(A);
  s.Start(B);
  s.RunFor(seconds(10));
  EXPECT_EQ(s.Leader(), NodeId());
  s.Start(C);
  s.RunUntil([&] { return !s.Leader().IsZero(); });
  s.RunUntil([&] {
    return s.Voters(A) == std::vector{A, B} && !s.Core(A).configuration().IsJoint();
  });
  s.HealAndConverge();
}

// The same where those before decide until those to come know all that they have decided.
TEST(PaxosMembership, M9_FromFiveToTwoWithMostOfTheOldDown_IsElectableOnceTheirQuorumIsUp) {
  Script s(Protocol::kMultiPaxos, {.nodes = 5});
  s.Elect(A);
  s.Write(A, "x");
  s.Reconfigure(A, {Remove(C), Remove(D), Remove(E)});
  s.RunUntil([&] { return s.Voters(A) == std::vector{A, B}; });
  const Index change = s.Core(A).extent().last;
  NetworkRule& acks = s.Hold(AppendReplies().To(A));
  s.AwaitDurable(B, change);
  for (NodeId node : s.Nodes()) s.Crash(node);
  acks.is_lifted = true;
  s.Start(A);
  s.Start(B);
  s.RunFor(seconds(10));
  EXPECT_EQ(s.Leader(), NodeId());
  s.Start(C);
  s.RunUntil([&] {
    const Index settled = change + s.Core(B).configuration().alpha;
    return (s.Leads(A) || s.Leads(B)) &&
           std::min(s.Core(A).commit(), s.Core(B).commit()) >= settled;
  });
  EXPECT_EQ(s.Voters(B), (std::vector{A, B}));
  s.Crash(C);  // They go on by themselves.
  s.Write(s.Leader(), "y");
  s.HealAndConverge();
}

// NuRaft#463.
TEST_P(Membership, M10_NewcomerCannotBeReached_NothingChangesAndTheGroupGoesOn) {
  Script s(GetParam(), {.spares = 1});
  s.Elect(A);
  s.Write(A, "x");
  s.Isolate(D);
  const Asked& change = s.Reconfigure(A, {AddVoter(D), Remove(B)});
  s.Write(A, "y");
  s.Await(change);
  EXPECT_TRUE(change.IsRefused(Reason::kUnreachable));
  EXPECT_EQ(s.Voters(A), (std::vector{A, B, C}));
  s.Heal();
  s.ChangeMembers(A, {AddVoter(D), Remove(B)});
  s.HealAndConverge();
}

// kudu 1277f69a1.
TEST_P(Membership, M11_LearnersAckAndVote_AreNeverCounted) {
  Script s(GetParam(), {.spares = 2});
  s.Elect(A);
  s.Write(A, "x");
  s.ChangeMembers(A, {AddLearner(D), AddLearner(E)});
  s.Crash(C);
  s.Crash(B);
  const Asked& y = s.Propose(A, "y");
  s.RunUntil([&] { return s.MatchOf(A, D) == s.Core(A).extent().last; });
  s.RunFor(seconds(5));
  EXPECT_FALSE(y.IsCommitted());
  EXPECT_FALSE(s.Leads(A));
  s.Campaign(A);
  s.RunFor(seconds(5));
  EXPECT_EQ(s.Leader(), NodeId());
  s.HealAndConverge();
}

// Raft §6: its vote is needed by those who know more than it does.
TEST_P(Membership, E10_LearnerDoesNotKnowOfItsPromotion_Votes) {
  Script s(GetParam(), {.spares = 1});
  s.Elect(A);
  s.Write(A, "x");
  s.ChangeMembers(A, {AddLearner(D)});
  s.RunUntil([&] { return s.AreEqual({A, B, C, D}); });
  NetworkRule& promotion = s.Drop(Appends().To(D));
  s.ChangeMembers(A, {AddVoter(D)});
  s.RunUntil([&] { return s.AreEqual({A, B, C}); });
  s.Crash(A);
  promotion.is_lifted = true;
  NetworkRule& appends = s.Hold(Appends().To(D));
  s.Elect(B);  // With three of four.
  EXPECT_FALSE(s.Core(D).configuration().IsVoter(D));
  s.Release(appends);
  s.HealAndConverge();
}

}  // namespace
}  // namespace synod::sim
