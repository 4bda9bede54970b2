// Where and when commands are applied.
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/node/test_cluster.h"

namespace synod::test {
namespace {

TestCluster::Options WithOwnThread(size_t nodes, std::vector<GroupId> groups = {1}) {
  return {.nodes = nodes, .groups = std::move(groups), .adjust = [](NodeId, GroupOptions& options) {
            options.apply_on_own_thread = options.group == GroupId(1);
          }};
}

std::thread::id CallbackThread(Replica& replica) {
  std::promise<std::thread::id> ran_on;
  replica.Propose(Payload::Copy("c"), std::chrono::minutes(1),
                  [&](Outcome) { ran_on.set_value(std::this_thread::get_id()); });
  return ran_on.get_future().get();
}

TEST(Apply, ByDefault_RunsOnTheLoop) {
  TestCluster cluster({.nodes = 1});
  cluster.AwaitLeader();
  const std::thread::id called_on = CallbackThread(cluster.replica(1));
  EXPECT_EQ(called_on, cluster.ledger(1).applied_on.load());
}

TEST(Apply, OnOwnThread_ResultsComeInOrder) {
  TestCluster cluster(WithOwnThread(1));
  cluster.AwaitLeader();
  std::vector<std::future<Outcome>> outcomes;
  for (int i = 1; i <= 1000; ++i) outcomes.push_back(cluster.replica(1).Propose("c"));
  for (int i = 1; i <= 1000; ++i) {
    EXPECT_EQ(outcomes[static_cast<size_t>(i - 1)].get().result, std::to_string(i) + ":c");
  }
  const std::thread::id called_on = CallbackThread(cluster.replica(1));
  EXPECT_NE(called_on, cluster.ledger(1).applied_on.load());
}

TEST(Apply, OnOwnThread_ALongApplyHoldsUpNobodyElse) {
  TestCluster cluster(WithOwnThread(1, {1, 2}));
  cluster.AwaitLeader(1);
  cluster.AwaitLeader(2);
  cluster.ledger(1).apply_gate.Close();
  std::future<Outcome> held = cluster.replica(1, 1).Propose("held");
  cluster.ledger(1).apply_gate.AwaitWaiting();
  EXPECT_EQ(cluster.Commit("free", 2).result, "1:free");
  EXPECT_EQ(held.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  cluster.ledger(1).apply_gate.Open();
  EXPECT_EQ(held.get().result, "1:held");
}

TEST(Apply, OnOwnThread_ReadsSeeWhatWasCommittedBefore) {
  TestCluster cluster(WithOwnThread(3));
  cluster.Commit("a");
  const NodeId leader = cluster.AwaitLeader();
  cluster.ledger(leader).apply_gate.Close();
  std::future<Outcome> held = cluster.replica(leader).Propose("b");
  cluster.ledger(leader).apply_gate.AwaitWaiting();
  auto read = cluster.replica(leader).Read("all", Consistency::kLinearizable);
  cluster.ledger(leader).apply_gate.Open();
  ASSERT_TRUE(held.get().ok());
  EXPECT_EQ(read.get().value(), "a,b,");
}

TEST(Apply, OnOwnThread_DeadlinePassesMeanwhile_IsUnknownAndOnce) {
  TestCluster cluster(WithOwnThread(1));
  cluster.AwaitLeader();
  cluster.ledger(1).apply_gate.Close();
  std::promise<Outcome> ended;
  std::atomic<int> calls = 0;
  cluster.replica(1).Propose(Payload::Copy("c"), std::chrono::milliseconds(20),
                             [&](Outcome outcome) {
                               if (++calls == 1) ended.set_value(std::move(outcome));
                             });
  const Outcome outcome = ended.get_future().get();
  EXPECT_EQ(outcome.kind, Outcome::Kind::kUnknown);
  EXPECT_EQ(outcome.reason, Reason::kDeadline);
  cluster.ledger(1).apply_gate.Open();
  EXPECT_EQ(cluster.Commit("d").result, "2:d");
  EXPECT_EQ(calls, 1);
}

TEST(Apply, OneHugeBatch_IsAppliedWhole) {
  TestCluster cluster({.nodes = 3});
  Replica& leader = cluster.replica(cluster.AwaitLeader());
  std::atomic<int> ended = 0;
  constexpr int kCommands = 20'000;  // More than is applied at once.
  for (int i = 0; i < kCommands; ++i) {
    leader.Propose(Payload::Copy("c"), std::chrono::minutes(1), [&](Outcome) { ++ended; });
  }
  EXPECT_TRUE(Eventually([&] { return ended == kCommands; }));
  cluster.AwaitConvergence();
  for (NodeId node : cluster.nodes()) EXPECT_EQ(cluster.StateOf(node), cluster.StateOf(1));
}

}  // namespace
}  // namespace synod::test
