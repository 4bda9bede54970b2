// Scenarios of reads that broke real systems.
#include <chrono>

#include "gtest/gtest.h"
#include "tests/scenarios/protocols.h"
#include "tests/scenarios/script.h"

namespace synod::sim {
namespace {

class Reads : public PlayedByBoth {};
INSTANTIATE_TEST_SUITE_P(, Reads, BothProtocols(), ProtocolNameOf);

using std::chrono::milliseconds;
using std::chrono::seconds;

// etcd#7331, etcd#12762, RedisRaft#18. Of Multi-Paxos, before all is chosen that the new leader has
// found.
TEST_P(Reads, D1_BeforeTheFirstCommitOfTheTerm_Waits) {
  Script s(GetParam());
  s.Elect(A);
  s.HideCommit(Messages().From(A));
  s.Write(A, "x");
  s.AwaitDurable(C, s.Core(A).commit());
  s.Crash(A);
  NetworkRule& acks = s.Hold(AppendReplies().To(C));
  s.Elect(C);
  const Asked& read = s.BeginRead(C);
  s.RunFor(milliseconds(300));
  EXPECT_TRUE(s.Leads(C));
  EXPECT_FALSE(read.HasEnded());
  s.Release(acks);
  s.Await(read);
  EXPECT_EQ(read.answer.value_or("refused"), "x ");
  s.HealAndConverge();
}

// etcd#20418.
TEST_P(Reads, D2_AnswersOfAnOldRead_DoNotServeANewOne) {
  Script s(GetParam());
  s.Elect(A);
  s.Write(A, "x");
  NetworkRule& requests = s.Copy(Every<ReadRequest>().From(B));
  NetworkRule& answers = s.Copy(Every<ReadReply>().To(B));
  NetworkRule& beats = s.Copy(HeartbeatReplies().To(A));
  EXPECT_EQ(s.Read(B), "x ");
  s.Pause(A, seconds(2));
  const NodeId leader = s.AwaitLeaderOtherThan(A);
  s.Write(leader, "y");
  NetworkRule& held = s.Hold(Every<ReadRequest>());
  NetworkRule& quorum = s.Hold(HeartbeatReplies());
  const Asked& read = s.BeginRead(B);
  s.RunFor(milliseconds(5));
  for (const NetworkRule* old : {&requests, &answers, &beats}) s.Replay(*old);
  s.RunFor(milliseconds(50));
  EXPECT_FALSE(read.HasEnded());
  s.Release(held);
  s.Release(quorum);
  s.Await(read);
  EXPECT_EQ(read.answer.value_or("refused"), "x y ");
  s.HealAndConverge();
}

// The same leader's, of a time when there was less to read.
TEST_P(Reads, D2_AnswerComesAgain_DoesNotServeANewRead) {
  Script s(GetParam());
  s.Elect(A);
  s.Write(A, "x");
  NetworkRule& answers = s.Copy(Every<ReadReply>().To(B));
  EXPECT_EQ(s.Read(B), "x ");
  NetworkRule& appends = s.Hold(Appends().To(B));
  s.Write(A, "y");
  NetworkRule& requests = s.Hold(Every<ReadRequest>());
  const Asked& read = s.BeginRead(B);
  s.RunFor(milliseconds(5));
  s.Replay(answers);
  s.RunFor(milliseconds(50));
  EXPECT_FALSE(read.HasEnded());
  s.Release(requests);
  s.Release(appends);
  s.Await(read);
  EXPECT_EQ(read.answer.value_or("refused"), "x y ");
  s.HealAndConverge();
}

// Ongaro §6.4: a quorum that answered before the read came does not vouch for it.
TEST_P(Reads, D3_QuorumAnswersFromBeforeTheRead_DoNotCount) {
  Script s(GetParam());
  s.Elect(A);
  s.Write(A, "x");
  NetworkRule& beats = s.Hold(HeartbeatReplies().To(A));
  s.RunUntil([&] { return beats.caught.size() >= 4; });
  s.Isolate(A);
  s.Elect(C);
  s.Write(C, "y");
  ASSERT_TRUE(s.Leads(A));
  const Asked& read = s.BeginRead(A);
  s.RunFor(milliseconds(1));
  s.Join(A, B);
  s.CutOneWay(A, B);
  s.Release(beats);
  s.RunFor(seconds(1));
  EXPECT_FALSE(read.answer.ok()) << *read.answer;
  s.HealAndConverge();
}

// tikv#9208: the target of the transfer has the entry, and does not know that it is committed.
TEST_P(Reads, D4_RightAfterATransfer_SeesTheNewestCommit) {
  Script s(GetParam());
  s.Elect(A);
  s.Write(A, "x");
  s.AwaitEquality();
  s.HideCommit(Messages().To(B));
  const Index y = s.Write(A, "y");
  EXPECT_LT(s.Core(B).commit(), y);
  s.Transfer(A, B);
  s.RunUntil([&] { return s.Leads(B); });
  EXPECT_EQ(s.Read(B), "x y ");
  s.HealAndConverge();
}

// A follower's read waits until as much is applied here as the leader had committed.
TEST_P(Reads, D6_ApplyLagAndASnapshotInBetween_WaitsForTheIndex) {
  Script s(GetParam(), {.engine = {.trailing_entries = 0},
                        .snapshot_after_entries = 10,
                        .apply_on_own_thread = true});
  s.Elect(A);
  s.Isolate(C);
  for (int i = 0; i < 25; ++i) s.Write(A, "x");
  s.RunFor(seconds(1));
  NetworkRule& chunks = s.Hold(Every<SnapshotChunk>().To(C));
  s.Heal();
  s.Await(chunks);
  s.RunUntil([&] { return s.Core(C).leader() == A; });
  const Asked& read = s.BeginRead(C);
  s.RunFor(milliseconds(100));
  EXPECT_FALSE(read.HasEnded());
  s.Release(chunks);
  s.Await(read);
  EXPECT_EQ(read.answer.value_or("refused"), s.Read(A));
  EXPECT_GE(s.counts().restores, 1u);
  s.HealAndConverge();
}

// redpanda 20330df1fe.
TEST_P(Reads, D7_UnflushedLeader_ShowsOnlyWhatAQuorumHas) {
  Script s(GetParam());
  s.Elect(A);
  s.Write(A, "x");
  s.StallDisk(A);
  s.StallDisk(B);
  s.StallDisk(C);
  const Asked& y = s.Propose(A, "y");
  s.RunFor(milliseconds(20));
  ASSERT_EQ(s.Core(B).extent().last, s.Core(A).commit() + 1);
  EXPECT_EQ(s.Read(A), "x ");
  EXPECT_FALSE(y.HasEnded());
  for (NodeId node : s.Nodes()) s.PowerCut(node);
  for (NodeId node : s.Nodes()) s.Start(node);
  s.RunUntil([&] { return !s.Leader().IsZero(); });
  EXPECT_EQ(s.Read(s.Leader()), "x ");
  s.HealAndConverge();
}

}  // namespace
}  // namespace synod::sim
