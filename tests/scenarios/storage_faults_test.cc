// Scenarios of disks that lose, damage or refuse what is written.
#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/scenarios/protocols.h"
#include "tests/scenarios/script.h"

namespace synod::sim {
namespace {

class StorageFaults : public PlayedByBoth {};
INSTANTIATE_TEST_SUITE_P(, StorageFaults, BothProtocols(), ProtocolNameOf);

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

// Where entries are first: segments of the write-ahead log, or logs of RocksDB.
std::vector<std::string> SegmentsOf(Script& s, NodeId node) {
  std::vector<std::string> files = s.At(node).disk().FilesBelow("/store");
  std::erase_if(files, [](const std::string& file) {
    return !file.ends_with(".wal") && !file.ends_with(".log");
  });
  return files;
}

// The file and the place of `text` on the disk.
std::pair<std::string, uint64_t> Find(Script& s, NodeId node, const std::string& text) {
  for (const std::string& file : SegmentsOf(s, node)) {
    const size_t at = s.At(node).disk().Contents(file).find(text);
    if (at != std::string::npos) return {file, at};
  }
  ADD_FAILURE() << text << " is not on the disk";
  return {};
}

// A leader's term in which there are entries in the middle of B's log.
void WriteSome(Script& s) {
  s.Elect(A);
  for (const char* command : {"first", "second", "third", "fourth"}) s.Write(A, command);
  s.RunUntil([&] {
    const Index last = s.Core(A).extent().last;
    const std::vector<NodeId> nodes = s.Nodes();
    return std::all_of(nodes.begin(), nodes.end(),
                       [&](NodeId node) { return s.Core(node).extent().durable == last; });
  });
}

// etcd#6515: each sector of the tail arrived, or is as it was, or is zero.
TEST_P(StorageFaults, F1_PowerCutInTheMiddleOfARecord_NothingAckedIsLost) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Script s(GetParam(), {.seed = seed});
    s.Elect(A);
    s.Write(A, "x");
    s.PowerCutAt(B, 1 + seed % 4);
    for (int i = 0; i < 4; ++i) s.Write(A, std::string(3000, 'y'));
    s.RunUntil([&] { return !s.IsUp(B); });
    s.Start(B);
    EXPECT_FALSE(s.At(B).IsRefused());
    // Nor is anything of the torn record left to be found behind what is written now.
    s.AwaitEquality();
    s.Stop(B);
    s.Start(B);
    EXPECT_FALSE(s.At(B).IsRefused());
    s.HealAndConverge();
  }
}

// "Protocol-aware recovery" (FAST 2018).
TEST_P(StorageFaults, F2_CorruptRecordInTheMiddle_DoesNotVoteAsIfItWereAbsent) {
  Script s(GetParam());
  WriteSome(s);
  s.Stop(B);
  const auto [file, at] = Find(s, B, "second");
  s.At(B).disk().FlipBit(file, at);
  s.At(B).NoteDamage();
  s.Start(B);
  EXPECT_TRUE(s.At(B).IsRefused());
  EXPECT_TRUE(absl::IsDataLoss(s.At(B).refusal())) << s.At(B).refusal();
  EXPECT_THAT(s.At(B).refusal().ToString(), HasSubstr(file));
  // The others go on; alone, none of them is elected with its help.
  s.Write(A, "fifth");
  s.Crash(C);
  s.RunUntil([&] { return !s.Leads(A); });
  s.RunFor(seconds(5));
  EXPECT_EQ(s.Leader(), NodeId());
  s.HealAndConverge();
}

// FAST 2018: where there is no other, it says so instead of going on without.
TEST_P(StorageFaults, F2_CorruptRecordOfTheOnlyNode_RefusesToStart) {
  Script s(GetParam(), {.nodes = 1});
  WriteSome(s);
  s.Stop(A);
  const auto [file, at] = Find(s, A, "third");
  s.At(A).disk().FlipBit(file, at);
  s.At(A).NoteDamage();
  s.Start(A);
  EXPECT_TRUE(absl::IsDataLoss(s.At(A).refusal())) << s.At(A).refusal();
  EXPECT_THAT(s.At(A).refusal().ToString(), HasSubstr(file));
  s.At(A).disk().FlipBit(file, at);
  s.At(A).Repaired();
  s.Start(A);
  s.RunUntil([&] { return s.Leads(A); });
  EXPECT_EQ(s.Read(A), "first second third fourth ");
  s.HealAndConverge();
}

// A snapshot is read long after it was written, and by others than who wrote it: while A's is not
// what it was nobody installs it, and the next one serves.
TEST_P(StorageFaults, F2_BitFlipsInASnapshotThatIsSent_IsNeverInstalled) {
  for (uint64_t where = 1; where <= 3; ++where) {
    Script s(GetParam(),
             {.seed = where, .engine = {.trailing_entries = 0}, .snapshot_after_entries = 10});
    s.Elect(A);
    s.Isolate(C);
    for (int i = 0; i < 12; ++i) s.Write(A, std::string(60'000, 'x'));
    s.RunUntil([&] { return s.Core(A).extent().first > Index(10); });
    ASSERT_TRUE(s.At(A).FlipSnapshot(where));
    NetworkRule& chunks = s.Copy(Every<SnapshotChunk>().From(A).To(C));
    s.Drop(Every<SnapshotChunk>().From(B));  // Its own is whole.
    s.Heal();
    s.Await(chunks);
    s.RunFor(seconds(2));
    EXPECT_EQ(s.Core(C).snapshot_index(), Index(0));
    for (int i = 0; i < 10; ++i) s.Write(A, "y");
    s.AwaitEquality();
    EXPECT_GE(s.counts().restores, 1u);
    s.HealAndConverge();
  }
}

// A valid record where another one belongs.
TEST_P(StorageFaults, F3_MisdirectedWrite_IsNoticedByTheChain) {
  Script s(GetParam(), {.segment_bytes = 512});
  s.Elect(A);
  for (int i = 0; i < 20; ++i) s.Write(A, std::string(200, 'x'));
  s.AwaitEquality();
  s.Stop(B);
  const std::vector<std::string> segments = SegmentsOf(s, B);
  ASSERT_GT(segments.size(), 4u);
  FaultyDisk& disk = s.At(B).disk();
  disk.SetContents(segments[3], disk.Contents(segments[2]));
  s.At(B).NoteDamage();
  s.Start(B);
  EXPECT_TRUE(absl::IsDataLoss(s.At(B).refusal())) << s.At(B).refusal();
  s.HealAndConverge();
}

// A write that the disk said to have done, and has not: the file is as it was before.
TEST_P(StorageFaults, F3_LostWrite_IsNoticedByTheChain) {
  Script s(GetParam());
  WriteSome(s);
  const std::string file = SegmentsOf(s, B).back();
  const std::string before = s.At(B).disk().Contents(file);
  const Index lost = s.Write(A, "lost");
  s.RunUntil([&] { return s.MatchOf(A, B) == lost; });
  const auto [lost_in, at] = Find(s, B, "lost");
  ASSERT_EQ(lost_in, file);
  const Index kept = s.Write(A, "kept");
  s.RunUntil([&] { return s.MatchOf(A, B) == kept; });
  s.Stop(B);
  // Records are padded to the next multiple of 8.
  const uint64_t end = (at + std::string("lost").size()) / 8 * 8 + 8;
  std::string bytes = s.At(B).disk().Contents(file);
  bytes.replace(before.size(), end - before.size(), end - before.size(), '\0');
  s.At(B).disk().SetContents(file, bytes);
  s.At(B).NoteDamage();
  s.Start(B);
  EXPECT_TRUE(absl::IsDataLoss(s.At(B).refusal())) << s.At(B).refusal();
  s.HealAndConverge();
}

// B's newest segment before `command` was written, and after that and more was.
struct Written {
  std::string before, after;
};
Written WriteAndStop(Script& s, const std::string& command) {
  WriteSome(s);
  const std::string file = SegmentsOf(s, B).back();
  const std::string before = s.At(B).disk().Contents(file);
  for (const std::string& next : {command, std::string("kept")}) {
    const Index index = s.Write(A, next);
    s.RunUntil([&] { return s.MatchOf(A, B) == index; });
  }
  s.Stop(B);
  return {.before = before, .after = s.At(B).disk().Contents(file)};
}

// A record that was valid at this very place: what was written over it is lost.
TEST_P(StorageFaults, F3_LostOverwrite_IsNoticedByTheChain) {
  Script past(GetParam());
  const Written old = WriteAndStop(past, "past");
  past.HealAndConverge();
  Script s(GetParam());
  const Written now = WriteAndStop(s, "lost");
  ASSERT_EQ(now.before, old.before);
  const auto [file, at] = Find(s, B, "lost");
  const uint64_t size = (at + 4 + 7) / 8 * 8 - now.before.size();
  std::string bytes = now.after;
  bytes.replace(now.before.size(), size, old.after, now.before.size(), size);
  ASSERT_NE(bytes, now.after);
  s.At(B).disk().SetContents(file, bytes);
  s.At(B).NoteDamage();
  s.Start(B);
  EXPECT_TRUE(absl::IsDataLoss(s.At(B).refusal())) << s.At(B).refusal();
  s.HealAndConverge();
}

// "Can applications recover from fsync failures?" (ATC 2020): the next sync succeeds, and means
// nothing.
TEST_P(StorageFaults, F4_SyncFailsOnce_NothingIsAckedAndTheReplicaStops) {
  for (const uint64_t nodes : {1u, 3u}) {
    Script s(GetParam(), {.nodes = nodes});
    s.Elect(A);
    s.AwaitEquality();
    if (nodes > 1) s.Isolate(A);
    s.At(A).disk().FailSync(1);
    const Asked& x = s.Propose(A, "x");
    const Asked& y = s.Propose(A, "y");
    s.RunUntil([&] { return s.At(A).IsStopped(); });
    EXPECT_FALSE(x.IsCommitted() || y.IsCommitted());
    EXPECT_THAT(s.At(A).replica().Status().stopped.ToString(), HasSubstr("the log store failed"));
    const Asked& z = s.Propose(A, "z");
    s.Await(z);
    EXPECT_TRUE(z.IsRefused(Reason::kStopped));
    s.HealAndConverge();
  }
}

// No space: what is written is refused with that reason, and goes on when there is space again.
TEST_P(StorageFaults, F5_LeadersDiskIsFull_WritesAreRefusedUntilThereIsSpace) {
  Script s(GetParam());
  s.Elect(A);
  s.Write(A, "x");
  s.FillDisk(A);
  int number = 0;
  s.RunUntil([&] {
    const Asked& y = s.Propose(A, "y" + std::to_string(++number));
    s.Await(y);
    return y.IsRefused(Reason::kNoSpace);
  });
  // Terms and votes are small, and have their reserve.
  s.FillDisk(B);
  s.FillDisk(C);
  s.Elect(C);
  for (NodeId node : s.Nodes()) s.FreeDisk(node);
  s.RunFor(seconds(2));
  s.Write(s.Leader(), "z");
  s.HealAndConverge();
}

// Who leads next must commit something to serve reads, whether there is space for commands or not.
TEST_P(StorageFaults, F5_QuorumIsFullAndTheLeaderDies_AnotherLeadsAndServesReads) {
  Script s(GetParam());
  s.Elect(A);
  s.Write(A, "x");
  s.AwaitEquality();
  s.FillDisk(B);
  s.FillDisk(C);
  s.Write(A, "y");
  s.RunFor(seconds(1));
  const Asked& z = s.Propose(A, "z");
  s.Await(z);
  EXPECT_TRUE(z.IsRefused(Reason::kNoSpace));
  s.Crash(A);
  const NodeId leader = s.AwaitLeaderOtherThan(A);
  EXPECT_EQ(s.Read(leader), "x y ");
  s.HealAndConverge();
}

// After a restart nothing is known to be committed, and only what is can be compacted.
TEST_P(StorageFaults, F5_AllAreFullAndRestart_SnapshotsMakeRoom) {
  Script s(GetParam(), {.engine = {.trailing_entries = 0}, .segment_bytes = 16 * 1024});
  s.Elect(A);
  for (int i = 0; i < 500; ++i) s.Write(A, "x");
  s.AwaitEquality();
  for (NodeId node : s.Nodes()) s.FillDisk(node);
  for (NodeId node : s.Nodes()) s.PowerCut(node);
  for (NodeId node : s.Nodes()) s.Start(node);
  int number = 0;
  s.RunUntil([&] {
    const NodeId leader = s.Leader();
    if (leader.IsZero()) return false;
    const Asked& y = s.Propose(leader, "y" + std::to_string(++number));
    s.Await(y);
    return y.IsCommitted();
  });
  s.HealAndConverge();
}

// A follower without space acks nothing in part, and does not hold up the others.
TEST_P(StorageFaults, F5_FollowersDiskIsFull_AcksOnlyWhatIsThere) {
  Script s(GetParam());
  s.Elect(A);
  s.Write(A, "x");
  s.AwaitEquality();
  s.FillDisk(B);
  for (int i = 0; i < 10; ++i) s.Write(A, std::string(10'000, 'y'));
  s.RunFor(seconds(10));
  EXPECT_TRUE(s.IsUp(B));
  EXPECT_LT(s.MatchOf(A, B), s.Core(A).commit());
  EXPECT_EQ(s.MatchOf(A, C), s.Core(A).commit());
  s.FreeDisk(B);
  s.AwaitEquality();
  s.HealAndConverge();
}

// Without space for a snapshot the log is not compacted.
TEST_P(StorageFaults, F5_NoSpaceForASnapshot_NothingIsCompacted) {
  Script s(GetParam(), {.engine = {.trailing_entries = 0}, .snapshot_after_entries = 10});
  s.Elect(A);
  for (int i = 0; i < 8; ++i) s.Write(A, "x");
  for (NodeId node : s.Nodes()) s.FillDisk(node, 16 * 1024);
  for (int i = 0; i < 8; ++i) s.Await(s.Propose(A, "y" + std::to_string(i)));
  s.RunFor(seconds(5));
  for (NodeId node : s.Nodes()) {
    EXPECT_EQ(s.Core(node).snapshot_index(), Index(0));
    EXPECT_EQ(s.Core(node).extent().first, Index(1));
    s.FreeDisk(node);
  }
  // However long they would have waited before they tried again.
  s.RunFor(milliseconds(100));
  for (NodeId node : s.Nodes()) EXPECT_EQ(s.Core(node).snapshot_index(), s.Core(A).commit());
  s.RunFor(seconds(1));
  s.HealAndConverge();
}

// etcd#6368: the directory of a file that was begun is synced before anything in the file is acked.
TEST_P(StorageFaults, F6_PowerCutRightAfterAnAckInANewFile_TheFileIsThere) {
  Script s(GetParam(), {.nodes = 1, .segment_bytes = 1024});
  s.Elect(A);
  std::string all;
  for (int i = 0; i < 10; ++i) {
    const std::string newest = SegmentsOf(s, A).back();
    while (SegmentsOf(s, A).back() == newest) {
      const std::string command = std::to_string(i) + std::string(4000, 'x');
      s.Write(A, command);
      all += command + " ";
    }
    s.PowerCut(A);
    s.Start(A);
    s.RunUntil([&] { return s.Leads(A); });
    EXPECT_EQ(s.Read(A), all);
  }
  s.HealAndConverge();
}

// hashicorp#503, etcd#13527.
TEST_P(StorageFaults, F7_LeadersDiskStallsWhileHeartbeatsFlow_AnotherLeads) {
  Script s(GetParam());
  s.Elect(A);
  s.AwaitEquality();
  s.StallDisk(A);
  s.Write(A, "x");
  const NodeId leader = s.AwaitLeaderOtherThan(A);
  s.Write(leader, "y");
  s.RunFor(seconds(10));
  EXPECT_FALSE(s.Leads(A));
  s.HealAndConverge();
}

// Every node loses its power at the same persist point.
TEST_P(StorageFaults, F8_PowerCutOfAllAtEveryPersistPoint_NothingAckedIsLost) {
  bool was_cut = true;
  for (uint64_t change = 1; was_cut; ++change) {
    Script s(GetParam(), {.seed = change, .snapshot_after_entries = 5, .segment_bytes = 2048});
    s.Elect(A);
    std::vector<const Asked*> writes;
    for (NodeId node : s.Nodes()) s.PowerCutAt(node, change);
    for (int i = 0; i < 20 && s.Leads(A); ++i) {
      writes.push_back(&s.Propose(A, std::to_string(i)));
      s.RunFor(milliseconds(1));
    }
    was_cut = !s.IsUp(A);
    for (NodeId node : s.Nodes()) s.PowerCut(node);
    for (NodeId node : s.Nodes()) s.Start(node);
    s.RunUntil([&] { return !s.Leader().IsZero(); });
    const std::string all = " " + s.Read(s.Leader());
    for (const Asked* write : writes) {
      if (!write->IsCommitted()) continue;
      EXPECT_THAT(all, HasSubstr(" " + write->command + " "));
    }
    s.HealAndConverge();
  }
}

}  // namespace
}  // namespace synod::sim
