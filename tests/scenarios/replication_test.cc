// Scenarios of replication and commitment that broke real systems.
#include <algorithm>
#include <chrono>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/scenarios/script.h"

namespace synod::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::IsEmpty;
using testing::Not;

// What B promised to have, `from` on.
Messages AcksOf(NodeId node, Index from = Index(1)) {
  return Every<AppendReply>([from](const AppendReply& reply) {
           return reply.status == AppendReply::Status::kAccepted && reply.index >= from;
         })
      .From(node);
}

// Five nodes: A leads, and of the others only B hears it. The index of what A writes next.
Index LeadBesideB(Script& s) {
  s.Elect(A);
  s.AwaitEquality();
  s.Split({A, B}, {C, D, E});
  return s.Core(A).log().last() + 1;
}

// What it writes stays with the two. C leads the others in the next term. The index of what A
// wrote.
Index Divide(Script& s) {
  const Index index = LeadBesideB(s);
  s.Propose(A, "old");
  for (NodeId node : {A, B}) s.AwaitDurable(node, index);
  return index;
}

// Raft, figure 8; LogCabin#44.
TEST(Replication, R1_EntryOfAnOldTermOnAMajority_IsOverwritten) {
  Script s({.nodes = 5});
  const Index x = Divide(s);  // (a) A has "old", and so has B.
  s.Crash(A);
  s.HealAllBut(B);
  NetworkRule& from_e = s.Hold(Every<AppendRequest>().From(E));
  s.Elect(E);  // (b) E writes at the same index, and dies.
  s.AwaitDurable(E, x);
  s.Crash(E);
  s.HealAllBut(D);
  s.Start(A);
  s.HoldEntriesBehind(A, x);
  s.Elect(A);  // (c) A leads again. C gets the old entry, and nothing of A's new term.
  s.RunUntil([&] { return s.MatchOf(A, B) == x && s.MatchOf(A, C) == x; });
  s.RunFor(milliseconds(100));
  EXPECT_LT(s.Core(A).commit(), x);
  s.Crash(A);  // (d) E overwrites it.
  s.Crash(B);
  from_e.is_lifted = true;
  s.Heal();
  s.Start(E);
  s.Elect(E);
  s.Write(E, "new");
  EXPECT_EQ(s.Read(E), "new ");
  s.HealAndConverge();
}

// copycat#265, NuRaft#57, scylla#9965: the commit index of an append says nothing of what is behind
// it.
TEST(Replication, R2_EmptyAppendBeforeADivergingEntry_CommitsNoFurther) {
  Script s({.nodes = 5});
  const Index x = Divide(s);
  s.Elect(C);
  s.Write(C, "new");
  s.Cut(A, B);
  NetworkRule& empty = s.Change(Every<AppendRequest>().From(C).To(B), [x](Message& message) {
    auto& append = std::get<AppendRequest>(message.body);
    append.entries.clear();
    append.commit = x + 1;
  });
  s.Join(C, B);
  s.RunFor(milliseconds(300));
  EXPECT_THAT(empty.caught, Not(IsEmpty()));
  EXPECT_LT(s.Core(B).commit(), x);
  s.HealAndConverge();
}

// willemt/raft#37.
TEST(Replication, R3_ShortOldAppendAfterALongNewOne_TruncatesNothing) {
  Script s;
  s.Elect(A);
  s.RunUntil([&] { return s.AreEqual({A, B, C}); });
  s.Cut(A, C);
  NetworkRule& acks = s.Hold(AcksOf(B));
  NetworkRule& appends = s.Copy(Every<AppendRequest>().To(B));
  for (const char* command : {"x", "y", "z"}) {
    s.Propose(A, command);
    s.RunFor(milliseconds(5));
  }
  s.RunUntil([&] { return s.Core(B).log().durable() == s.Core(A).log().last(); });
  const Index last = s.Core(B).log().last();
  ASSERT_GE(appends.caught.size(), 3u);
  s.Send(appends.caught.front());
  s.RunFor(milliseconds(5));
  EXPECT_EQ(s.Core(B).log().last(), last);
  s.Release(acks);
  s.RunUntil([&] { return s.Core(A).commit() == last; });
  s.HealAndConverge();
}

// PySyncObj#167, CCF#6001, CCF#6016.
TEST(Replication, R4_AcksAndRejectionsOutOfOrder_MatchNeverFalls) {
  Script s;
  s.Elect(A);
  s.Isolate(B);
  for (const char* command : {"u", "v", "w"}) s.Write(A, command);
  s.Elect(C);
  NetworkRule& answers = s.Copy(Every<AppendReply>().From(B).To(C));
  s.Heal();
  for (const char* command : {"x", "y", "z"}) s.Write(C, command);
  s.RunUntil([&] { return s.MatchOf(C, B) == s.Core(C).log().last(); });
  const Index match = s.MatchOf(C, B);
  EXPECT_THAT(answers.caught, Contains(testing::Truly([](const Message& message) {
                return std::get<AppendReply>(message.body).status == AppendReply::Status::kMismatch;
              })));
  std::reverse(answers.caught.begin(), answers.caught.end());
  for (const Message& answer : std::vector<Message>(answers.caught)) {
    s.Send(answer);
    s.RunFor(milliseconds(1));
    EXPECT_GE(s.MatchOf(C, B), match);
  }
  s.HealAndConverge();
}

// etcd, async_storage_writes_append_aba_race: what is durable is the entry that was truncated.
TEST(Replication, R5_IndexWrittenTwice_FirstWriteDoesNotMakeItDurable) {
  Script s({.nodes = 5});
  const Index x = LeadBesideB(s);
  s.SlowDisk(B, seconds(1));
  NetworkRule& old_acks = s.Copy(AcksOf(B, x).To(A));
  const uint64_t before = s.At(B).disk().operations();
  s.Propose(A, "old");
  // It is on the disk, and B does not know it yet.
  s.RunUntil([&] { return s.At(B).disk().operations() > before; });
  ASSERT_EQ(s.Core(B).log().last(), x);
  s.Elect(C);
  NetworkRule& acks = s.Copy(AcksOf(B, x).To(C));
  s.Cut(A, B);
  s.Join(C, B);
  s.RunUntil([&] { return s.Core(B).log().TermAt(x) == s.Core(C).term(); });
  ASSERT_THAT(old_acks.caught, IsEmpty());
  // The first write ends, and with it the truncated entry is on the disk; the second begins.
  s.Await(old_acks);
  EXPECT_LT(s.Core(B).log().durable(), x);
  EXPECT_THAT(acks.caught, IsEmpty());
  s.Await(acks);
  EXPECT_GE(s.Core(B).log().durable(), x);
  s.PowerCut(B);
  s.Start(B);
  EXPECT_EQ(s.Core(B).log().TermAt(x), s.Core(C).term());
  s.HealAndConverge();
}

// ClickHouse#102629.
TEST(Replication, R6_TruncationUnderWayAndAPowerCut_NothingUnsyncedWasAcked) {
  for (uint64_t change = 1; change <= 8; ++change) {
    Script s({.nodes = 5, .seed = change});
    const Index x = Divide(s);
    s.Elect(C);
    s.Write(C, "new");
    s.Cut(A, B);
    s.PowerCutAt(B, change);
    s.Join(C, B);
    s.RunUntil([&] { return !s.IsUp(B) || s.MatchOf(C, B) > x; });
    s.HealAndConverge();
  }
}

// NuRaft#274.
TEST(Replication, R7_LeadersOwnAppendFails_ItStopsAndNeverReusesTheIndex) {
  Script s;
  s.Elect(A);
  s.RunUntil([&] { return s.AreEqual({A, B, C}); });
  NetworkRule& acks = s.Hold(Every<AppendReply>().To(A));
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
TEST(Replication, R8_OldAcksAfterTheLogWentBack_MakeNoQuorum) {
  Script s({.nodes = 5});
  NetworkRule& acks = s.Hold(AcksOf(B, Index(2)).To(A));
  const Index x = Divide(s);
  s.Await(acks);
  acks.is_lifted = true;
  s.Elect(C);
  s.Heal();
  s.AwaitEquality();
  s.Elect(A);
  s.AwaitEquality();
  for (NodeId other : {B, C, D, E}) s.Hold(Every<AppendRequest>().To(other));
  const Asked& y = s.Propose(A, "y");
  for (Message ack : acks.caught) {
    for (NodeId liar : {B, C, D}) {
      ack.from = liar;
      ack.incarnation = s.At(liar).replica().Status().incarnation;
      std::get<AppendReply>(ack.body).index = s.Core(A).log().last() + 1;
      s.Send(ack);
    }
  }
  s.RunFor(milliseconds(100));
  EXPECT_GT(s.Core(A).log().last(), x);
  EXPECT_FALSE(y.HasEnded());
  s.HealAndConverge();
}

// yugabyte#32875.
TEST(Replication, R9_EmptyAppendBehindUnsyncedEntries_IsNotAcked) {
  Script s;
  s.Elect(A);
  s.RunUntil([&] { return s.AreEqual({A, B, C}); });
  NetworkRule& appends = s.Copy(Every<AppendRequest>([](const AppendRequest& append) {
                                  return !append.entries.empty();
                                }).To(B));
  s.StallDisk(B);
  s.StallDisk(C);
  const Asked& x = s.Propose(A, "x");
  s.RunFor(milliseconds(20));
  ASSERT_THAT(appends.caught, Not(IsEmpty()));
  ASSERT_EQ(s.Core(B).log().last(), s.Core(A).log().last());
  NetworkRule& acks = s.Copy(AcksOf(B, s.Core(B).log().last()));
  Message empty = appends.caught.back();
  auto& append = std::get<AppendRequest>(empty.body);
  append.prev_index = append.entries.back().index;
  append.prev_term = append.entries.back().term;
  append.entries.clear();
  s.Send(empty);
  s.RunFor(milliseconds(50));
  EXPECT_THAT(acks.caught, IsEmpty());
  EXPECT_FALSE(x.HasEnded());
  s.PowerCut(B);
  s.PowerCut(C);
  s.HealAndConverge();
}

// yugabyte#23453.
TEST(Replication, R10_AskedToOverwriteACommittedEntry_StopsWithADiagnosis) {
  Script s;
  s.Elect(A);
  const Index x = s.Write(A, "x");
  s.Elect(C);
  s.RunUntil([&] { return s.AreEqual({A, B, C}); });
  NetworkRule& appends = s.Hold(Every<AppendRequest>().From(C).To(B));
  s.Propose(C, "y");
  s.Await(appends);
  Message wrong = appends.caught.front();
  auto& append = std::get<AppendRequest>(wrong.body);
  append.prev_index = x - 1;
  append.prev_term = *s.Core(B).log().TermAt(x - 1);
  append.entries.resize(1);
  append.entries.front().index = x;
  s.At(B).NoteLie();
  s.Send(wrong);
  s.RunUntil([&] { return s.At(B).IsStopped(); });
  EXPECT_THAT(s.At(B).replica().Status().stopped.ToString(),
              testing::HasSubstr("asked to overwrite a committed entry"));
  EXPECT_EQ(s.Core(B).log().TermAt(x), Term(1));
  s.HealAndConverge();
}

// redpanda c230235cfa: one turn of B appends, and truncates what it appended.
TEST(Replication, R11_TruncatedInTheTurnOfItsAppend_IsNotAcked) {
  Script s({.nodes = 5});
  s.Elect(A);
  s.AwaitEquality();
  for (NodeId other : {C, D, E}) s.Cut(A, other);
  const Index x = s.Core(A).log().last() + 1;
  NetworkRule& acks = s.Copy(AcksOf(B, x).To(A));
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
TEST(Replication, R11_LeaderDiesRightAfterItsAnswer_TheEntryStays) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Script s({.seed = seed});
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
TEST(Replication, R12_CommitBeyondTheLeadersOwnDisk_OutlivesTheLeader) {
  Script s;
  s.Elect(A);
  s.RunUntil([&] { return s.AreEqual({A, B, C}); });
  s.StallDisk(A);
  const Index x = s.Write(A, "x");
  EXPECT_LT(s.Core(A).log().durable(), x);
  EXPECT_GE(s.Core(A).commit(), x);
  s.PowerCut(A);
  const NodeId leader = s.AwaitLeaderOtherThan(A);
  EXPECT_EQ(s.Read(leader), "x ");
  s.HealAndConverge();
}

// openraft#1802.
TEST(Replication, R13_FiveVotersWhoeverAcks_TheQuorumsIndexIsCommitted) {
  for (NodeId one : {B, C, D, E}) {
    for (NodeId other : {B, C, D, E}) {
      if (one == other) continue;
      Script s({.nodes = 5});
      s.Elect(A);
      s.AwaitEquality();
      for (NodeId node : {B, C, D, E}) s.CutOneWay(node, A);
      const Asked& x = s.Propose(A, "x");
      s.RunFor(milliseconds(10));
      s.Join(A, one);
      const Asked& y = s.Propose(A, "y");
      s.RunUntil([&] { return s.MatchOf(A, one) == s.Core(A).log().last(); });
      EXPECT_FALSE(x.HasEnded());
      s.Join(A, other);
      s.Await(y);
      EXPECT_TRUE(x.IsCommitted() && y.IsCommitted());
      s.HealAndConverge();
    }
  }
}

// willemt/raft#118.
TEST(Replication, R14_FirstAppendAgainAfterCompaction_AppendsNothing) {
  Script s({.engine = {.trailing_entries = 0}, .snapshot_after_entries = 10});
  NetworkRule& appends = s.Copy(Every<AppendRequest>([](const AppendRequest& append) {
                                  return append.prev_index.IsZero();
                                }).To(B));
  s.Elect(A);
  for (int i = 0; i < 25; ++i) s.Write(A, "x" + std::to_string(i));
  s.RunUntil([&] { return s.AreEqual({A, B, C}) && s.Core(B).log().first() > Index(10); });
  const Index last = s.Core(B).log().last();
  ASSERT_THAT(appends.caught, Not(IsEmpty()));
  s.Replay(appends);
  s.RunFor(milliseconds(100));
  EXPECT_EQ(s.Core(B).log().last(), last);
  EXPECT_TRUE(s.AreEqual({A, B, C}));
  s.HealAndConverge();
}

}  // namespace
}  // namespace synod::sim
