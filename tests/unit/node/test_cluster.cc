// How the nodes of a test are started, stopped and asked.
#include "tests/unit/node/test_cluster.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <future>

#include "synod/base/assert.h"

namespace synod::test {

namespace {

constexpr auto kHang = std::chrono::seconds(120);

}  // namespace

bool Eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + kHang;
  std::promise<void> never;
  const std::future<void> pause = never.get_future();
  while (std::chrono::steady_clock::now() < end) {
    if (holds()) return true;
    pause.wait_for(std::chrono::milliseconds(1));
  }
  return holds();
}

TestCluster::TestCluster(Options options) : options_(std::move(options)) {
  for (NodeId node : nodes()) {
    Wipe(node);
    for (GroupId group : options_.groups) {
      ledgers_[{node, group}] = std::make_unique<LedgerControl>();
    }
  }
  for (NodeId node : nodes()) Start(node);
}

TestCluster::~TestCluster() {
  for (auto& [name, ledger] : ledgers_) ledger->apply_gate.Open();
}

Protocol ProtocolUnderTest() {
  const char* const name = std::getenv("SYNOD_TEST_PROTOCOL");
  if (name == nullptr || Describe(Protocol::kRaft) == name) return Protocol::kRaft;
  SYNOD_ASSERT(Describe(Protocol::kMultiPaxos) == name, "SYNOD_TEST_PROTOCOL names a protocol");
  return Protocol::kMultiPaxos;
}

std::vector<NodeId> TestCluster::nodes() const {
  std::vector<NodeId> all;
  for (uint64_t i = 1; i <= options_.nodes; ++i) all.push_back(i);
  return all;
}

void TestCluster::Wipe(NodeId node) {
  disks_[node] = std::make_unique<Disk>();
  for (GroupId group : options_.groups) {
    ASSERT_TRUE(Bootstrap(*disks_[node]->store, {.cluster = 7,
                                                 .node = node,
                                                 .group = group,
                                                 .members = nodes(),
                                                 .protocol = ProtocolUnderTest(),
                                                 .alpha = kAlphaUnderTest})
                    .ok());
  }
}

void TestCluster::StartJoiner(NodeId node) {
  disks_[node] = std::make_unique<Disk>();
  for (GroupId group : options_.groups) {
    ledgers_[{node, group}] = std::make_unique<LedgerControl>();
    const BootstrapOptions joins = {
        .cluster = 7, .node = node, .group = group, .joins = true, .protocol = ProtocolUnderTest()};
    ASSERT_TRUE(Bootstrap(*disks_[node]->store, joins).ok());
  }
  Start(node);
}

absl::StatusOr<Host> TestCluster::StartHost(NodeId node) {
  return Host::Start({.id = node,
                      .log = std::make_unique<LastingStore>(disk(node)),
                      .transport = network_.Attach(),
                      .logger = {}});
}

GroupOptions TestCluster::OptionsOf(NodeId node, GroupId group) {
  GroupOptions options;
  options.group = group;
  options.state_machine = std::make_unique<Ledger>(ledger(node, group), options_.image_padding);
  options.engine.election_timeout = std::chrono::milliseconds(300);
  options.engine.heartbeat_interval = std::chrono::milliseconds(30);
  options.default_deadline = std::chrono::minutes(1);
  if (options_.adjust) options_.adjust(node, options);
  return options;
}

void TestCluster::Start(NodeId node) {
  absl::StatusOr<Host> started = StartHost(node);
  ASSERT_TRUE(started.ok()) << started.status();
  Host& host = hosts_.emplace(node, *std::move(started)).first->second;
  for (GroupId group : options_.groups) {
    absl::StatusOr<Replica> joined = host.Join(OptionsOf(node, group));
    ASSERT_TRUE(joined.ok()) << joined.status();
    replicas_.insert_or_assign(std::pair(node, group), *joined);
  }
}

void TestCluster::Stop(NodeId node) {
  for (GroupId group : options_.groups) replicas_.erase({node, group});
  hosts_.erase(node);
}

NodeId TestCluster::AwaitLeader(GroupId group) {
  NodeId leader;
  const bool found = Eventually([&] {
    std::map<NodeId, size_t> followers;
    for (auto& [name, replica] : replicas_) {
      if (name.second == group) ++followers[replica.leader()];
    }
    for (const auto& [node, count] : followers) {
      const auto at = replicas_.find({node, group});
      if (at != replicas_.end() && at->second.IsLeader() && count > options_.nodes / 2) {
        leader = node;
        return true;
      }
    }
    return false;
  });
  EXPECT_TRUE(found) << "no leader of group " << group;
  return leader;
}

NodeId TestCluster::AwaitFollower(GroupId group) {
  const NodeId leader = AwaitLeader(group);
  for (const auto& [name, replica] : replicas_) {
    if (name.second == group && name.first != leader) return name.first;
  }
  ADD_FAILURE() << "no follower of group " << group;
  return {};
}

Outcome TestCluster::Commit(const std::string& command, GroupId group) {
  Outcome outcome;
  EXPECT_TRUE(Eventually([&] {
    outcome = replica(AwaitLeader(group), group).Propose(command).get();
    return outcome.ok();
  })) << command;
  return outcome;
}

void TestCluster::Change(const std::vector<MemberChange>& changes) {
  EXPECT_TRUE(Eventually([&] { return replica(AwaitLeader()).Reconfigure(changes).get().ok(); }));
}

void TestCluster::AwaitConvergence(GroupId group) {
  EXPECT_TRUE(Eventually([&] {
    const Index last = replica(AwaitLeader(group), group).Status().last;
    return std::all_of(replicas_.begin(), replicas_.end(), [&](const auto& named) {
      return named.first.second != group || named.second.Status().applied == last;
    });
  }));
}

std::string TestCluster::StateOf(NodeId node, GroupId group) {
  return replica(node, group).Read("all", Consistency::kStale).get().value();
}

uint64_t CounterOf(const Replica& replica, std::string_view counter) {
  for (const auto& [name, value] : replica.Status().counters) {
    if (name == counter) return value;
  }
  ADD_FAILURE() << "no counter " << counter;
  return 0;
}

}  // namespace synod::test
