// What waits for a disk, and what does not.
#include <future>

#include <gtest/gtest.h>

#include "tests/unit/node/test_cluster.h"

namespace synod::test {
namespace {

TestCluster::Options WithPatience(size_t nodes) {
  return {.nodes = nodes, .adjust = [](NodeId, GroupOptions& options) {
            // A leader whose disk stalls steps down in the end; not within these tests.
            options.engine.election_timeout = std::chrono::seconds(3);
          }};
}

TEST(Persist, LeadersDiskStalls_FollowersCommitWithoutIt) {
  TestCluster cluster(WithPatience(3));
  cluster.Commit("a");
  const NodeId leader = cluster.AwaitLeader();
  cluster.disk(leader).Hold();
  const Outcome outcome = cluster.replica(leader).Propose("b").get();
  EXPECT_TRUE(outcome.ok());
  EXPECT_LT(cluster.replica(leader).Status().durable, outcome.index);
  cluster.disk(leader).Release();
  EXPECT_TRUE(
      Eventually([&] { return cluster.replica(leader).Status().durable >= outcome.index; }));
}

TEST(Persist, NoFollowerIsDurable_NothingIsCommittedUntilOneIs) {
  TestCluster cluster(WithPatience(3));
  cluster.Commit("a");
  cluster.AwaitConvergence();
  const NodeId leader = cluster.AwaitLeader();
  for (NodeId node : cluster.nodes()) {
    if (node != leader) cluster.disk(node).Hold();
  }
  std::future<Outcome> outcome = cluster.replica(leader).Propose("b");
  // Every follower has the entry, and answers a heartbeat that left after it.
  for (NodeId node : cluster.nodes()) {
    EXPECT_TRUE(Eventually([&] {
      const ReplicaStatus status = cluster.replica(node).Status();
      return status.last == cluster.replica(leader).Status().last;
    }));
  }
  EXPECT_EQ(cluster.replica(leader).Read("all", Consistency::kLinearizable).get().value(), "a,");
  EXPECT_EQ(outcome.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  cluster.disk(cluster.AwaitFollower()).Release();
  EXPECT_TRUE(outcome.get().ok());
}

TEST(Persist, OnlyDiskStalls_WritesThatQueueUpCommitInOrder) {
  TestCluster cluster(WithPatience(1));
  const Index before = cluster.Commit("a").index;
  cluster.disk(1).Hold();
  std::vector<std::future<Outcome>> outcomes;
  for (int i = 0; i < 100; ++i) outcomes.push_back(cluster.replica(1).Propose("b"));
  EXPECT_TRUE(Eventually([&] { return cluster.replica(1).Status().last == before + 100; }));
  EXPECT_EQ(outcomes.front().wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  cluster.disk(1).Release();
  for (size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(outcomes[i].get().result, std::to_string(i + 2) + ":b");
  }
}

TEST(Persist, HostStopsWhileItsDiskStalls_LateReportsHarmNobody) {
  TestCluster cluster(WithPatience(1));
  const Index before = cluster.Commit("a").index;
  cluster.disk(1).Hold();
  std::future<Outcome> outcome = cluster.replica(1).Propose("b");
  EXPECT_TRUE(Eventually([&] { return cluster.replica(1).Status().last == before + 1; }));
  cluster.host(1).Stop();
  EXPECT_EQ(outcome.get().kind, Outcome::Kind::kUnknown);
  cluster.disk(1).Release();
}

}  // namespace
}  // namespace synod::test
