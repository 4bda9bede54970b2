// Scenarios of elections that broke real systems.
#include <algorithm>
#include <chrono>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/scenarios/protocols.h"
#include "tests/scenarios/script.h"

namespace synod::sim {
namespace {

class Elections : public PlayedByBoth {};
INSTANTIATE_TEST_SUITE_P(, Elections, BothProtocols(), ProtocolNameOf);

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::Not;

EngineOptions WithoutPreVote() {
  EngineOptions engine;
  engine.pre_vote = false;
  return engine;
}

// Raft §5.1. An acceptor may promise more than one ballot of a round.
TEST(RaftElections, E1_CrashAroundTheVotesSync_OneGrantATerm) {
  bool was_cut = true;
  for (uint64_t change = 1; was_cut; ++change) {
    Script s(Protocol::kRaft, {.seed = change, .engine = WithoutPreVote()});
    s.Cut(A, C);
    NetworkRule& requests = s.Copy(VoteRequests().To(B));
    s.PowerCutAt(B, change);
    s.TimeOut(A);
    s.TimeOut(C);
    s.RunFor(milliseconds(50));
    was_cut = !s.IsUp(B);
    s.PowerCut(B);
    s.Start(B);
    s.Replay(requests);
    s.RunFor(milliseconds(50));
    EXPECT_GE(requests.caught.size(), 2u);
    s.HealAndConverge();
  }
}

TEST(PaxosElections, E1_CrashAroundThePromisesSync_NoneIsForgotten) {
  bool was_cut = true;
  for (uint64_t change = 1; was_cut; ++change) {
    Script s(Protocol::kMultiPaxos, {.seed = change, .engine = WithoutPreVote()});
    s.Cut(A, C);
    NetworkRule& requests = s.Copy(VoteRequests().To(B));
    NetworkRule& promises = s.Copy(VoteReplies().From(B));
    s.PowerCutAt(B, change);
    s.TimeOut(A);
    s.TimeOut(C);
    s.RunFor(milliseconds(50));
    was_cut = !s.IsUp(B);
    s.PowerCut(B);
    s.Start(B);
    for (const Message& promise : promises.caught) {
      EXPECT_GE(s.Paxos(B).promised(), std::get<PrepareReply>(promise.body).promised);
    }
    s.Replay(requests);
    s.RunFor(milliseconds(50));
    EXPECT_GE(requests.caught.size(), 2u);
    s.HealAndConverge();
  }
}

// Xraft#33, scylla e49d5f89a5.
TEST_P(Elections, E2_GrantsOfAnOlderTerm_AreNotCounted) {
  Script s(GetParam(), {.engine = WithoutPreVote()});
  NetworkRule& grants = s.Hold(VoteReplies().To(A));
  s.TimeOut(A);
  s.RunUntil([&] { return grants.caught.size() == 2; });
  NetworkRule& requests = s.Hold(VoteRequests().From(A));
  s.TimeOut(A);
  s.RunUntil([&] { return requests.caught.size() == 2; });
  s.Release(grants);
  s.Replay(grants);
  s.RunFor(milliseconds(20));
  EXPECT_EQ(s.Core(A).term(), Term(2));
  EXPECT_EQ(s.Core(A).role(), Role::kCandidate);
  s.HealAndConverge();
}

// Xraft#33.
TEST_P(Elections, E2_PreVoteGrants_AreNoVotes) {
  Script s(GetParam());
  NetworkRule& requests = s.Hold(VoteRequests().From(A));
  NetworkRule& grants = s.Copy(Every<PreVoteReply>().To(A));
  s.TimeOut(A);
  s.RunUntil([&] { return requests.caught.size() == 2; });
  s.Replay(grants);
  s.RunFor(milliseconds(20));
  EXPECT_THAT(grants.caught, Not(IsEmpty()));
  EXPECT_EQ(s.Core(A).role(), Role::kCandidate);
  s.HealAndConverge();
}

// canonical/raft#247, redpanda#19.
TEST(RaftElections, E3_StepDownWithinTheTerm_KeepsTheVote) {
  Script s(Protocol::kRaft, {.engine = WithoutPreVote()});
  s.Cut(A, C);
  NetworkRule& requests = s.Copy(VoteRequests().From(A).To(B));
  s.TimeOut(A);
  s.TimeOut(C);
  s.RunUntil([&] { return s.Leads(A) || s.Leads(C); });
  const NodeId loser = s.Leads(A) ? C : A;
  s.Join(A, C);
  s.RunUntil([&] { return s.Core(loser).role() == Role::kFollower; });
  EXPECT_EQ(s.Core(loser).term(), Term(1));
  EXPECT_EQ(s.Core(loser).vote(), loser);
  // Nor does a restart, or a late request, make it free again.
  s.Crash(loser);
  s.Start(loser);
  Message late = requests.caught.front();
  late.from = s.Leader();
  late.incarnation = s.At(s.Leader()).replica().Status().incarnation;
  late.to = loser;
  s.Send(late);
  s.RunFor(milliseconds(5));
  EXPECT_EQ(s.Core(loser).vote(), loser);
  s.HealAndConverge();
}

// Its own promise is what a proposer of Multi-Paxos has voted.
TEST(PaxosElections, E3_StepDownWithinTheRound_KeepsThePromise) {
  Script s(Protocol::kMultiPaxos, {.engine = WithoutPreVote()});
  NetworkRule& requests = s.Hold(VoteRequests());
  s.TimeOut(A);
  s.TimeOut(C);
  s.RunUntil([&] { return requests.caught.size() == 4; });
  requests.is_lifted = true;
  s.TimeOut(B);  // C, which asks in a higher ballot of this round, refuses.
  s.RunUntil([&] { return s.Core(B).vote() == B && s.Core(B).role() == Role::kFollower; });
  const Ballot own = s.Paxos(B).promised();
  EXPECT_EQ(own.round, Term(1));
  const Messages lower = Messages().From(A).To(B);
  const auto late = std::find_if(requests.caught.begin(), requests.caught.end(),
                                 [&](const Message& message) { return lower.Include(message); });
  ASSERT_NE(late, requests.caught.end());
  s.Send(*late);
  s.RunFor(milliseconds(5));
  EXPECT_EQ(s.Paxos(B).promised(), own);
  // Nor does a restart make it free.
  s.Crash(B);
  s.Start(B);
  s.Send(*late);
  s.RunFor(milliseconds(5));
  EXPECT_EQ(s.Paxos(B).promised(), own);
  s.HealAndConverge();
}

// redpanda#19.
TEST_P(Elections, E3_PreVoteCandidacy_KeepsTheVote) {
  Script s(GetParam());
  s.Elect(A);
  s.Write(A, "x");
  s.AwaitEquality();
  s.Isolate(B);
  s.RunUntil([&] { return s.Core(B).role() == Role::kPreCandidate; });
  EXPECT_EQ(s.Core(B).term(), Term(1));
  EXPECT_EQ(s.Core(B).vote(), A);
  s.HealAndConverge();
}

// Cloudflare, 2 November 2020.
TEST_P(Elections, E4_TwoReachTheOthersThroughOneEach_LeaderIsStable) {
  for (NodeId first : {A, B, C, D, E}) {
    Script s(GetParam(), {.nodes = 5, .seed = first.value()});
    s.Elect(first);
    for (NodeId far : {D, E}) {
      s.Isolate(far);
      s.Join(far, far == D ? B : C);
    }
    s.RunFor(seconds(10));
    const uint64_t elections = s.counts().elections;
    EXPECT_LE(elections, 3u);
    s.RunFor(seconds(30));
    EXPECT_EQ(s.counts().elections, elections);
    s.Write(s.Leader(), "x");
    s.HealAndConverge();
  }
}

// OmniPaxos (EuroSys 2023), quorum loss: only C is still in touch with a quorum, and follows.
TEST_P(Elections, E5_LeaderLosesItsQuorum_TheHubLeads) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Script s(GetParam(), {.nodes = 5, .seed = seed});
    s.Elect(A);
    s.Write(A, "x");
    for (NodeId a : {A, B, D, E}) {
      for (NodeId b : {A, B, D, E}) {
        if (a != b) s.Cut(a, b);
      }
    }
    s.RunUntil([&] { return s.Leads(C); });
    s.Write(C, "y");
    s.HealAndConverge();
  }
}

// C lacks "x", and is the only one in touch with a quorum.
void LeaveQuorumToLaggard(Script& s) {
  s.Elect(A);
  s.Isolate(C);
  s.Write(A, "x");
  s.RunUntil([&] { return s.AreEqual({A, B, D, E}); });
  s.Isolate(A);
  for (NodeId node : {B, D, E}) {
    s.Isolate(node);
    s.Join(node, C);
  }
}

// OmniPaxos, constrained election: the only one in touch with a quorum lacks a committed entry, and
// no vote makes it leader (Raft §5.4.1). Nothing is lost; it takes one more link to go on.
TEST(RaftElections, E5_OnlyALaggardReachesAQuorum_OneMoreLinkIsEnough) {
  Script s(Protocol::kRaft, {.nodes = 5});
  LeaveQuorumToLaggard(s);
  s.RunFor(seconds(20));
  EXPECT_EQ(s.Leader(), NodeId());
  s.Join(B, D);
  const NodeId leader = s.AwaitLeaderOtherThan(C);
  s.Write(leader, "y");
  EXPECT_EQ(s.Read(leader), "x y ");
  s.HealAndConverge();
}

// Whoever has a quorum's promises has its reports, and learns from them what is chosen.
TEST(PaxosElections, E5_OnlyALaggardReachesAQuorum_ItLearnsAndLeads) {
  Script s(Protocol::kMultiPaxos, {.nodes = 5});
  LeaveQuorumToLaggard(s);
  s.RunUntil([&] { return s.Leads(C); });
  s.Write(C, "y");
  EXPECT_EQ(s.Read(C), "x y ");
  s.HealAndConverge();
}

// OmniPaxos, a chain: the ends do not hear each other.
TEST_P(Elections, E5_Chain_LeaderIsStable) {
  for (NodeId first : {A, B, C}) {
    Script s(GetParam());
    s.Elect(first);
    s.Cut(A, C);
    s.RunFor(seconds(5));
    const uint64_t elections = s.counts().elections;
    s.RunFor(seconds(30));
    EXPECT_EQ(s.counts().elections, elections);
    s.Write(s.Leader(), "x");
    s.HealAndConverge();
  }
}

// openraft#2080: B is in touch with all, and hears an old leader that hears nobody else.
TEST_P(Elections, E5_BridgeHearsAnOldLeader_ALeaderIsElected) {
  for (const bool leader_hears_bridge : {true, false}) {
    Script s(GetParam(), {.nodes = 5});
    s.Elect(A);
    for (NodeId other : {C, D, E}) s.Cut(A, other);
    if (!leader_hears_bridge) s.CutOneWay(B, A);
    const NodeId leader = s.AwaitLeaderOtherThan(A);
    s.Write(leader, "x");
    EXPECT_FALSE(s.Leads(A));
    s.HealAndConverge();
  }
}

// etcd#8243, openraft#1796.
TEST_P(Elections, E6_PreVoteAcrossTerms_DoesNotFreeze) {
  Script s(GetParam());
  s.Elect(A);
  s.RunUntil([&] { return s.Core(C).term() == Term(1); });
  s.Isolate(C);
  s.RunUntil([&] { return s.Core(C).role() == Role::kPreCandidate; });
  for (NodeId next : {B, A, B, A}) s.Elect(next);
  s.Write(A, "x");
  ASSERT_EQ(s.Core(C).term(), Term(1));
  ASSERT_EQ(s.Core(A).term(), Term(5));
  // A needs C's pre-vote, and gets it from a term long past: C does not ask, nor learn a newer one.
  s.Drop(Every<PreVoteRequest>().From(C));
  for (NodeId node : {A, B}) s.Crash(node);
  s.Heal();
  s.Start(A);
  s.RunUntil([&] { return s.Leader() == A; });
  s.Write(A, "y");
  s.HealAndConverge();
}

// etcd#8501: A has a high term and a short log, the others a low term and a long one. Of Raft only
// C can lead.
TEST_P(Elections, E7_PreVoteOnInSomeAndOffInOthers_DoesNotWedge) {
  for (const auto& off : std::vector<std::vector<NodeId>>{{A}, {B}, {C}, {A, B}, {A, C}, {B, C}}) {
    Script s(GetParam(), {.without_pre_vote = off});
    s.Elect(B);
    s.Isolate(A);
    s.Write(B, "x");
    for (int i = 0; i < 5; ++i) {
      s.TimeOut(A);
      s.RunFor(milliseconds(100));
    }
    s.Crash(B);
    s.Heal();
    s.Write(s.AwaitLeaderOtherThan(B), "y");
    s.Start(B);
    s.AwaitEquality();
    EXPECT_EQ(s.Read(s.Leader()), "x y ");
    s.HealAndConverge();
  }
}

// etcd#5468.
TEST_P(Elections, E8_HigherTermRejoinsUnderCheckQuorum_NobodyIsIgnored) {
  Script s(GetParam(), {.engine = WithoutPreVote()});
  s.Elect(B);
  s.Isolate(A);
  s.RunUntil([&] { return s.Core(A).term() > Term(5); });
  s.Write(B, "x");
  s.Heal();
  s.AwaitEquality();
  s.Write(s.Leader(), "y");
  EXPECT_EQ(s.Read(A), "x y ");
  s.HealAndConverge();
}

// hashicorp#570.
TEST_P(Elections, E9_TimeoutNowAfterANewerElection_StartsNone) {
  Script s(GetParam());
  s.Elect(A);
  NetworkRule& order = s.Hold(Every<TimeoutNow>().To(B));
  const Asked& transfer = s.Transfer(A, B);
  s.Await(transfer);
  EXPECT_FALSE(transfer.status.ok());
  s.Elect(C);
  const Term term = s.Core(C).term();
  s.Release(order);
  s.RunFor(seconds(2));
  EXPECT_TRUE(s.Leads(C));
  EXPECT_EQ(s.Core(C).term(), term);
  s.HealAndConverge();
}

// hashicorp#581.
TEST_P(Elections, E9_WritesDuringATransfer_AreRefusedAndDoNotHang) {
  Script s(GetParam());
  s.Elect(A);
  s.Hold(Every<TimeoutNow>());
  s.Transfer(A, B);
  s.RunFor(milliseconds(1));
  const Asked& during = s.Propose(A, "x");
  s.Await(during);
  EXPECT_TRUE(during.IsRefused(Reason::kTransferring));
  s.RunFor(seconds(1));
  s.Write(A, "y");
  s.HealAndConverge();
}

// jraft#1245, hashicorp#661.
TEST_P(Elections, E11_RequestsForVotes_WaitForTermAndVote) {
  Script s(GetParam(), {.engine = WithoutPreVote()});
  NetworkRule& requests = s.Copy(VoteRequests().From(A));
  s.StallDisk(A);
  s.TimeOut(A);
  s.RunFor(milliseconds(50));
  EXPECT_EQ(s.Core(A).role(), Role::kCandidate);
  EXPECT_THAT(requests.caught, IsEmpty());
  s.PowerCut(A);
  s.Start(A);
  EXPECT_EQ(s.Core(A).term(), Term(0));
  s.Elect(C);
  s.HealAndConverge();
}

// KAFKA-10527, openraft a9f696a9.
TEST_P(Elections, E12_LeaderRestartsWithoutItsUnsyncedEntries_DoesNotLeadThatTerm) {
  Script s(GetParam());
  s.Elect(A);
  s.StallDisk(A);
  s.Write(A, "x");
  s.PowerCut(A);
  s.Start(A);
  EXPECT_FALSE(s.Leads(A));
  EXPECT_LT(s.Core(A).extent().last, s.Core(B).extent().last);
  s.RunUntil([&] { return !s.Leader().IsZero(); });
  EXPECT_GT(s.Core(s.Leader()).term(), Term(1));
  EXPECT_EQ(s.Read(s.Leader()), "x ");
  s.HealAndConverge();
}

// openraft#1899.
TEST_P(Elections, E13_LeaderWithoutAQuorum_RefusesWithAReason) {
  Script s(GetParam());
  s.Elect(A);
  s.Isolate(A);
  const Asked& before = s.Propose(A, "x");
  s.RunUntil([&] { return !s.Leads(A); });
  EXPECT_EQ(before.outcome.kind, Outcome::Kind::kUnknown);
  EXPECT_EQ(before.outcome.reason, Reason::kLeadershipLost);
  const Asked& after = s.Propose(A, "y");
  s.Await(after);
  EXPECT_TRUE(after.IsRefused(Reason::kNotLeader));
  s.HealAndConverge();
}

}  // namespace
}  // namespace synod::sim
