// The end of a host: every request under way gets its one outcome (X6).
#include <array>
#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/node/test_cluster.h"

namespace synod::test {
namespace {

using std::chrono::minutes;

TEST(Stop, ProposalsUnderWay_EndUnknownOnce) {
  TestCluster cluster;
  const NodeId leader = cluster.AwaitLeader();
  cluster.network().Isolate(leader);
  constexpr int kProposals = 500;
  std::array<std::atomic<int>, kProposals> calls{};
  std::atomic<int> wrong = 0;
  for (auto& count : calls) {
    cluster.replica(leader).Propose(Payload::Copy("c"), minutes(1), [&](Outcome outcome) {
      ++count;
      // Before the leader notices that it is alone it appends; afterwards it refuses.
      const bool unknown = outcome.kind == Outcome::Kind::kUnknown;
      const bool refused =
          outcome.kind == Outcome::Kind::kNotCommitted &&
          (outcome.reason == Reason::kNotLeader || outcome.reason == Reason::kStopped);
      if (!unknown && !refused) ++wrong;
    });
  }
  cluster.host(leader).Stop();
  for (auto& count : calls) EXPECT_EQ(count, 1);
  EXPECT_EQ(wrong, 0);
}

TEST(Stop, WithEverythingUnderWay_EndsEachRequestOnce) {
  TestCluster cluster;
  const NodeId leader = cluster.AwaitLeader();
  Replica replica = cluster.replica(leader);
  constexpr int kCallers = 4;
  std::atomic<bool> stop = false;
  std::atomic<int> begun = 0;
  std::atomic<int> ended = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&] {
      while (!stop) {
        begun += 3;
        replica.Propose(Payload::Copy("c"), minutes(1), [&](Outcome) { ++ended; });
        replica.Read("size", Consistency::kLinearizable, minutes(1),
                     [&](absl::StatusOr<std::string>) { ++ended; });
        replica.Read("size", Consistency::kStale, minutes(1),
                     [&](absl::StatusOr<std::string>) { ++ended; });
      }
    });
  }
  EXPECT_TRUE(Eventually([&] { return ended > 1000; }));
  cluster.host(leader).Stop();
  stop = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(ended, begun);
}

TEST(Stop, AfterIt_RequestsAreRefusedAtOnce) {
  TestCluster cluster({.nodes = 1});
  cluster.Commit("c");
  Replica& replica = cluster.replica(1);
  cluster.host(1).Stop();
  cluster.host(1).Stop();  // Repeating it does nothing.
  const Outcome outcome = replica.Propose("d").get();
  EXPECT_EQ(outcome.kind, Outcome::Kind::kNotCommitted);
  EXPECT_EQ(outcome.reason, Reason::kStopped);
  const absl::Status transfer = replica.TransferLeadership(1).get();
  for (const absl::Status& stopped :
       {replica.Read("all", Consistency::kStale).get().status(), transfer}) {
    EXPECT_TRUE(absl::IsUnavailable(stopped)) << stopped;
    EXPECT_EQ(ReasonOf(stopped), Reason::kStopped);
  }
  EXPECT_FALSE(replica.IsLeader());
  EXPECT_TRUE(replica.leader().IsZero());
  EXPECT_TRUE(absl::IsCancelled(replica.Status().stopped));
}

TEST(Stop, CallbackThatProposesAgain_IsRefusedAndDoesNotHang) {
  TestCluster cluster;
  const NodeId leader = cluster.AwaitLeader();
  cluster.network().Isolate(leader);
  Replica& replica = cluster.replica(leader);
  std::promise<Outcome> second;
  std::atomic<int> retries = 0;
  std::function<void(Outcome)> retry = [&](Outcome outcome) {
    if (outcome.reason == Reason::kStopped && outcome.kind == Outcome::Kind::kNotCommitted) {
      second.set_value(std::move(outcome));
    } else {
      ++retries;
      replica.Propose(Payload::Copy("c"), minutes(1), retry);
    }
  };
  replica.Propose(Payload::Copy("c"), minutes(1), retry);
  cluster.host(leader).Stop();
  EXPECT_EQ(second.get_future().get().reason, Reason::kStopped);
}

TEST(Stop, ObserverHearsIt_Once) {
  std::atomic<int> stops = 0;
  TestCluster cluster({.nodes = 1, .adjust = [&](NodeId, GroupOptions& options) {
                         options.observer.on_stop = [&](const absl::Status& why) {
                           if (absl::IsCancelled(why)) ++stops;
                         };
                       }});
  cluster.Commit("c");
  cluster.Stop(1);
  EXPECT_EQ(stops, 1);
}

// Whoever goes by the observers alone must not take a replica for a leader that is none any more.
TEST(Stop, OfALeader_ObserversHearThatItLeadsNoMore) {
  std::vector<std::string> heard;  // On the loop, which has ended when it is read.
  TestCluster cluster({.nodes = 1, .adjust = [&](NodeId, GroupOptions& options) {
                         options.observer.on_role = [&](Role role, Term) {
                           heard.emplace_back(role == Role::kLeader ? "leads" : "leads not");
                         };
                         options.observer.on_leader = [&](NodeId leader, Term) {
                           heard.emplace_back(leader.IsZero() ? "no leader" : "a leader");
                         };
                         options.observer.on_stop = [&](const absl::Status&) {
                           heard.emplace_back("stopped");
                         };
                       }});
  cluster.Commit("c");
  heard.clear();
  cluster.Stop(1);
  EXPECT_THAT(heard, ::testing::ElementsAre("leads not", "no leader", "stopped"));
}

TEST(Stop, WhileAStateMachineApplies_WaitsForIt) {
  TestCluster cluster({.nodes = 1, .adjust = [](NodeId, GroupOptions& options) {
                         options.apply_on_own_thread = true;
                       }});
  cluster.AwaitLeader();
  LedgerControl& ledger = cluster.ledger(1);
  ledger.apply_gate.Close();
  std::future<Outcome> held = cluster.replica(1).Propose("c");
  ledger.apply_gate.AwaitWaiting();
  std::thread stopper([&] { cluster.host(1).Stop(); });
  // Committed, but whether it was applied is not known here any more.
  EXPECT_EQ(held.get().kind, Outcome::Kind::kUnknown);
  ledger.apply_gate.Open();
  stopper.join();
}

}  // namespace
}  // namespace synod::test
