// Scenarios of replication and commitment that broke real systems.
#include <algorithm>
#include <chrono>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/scenarios/protocols.h"
#include "tests/scenarios/script.h"

namespace synod::sim {
namespace {

class Replication : public PlayedByBoth {};
INSTANTIATE_TEST_SUITE_P(, Replication, BothProtocols(), ProtocolNameOf);

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::IsEmpty;
using testing::Not;

// Five nodes: A leads, and of the others only B hears it. The index of what A writes next.
Index LeadBesideB(Script& s) {
  s.Elect(A);
  s.AwaitEquality();
  s.Split({A, B}, {C, D, E});
  return s.Core(A).extent().last + 1;
}

// What it writes stays with the two. The index of that.
Index Divide(Script& s) {
  const Index index = LeadBesideB(s);
  s.Propose(A, "old");
  for (NodeId node : {A, B}) s.AwaitDurable(node, index);
  return index;
}

// Five nodes: A and B have "old", and with neither of them E has got "new" onto its own disk alone,
// in a later term or ballot. Then A leads again, by the votes of B and C. The index of both.
Index ComeBack(Script& s) {
  const Index x = Divide(s);  // (a) A has "old", and so has B.
  s.Crash(A);
  s.HealAllBut(B);
  NetworkRule& from_e = s.Hold(Appends().From(E));
  s.Elect(E);  // (b) E writes at the same index, and dies.
  const Index own = s.Core(E).extent().last + 1;
  s.Propose(E, "new");
  s.AwaitDurable(E, own);
  s.Crash(E);
  from_e.is_lifted = true;
  s.HealAllBut(D);
  s.Start(A);
  return x;
}

// Raft, figure 8; LogCabin#44. A leader of Multi-Paxos proposes again what it finds: below.
TEST(RaftReplication, R1_EntryOfAnOldTermOnAMajority_IsOverwritten) {
  Script s(Protocol::kRaft, {.nodes = 5});
  const Index x = ComeBack(s);
  s.HoldEntriesBehind(x, Messages().From(A));
  s.Elect(A);  // (c) A leads again. C gets the old entry, and nothing of A's new term.
  s.RunUntil([&] { return s.MatchOf(A, B) == x && s.MatchOf(A, C) == x; });
  s.RunFor(milliseconds(100));
  EXPECT_LT(s.Core(A).commit(), x);
  s.Crash(A);  // (d) E overwrites it.
  s.Crash(B);
  s.Heal();
  s.Start(E);
  s.Elect(E);
  EXPECT_EQ(s.Read(E), "new ");
  s.HealAndConverge();
}

// What a majority has accepted, but some of it in another ballot, is not chosen.
TEST(PaxosReplication, R1_ValueOnAMajorityInMixedBallots_IsReplaced) {
  Script s(Protocol::kMultiPaxos, {.nodes = 5});
  const Index x = ComeBack(s);
  s.Hold(Entries().From(A).To(B));
  s.Elect(A);  // (c) It proposes the old value again, which B keeps in the old ballot.
  s.RunUntil([&] { return s.Core(A).extent().durable == x && s.MatchOf(A, C) == x; });
  ASSERT_EQ(s.TermAt(B, x), Term(1));
  s.RunFor(milliseconds(100));
  EXPECT_LT(s.Core(A).commit(), x);
  s.Crash(A);  // (d) Of what B, D and E have, E's is of the highest ballot.
  s.Crash(C);
  s.Heal();
  s.Start(E);
  s.Elect(E);
  EXPECT_EQ(s.Read(E), "new ");
  s.HealAndConverge();
  EXPECT_FALSE(s.IsCommitted("old"));
}

// copycat#265, NuRaft#57, scylla#9965: the commit index of an append says nothing of what is behind
// it. Of Multi-Paxos, nothing of what was not accepted in its ballot.
TEST_P(Replication, R2_EmptyAppendBeforeADivergingEntry_CommitsNoFurther) {
  Script s(GetParam(), {.nodes = 5});
  const Index x = Divide(s);
  s.Elect(C);
  s.Write(C, "new");
  s.Cut(A, B);
  NetworkRule& empty = s.Change(Appends().From(C).To(B), [x](Message& message) {
    EntriesOf(message).clear();
    *CommitIn(message) = x + 1;
  });
  s.Join(C, B);
  s.RunFor(milliseconds(300));
  EXPECT_THAT(empty.caught, Not(IsEmpty()));
  EXPECT_LT(s.Core(B).commit(), x);
  s.HealAndConverge();
}

// willemt/raft#37.
TEST_P(Replication, R3_ShortOldAppendAfterALongNewOne_TruncatesNothing) {
  Script s(GetParam());
  s.Elect(A);
  s.AwaitEquality();
  s.Cut(A, C);
  NetworkRule& acks = s.Hold(Acks().From(B));
  NetworkRule& appends = s.Copy(Entries().To(B));
  for (const char* command : {"x", "y", "z"}) {
    s.Propose(A, command);
    s.RunFor(milliseconds(5));
  }
  s.RunUntil([&] { return s.Core(B).extent().durable == s.Core(A).extent().last; });
  const Index last = s.Core(B).extent().last;
  ASSERT_GE(appends.caught.size(), 3u);
  s.Send(appends.caught.front());
  s.RunFor(milliseconds(5));
  EXPECT_EQ(s.Core(B).extent().last, last);
  s.Release(acks);
  s.RunUntil([&] { return s.Core(A).commit() == last; });
  s.HealAndConverge();
}

// PySyncObj#167, CCF#6001, CCF#6016. Raft's answers are rejections too.
TEST_P(Replication, R4_AcksAndRejectionsOutOfOrder_MatchNeverFalls) {
  Script s(GetParam());
  s.Elect(A);
  s.Isolate(B);
  for (const char* command : {"u", "v", "w"}) s.Write(A, command);
  s.Elect(C);
  NetworkRule& answers = s.Copy(AppendReplies().From(B).To(C));
  s.Heal();
  for (const char* command : {"x", "y", "z"}) s.Write(C, command);
  s.RunUntil([&] { return s.MatchOf(C, B) == s.Core(C).extent().last; });
  const Index match = s.MatchOf(C, B);
  const bool is_raft = GetParam() == Protocol::kRaft;
  EXPECT_THAT(answers.caught, Contains(testing::Truly([is_raft](const Message& message) {
                return Acks().Include(message) != is_raft;
              })));
  std::reverse(answers.caught.begin(), answers.caught.end());
  for (const Message& answer : std::vector<Message>(answers.caught)) {
    s.Send(answer);
    s.RunFor(milliseconds(1));
    EXPECT_GE(s.MatchOf(C, B), match);
  }
  s.HealAndConverge();
}

// etcd, async_storage_writes_append_aba_race: what is durable is the entry that was truncated, or
// what was accepted in the ballot before.
TEST_P(Replication, R5_IndexWrittenTwice_FirstWriteDoesNotMakeItDurable) {
  Script s(GetParam(), {.nodes = 5});
  const Index x = LeadBesideB(s);
  s.SlowDisk(B, seconds(1));
  NetworkRule& old_acks = s.Copy(Acks(x).From(B).To(A));
  const uint64_t before = s.At(B).disk().operations();
  s.Propose(A, "old");
  // It is on the disk, and B does not know it yet.
  s.RunUntil([&] { return s.At(B).disk().operations() > before; });
  ASSERT_EQ(s.Core(B).extent().last, x);
  s.Elect(C);
  s.Propose(C, "new");
  NetworkRule& acks = s.Copy(Acks(x).From(B).To(C));
  s.Cut(A, B);
  s.Join(C, B);
  s.RunUntil([&] { return s.TermAt(B, x) == s.Core(C).term(); });
  ASSERT_THAT(old_acks.caught, IsEmpty());
  // The first write ends, and with it the truncated entry is on the disk; the second begins.
  s.Await(old_acks);
  EXPECT_LT(s.Core(B).extent().durable, x);
  EXPECT_THAT(acks.caught, IsEmpty());
  s.Await(acks);
  EXPECT_GE(s.Core(B).extent().durable, x);
  s.PowerCut(B);
  s.Start(B);
  EXPECT_EQ(s.TermAt(B, x), s.Core(C).term());
  s.HealAndConverge();
}

// ClickHouse#102629.
TEST_P(Replication, R6_OverwriteUnderWayAndAPowerCut_NothingUnsyncedWasAcked) {
  bool was_cut = true;
  for (uint64_t change = 1; was_cut; ++change) {
    Script s(GetParam(), {.nodes = 5, .seed = change});
    const Index x = Divide(s);
    s.Elect(C);
    const Index last = s.Write(C, "new");
    ASSERT_GE(last, x);
    s.Cut(A, B);
    s.PowerCutAt(B, change);
    s.Join(C, B);
    s.RunUntil([&] { return !s.IsUp(B) || s.MatchOf(C, B) == last; });
    was_cut = !s.IsUp(B);
    s.HealAndConverge();
  }
}

// NuRaft#274.
TEST_P(Replication, R7_LeadersOwnAppendFails_ItStopsAndNeverReusesTheIndex) {
  Script s(GetParam());
  s.Elect(A);
  s.AwaitEquality();
  NetworkRule& acks = s.Hold(AppendReplies().To(A));
  s.At(A).disk().FailSync(1);
  const Asked& x = s.Propose(A, "x");
  s.Await(x);
  EXPECT_EQ(x.outcome.kind, Outcome::Kind::kUnknown);
  EXPECT_TRUE(s.At(A).IsStopped());
  EXPECT_FALSE(s.Leads(A));
  s.Release(acks);
  const NodeId leader = s.AwaitLeaderOtherThan(A);
  EXPECT_GT(s.Core(leader).term(), Term(1));
  EXPECT_EQ(s.Read(leader), "x ");
  s.HealAndConverge();
}

// openraft cecb5de8: A counts in its new term what B acked in the old one, and has lost since.
TEST_P(Replication, R8_OldAcksAfterTheLogWentBack_MakeNoQuorum) {
  Script s(GetParam(), {.nodes = 5});
  const Index x = LeadBesideB(s);
  NetworkRule& acks = s.Hold(Acks(x).From(B).To(A));
  s.Propose(A, "old");
  s.Await(acks);
  acks.is_lifted = true;
  s.Elect(C);
  s.Write(C, "new");
  s.Heal();
  s.AwaitEquality();
  s.Elect(A);
  s.AwaitEquality();
  for (NodeId other : {B, C, D, E}) s.Hold(Appends().To(other));
  const Asked& y = s.Propose(A, "y");
  for (Message ack : acks.caught) {
    for (NodeId liar : {B, C, D}) {
      ack.from = liar;
      ack.incarnation = s.At(liar).replica().Status().incarnation;
      SetAcked(ack, s.Core(A).extent().last + 1);
      s.Send(ack);
    }
  }
  s.RunFor(milliseconds(100));
  EXPECT_GT(s.Core(A).extent().last, x);
  EXPECT_FALSE(y.HasEnded());
  s.HealAndConverge();
}

// yugabyte#32875.
TEST_P(Replication, R9_EmptyAppendBehindUnsyncedEntries_IsNotAcked) {
  Script s(GetParam());
  s.Elect(A);
  s.AwaitEquality();
  NetworkRule& appends = s.Copy(Entries().To(B));
  s.StallDisk(B);
  s.StallDisk(C);
  const Asked& x = s.Propose(A, "x");
  s.RunFor(milliseconds(20));
  ASSERT_THAT(appends.caught, Not(IsEmpty()));
  ASSERT_EQ(s.Core(B).extent().last, s.Core(A).extent().last);
  NetworkRule& acks = s.Copy(Acks(s.Core(B).extent().last).From(B));
  Message empty = appends.caught.back();
  const Entry last = EntriesOf(empty).back();
  EntriesOf(empty).clear();
  MoveTo(empty, last.index + 1, last.term);
  s.Send(empty);
  s.RunFor(milliseconds(50));
  EXPECT_THAT(acks.caught, IsEmpty());
  EXPECT_FALSE(x.HasEnded());
  s.PowerCut(B);
  s.PowerCut(C);
  s.HealAndConverge();
}

// yugabyte#23453.
TEST_P(Replication, R10_AskedToOverwriteACommittedEntry_StopsWithADiagnosis) {
  Script s(GetParam());
  s.Elect(A);
  const Index x = s.Write(A, "x");
  s.Elect(C);
  s.AwaitEquality();
  NetworkRule& appends = s.Hold(Entries().From(C).To(B));
  s.Propose(C, "y");
  s.Await(appends);
  Message wrong = appends.caught.front();
  EntriesOf(wrong).resize(1);
  MoveTo(wrong, x, s.TermAt(B, x - 1));
  s.At(B).NoteLie();
  s.Send(wrong);
  s.RunUntil([&] { return s.At(B).IsStopped(); });
  EXPECT_THAT(s.At(B).replica().Status().stopped.ToString(),
              testing::HasSubstr("asked to overwrite a committed entry"));
  EXPECT_EQ(s.Core(B).EntryAt(x).payload.view(), "x");
  s.HealAndConverge();
}

// redpanda c230235cfa: one turn of B appends, and truncates what it appended. An acceptor has
// accepted what it then replaces, and may say so.
TEST(RaftReplication, R11_TruncatedInTheTurnOfItsAppend_IsNotAcked) {
  Script s(Protocol::kRaft, {.nodes = 5});
  s.Elect(A);
  s.AwaitEquality();
  for (NodeId other : {C, D, E}) s.Cut(A, other);
  const Index x = s.Core(A).extent().last + 1;
  NetworkRule& acks = s.Copy(Acks(x).From(B).To(A));
  s.Pause(B, milliseconds(400));
  const Asked& old = s.Propose(A, "old");
  s.Elect(C);
  s.Write(C, "new");
  s.RunUntil([&] { return s.MatchOf(C, B) > x; });
  EXPECT_THAT(acks.caught, IsEmpty());
  s.Heal();
  s.Await(old);
  EXPECT_EQ(old.outcome.kind, Outcome::Kind::kUnknown);
  s.HealAndConverge();
}

// redpanda c230235cfa.
TEST_P(Replication, R11_LeaderDiesRightAfterItsAnswer_TheEntryStays) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Script s(GetParam(), {.seed = seed});
    s.Elect(A);
    s.StallDisk(seed % 2 == 0 ? B : C);
    s.Write(A, "x");
    for (NodeId node : s.Nodes()) s.PowerCut(node);
    s.Start(B);
    s.Start(C);
    s.RunUntil([&] { return !s.Leader().IsZero(); });
    EXPECT_EQ(s.Read(s.Leader()), "x ");
    s.HealAndConverge();
  }
}

// canonical/raft#355, canonical/raft#423.
TEST_P(Replication, R12_CommitBeyondTheLeadersOwnDisk_OutlivesTheLeader) {
  Script s(GetParam());
  s.Elect(A);
  s.AwaitEquality();
  s.StallDisk(A);
  const Index x = s.Write(A, "x");
  EXPECT_LT(s.Core(A).extent().durable, x);
  EXPECT_GE(s.Core(A).commit(), x);
  s.PowerCut(A);
  const NodeId leader = s.AwaitLeaderOtherThan(A);
  EXPECT_EQ(s.Read(leader), "x ");
  s.HealAndConverge();
}

// openraft#1802.
TEST_P(Replication, R13_FiveVotersWhoeverAcks_TheQuorumsIndexIsCommitted) {
  for (NodeId one : {B, C, D, E}) {
    for (NodeId other : {B, C, D, E}) {
      if (one == other) continue;
      Script s(GetParam(), {.nodes = 5});
      s.Elect(A);
      s.AwaitEquality();
      for (NodeId node : {B, C, D, E}) s.CutOneWay(node, A);
      const Asked& x = s.Propose(A, "x");
      s.RunFor(milliseconds(10));
      s.Join(A, one);
      const Asked& y = s.Propose(A, "y");
      s.RunUntil([&] { return s.MatchOf(A, one) == s.Core(A).extent().last; });
      EXPECT_FALSE(x.HasEnded());
      s.Join(A, other);
      s.Await(y);
      EXPECT_TRUE(x.IsCommitted() && y.IsCommitted());
      s.HealAndConverge();
    }
  }
}

// willemt/raft#118.
TEST_P(Replication, R14_FirstAppendAgainAfterCompaction_AppendsNothing) {
  Script s(GetParam(), {.engine = {.trailing_entries = 0}, .snapshot_after_entries = 10});
  NetworkRule& appends = s.Copy(
      Entries().To(B).Where([](const Message& message) { return FirstOf(message) == Index(1); }));
  s.Elect(A);
  for (int i = 0; i < 25; ++i) s.Write(A, "x" + std::to_string(i));
  s.RunUntil([&] { return s.AreEqual({A, B, C}) && s.Core(B).extent().first > Index(10); });
  const Index last = s.Core(B).extent().last;
  ASSERT_THAT(appends.caught, Not(IsEmpty()));
  s.Replay(appends);
  s.RunFor(milliseconds(100));
  EXPECT_EQ(s.Core(B).extent().last, last);
  EXPECT_TRUE(s.AreEqual({A, B, C}));
  s.HealAndConverge();
}

}  // namespace
}  // namespace synod::sim
