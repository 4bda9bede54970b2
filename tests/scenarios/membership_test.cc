// Scenarios of members that are not, or are no more, what the others take them for.
#include <chrono>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/scenarios/script.h"

namespace synod::sim {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

// raft-tlaplus, dragonboat#256: a disk that was wiped has forgotten its votes and its acks.
TEST(Membership, M3_WipedDiskUnderItsOldName_IsRefusedAsAVoter) {
  Script s;
  s.Elect(A);
  s.Write(A, "x");
  s.RunUntil([&] { return s.AreEqual({A, B, C}); });
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
// its own, another configuration than the one it sees may be committed.
TEST(Membership, M1_ChangeBeforeTheFirstCommitOfTheTerm_IsRefused) {
  Script s({.spares = 1});
  s.Elect(A);
  s.Write(A, "x");
  NetworkRule& acks = s.Hold(Every<AppendReply>().To(B));
  s.Elect(B);
  const Asked& early = s.Reconfigure(B, {AddVoter(D)});
  s.Await(early);
  EXPECT_TRUE(early.IsRefused(Reason::kNotReady));
  EXPECT_FALSE(s.Core(B).configuration().IsMember(D));
  s.Release(acks);
  s.Write(B, "y");
  s.ChangeMembers(B, {AddVoter(D)});
  s.HealAndConverge();
}

// hydro#3192.
TEST(Membership, M2_ChangesAtTwoLeaders_NeverDecideBoth) {
  Script s({.nodes = 5});
  s.Elect(A);
  s.Write(A, "x");
  for (NodeId node : {A, B}) {
    for (NodeId other : {C, D, E}) s.Cut(node, other);
  }
  const Asked& lost = s.Reconfigure(A, {Remove(C), Remove(D), Remove(E)});
  s.RunUntil([&] { return s.Voters(B) == std::vector{A, B}; });
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
TEST(Membership, M2_ChangeDuringAnother_IsRefused) {
  Script s({.spares = 2});
  s.Elect(A);
  s.Write(A, "x");
  NetworkRule& held = s.Hold(Every<AppendReply>().To(A));
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
TEST(Membership, M3_AnotherDiskUnderTheName_ComesInByAChange) {
  Script s;
  s.Elect(A);
  s.Write(A, "x");
  s.Stop(C);
  s.At(C).Wipe(/*joins=*/true);
  s.Start(C);
  s.Write(A, "y");
  MemberChange change = AddVoter(C);
  change.incarnation = s.At(C).incarnation();
  s.ChangeMembers(A, {change});
  s.RunUntil([&] { return s.AreEqual({A, B, C}); });
  // It is needed now.
  s.Crash(B);
  s.Write(A, "z");
  s.HealAndConverge();
}

// openraft#1808, canonical/raft#250.
TEST(Membership, M4_SnapshotFromBeforeTheChange_BringsTheMembersOfThen) {
  Script s({.spares = 1, .engine = {.trailing_entries = 0}, .snapshot_after_entries = 5});
  s.Elect(A);
  for (int i = 0; i < 20; ++i) s.Write(A, std::to_string(i));
  const Index snapshot = s.Core(A).snapshot_index();
  ASSERT_GT(snapshot, Index(1));
  NetworkRule& appends = s.Hold(Every<AppendRequest>().To(D));
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
TEST(Membership, M4_NewcomerAppliesEntriesFromBeforeItsMembership_TakesNoSnapshotOfThem) {
  Script s({.spares = 1, .snapshot_after_entries = 5});
  s.Elect(A);
  for (int i = 0; i < 4; ++i) s.Write(A, std::to_string(i));
  s.Crash(C);
  NetworkRule& change = s.Hold(Every<AppendRequest>([](const AppendRequest& append) {
                                 return !append.entries.empty() &&
                                        append.entries.back().kind == EntryKind::kConfiguration;
                               }).To(D));
  s.ChangeMembers(A, {AddLearner(D)});
  s.RunFor(seconds(2));
  EXPECT_FALSE(s.Core(D).configuration().IsMember(D));
  EXPECT_EQ(s.Core(D).snapshot_index(), Index());
  s.Crash(D);
  s.Start(D);
  ASSERT_TRUE(s.IsUp(D)) << s.At(D).refusal();
  s.Release(change);
  s.HealAndConverge();
}

// --- What is truncated ---

// rafter#34, ClickHouse#105784.
TEST(Membership, M5_ConfigurationIsTruncated_TheOneBeforeIsInForce) {
  for (const bool restarts : {false, true}) {
    Script s({.spares = 1});
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
    s.RunUntil([&] { return s.Core(A).log().last() == s.Core(B).log().last(); });
    EXPECT_EQ(s.Voters(A), (std::vector{A, B, C}));
    s.HealAndConverge();
  }
}

// ClickHouse#105784.
TEST(Membership, M5_ConfigurationIsTruncatedBehindACompaction_TheSnapshotsIsInForce) {
  for (const bool restarts : {false, true}) {
    Script s({.spares = 2, .engine = {.trailing_entries = 0}, .snapshot_after_entries = 5});
    s.Elect(A);
    s.Write(A, "x");
    s.ChangeMembers(A, {AddVoter(D)});
    const Index change = s.Core(A).commit();
    for (int i = 0; i < 20; ++i) s.Write(A, std::to_string(i));
    s.RunUntil([&] { return s.AreEqual({A, B, C, D}); });
    ASSERT_GT(s.Core(A).log().first(), change) << "It is in the snapshot alone.";
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
    s.RunUntil([&] { return s.Core(A).log().last() == s.Core(B).log().last(); });
    EXPECT_EQ(s.Voters(A), (std::vector{A, B, C, D}));
    s.HealAndConverge();
  }
}

// --- A leader that is not to stay ---

// scylla#10618, openraft#2091, etcd-io/raft#83.
TEST(Membership, M6_LeaderRemovesItself_LeadsUntilThatIsCommittedAndHandsOver) {
  Script s;
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

TEST(Membership, M6_LeaderDemotesItself_LeadsUntilThatIsCommittedAndLearns) {
  Script s;
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
TEST(Membership, M6_LeaderOnItsWayOutLosesItsLeadership_VotesAsOneOfTheOldHalf) {
  for (const MemberChange& change : {Remove(A), AddLearner(A)}) {
    Script s({.nodes = 4});
    s.Elect(A);
    s.Write(A, "x");
    s.Crash(D);
    NetworkRule& acks = s.Hold(Every<AppendReply>().To(A));
    s.Reconfigure(A, {change});
    s.RunUntil([&] { return s.Core(B).configuration().IsJoint(); });
    s.RunUntil([&] { return s.Core(C).configuration().IsJoint(); });
    NetworkRule& heartbeats = s.Drop(Every<Heartbeat>().From(A));
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

// Ongaro §4.2.2, found by seed 66 of the simulator.
TEST(Membership, M6_OnlyTheOneThatLeavesHasTheLastEntry_IsElectedOnceMore) {
  Script s({.nodes = 2});
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

// --- Those who have left ---

// hashicorp#524, etcd#11038.
TEST(Membership, M7_RemovedNodeCampaigns_DisturbsNobodyAndIsTold) {
  for (const bool pre_votes : {true, false}) {
    Script s({.without_pre_vote = pre_votes ? std::vector<NodeId>{} : std::vector{C}});
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
TEST(Membership, M8_RemovedAndAddedAgainInOneTerm_CountsByItsNewAcksAlone) {
  Script s;
  s.Elect(A);
  NetworkRule& acks = s.Copy(Every<AppendReply>().From(C));
  s.Write(A, "x");
  s.RunUntil([&] { return s.AreEqual({A, B, C}); });
  acks.is_lifted = true;
  s.ChangeMembers(A, {Remove(C)});
  NetworkRule& cut = s.Drop(Messages().From(C).Where(
      [](const Message& message) { return !std::holds_alternative<Introduce>(message.body); }));
  s.ChangeMembers(A, {AddVoter(C)});
  s.Replay(acks);
  s.RunFor(seconds(1));
  EXPECT_EQ(s.MatchOf(A, C), Index());
  cut.is_lifted = true;
  s.RunUntil([&] { return s.AreEqual({A, B, C}); });
  EXPECT_FALSE(s.Core(C).removed());
  s.HealAndConverge();
}

// braft#407.
TEST(Membership, M9_FromFiveToTwoWithMostOfTheOldDown_IsElectableOnceBothQuorumsAreUp) {
  Script s({.nodes = 5});
  s.Elect(A);
  s.Write(A, "x");
  NetworkRule& acks = s.Hold(Every<AppendReply>().To(A));
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

// NuRaft#463.
TEST(Membership, M10_NewcomerCannotBeReached_NothingChangesAndTheGroupGoesOn) {
  Script s({.spares = 1});
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
TEST(Membership, M11_LearnersAckAndVote_AreNeverCounted) {
  Script s({.spares = 2});
  s.Elect(A);
  s.Write(A, "x");
  s.ChangeMembers(A, {AddLearner(D), AddLearner(E)});
  s.Crash(C);
  s.Crash(B);
  const Asked& y = s.Propose(A, "y");
  s.RunUntil([&] { return s.MatchOf(A, D) == s.Core(A).log().last(); });
  s.RunFor(seconds(5));
  EXPECT_FALSE(y.IsCommitted());
  EXPECT_FALSE(s.Leads(A));
  s.Campaign(A);
  s.RunFor(seconds(5));
  EXPECT_EQ(s.Leader(), NodeId());
  s.HealAndConverge();
}

// Raft §6: its vote is needed by those who know more than it does.
TEST(Membership, E10_LearnerDoesNotKnowOfItsPromotion_Votes) {
  Script s({.spares = 1});
  s.Elect(A);
  s.Write(A, "x");
  s.ChangeMembers(A, {AddLearner(D)});
  s.RunUntil([&] { return s.AreEqual({A, B, C, D}); });
  NetworkRule& promotion = s.Drop(Every<AppendRequest>().To(D));
  s.ChangeMembers(A, {AddVoter(D)});
  s.RunUntil([&] { return s.AreEqual({A, B, C}); });
  s.Crash(A);
  promotion.is_lifted = true;
  NetworkRule& appends = s.Hold(Every<AppendRequest>().To(D));
  s.Elect(B);  // With three of four.
  EXPECT_FALSE(s.Core(D).configuration().IsVoter(D));
  s.Release(appends);
  s.HealAndConverge();
}

}  // namespace
}  // namespace synod::sim
