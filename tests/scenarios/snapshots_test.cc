// Scenarios of snapshots and compaction that broke real systems.
#include <chrono>
#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/scenarios/protocols.h"
#include "tests/scenarios/script.h"

namespace synod::sim {
namespace {

class Snapshots : public PlayedByBoth {};
INSTANTIATE_TEST_SUITE_P(, Snapshots, BothProtocols(), ProtocolNameOf);

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::Not;

Setup Compacting(uint64_t nodes = 3, uint64_t seed = 1) {
  return {
      .nodes = nodes, .seed = seed, .engine = {.trailing_entries = 0}, .snapshot_after_entries = 5};
}

// A snapshot of several pieces is needed to catch up with what this writes.
void WriteMuch(Script& s, NodeId leader, uint64_t count = 10) {
  for (uint64_t i = 0; i < count; ++i) s.Write(leader, std::string(200'000, 'x'));
  s.RunUntil([&] { return s.Core(leader).extent().first > Index(count / 2); });
}

bool HasSnapshot(Script& s, NodeId node) { return !s.Core(node).snapshot_index().IsZero(); }

// C has entries that the snapshot contradicts, and is cut off in the middle of installing it. False
// if it was done before.
bool InstallOverAConflictingLog(Script& s, const std::function<void()>& cut_off) {
  s.Elect(C);
  s.AwaitEquality();
  s.Isolate(C);
  for (int i = 0; i < 3; ++i) s.Propose(C, "lost");
  s.Elect(A);
  Index last;
  for (int i = 0; i < 12; ++i) last = s.Write(A, "kept");
  s.RunUntil([&] { return HasSnapshot(s, A) && s.Core(A).extent().first > Index(5); });
  NetworkRule& chunks = s.Copy(Every<SnapshotChunk>().To(C));
  s.Heal();
  s.Await(chunks);
  cut_off();
  s.RunUntil([&] { return !s.IsUp(C) || s.MatchOf(A, C) >= last; });
  const bool was_cut_off = !s.IsUp(C);
  s.HealAndConverge();
  EXPECT_GE(s.counts().restores, 1u);
  EXPECT_FALSE(s.IsCommitted("lost"));
  return was_cut_off;
}

// openraft#559, openraft#753.
TEST_P(Snapshots, S1_InstalledOverAConflictingLog_PowerCutAtEveryChangeOfTheDisk) {
  bool was_cut_off = true;
  for (uint64_t change = 1; was_cut_off; ++change) {
    Script s(GetParam(), Compacting(3, change));
    was_cut_off = InstallOverAConflictingLog(s, [&] { s.PowerCutAt(C, change); });
  }
}

TEST_P(Snapshots, S1_InstalledOverAConflictingLog_CrashBeforeEveryEffect) {
  bool was_cut_off = true;
  for (uint64_t effect = 1; was_cut_off; ++effect) {
    Script s(GetParam(), Compacting(3, effect));
    was_cut_off = InstallOverAConflictingLog(s, [&] { s.CrashBefore(C, effect); });
  }
}

// NuRaft#407.
TEST_P(Snapshots, S2_OldSnapshotAfterNewerCommits_IsIgnored) {
  for (const bool restarted : {false, true}) {
    Script s(GetParam(), Compacting());
    s.Elect(A);
    s.Isolate(C);
    for (int i = 0; i < 12; ++i) s.Write(A, "x");
    NetworkRule& chunks = s.Copy(Every<SnapshotChunk>().To(C));
    s.Heal();
    s.RunUntil([&] { return s.AreEqual({A, B, C}) && !chunks.caught.empty(); });
    for (int i = 0; i < 8; ++i) s.Write(A, "y");
    s.AwaitEquality();
    if (restarted) {
      s.Crash(C);
      s.Start(C);
      s.AwaitEquality();
    }
    const uint64_t restores = s.counts().restores;
    const Index commit = s.Core(C).commit();
    s.Replay(chunks);
    s.Propose(A, "z");
    s.RunFor(milliseconds(200));
    EXPECT_EQ(s.counts().restores, restores);
    EXPECT_GT(s.Core(C).commit(), commit);
    s.HealAndConverge();
  }
}

// ClickHouse#107338: the leader compacts while the follower installs, again and again.
TEST_P(Snapshots, S3_CompactionOvertakesTheFollower_Converges) {
  Script s(GetParam(), Compacting());
  s.Elect(A);
  s.Isolate(C);
  WriteMuch(s, A);
  s.Heal();
  s.SlowDisk(C, milliseconds(2));
  for (int i = 0; i < 400; ++i) s.Write(A, "y");
  s.RunUntil([&] { return s.MatchOf(A, C) == s.Core(A).extent().last; });
  EXPECT_LE(s.counts().restores, 3u);
  s.HealAndConverge();
}

// E needs what A has just compacted away, and A's disk does not have the new snapshot yet.
TEST_P(Snapshots, S3_SnapshotIsNotStoredYet_NoOlderOneIsSent) {
  Script s(GetParam(), Compacting(5));
  s.Elect(A);
  WriteMuch(s, A);
  s.AwaitEquality();
  s.Isolate(E);
  s.RunFor(std::chrono::seconds(2));  // For one that is still heard the log would be kept.
  s.StallLog(A);
  const Index before = s.Core(A).snapshot_index();
  for (int i = 0; i < 20 && s.Core(A).extent().first <= s.Core(E).extent().last + 1; ++i) {
    s.Write(A, std::to_string(i));
  }
  ASSERT_GT(s.Core(A).extent().first, s.Core(E).extent().last + 1);
  NetworkRule& chunks = s.Copy(Every<SnapshotChunk>().From(A).To(E));
  s.Heal();
  s.RunFor(milliseconds(250));
  ASSERT_TRUE(s.Leads(A));
  EXPECT_EQ(chunks.caught.size(), 0u);
  s.ResumeDisk(A);
  s.Await(chunks);
  EXPECT_GT(std::get<SnapshotChunk>(chunks.caught.front().body).meta.index, before);
  s.HealAndConverge();
}

// NuRaft#646.
TEST_P(Snapshots, S4_OldAndNewLeaderSendAtOnce_OneIsInstalledWhole) {
  Script s(GetParam(), Compacting());
  s.Elect(A);
  s.Isolate(C);
  WriteMuch(s, A);
  s.RunUntil([&] { return HasSnapshot(s, B); });
  NetworkRule& first = s.Copy(Every<SnapshotChunk>().From(A).To(C));
  NetworkRule& answers = s.Hold(Every<SnapshotChunkReply>().From(C).To(A));
  s.Heal();
  s.Await(first);
  s.Elect(B);
  NetworkRule& second = s.Hold(Every<SnapshotChunk>().From(B).To(C));
  s.Await(second);
  s.Isolate(A);
  second.is_lifted = true;
  for (int round = 0; round < 3; ++round) {
    for (const Message& chunk : first.caught) s.Send(chunk);
    for (const Message& chunk : second.caught) s.Send(chunk);
    s.RunFor(milliseconds(2));
  }
  s.Heal();
  s.Release(answers);
  s.AwaitEquality();
  EXPECT_EQ(s.counts().restores, 1u);
  s.HealAndConverge();
}

// NuRaft#590, NuRaft#562.
TEST_P(Snapshots, S5_CrashInTheMiddleOfReceiving_BeginsAgain) {
  for (const bool by_power : {false, true}) {
    Script s(GetParam(), Compacting());
    s.Elect(A);
    s.Isolate(C);
    WriteMuch(s, A);
    NetworkRule& answers = s.Copy(Every<SnapshotChunkReply>().From(C));
    s.Heal();
    s.RunUntil([&] { return answers.caught.size() >= 2; });
    EXPECT_FALSE(HasSnapshot(s, C));
    by_power ? s.PowerCut(C) : s.Crash(C);
    s.Start(C);
    EXPECT_FALSE(HasSnapshot(s, C));
    EXPECT_EQ(s.Core(C).commit(), Index(0));
    s.AwaitEquality();
    EXPECT_TRUE(HasSnapshot(s, C));
    s.HealAndConverge();
  }
}

// NuRaft#590.
TEST_P(Snapshots, S5_CrashInTheMiddleOfJoining_BeginsAgain) {
  for (const bool by_power : {false, true}) {
    auto setup = Compacting();
    setup.spares = 1;
    Script s(GetParam(), setup);
    s.Elect(A);
    WriteMuch(s, A);
    NetworkRule& answers = s.Copy(Every<SnapshotChunkReply>().From(D));
    s.Reconfigure(A, {AddVoter(D)});
    s.RunUntil([&] { return answers.caught.size() >= 2; });
    EXPECT_FALSE(HasSnapshot(s, D));
    by_power ? s.PowerCut(D) : s.Crash(D);
    s.Start(D);
    EXPECT_FALSE(HasSnapshot(s, D));
    s.RunUntil([&] { return s.AreEqual({A, B, C, D}); });
    EXPECT_TRUE(s.Core(D).configuration().IsVoter(D));
    s.HealAndConverge();
  }
}

// scylla 9dad68e58d: the answer to a transfer of A's first term comes in its second.
TEST_P(Snapshots, S6_LeadershipLostAndRegained_OldTransferHasNoEffect) {
  Script s(GetParam(), Compacting());
  s.Elect(A);
  s.Isolate(C);
  WriteMuch(s, A);
  NetworkRule& answers = s.Hold(Every<SnapshotChunkReply>().From(C).To(A));
  NetworkRule& acks = s.Hold(AppendReplies().From(C).To(A));
  s.Heal();
  s.Await(answers);
  s.Cut(A, C);
  s.Elect(B);
  s.Elect(A);
  const Index match = s.MatchOf(A, C);
  acks.is_lifted = true;
  s.Replay(acks);
  s.Release(answers);
  s.RunFor(milliseconds(20));
  EXPECT_EQ(s.MatchOf(A, C), match);
  EXPECT_EQ(match, Index(0));
  s.HealAndConverge();
}

// scylla#9552.
TEST_P(Snapshots, S7_AcksOfASnapshotAreLost_NoLivelock) {
  Script s(GetParam(), Compacting());
  s.Elect(A);
  s.Isolate(C);
  WriteMuch(s, A);
  NetworkRule& acks = s.Drop(AppendReplies().From(C));
  NetworkRule& answers = s.Drop(Every<SnapshotChunkReply>().From(C).Where(
      [&s](const Message&) { return HasSnapshot(s, C); }));
  s.Heal();
  s.RunUntil([&] { return HasSnapshot(s, C); });
  for (int i = 0; i < 8; ++i) s.Write(A, "y");
  s.RunFor(seconds(3));
  acks.is_lifted = answers.is_lifted = true;
  s.AwaitEquality();
  EXPECT_LE(s.counts().restores, 2u);
  s.HealAndConverge();
}

// etcd#13766: what the snapshot holds is not applied again, and what is behind it is, once.
TEST_P(Snapshots, S8_StartFromASnapshot_TheRestIsAppliedOnce) {
  Script s(GetParam(), Compacting());
  s.Elect(A);
  std::string all;
  for (int i = 0; i < 13; ++i) {
    s.Write(A, std::to_string(i));
    all += std::to_string(i) + " ";
  }
  s.RunUntil([&] { return HasSnapshot(s, A) && HasSnapshot(s, B) && HasSnapshot(s, C); });
  for (NodeId node : s.Nodes()) s.PowerCut(node);
  for (NodeId node : s.Nodes()) s.Start(node);
  s.RunUntil([&] { return !s.Leader().IsZero(); });
  for (NodeId node : s.Nodes()) {
    s.RunUntil([&] { return s.Core(node).leader() == s.Leader(); });
    EXPECT_EQ(s.Read(node), all);
  }
  s.HealAndConverge();
}

}  // namespace
}  // namespace synod::sim
