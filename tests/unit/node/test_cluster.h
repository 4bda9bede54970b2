// Hosts in one process, each with a disk that lasts and ledgers to replicate.
#ifndef SYNOD_TESTS_UNIT_NODE_TEST_CLUSTER_H_
#define SYNOD_TESTS_UNIT_NODE_TEST_CLUSTER_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "synod/local.h"
#include "synod/synod.h"

#include "gtest/gtest.h"
#include "tests/unit/node/lasting_store.h"
#include "tests/unit/node/ledger.h"

namespace synod::test {

// True as soon as `holds` is; false after so long that something hangs.
bool Eventually(const std::function<bool()>& holds);

// The tests of the runtime run for each protocol: SYNOD_TEST_PROTOCOL in the environment is its
// name; Raft without one.
Protocol ProtocolUnderTest();
// Large enough for all that a test proposes at once, small enough for a change to be quick.
inline constexpr uint32_t kAlphaUnderTest = 2000;

class TestCluster {
 public:
  using Adjust = std::function<void(NodeId, GroupOptions&)>;

  struct Options {
    size_t nodes = 3;
    std::vector<GroupId> groups = {1};
    size_t image_padding = 0;
    Adjust adjust = {};  // Of each replica's options, at each start.
  };

  // Bootstraps every disk and starts every node.
  explicit TestCluster(Options options);
  TestCluster() : TestCluster(Options()) {}
  ~TestCluster();

  [[nodiscard]] std::vector<NodeId> nodes() const;
  local::Network& network() { return network_; }
  Disk& disk(NodeId node) { return *disks_.at(node); }
  LedgerControl& ledger(NodeId node, GroupId group = 1) { return *ledgers_.at({node, group}); }
  Host& host(NodeId node) { return hosts_.at(node); }
  Replica& replica(NodeId node, GroupId group = 1) { return replicas_.at({node, group}); }

  // Without joining the groups.
  absl::StatusOr<Host> StartHost(NodeId node);
  // A replica's options as they are at each start.
  GroupOptions OptionsOf(NodeId node, GroupId group);
  void Start(NodeId node);
  void Stop(NodeId node);
  // Throws the node's disk away and bootstraps another in its place.
  void Wipe(NodeId node);
  // Starts a node, with a new disk, that a change is to make a member.
  void StartJoiner(NodeId node);

  // The node that leads and that a quorum follows, as soon as there is one.
  NodeId AwaitLeader(GroupId group = 1);
  // Some node that does not lead.
  NodeId AwaitFollower(GroupId group = 1);
  // Proposes until it is committed by whoever leads.
  Outcome Commit(const std::string& command, GroupId group = 1);
  // Asks whoever leads to change the members until it is done.
  void Change(const std::vector<MemberChange>& changes);
  // Every running node has applied what the leader has.
  void AwaitConvergence(GroupId group = 1);
  // The state as one node has it now.
  std::string StateOf(NodeId node, GroupId group = 1);

 private:
  const Options options_;
  local::Network network_;
  std::map<NodeId, std::unique_ptr<Disk>> disks_;
  std::map<std::pair<NodeId, GroupId>, std::unique_ptr<LedgerControl>> ledgers_;
  std::map<NodeId, Host> hosts_;
  std::map<std::pair<NodeId, GroupId>, Replica> replicas_;
};

// One of Status::counters, which must be there.
uint64_t CounterOf(const Replica& replica, std::string_view counter);

}  // namespace synod::test

#endif  // SYNOD_TESTS_UNIT_NODE_TEST_CLUSTER_H_
