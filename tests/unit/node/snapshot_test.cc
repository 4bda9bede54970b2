// Snapshots: taken, compacted behind, sent, received, restored.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/node/test_cluster.h"

namespace synod::test {
namespace {

TestCluster::Options WithSnapshots(size_t nodes, size_t image_padding = 0) {
  return {
      .nodes = nodes, .image_padding = image_padding, .adjust = [](NodeId, GroupOptions& options) {
        options.snapshot_after_entries = 20;
        options.engine.trailing_entries = 5;
      }};
}

void CommitMany(TestCluster& cluster, int count) {
  for (int i = 0; i < count; ++i) cluster.Commit("c" + std::to_string(i));
}

bool HasCompacted(TestCluster& cluster, NodeId node) {
  const ReplicaStatus status = cluster.replica(node).Status();
  return status.snapshot > Index() && status.first > Index(1);
}

TEST(Snapshot, AfterSoManyEntries_IsTakenAndTheLogCompacted) {
  TestCluster cluster(WithSnapshots(1));
  CommitMany(cluster, 50);
  EXPECT_TRUE(Eventually([&] { return HasCompacted(cluster, 1); }));
  EXPECT_GT(cluster.ledger(1).views, 0u);
}

TEST(Snapshot, AfterSoManyBytes_IsTaken) {
  TestCluster cluster({.nodes = 1, .adjust = [](NodeId, GroupOptions& options) {
                         options.snapshot_after_bytes = 10'000;
                       }});
  cluster.Commit(std::string(20'000, 'x'));
  EXPECT_TRUE(Eventually([&] { return cluster.replica(1).Status().snapshot > Index(); }));
}

TEST(Snapshot, Restart_StartsFromItAndTheLogBehindIt) {
  TestCluster cluster(WithSnapshots(1));
  CommitMany(cluster, 50);
  EXPECT_TRUE(Eventually([&] { return HasCompacted(cluster, 1); }));
  const std::string before = cluster.StateOf(1);
  cluster.Stop(1);
  cluster.Start(1);
  EXPECT_EQ(cluster.ledger(1).restores, 1u);
  cluster.Commit("after");
  EXPECT_EQ(cluster.StateOf(1), before + "after,");
}

// Stops a follower, until the others' log does not reach back to its own any more.
NodeId LeaveBehind(TestCluster& cluster) {
  cluster.Commit("first");
  cluster.AwaitConvergence();
  const NodeId lagging = cluster.AwaitFollower();
  cluster.Stop(lagging);
  EXPECT_TRUE(Eventually([&] {
    cluster.Commit("c");
    return cluster.replica(cluster.AwaitLeader()).Status().first > Index(10);
  }));
  return lagging;
}

void CatchUp(TestCluster& cluster) {
  const NodeId lagging = LeaveBehind(cluster);
  cluster.Start(lagging);
  cluster.AwaitConvergence();
  EXPECT_GE(cluster.ledger(lagging).restores, 1u);
  EXPECT_EQ(cluster.StateOf(lagging), cluster.StateOf(cluster.AwaitLeader()));
  // It takes part again.
  cluster.Commit("last");
  cluster.AwaitConvergence();
  EXPECT_EQ(cluster.StateOf(lagging), cluster.StateOf(cluster.AwaitLeader()));
}

TEST(Snapshot, FollowerBehindTheLog_CatchesUpThroughIt) {
  TestCluster cluster(WithSnapshots(3));
  CatchUp(cluster);
}

TEST(Snapshot, OfManyPieces_Arrives) {
  TestCluster cluster(WithSnapshots(3, /*image_padding=*/5'000'000));
  CatchUp(cluster);
}

TEST(Snapshot, NetworkLosesRepeatsAndReorders_Arrives) {
  TestCluster cluster(WithSnapshots(3, /*image_padding=*/3'000'000));
  cluster.network().SetFaults({.drop = 20, .duplicate = 100, .reorder = 100});
  CatchUp(cluster);
}

TEST(Snapshot, OwnThreadApplies_CatchesUpAndReads) {
  TestCluster::Options options = WithSnapshots(3);
  options.adjust = [adjust = options.adjust](NodeId node, GroupOptions& group) {
    adjust(node, group);
    group.apply_on_own_thread = true;
  };
  TestCluster cluster(options);
  CatchUp(cluster);
}

TEST(Snapshot, ViewFails_IsTriedAgain) {
  TestCluster cluster(WithSnapshots(1));
  cluster.ledger(1).failing_views = 1;
  EXPECT_TRUE(Eventually([&] {
    cluster.Commit("c");
    return HasCompacted(cluster, 1);
  }));
  EXPECT_EQ(cluster.ledger(1).failing_views, 0);
}

TEST(Snapshot, StoreRefusesIt_IsTriedAgain) {
  TestCluster cluster(WithSnapshots(1));
  cluster.disk(1).fail_snapshots = true;
  CommitMany(cluster, 50);
  EXPECT_TRUE(Eventually([&] { return cluster.ledger(1).views > 0; }));
  cluster.disk(1).fail_snapshots = false;
  EXPECT_TRUE(Eventually([&] {
    cluster.Commit("c");
    return HasCompacted(cluster, 1);
  }));
}

// Nothing would be applied any more, so that no policy would ever ask for a snapshot (F5).
TEST(Snapshot, LogIsFullBeforeThePolicyAsksForOne_IsTakenAndMakesRoom) {
  TestCluster cluster({.nodes = 1, .adjust = [](NodeId, GroupOptions& options) {
                         options.engine.max_entry_bytes = 1000;
                         options.engine.max_uncommitted_bytes = 10'000;
                         options.engine.max_log_bytes = 10'000;
                       }});
  for (int i = 0; i < 50; ++i) cluster.Commit(std::string(1000, 'x'));
  EXPECT_GT(cluster.ledger(1).views, 2u);
}

TEST(Snapshot, LogIsFullAndTheFirstOneFails_IsTriedAgainThoughNothingIsApplied) {
  TestCluster cluster({.nodes = 1, .adjust = [](NodeId, GroupOptions& options) {
                         options.engine.max_entry_bytes = 1000;
                         options.engine.max_uncommitted_bytes = 10'000;
                         options.engine.max_log_bytes = 10'000;
                       }});
  cluster.ledger(1).failing_views = 1;
  for (int i = 0; i < 20; ++i) cluster.Commit(std::string(1000, 'x'));
  EXPECT_EQ(cluster.ledger(1).failing_views, 0);
}

TEST(Snapshot, DiskIsFullBeforeThePolicyAsksForOne_IsTaken) {
  TestCluster cluster({.nodes = 1});
  CommitMany(cluster, 3);
  cluster.disk(1).has_space = false;
  EXPECT_TRUE(Eventually([&] { return HasCompacted(cluster, 1); }));
}

// S3: the disk always has a write under way, as it has under load.
TEST(Snapshot, LeaderIsNeverIdle_FollowerBehindTheLogStillGetsOne) {
  TestCluster cluster(WithSnapshots(3));
  const NodeId lagging = LeaveBehind(cluster);
  const NodeId leader = cluster.AwaitLeader();

  Disk& disk = cluster.disk(leader);
  disk.Hold();
  std::atomic<bool> stop = false;
  std::thread writer([&stop, &disk, replica = cluster.replica(leader)]() mutable {
    while (!stop) {
      replica.Propose("load");
      while (!stop && !disk.ReleaseAllButOne()) std::this_thread::yield();
    }
  });
  cluster.Start(lagging);
  EXPECT_TRUE(Eventually([&] { return cluster.ledger(lagging).restores > 0; }));
  stop = true;
  writer.join();
  disk.Release();
}

TEST(Snapshot, RestoreFailsAtStart_JoinSaysWhy) {
  TestCluster cluster(WithSnapshots(1));
  CommitMany(cluster, 50);
  EXPECT_TRUE(Eventually([&] { return HasCompacted(cluster, 1); }));
  cluster.Stop(1);
  cluster.ledger(1).fail_restore = true;
  absl::StatusOr<Host> host = cluster.StartHost(1);
  ASSERT_TRUE(host.ok());
  EXPECT_EQ(host->Join(cluster.OptionsOf(1, 1)).status(),
            absl::DataLossError("this image is not for me"));
}

TEST(Snapshot, RestoreFailsLater_TheReplicaStopsAndTheOthersGoOn) {
  TestCluster cluster(WithSnapshots(3));
  const NodeId lagging = LeaveBehind(cluster);
  cluster.ledger(lagging).fail_restore = true;
  cluster.Start(lagging);
  EXPECT_TRUE(Eventually([&] { return !cluster.replica(lagging).Status().stopped.ok(); }));
  EXPECT_TRUE(absl::IsDataLoss(cluster.replica(lagging).Status().stopped));
  EXPECT_TRUE(cluster.Commit("last").ok());
}

TEST(Snapshot, ReceiverCannotWriteIt_IsTriedAgain) {
  TestCluster cluster(WithSnapshots(3));
  const NodeId lagging = LeaveBehind(cluster);
  const NodeId leader = cluster.AwaitLeader();
  cluster.disk(lagging).fail_snapshots = true;
  cluster.Start(lagging);
  EXPECT_TRUE(Eventually(
      [&] { return CounterOf(cluster.replica(leader), "engine.snapshots_needed") >= 2; }));
  cluster.disk(lagging).fail_snapshots = false;
  cluster.AwaitConvergence();
  EXPECT_EQ(cluster.StateOf(lagging), cluster.StateOf(cluster.AwaitLeader()));
}

}  // namespace
}  // namespace synod::test
