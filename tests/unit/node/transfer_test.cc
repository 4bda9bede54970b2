// Handing leadership over.
#include <gtest/gtest.h>

#include "tests/unit/node/test_cluster.h"

namespace synod::test {
namespace {

TEST(Transfer, ToAFollower_ItLeadsThen) {
  TestCluster cluster;
  EXPECT_TRUE(Eventually([&] {
    cluster.Commit("a");
    const NodeId to = cluster.AwaitFollower();
    const NodeId from = cluster.AwaitLeader();
    if (from == to) return false;
    // A replica that was starved of time may have lost its office for other reasons.
    return cluster.replica(from).TransferLeadership(to).get().ok() && cluster.AwaitLeader() == to;
  }));
  EXPECT_TRUE(cluster.Commit("b").ok());
}

TEST(Transfer, AskedOfAFollower_IsRefused) {
  TestCluster cluster;
  const NodeId follower = cluster.AwaitFollower();
  const absl::Status status = cluster.replica(follower).TransferLeadership(follower).get();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(ReasonOf(status), Reason::kNotLeader);
}

TEST(Transfer, ToNobody_IsRefused) {
  TestCluster cluster({.nodes = 1});
  cluster.AwaitLeader();
  EXPECT_TRUE(absl::IsInvalidArgument(cluster.replica(1).TransferLeadership(9).get()));
}

TEST(Transfer, ToItself_IsDone) {
  TestCluster cluster({.nodes = 1});
  cluster.AwaitLeader();
  EXPECT_TRUE(cluster.replica(1).TransferLeadership(1).get().ok());
}

// It was told to campaign, and nobody knows whether it heard.
TEST(Transfer, TargetIsUnreachable_EndsUnknownAndWritesGoOn) {
  TestCluster cluster;
  cluster.Commit("a");
  cluster.AwaitConvergence();  // One that lags behind is never told.
  const NodeId to = cluster.AwaitFollower();
  cluster.network().Isolate(to);
  EXPECT_TRUE(Eventually([&] {
    // A leader that was starved of time may have lost its office for other reasons.
    const absl::Status status = cluster.replica(cluster.AwaitLeader()).TransferLeadership(to).get();
    return absl::IsDeadlineExceeded(status);
  }));
  EXPECT_TRUE(cluster.Commit("b").ok());
}

}  // namespace
}  // namespace synod::test
