// What a host starts with, and what it refuses.
#include "synod/node/host.h"

#include <gtest/gtest.h>

#include "tests/unit/node/test_cluster.h"

namespace synod::test {
namespace {

TEST(Start, EmptyStore_RefusedSayingToBootstrap) {
  local::Network network;
  const auto host =
      Host::Start({.id = 1, .log = memory::Create(), .transport = network.Attach(), .logger = {}});
  EXPECT_TRUE(absl::IsFailedPrecondition(host.status()));
  EXPECT_NE(std::string(host.status().message()).find("Bootstrap"), std::string::npos);
}

TEST(Start, StoreOfAnotherNode_Refused) {
  TestCluster cluster({.nodes = 1});
  Disk disk;
  ASSERT_TRUE(Bootstrap(*disk.store, {.cluster = 7, .node = 1, .group = 1, .members = {1}}).ok());
  const auto host = Host::Start({.id = 2,
                                 .log = std::make_unique<LastingStore>(disk),
                                 .transport = cluster.network().Attach(),
                                 .logger = {}});
  EXPECT_TRUE(absl::IsFailedPrecondition(host.status()));
}

TEST(Start, PluginThatDidNotOpen_PassesItsErrorOn) {
  local::Network network;
  auto no_log = Host::Start({.id = 1,
                             .log = absl::PermissionDeniedError("not yours"),
                             .transport = network.Attach(),
                             .logger = {}});
  EXPECT_TRUE(absl::IsPermissionDenied(no_log.status()));
  auto no_transport = Host::Start({.id = 1,
                                   .log = memory::Create(),
                                   .transport = absl::UnavailableError("port in use"),
                                   .logger = {}});
  EXPECT_TRUE(absl::IsUnavailable(no_transport.status()));
}

TEST(Start, WithoutALogOrATransport_SaysThatTheyMustBeSet) {
  local::Network network;
  for (const auto& host : {Host::Start({.id = 1, .transport = network.Attach(), .logger = {}}),
                           Host::Start({.id = 1, .log = memory::Create(), .logger = {}})}) {
    EXPECT_TRUE(absl::IsInvalidArgument(host.status()));
    EXPECT_NE(host.status().message().find("must be set"), std::string_view::npos);
  }
}

TEST(Start, TransportThatDoesNotStart_PassesItsErrorOn) {
  TestCluster cluster({.nodes = 1});
  // The name is taken in this network.
  EXPECT_TRUE(absl::IsAlreadyExists(cluster.StartHost(1).status()));
}

TEST(Join, UnknownGroup_NotFound) {
  TestCluster cluster({.nodes = 1});
  GroupOptions options = cluster.OptionsOf(1, 1);
  options.group = 9;
  EXPECT_TRUE(absl::IsNotFound(cluster.host(1).Join(std::move(options)).status()));
}

TEST(Join, Twice_AlreadyExists) {
  TestCluster cluster({.nodes = 1});
  EXPECT_TRUE(absl::IsAlreadyExists(cluster.host(1).Join(cluster.OptionsOf(1, 1)).status()));
}

TEST(Join, StoppedHost_Refused) {
  TestCluster cluster({.nodes = 1});
  cluster.host(1).Stop();
  EXPECT_TRUE(absl::IsFailedPrecondition(cluster.host(1).Join(cluster.OptionsOf(1, 1)).status()));
}

TEST(Join, BadOptions_InvalidArgument) {
  TestCluster cluster({.nodes = 1});
  cluster.Stop(1);
  absl::StatusOr<Host> host = cluster.StartHost(1);
  ASSERT_TRUE(host.ok());
  const auto refused = [&](auto change) {
    GroupOptions options = cluster.OptionsOf(1, 1);
    change(options);
    return absl::IsInvalidArgument(host->Join(std::move(options)).status());
  };
  EXPECT_TRUE(refused([](GroupOptions& o) { o.group = 0; }));
  EXPECT_TRUE(refused([](GroupOptions& o) { o.state_machine = nullptr; }));
  EXPECT_TRUE(refused([](GroupOptions& o) { o.max_pending_requests = 0; }));
  EXPECT_TRUE(refused([](GroupOptions& o) { o.snapshot_after_entries = 0; }));
  EXPECT_TRUE(refused([](GroupOptions& o) { o.default_deadline = Duration::zero(); }));
  EXPECT_TRUE(
      refused([](GroupOptions& o) { o.engine.heartbeat_interval = o.engine.election_timeout; }));
  EXPECT_TRUE(host->Join(cluster.OptionsOf(1, 1)).ok()) << "a refused Join leaves nothing behind";
}

TEST(Host, MessagesOfAGroupThatIsNotJoined_AreCounted) {
  TestCluster cluster({.nodes = 3, .groups = {1, 2}});
  cluster.Stop(3);
  absl::StatusOr<Host> host = cluster.StartHost(3);
  ASSERT_TRUE(host.ok());
  absl::StatusOr<Replica> replica = host->Join(cluster.OptionsOf(3, 1));
  ASSERT_TRUE(replica.ok());
  EXPECT_TRUE(Eventually([&] { return CounterOf(*replica, "host.unknown_group_messages") > 0; }));
}

TEST(Host, Restarted_GoesOnWhereItWas) {
  TestCluster cluster;
  cluster.Commit("a");
  for (NodeId node : cluster.nodes()) cluster.Stop(node);
  for (NodeId node : cluster.nodes()) cluster.Start(node);
  cluster.Commit("b");
  cluster.AwaitConvergence();
  for (NodeId node : cluster.nodes()) EXPECT_EQ(cluster.StateOf(node), "a,b,");
}

TEST(Status, OfALeader_TellsOfItselfAndItsPeers) {
  TestCluster cluster;
  cluster.Commit("a");
  cluster.AwaitConvergence();
  const NodeId leader = cluster.AwaitLeader();
  ReplicaStatus status;
  EXPECT_TRUE(Eventually([&] {
    status = cluster.replica(leader).Status();
    return status.peers.size() == 2 && status.peers[0].match == status.last &&
           status.peers[1].match == status.last;
  }));
  EXPECT_EQ(status.group, GroupId(1));
  EXPECT_EQ(status.node, leader);
  EXPECT_EQ(status.role, Role::kLeader);
  EXPECT_EQ(status.leader, leader);
  EXPECT_EQ(status.configuration.voters, cluster.nodes());
  EXPECT_EQ(status.configuration.protocol, ProtocolUnderTest());
  EXPECT_EQ(status.commit, status.last);
  EXPECT_EQ(status.applied, status.last);
  EXPECT_EQ(status.durable, status.last);
  EXPECT_EQ(status.first, Index(1));
  EXPECT_TRUE(status.introduced);
  EXPECT_TRUE(status.peers[0].active);
  EXPECT_TRUE(status.stopped.ok());
  EXPECT_GT(CounterOf(cluster.replica(leader), "engine.leaderships"), 0u);
}

TEST(Observer, OfAnElection_HearsRoleAndLeader) {
  struct Heard {
    std::mutex mutex;
    std::vector<Role> roles;
    std::vector<NodeId> leaders;
  } heard;
  TestCluster cluster({.nodes = 1, .adjust = [&](NodeId, GroupOptions& options) {
                         options.observer.on_role = [&](Role role, Term) {
                           const std::lock_guard lock(heard.mutex);
                           heard.roles.push_back(role);
                         };
                         options.observer.on_leader = [&](NodeId leader, Term) {
                           const std::lock_guard lock(heard.mutex);
                           heard.leaders.push_back(leader);
                         };
                       }});
  cluster.Commit("a");
  const std::lock_guard lock(heard.mutex);
  ASSERT_FALSE(heard.roles.empty());
  EXPECT_EQ(heard.roles.back(), Role::kLeader);
  ASSERT_FALSE(heard.leaders.empty());
  EXPECT_EQ(heard.leaders.back(), NodeId(1));
}

}  // namespace
}  // namespace synod::test
