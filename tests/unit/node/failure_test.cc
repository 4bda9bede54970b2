// Disks that fail or are full, and what they take with them.
#include <atomic>

#include <gtest/gtest.h>

#include "tests/unit/node/test_cluster.h"

namespace synod::test {
namespace {

TEST(Failure, WriteFails_TheReplicaStopsWithTheReason) {
  std::atomic<int> stops = 0;
  TestCluster cluster({.nodes = 3, .adjust = [&](NodeId, GroupOptions& options) {
                         options.observer.on_stop = [&](const absl::Status& why) {
                           if (absl::IsInternal(why)) ++stops;
                         };
                       }});
  cluster.Commit("a");
  const NodeId failing = cluster.AwaitLeader();
  cluster.disk(failing).fail_writes = true;
  const Outcome outcome = cluster.replica(failing).Propose("b").get();
  EXPECT_EQ(outcome.kind, Outcome::Kind::kUnknown);
  EXPECT_EQ(outcome.reason, Reason::kStopped);
  EXPECT_TRUE(absl::IsInternal(cluster.replica(failing).Status().stopped));
  EXPECT_FALSE(cluster.replica(failing).IsLeader());
  EXPECT_TRUE(Eventually([&] { return stops == 1; }));

  // It stays stopped though the disk would work again (F4).
  cluster.disk(failing).fail_writes = false;
  const Outcome later = cluster.replica(failing).Propose("c").get();
  EXPECT_EQ(later.kind, Outcome::Kind::kNotCommitted);
  EXPECT_EQ(later.reason, Reason::kStopped);
  const auto read = cluster.replica(failing).Read("all", Consistency::kStale).get();
  EXPECT_EQ(ReasonOf(read.status()), Reason::kStopped);
}

TEST(Failure, WriteFails_TheOthersGoOn) {
  TestCluster cluster;
  cluster.Commit("a");
  const NodeId failing = cluster.AwaitLeader();
  cluster.disk(failing).fail_writes = true;
  static_cast<void>(cluster.replica(failing).Propose("b").get());
  EXPECT_TRUE(cluster.Commit("c").ok());
  EXPECT_NE(cluster.AwaitLeader(), failing);
}

TEST(Failure, WriteFails_EveryGroupOfTheHostStops) {
  TestCluster cluster({.nodes = 1, .groups = {1, 2}});
  cluster.Commit("a", 1);
  cluster.Commit("a", 2);
  cluster.disk(1).fail_writes = true;
  static_cast<void>(cluster.replica(1, 1).Propose("b").get());
  EXPECT_TRUE(Eventually([&] { return !cluster.replica(1, 2).Status().stopped.ok(); }));
}

TEST(Failure, NoSpace_WritesAreRefusedUntilThereIs) {
  TestCluster cluster({.nodes = 1});
  cluster.Commit("a");
  cluster.disk(1).has_space = false;
  EXPECT_TRUE(Eventually([&] {
    const Outcome outcome = cluster.replica(1).Propose("b").get();
    return outcome.kind == Outcome::Kind::kNotCommitted && outcome.reason == Reason::kNoSpace;
  }));
  EXPECT_TRUE(cluster.replica(1).Read("all", Consistency::kLinearizable).get().ok());
  cluster.disk(1).has_space = true;
  EXPECT_TRUE(cluster.Commit("c").ok());
}

TEST(Failure, NoSpaceOnAFollower_TheQuorumGoesOnAndItCatchesUp) {
  TestCluster cluster;
  cluster.Commit("a");
  const NodeId full = cluster.AwaitFollower();
  cluster.disk(full).has_space = false;
  for (int i = 0; i < 20; ++i) cluster.Commit("b");
  cluster.disk(full).has_space = true;
  cluster.Commit("c");
  cluster.AwaitConvergence();
  EXPECT_EQ(cluster.StateOf(full), cluster.StateOf(cluster.AwaitLeader()));
}

}  // namespace
}  // namespace synod::test
