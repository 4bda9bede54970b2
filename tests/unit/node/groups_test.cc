// Many groups on the same hosts.
#include <future>

#include <gtest/gtest.h>

#include "tests/unit/node/test_cluster.h"

namespace synod::test {
namespace {

TEST(Groups, ThreeOnThreeHosts_KeepTheirOwnStates) {
  TestCluster cluster({.nodes = 3, .groups = {1, 2, 3}});
  for (int i = 0; i < 10; ++i) {
    cluster.Commit("x", 1);
    cluster.Commit("y", 2);
    cluster.Commit("z", 3);
  }
  for (GroupId group : {GroupId(1), GroupId(2), GroupId(3)}) cluster.AwaitConvergence(group);
  for (NodeId node : cluster.nodes()) {
    EXPECT_EQ(cluster.StateOf(node, 1).find_first_not_of("x,"), std::string::npos);
    EXPECT_EQ(cluster.StateOf(node, 2).find_first_not_of("y,"), std::string::npos);
    EXPECT_EQ(cluster.StateOf(node, 3).find_first_not_of("z,"), std::string::npos);
    EXPECT_GE(cluster.StateOf(node, 3).size(), 20u);
  }
}

TEST(Groups, ProposalsToAllAtOnce_AllCommit) {
  TestCluster cluster({.nodes = 1, .groups = {1, 2, 3}});
  for (GroupId group : {GroupId(1), GroupId(2), GroupId(3)}) cluster.AwaitLeader(group);
  std::vector<std::future<Outcome>> outcomes;
  for (int i = 0; i < 300; ++i) {
    outcomes.push_back(cluster.replica(1, GroupId(1 + static_cast<uint64_t>(i) % 3)).Propose("c"));
  }
  for (auto& outcome : outcomes) EXPECT_TRUE(outcome.get().ok());
}

TEST(Groups, RestartOfAHost_BringsAllOfThemBack) {
  TestCluster cluster({.nodes = 3, .groups = {1, 2}});
  cluster.Commit("a", 1);
  cluster.Commit("b", 2);
  const NodeId restarted = cluster.AwaitFollower(1);
  cluster.Stop(restarted);
  cluster.Commit("c", 1);
  cluster.Commit("d", 2);
  cluster.Start(restarted);
  cluster.AwaitConvergence(1);
  cluster.AwaitConvergence(2);
  EXPECT_EQ(cluster.StateOf(restarted, 1), "a,c,");
  EXPECT_EQ(cluster.StateOf(restarted, 2), "b,d,");
}

}  // namespace
}  // namespace synod::test
