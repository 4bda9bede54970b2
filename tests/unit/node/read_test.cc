// Reads at both consistencies.
#include <future>

#include <gtest/gtest.h>

#include "tests/unit/node/test_cluster.h"

namespace synod::test {
namespace {

TEST(Read, Linearizable_OnEveryNode_SeesEveryWriteBeforeIt) {
  TestCluster cluster;
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    const std::string command = "c" + std::to_string(i);
    cluster.Commit(command);
    for (NodeId node : cluster.nodes()) {
      absl::StatusOr<std::string> all;
      EXPECT_TRUE(Eventually([&] {
        all = cluster.replica(node).Read("all", Consistency::kLinearizable).get();
        return all.ok();
      })) << all.status();
      // Commit may have repeated a command whose first attempt was in doubt.
      EXPECT_NE(all->find(command + ","), std::string::npos) << "node " << node;
    }
  }
}

TEST(Read, Linearizable_WithoutAQuorum_IsNotServed) {
  TestCluster cluster({.nodes = 3, .adjust = [](NodeId, GroupOptions& options) {
                         options.raft.check_quorum = false;
                       }});
  cluster.Commit("c");
  const NodeId leader = cluster.AwaitLeader();
  cluster.network().Isolate(leader);
  std::promise<absl::StatusOr<std::string>> answer;
  cluster.replica(leader).Read(
      "all", Consistency::kLinearizable, std::chrono::milliseconds(50),
      [&](absl::StatusOr<std::string> result) { answer.set_value(std::move(result)); });
  EXPECT_TRUE(absl::IsDeadlineExceeded(answer.get_future().get().status()));
}

TEST(Read, Linearizable_WithoutALeader_IsRefusedWithTheReason) {
  TestCluster cluster;
  const NodeId lonely = cluster.AwaitFollower();
  for (NodeId node : cluster.nodes()) {
    if (node != lonely) cluster.Stop(node);
  }
  EXPECT_TRUE(Eventually([&] { return cluster.replica(lonely).leader().IsZero(); }));
  EXPECT_EQ(cluster.replica(lonely).Read("all", Consistency::kLinearizable).get().status(),
            absl::UnavailableError(std::string(Describe(Reason::kNotLeader))));
}

TEST(Read, Stale_OnANodeThatIsCutOff_IsServed) {
  TestCluster cluster;
  cluster.Commit("a");
  cluster.AwaitConvergence();
  const NodeId follower = cluster.AwaitFollower();
  cluster.network().Isolate(follower);
  cluster.Commit("b");
  EXPECT_EQ(cluster.StateOf(follower), "a,");
}

TEST(Read, QueryFails_TheErrorReachesTheReaderAsItIs) {
  TestCluster cluster({.nodes = 1});
  cluster.AwaitLeader();
  for (Consistency consistency : {Consistency::kLinearizable, Consistency::kStale}) {
    EXPECT_EQ(cluster.replica(1).Read("nonsense", consistency).get().status(),
              absl::NotFoundError("no such query"));
  }
}

}  // namespace
}  // namespace synod::test
