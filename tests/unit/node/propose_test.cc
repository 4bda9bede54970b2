// Proposals: results, order, refusals, deadlines.
#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/node/test_cluster.h"

namespace synod::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::Ne;

// Counts how often it was called, and keeps the last outcome.
struct Recorder {
  std::atomic<int> calls = 0;
  std::promise<Outcome> promise;

  absl::AnyInvocable<void(Outcome)> Callback() {
    return [this](Outcome outcome) {
      if (calls.fetch_add(1) == 0) promise.set_value(std::move(outcome));
    };
  }
};

TEST(Propose, OneNode_ManyProposals_ResultsComeInOrder) {
  TestCluster cluster({.nodes = 1});
  cluster.AwaitLeader();
  std::vector<std::future<Outcome>> outcomes;
  for (int i = 1; i <= 1000; ++i) outcomes.push_back(cluster.replica(1).Propose("c"));
  Index last;
  for (int i = 1; i <= 1000; ++i) {
    const Outcome outcome = outcomes[static_cast<size_t>(i - 1)].get();
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome.result, std::to_string(i) + ":c");
    EXPECT_GT(outcome.index, last);
    EXPECT_EQ(outcome.leader, NodeId(1));
    last = outcome.index;
  }
}

TEST(Propose, ThreeNodes_ConcurrentCallers_AllApplyTheSame) {
  TestCluster cluster;
  Replica& leader = cluster.replica(cluster.AwaitLeader());
  std::vector<std::thread> callers;
  std::atomic<int> committed = 0;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 50; ++i) {
        const std::string command = std::to_string(caller) + "-" + std::to_string(i);
        if (leader.Propose(command).get().ok()) ++committed;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_GT(committed, 0);
  cluster.AwaitConvergence();
  const std::string state = cluster.StateOf(1);
  EXPECT_GE(std::count(state.begin(), state.end(), ','), committed);
  for (NodeId node : cluster.nodes()) EXPECT_EQ(cluster.StateOf(node), state);
}

// A store that is done at once and callbacks that propose again must not keep a turn from ending.
TEST(Propose, CallbacksThatAlwaysProposeAgain_LeaveTheLoopToOthers) {
  TestCluster cluster({.nodes = 1});
  Replica& replica = cluster.replica(cluster.AwaitLeader());
  std::atomic<bool> enough = false;
  std::promise<void> ended;
  std::function<void(Outcome)> again = [&](const Outcome&) {
    if (enough) return ended.set_value();
    replica.Propose(Payload::Copy("again"), minutes(1), again);
  };
  replica.Propose(Payload::Copy("again"), minutes(1), again);
  EXPECT_TRUE(replica.Propose("once").get().ok());
  EXPECT_TRUE(replica.Read("size", Consistency::kLinearizable).get().ok());
  enough = true;
  ended.get_future().wait();
}

TEST(Propose, OnAFollower_IsRefusedWithTheLeaderAsHint) {
  TestCluster cluster;
  EXPECT_TRUE(Eventually([&] {
    const NodeId leader = cluster.AwaitLeader();
    const Outcome outcome = cluster.replica(cluster.AwaitFollower()).Propose("c").get();
    return outcome.kind == Outcome::Kind::kNotCommitted && outcome.reason == Reason::kNotLeader &&
           outcome.leader == leader;
  }));
}

TEST(Propose, TooLarge_IsRefused) {
  TestCluster cluster({.nodes = 1, .adjust = [](NodeId, GroupOptions& options) {
                         options.engine.max_entry_bytes = 100;
                       }});
  cluster.AwaitLeader();
  const Outcome outcome = cluster.replica(1).Propose(std::string(101, 'x')).get();
  EXPECT_EQ(outcome.kind, Outcome::Kind::kNotCommitted);
  EXPECT_EQ(outcome.reason, Reason::kTooLarge);
  EXPECT_EQ(CounterOf(cluster.replica(1), "requests.failed.too_large"), 1u);
  EXPECT_TRUE(cluster.replica(1).Propose(std::string(100, 'x')).get().ok());
}

TEST(Propose, FromACallback_IsAcceptedOnTheLoop) {
  TestCluster cluster({.nodes = 1});
  cluster.AwaitLeader();
  Replica& replica = cluster.replica(1);
  std::promise<int> finished;
  int left = 10'000;  // More than one turn may take.
  std::function<void(Outcome)> next = [&](Outcome outcome) {
    if (!outcome.ok() || --left == 0) {
      finished.set_value(left);
    } else {
      replica.Propose(Payload::Copy("c"), minutes(1), next);
    }
  };
  replica.Propose(Payload::Copy("c"), minutes(1), next);
  EXPECT_EQ(finished.get_future().get(), 0);
}

// While the loop is busy nothing would take it from a queue. Who asks again in the callback is left
// to the loop, or the stack would grow with each time.
TEST(Propose, BeyondMaxPendingWhileTheLoopIsBusy_IsRefusedAtOnceOnTheThreadThatAsks) {
  TestCluster cluster({.nodes = 1, .adjust = [](NodeId, GroupOptions& options) {
                         options.max_pending_requests = 1;
                       }});
  Replica& replica = cluster.replica(cluster.AwaitLeader());
  std::promise<void> is_busy;
  std::promise<void> go_on;
  replica.Propose(Payload::Copy("c"), minutes(10), [&](const Outcome&) {
    // Ended already, so that it does not count any more.
    replica.Read("size", Consistency::kLinearizable, minutes(10), [](const auto&) {});
    is_busy.set_value();
    go_on.get_future().wait();
  });
  is_busy.get_future().wait();
  std::vector<std::thread::id> threads;
  std::promise<void> asked_again;
  const auto note = [&](const Outcome& outcome) {
    EXPECT_EQ(outcome.reason, Reason::kOverloaded);
    threads.push_back(std::this_thread::get_id());
  };
  replica.Propose(Payload::Copy("c"), minutes(10), [&](const Outcome& outcome) {
    note(outcome);
    replica.Propose(Payload::Copy("c"), minutes(10), [&](const Outcome& again) {
      note(again);
      asked_again.set_value();
    });
  });
  EXPECT_THAT(threads, ElementsAre(std::this_thread::get_id()));
  go_on.set_value();
  asked_again.get_future().wait();
  EXPECT_THAT(threads, ElementsAre(std::this_thread::get_id(), Ne(std::this_thread::get_id())));
}

TEST(Propose, BeyondMaxPending_IsRefusedAsOverload) {
  TestCluster cluster({.nodes = 3, .adjust = [](NodeId, GroupOptions& options) {
                         options.max_pending_requests = 10;
                         // So that the leader, cut off, stays one for the length of the test.
                         options.engine.check_quorum = false;
                       }});
  const NodeId leader = cluster.AwaitLeader();
  cluster.network().Isolate(leader);
  std::vector<std::unique_ptr<Recorder>> pending;
  for (int i = 0; i < 10; ++i) {
    pending.push_back(std::make_unique<Recorder>());
    cluster.replica(leader).Propose(Payload::Copy("c"), minutes(10), pending.back()->Callback());
  }
  const Outcome outcome = cluster.replica(leader).Propose("one too many").get();
  EXPECT_EQ(outcome.kind, Outcome::Kind::kNotCommitted);
  EXPECT_EQ(outcome.reason, Reason::kOverloaded);
  const auto read = cluster.replica(leader).Read("all", Consistency::kStale).get();
  EXPECT_EQ(ReasonOf(read.status()), Reason::kOverloaded);
  EXPECT_EQ(CounterOf(cluster.replica(leader), "requests.failed.overloaded"), 2u);
  cluster.network().Heal();
  for (auto& recorder : pending) {
    recorder->promise.get_future().get();
    EXPECT_EQ(recorder->calls, 1);
  }
}

TEST(Propose, DeadlineHasPassed_IsNeverAppended) {
  TestCluster cluster({.nodes = 1});
  cluster.AwaitLeader();
  for (const Duration deadline : {Duration::zero(), Duration(-1), Duration::min()}) {
    Recorder recorder;
    cluster.replica(1).Propose(Payload::Copy("late"), deadline, recorder.Callback());
    const Outcome outcome = recorder.promise.get_future().get();
    EXPECT_EQ(outcome.kind, Outcome::Kind::kNotCommitted);
    EXPECT_EQ(outcome.reason, Reason::kDeadline);
  }
  cluster.Commit("c");
  EXPECT_EQ(cluster.StateOf(1), "c,");
}

TEST(Propose, DeadlinePassesWithoutAQuorum_IsUnknown) {
  TestCluster cluster({.nodes = 3, .adjust = [](NodeId, GroupOptions& options) {
                         options.engine.check_quorum = false;
                       }});
  const NodeId leader = cluster.AwaitLeader();
  cluster.network().Isolate(leader);
  Recorder recorder;
  cluster.replica(leader).Propose(Payload::Copy("c"), milliseconds(20), recorder.Callback());
  const Outcome outcome = recorder.promise.get_future().get();
  EXPECT_EQ(outcome.kind, Outcome::Kind::kUnknown);
  EXPECT_EQ(outcome.reason, Reason::kDeadline);
  // It may still commit, but its caller is not told again.
  cluster.network().Heal();
  cluster.Commit("d");
  cluster.AwaitConvergence();
  EXPECT_EQ(recorder.calls, 1);
}

TEST(Propose, LongestDeadline_IsNoOverflow) {
  TestCluster cluster({.nodes = 1});
  cluster.AwaitLeader();
  Recorder recorder;
  cluster.replica(1).Propose(Payload::Copy("c"), Duration::max(), recorder.Callback());
  EXPECT_TRUE(recorder.promise.get_future().get().ok());
}

TEST(Propose, LeadershipIsLost_IsUnknown) {
  TestCluster cluster;
  const NodeId old_leader = cluster.AwaitLeader();
  cluster.network().Isolate(old_leader);
  Recorder recorder;
  cluster.replica(old_leader).Propose(Payload::Copy("c"), minutes(1), recorder.Callback());
  const Outcome outcome = recorder.promise.get_future().get();
  // Either it came before the leader noticed, or after.
  if (outcome.kind == Outcome::Kind::kUnknown) {
    EXPECT_EQ(outcome.reason, Reason::kLeadershipLost);
  } else {
    EXPECT_EQ(outcome.kind, Outcome::Kind::kNotCommitted);
    EXPECT_EQ(outcome.reason, Reason::kNotLeader);
  }
}

TEST(Propose, WithAnExecutor_CallbacksRunThere) {
  std::atomic<int> dispatched = 0;
  TestCluster cluster({.nodes = 1, .adjust = [&](NodeId, GroupOptions& options) {
                         options.executor = [&](absl::AnyInvocable<void()> task) {
                           ++dispatched;
                           std::thread(std::move(task)).detach();
                         };
                       }});
  cluster.AwaitLeader();
  std::promise<std::thread::id> ran_on;
  cluster.replica(1).Propose(Payload::Copy("c"), minutes(1),
                             [&](Outcome) { ran_on.set_value(std::this_thread::get_id()); });
  const std::thread::id called_on = ran_on.get_future().get();
  EXPECT_NE(called_on, cluster.ledger(1).applied_on.load());
  EXPECT_EQ(dispatched, 1);
}

// It is refused at once, again and again; the loop must learn of the next leader meanwhile.
TEST(Propose, CallbackThatAsksAgainWhileNobodyLeads_LeavesTheLoopToOthers) {
  TestCluster cluster;
  cluster.Commit("c");
  const NodeId node = cluster.AwaitFollower();
  cluster.network().Isolate(node);
  Replica& replica = cluster.replica(node);
  EXPECT_TRUE(Eventually([&] { return replica.leader().IsZero(); }));
  std::atomic<bool> stop = false;
  std::atomic<int> refusals = 0;
  std::promise<void> stopped;
  std::function<void(Outcome)> again = [&](const Outcome&) {
    ++refusals;
    if (stop) return stopped.set_value();
    replica.Propose(Payload::Copy("d"), std::chrono::seconds(5), again);
  };
  replica.Propose(Payload::Copy("d"), std::chrono::seconds(5), again);
  EXPECT_TRUE(Eventually([&] { return refusals > 1000; }));
  cluster.network().Heal();
  EXPECT_TRUE(Eventually([&] { return !replica.leader().IsZero(); }));
  stop = true;
  stopped.get_future().wait();
}

}  // namespace
}  // namespace synod::test
