// Reads at both consistencies.
#include <atomic>
#include <functional>
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
                         options.engine.check_quorum = false;
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
  // Until then the last words of another leader may be on their way.
  EXPECT_TRUE(
      Eventually([&] { return cluster.replica(lonely).Status().role == Role::kPreCandidate; }));
  const auto read = cluster.replica(lonely).Read("all", Consistency::kLinearizable).get();
  EXPECT_TRUE(absl::IsUnavailable(read.status())) << read.status();
  EXPECT_EQ(RefusalOf(read.status()), (Refusal{.reason = Reason::kNotLeader, .leader = {}}));
}

TEST(Read, RefusedWhereALeaderIsKnown_NamesIt) {
  TestCluster cluster;
  cluster.Commit("c");
  const NodeId follower = cluster.AwaitFollower();
  Refusal refusal;
  EXPECT_TRUE(Eventually([&] {
    std::promise<Refusal> ended;
    cluster.replica(follower).Read("all", Consistency::kLinearizable, Duration::zero(),
                                   [&](const absl::StatusOr<std::string>& answer) {
                                     ended.set_value(RefusalOf(answer.status()));
                                   });
    refusal = ended.get_future().get();
    return refusal.leader == cluster.AwaitLeader();
  }));
  EXPECT_EQ(refusal.reason, Reason::kDeadline);
}

TEST(Refusal, InAStatus_IsReadBackAndNothingElseIs) {
  const Refusal refusal{.reason = Reason::kOverloaded, .leader = NodeId(0x1234567890abcdef)};
  EXPECT_EQ(RefusalOf(WithRefusal(absl::UnavailableError("x"), refusal)), refusal);
  absl::Status other = absl::UnavailableError("x");
  EXPECT_EQ(RefusalOf(other), Refusal());
  other.SetPayload("type.synod/Refusal", absl::Cord("text"));
  EXPECT_EQ(RefusalOf(other), Refusal());
  EXPECT_TRUE(WithRefusal(absl::OkStatus(), refusal).ok());
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

// What a callback asks for anew is for the next turn: the loop must see to its peers meanwhile.
TEST(Read, CallbackThatReadsAgainForEver_LeavesTheLoopToOthers) {
  TestCluster cluster;
  cluster.Commit("c");
  Replica& replica = cluster.replica(cluster.AwaitLeader());
  std::atomic<bool> stop = false;
  std::atomic<int> reads = 0;
  std::promise<void> stopped;
  std::function<void(absl::StatusOr<std::string>)> again = [&](const auto&) {
    ++reads;
    if (stop) return stopped.set_value();
    replica.Read("size", Consistency::kStale, std::chrono::seconds(5), again);
  };
  replica.Read("size", Consistency::kStale, std::chrono::seconds(5), again);
  for (int i = 0; i < 20; ++i) cluster.Commit("d");
  EXPECT_TRUE(Eventually([&] { return reads > 1000; }));
  stop = true;
  stopped.get_future().wait();
}

// What is newest waits for its turn like everything else, and no longer.
TEST(Read, StaleReadersNeverPause_LinearizableReadIsServed) {
  TestCluster cluster({.nodes = 1, .adjust = [](NodeId, GroupOptions& options) {
                         options.apply_on_own_thread = true;
                       }});
  cluster.Commit("c");
  Replica& replica = cluster.replica(1);
  constexpr int kReaders = 1000;  // More than a state machine is given at once.
  std::atomic<bool> stop = false;
  std::atomic<int> stopped = 0;
  std::function<void(absl::StatusOr<std::string>)> again = [&](const auto&) {
    if (stop) {
      ++stopped;
      return;
    }
    replica.Read("size", Consistency::kStale, std::chrono::minutes(1), again);
  };
  for (int i = 0; i < kReaders; ++i) again("");
  const auto newest = replica.Read("size", Consistency::kLinearizable).get();
  stop = true;
  EXPECT_TRUE(Eventually([&] { return stopped == kReaders; }));
  ASSERT_TRUE(newest.ok()) << newest.status();
  EXPECT_EQ(*newest, "1");
}

// X3: whoever has given up is not served any more, and what waits is bounded.
TEST(Read, StateMachineIsSlow_ReadsThatHaveExpiredAreNotQueriedFor) {
  TestCluster cluster({.nodes = 1, .adjust = [](NodeId, GroupOptions& options) {
                         options.apply_on_own_thread = true;
                       }});
  cluster.Commit("c");
  LedgerControl& ledger = cluster.ledger(1);
  ledger.query_gate.Close();
  constexpr int kReads = 2000;
  std::atomic<int> expired = 0;
  for (int i = 0; i < kReads; ++i) {
    cluster.replica(1).Read("size", Consistency::kStale, std::chrono::milliseconds(20),
                            [&](const absl::StatusOr<std::string>& answer) {
                              if (absl::IsDeadlineExceeded(answer.status())) ++expired;
                            });
  }
  EXPECT_TRUE(Eventually([&] { return expired == kReads; }));
  ledger.query_gate.Open();
  EXPECT_EQ(cluster.replica(1).Read("size", Consistency::kStale).get().value(), "1");
  EXPECT_LT(ledger.queries, 300u);
}

}  // namespace
}  // namespace synod::test
