// Members come, go and get new disks, while the group goes on.
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "synod/memory.h"
#include "synod/tcp.h"

#include "tests/conformance/transport/loopback.h"
#include "tests/unit/node/test_cluster.h"

namespace synod::test {
namespace {

using To = MemberChange::To;
using Nodes = std::vector<NodeId>;

Configuration MembersOf(TestCluster& cluster, NodeId node) {
  return cluster.replica(node).Status().configuration;
}

TEST(Membership, NewcomerBecomesLearnerAndThenVoter_HasEverything) {
  TestCluster cluster;
  cluster.Commit("a");
  cluster.StartJoiner(4);
  cluster.Change({{.node = 4, .to = To::kLearner}});
  cluster.AwaitConvergence();
  EXPECT_EQ(cluster.StateOf(4), "a,");
  cluster.Change({{.node = 4, .to = To::kVoter}});
  cluster.Commit("b");
  cluster.AwaitConvergence();
  for (NodeId node : {1, 2, 3, 4}) {
    EXPECT_EQ(cluster.StateOf(node), "a,b,");
    EXPECT_EQ(MembersOf(cluster, node).voters, (Nodes{1, 2, 3, 4}));
  }
}

// By a snapshot, which carries the members.
TEST(Membership, NewcomerIsFarBehind_CatchesUpAndKnowsTheMembers) {
  TestCluster cluster({.adjust = [](NodeId, GroupOptions& options) {
    options.snapshot_after_entries = 10;
    options.engine.trailing_entries = 0;
  }});
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    cluster.Commit(std::to_string(i));
    expected += std::to_string(i) + ",";
  }
  cluster.StartJoiner(4);
  cluster.Change({{.node = 4, .to = To::kLearner}});
  cluster.AwaitConvergence();
  EXPECT_EQ(cluster.StateOf(4), expected);
  EXPECT_GT(cluster.replica(4).Status().snapshot, Index());
  EXPECT_EQ(MembersOf(cluster, 4).learners, (Nodes{4}));
}

TEST(Membership, AllButOneAreReplaced_TheNewOnesGoOnAlone) {
  TestCluster cluster;
  cluster.Commit("a");
  for (NodeId node : {4, 5}) cluster.StartJoiner(node);
  cluster.Change({{.node = 4, .to = To::kVoter},
                  {.node = 5, .to = To::kVoter},
                  {.node = 1, .to = To::kNone},
                  {.node = 2, .to = To::kNone}});
  for (NodeId node : {1, 2}) cluster.Stop(node);
  cluster.Commit("b");
  cluster.AwaitConvergence();
  for (NodeId node : {3, 4, 5}) EXPECT_EQ(cluster.StateOf(node), "a,b,");
}

TEST(Membership, LeaderRemovesItself_AnotherLeads) {  // M6
  TestCluster cluster;
  cluster.Commit("a");
  const NodeId leader = cluster.AwaitLeader();
  cluster.Change({{.node = leader, .to = To::kNone}});
  EXPECT_TRUE(Eventually([&] { return !cluster.replica(leader).IsLeader(); }));
  cluster.Stop(leader);
  EXPECT_NE(cluster.AwaitLeader(), leader);
  EXPECT_TRUE(cluster.Commit("b").ok());
}

TEST(Membership, RemovedMemberRestarts_LearnsOfIt) {  // M7
  TestCluster cluster;
  cluster.Commit("a");
  const NodeId gone = cluster.AwaitFollower();
  cluster.Stop(gone);
  cluster.Change({{.node = gone, .to = To::kNone}});
  cluster.Start(gone);
  EXPECT_TRUE(Eventually([&] { return cluster.replica(gone).Status().removed; }));
  const Term term = cluster.replica(cluster.AwaitLeader()).Status().term;
  cluster.Commit("b");
  EXPECT_EQ(cluster.replica(cluster.AwaitLeader()).Status().term, term);
}

TEST(Membership, DiskIsLost_AnotherTakesItsPlaceUnderTheSameName) {  // M3
  TestCluster cluster;
  cluster.Commit("a");
  const NodeId lost = cluster.AwaitFollower();
  cluster.Stop(lost);
  cluster.StartJoiner(lost);
  const Incarnation fresh = cluster.replica(lost).Status().incarnation;
  cluster.Change({{.node = lost, .to = To::kVoter, .incarnation = fresh}});
  // Now it is needed, and it counts.
  const NodeId leader = cluster.AwaitLeader();
  for (NodeId other : {1, 2, 3}) {
    if (other != lost && other != leader) cluster.Stop(other);
  }
  cluster.Commit("b");
  cluster.AwaitConvergence();
  EXPECT_EQ(cluster.StateOf(lost), "a,b,");
}

TEST(Membership, GroupRestarts_KnowsItsMembers) {  // M5
  TestCluster cluster;
  cluster.StartJoiner(4);
  cluster.Change({{.node = 4, .to = To::kVoter}, {.node = 3, .to = To::kNone}});
  for (NodeId node : {1, 2, 3, 4}) cluster.Stop(node);
  for (NodeId node : {1, 2, 4}) cluster.Start(node);
  cluster.Commit("a");
  cluster.AwaitConvergence();
  for (NodeId node : {1, 2, 4}) EXPECT_EQ(MembersOf(cluster, node).voters, (Nodes{1, 2, 4}));
}

// Nobody but the newcomers was told at its start where the others are.
TEST(Membership, ChangeNamesAddresses_EveryTransportIsTold) {
  constexpr uint64_t kNodes = 3;
  std::map<NodeId, std::string> addresses;
  std::vector<std::unique_ptr<LedgerControl>> ledgers;
  std::vector<Host> hosts;
  std::vector<Replica> replicas;
  for (uint64_t node = 1; node <= kNodes; ++node) {
    std::unique_ptr<LogStore> log = memory::Create();
    BootstrapOptions born = {.cluster = 7, .node = node, .joins = node > 1};
    if (node == 1) born.members = {1};
    ASSERT_TRUE(Bootstrap(*log, born).ok());
    const std::string address = addresses[node] = testing::NewLoopbackAddress();
    absl::StatusOr<Host> host = Host::Start({.id = node,
                                             .log = std::move(log),
                                             .transport = tcp::Listen(address, {{1, addresses[1]}}),
                                             .logger = {}});
    ASSERT_TRUE(host.ok()) << host.status();
    GroupOptions group;
    group.state_machine =
        std::make_unique<Ledger>(*ledgers.emplace_back(std::make_unique<LedgerControl>()));
    group.default_deadline = std::chrono::minutes(1);
    replicas.push_back(hosts.emplace_back(*std::move(host)).Join(std::move(group)).value());
    ASSERT_TRUE(Eventually([&] { return replicas[0].IsLeader(); }));
    if (node == 1) continue;
    EXPECT_TRUE(Eventually([&] {
      return replicas[0]
          .Reconfigure({{.node = node, .to = To::kVoter, .address = address}})
          .get()
          .ok();
    }));
  }
  ASSERT_TRUE(replicas[0].Propose("a").get().ok());
  // The last may have decided nothing yet, and so not know whom to reach.
  EXPECT_TRUE(
      Eventually([&] { return replicas[2].Status().applied == replicas[0].Status().last; }));
  // The two others can only go on if they know each other.
  hosts.erase(hosts.begin());
  EXPECT_TRUE(Eventually(
      [&] { return replicas[1].Propose("b").get().ok() || replicas[2].Propose("b").get().ok(); }));
}

TEST(Membership, ChangeNamesAnAddressThatIsNone_IsRefused) {
  std::unique_ptr<LogStore> log = memory::Create();
  ASSERT_TRUE(Bootstrap(*log, {.cluster = 7, .node = 1, .members = {1}}).ok());
  absl::StatusOr<Host> host =
      Host::Start({.id = 1,
                   .log = std::move(log),
                   .transport = tcp::Listen(testing::NewLoopbackAddress(), {}),
                   .logger = {}});
  ASSERT_TRUE(host.ok()) << host.status();
  LedgerControl ledger;
  Replica replica = host->Join({.state_machine = std::make_unique<Ledger>(ledger)}).value();
  ASSERT_TRUE(Eventually([&] { return replica.IsLeader(); }));
  const Outcome outcome =
      replica.Reconfigure({{.node = 2, .to = To::kLearner, .address = "nowhere"}}).get();
  EXPECT_EQ(outcome.reason, Reason::kInvalidChange);
}

TEST(Membership, ChangeWouldLeaveQuorumsThatDoNotMeet_IsRefusedAndTwoAreLogged) {
  std::unique_ptr<LogStore> log = memory::Create();
  ASSERT_TRUE(
      Bootstrap(*log,
                {.cluster = 7, .node = 1, .members = {1}, .quorums = QuorumRule::Flexible(1, 1)})
          .ok());
  local::Network network;
  std::atomic<bool> has_logged = false;
  absl::StatusOr<Host> host =
      Host::Start({.id = 1,
                   .log = std::move(log),
                   .transport = network.Attach(),
                   .logger = [&](Severity, std::string_view line) {
                     if (line.find("{1} may elect and {2} may commit") != line.npos)
                       has_logged = true;
                   }});
  ASSERT_TRUE(host.ok()) << host.status();
  LedgerControl ledger;
  Replica replica = host->Join({.state_machine = std::make_unique<Ledger>(ledger)}).value();
  ASSERT_TRUE(Eventually([&] { return replica.IsLeader(); }));
  EXPECT_EQ(replica.Reconfigure({{.node = 2}}).get().reason, Reason::kInvalidChange);
  EXPECT_TRUE(has_logged);
}

TEST(Membership, MembersChange_ObserversAreToldFromTheStartToTheRemoval) {
  struct Seen {
    std::mutex mutex;
    std::vector<std::pair<Configuration, bool>> all;

    [[nodiscard]] bool EndsWith(const Nodes& voters, bool removed) {
      const std::lock_guard lock(mutex);
      return !all.empty() && all.back().first.voters == voters && all.back().second == removed;
    }
  };
  std::map<NodeId, Seen> seen;
  for (NodeId node : {1, 2, 3, 4}) seen[node];
  TestCluster cluster({.adjust = [&seen](NodeId node, GroupOptions& options) {
    options.observer.on_members = [&its = seen[node]](const Configuration& members, bool removed) {
      const std::lock_guard lock(its.mutex);
      its.all.emplace_back(members, removed);
    };
  }});
  cluster.Commit("a");
  EXPECT_TRUE(seen[1].EndsWith({1, 2, 3}, false));
  cluster.StartJoiner(4);
  EXPECT_TRUE(Eventually([&] { return seen[4].EndsWith({}, false); }));
  cluster.Change({{.node = 4, .to = To::kVoter}});
  for (NodeId node : {1, 2, 3, 4}) {
    EXPECT_TRUE(Eventually([&] { return seen[node].EndsWith({1, 2, 3, 4}, false); }));
  }
  const NodeId gone = cluster.AwaitLeader();
  cluster.Change({{.node = gone, .to = To::kNone}});
  Nodes rest = {1, 2, 3, 4};
  std::erase(rest, gone);
  EXPECT_TRUE(Eventually([&] { return seen[gone].EndsWith(rest, true); }));
}

TEST(Membership, AskedOfAFollower_IsRefusedAndNamesTheLeader) {
  TestCluster cluster;
  EXPECT_TRUE(Eventually([&] {
    const NodeId follower = cluster.AwaitFollower();
    const Outcome outcome =
        cluster.replica(follower).Reconfigure({{.node = 9, .to = To::kNone}}).get();
    return outcome.reason == Reason::kNotLeader && outcome.leader == cluster.AwaitLeader();
  }));
}

TEST(Membership, NewcomerDoesNotAnswer_NothingIsChanged) {
  TestCluster cluster;
  cluster.Commit("a");
  EXPECT_TRUE(Eventually([&] {
    const Outcome outcome =
        cluster.replica(cluster.AwaitLeader()).Reconfigure({{.node = 9, .to = To::kVoter}}).get();
    return outcome.kind == Outcome::Kind::kNotCommitted && outcome.reason == Reason::kUnreachable;
  }));
  EXPECT_EQ(MembersOf(cluster, cluster.AwaitLeader()).Members(), cluster.nodes());
}

TEST(Membership, HostStops_ChangeUnderWayEnds) {
  TestCluster cluster;
  cluster.Commit("a");
  const NodeId leader = cluster.AwaitLeader();
  std::future<Outcome> change =
      cluster.replica(leader).Reconfigure({{.node = 9, .to = To::kVoter}});
  cluster.Stop(leader);
  EXPECT_FALSE(change.get().ok());
}

}  // namespace
}  // namespace synod::test
