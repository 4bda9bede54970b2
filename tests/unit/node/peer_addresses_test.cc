// Where the transport is told that members are, while changes are asked for, made and undone.
#include "src/peer_addresses.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "synod/memory.h"
#include "synod/synod.h"

#include "src/event_loop.h"
#include "tests/unit/node/fake_host.h"
#include "tests/unit/node/test_cluster.h"

namespace synod::internal {
namespace {

using test::Eventually;
using test::FakeHost;
using To = MemberChange::To;
using Addresses = std::map<NodeId, std::string>;

class PeerAddressesTest : public ::testing::Test {
 protected:
  // With records: the members' addresses, empty where none was named.
  static Configuration Of(const Addresses& members) {
    std::vector<NodeId> nodes;
    for (const auto& [node, address] : members) nodes.push_back(node);
    Configuration configuration = Configuration::Of(nodes);
    for (const auto& [node, address] : members) {
      configuration.records.push_back({.node = node,
                                       .incarnation = Incarnation(node.value()),
                                       .epoch = {},
                                       .address = address});
    }
    return configuration;
  }
  void Settle(const Configuration& newest, const Configuration& committed, NodeId leader = 1) {
    addresses_.OnConfiguration(newest);
    Forget(newest, committed, leader);
  }
  void Forget(const Configuration& newest, const Configuration& needed, NodeId leader) {
    const auto is_needed = [&needed](NodeId node) { return needed.IsMember(node); };
    addresses_.ForgetOthers(newest, is_needed, leader);
  }

  const Configuration initial_ = Configuration::Of({1, 2, 3});
  FakeHost host_{1};
  PeerAddresses addresses_{host_, 1};
};

TEST_F(PeerAddressesTest, InitialMembers_AreWhereTheHostWasTold) {
  Settle(initial_, initial_);
  EXPECT_EQ(host_.addresses, (Addresses{{2, ""}, {3, ""}}));
}

TEST_F(PeerAddressesTest, Acceptors_AreToldWithTheIncarnationThatCounts) {
  Configuration members = Of({{1, ""}, {2, ""}, {8, "switch"}});
  members.acceptors = {8};
  Settle(members, members);
  EXPECT_EQ(host_.addresses, (Addresses{{2, ""}}));
  EXPECT_EQ(host_.acceptors, (std::map<NodeId, Incarnation>{{8, Incarnation(8)}}));
  members.records[2].incarnation = Incarnation(88);
  Settle(members, members);
  EXPECT_EQ(host_.acceptors[8], Incarnation(88));
  Settle(Of({{1, ""}, {2, ""}}), members);
  EXPECT_EQ(host_.acceptors.size(), 1u) << "It may decide yet.";
  Settle(Of({{1, ""}, {2, ""}}), Of({{1, ""}, {2, ""}}));
  EXPECT_TRUE(host_.acceptors.empty());
}

TEST_F(PeerAddressesTest, AcceptorThatCannotBeReached_IsRefused) {
  MemberChange change{.node = 8, .to = To::kAcceptor, .incarnation = Incarnation(8)};
  change.address = "nowhere";
  EXPECT_TRUE(absl::IsInvalidArgument(addresses_.Check({change})));
  change.address = "switch";
  EXPECT_TRUE(addresses_.Check({change}).ok());
  addresses_.OnChange({change}, initial_);
  EXPECT_TRUE(host_.acceptors.empty()) << "Nobody asks it who it is.";
}

TEST_F(PeerAddressesTest, ChangeMovesAMember_ItStaysWhereItIsUntilThatIsInTheLog) {
  Settle(initial_, initial_);
  addresses_.OnChange({{.node = 2, .to = To::kVoter, .address = "b"},
                       {.node = 4, .to = To::kLearner, .address = "d"}},
                      initial_);
  EXPECT_EQ(host_.addresses, (Addresses{{2, ""}, {3, ""}, {4, "d"}}));
  Settle(Of({{1, ""}, {2, "b"}, {3, ""}, {4, "d"}}), initial_);
  EXPECT_EQ(host_.addresses, (Addresses{{2, "b"}, {3, ""}, {4, "d"}}));
}

TEST_F(PeerAddressesTest, ConfigurationIsRolledBack_SoAreItsAddresses) {
  Settle(Of({{1, ""}, {2, ""}, {3, "c"}}), initial_);
  Settle(Of({{1, ""}, {2, "b"}, {3, "other"}, {4, "d"}}), initial_);
  Settle(Of({{1, ""}, {2, ""}, {3, "c"}}), initial_);
  EXPECT_EQ(host_.addresses, (Addresses{{2, ""}, {3, "c"}}));
}

TEST_F(PeerAddressesTest, NewcomerIsRefused_IsForgotten) {
  Settle(initial_, initial_);
  addresses_.OnChange({{.node = 4, .to = To::kVoter, .address = "d"}}, initial_);
  Forget(initial_, initial_, 1);
  EXPECT_TRUE(host_.addresses.contains(4));
  addresses_.OnChangeEnded();
  ASSERT_TRUE(addresses_.has_others());
  Forget(initial_, initial_, 1);
  EXPECT_EQ(host_.addresses, (Addresses{{2, ""}, {3, ""}}));
  EXPECT_FALSE(addresses_.has_others());
}

TEST_F(PeerAddressesTest, MemberIsRemoved_IsForgottenOnceThatIsCommitted) {
  Settle(initial_, initial_);
  const Configuration without = Of({{1, ""}, {2, ""}});
  Settle(without, initial_);
  EXPECT_TRUE(host_.addresses.contains(3));
  ASSERT_TRUE(addresses_.has_others());
  Forget(without, without, 1);
  EXPECT_EQ(host_.addresses, (Addresses{{2, ""}}));
}

// As in a replica that is behind, and hears from it that it has come back since.
TEST_F(PeerAddressesTest, LeaderWasRemoved_IsKeptForAsLongAsItLeads) {
  Settle(initial_, initial_);
  const Configuration without = Of({{1, ""}, {2, ""}});
  Settle(without, without, 3);
  EXPECT_TRUE(host_.addresses.contains(3));
  Forget(without, without, 2);
  EXPECT_FALSE(host_.addresses.contains(3));
}

TEST_F(PeerAddressesTest, AddressIsNone_IsRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(addresses_.Check({{.node = 2, .address = "nowhere"}})));
  EXPECT_TRUE(addresses_.Check({{.node = 2, .address = "b"}, {.node = 3}}).ok());
}

// --- What a host's transport is told.

// Connects nobody, and remembers. The loop's thread writes what a test reads once all has settled.
class DeafTransport final : public Transport {
 public:
  struct Told {
    std::mutex mutex;
    std::vector<std::pair<NodeId, std::string>> all;  // "forget" for those.
    void Add(NodeId node, const std::string& what) {
      const std::lock_guard lock(mutex);
      all.emplace_back(node, what);
    }
    // Whether the node was ever told to be there.
    bool Has(NodeId node, const std::string& what) {
      const std::lock_guard lock(mutex);
      return std::find(all.begin(), all.end(), std::pair(node, what)) != all.end();
    }
  };
  explicit DeafTransport(Told& told) : told_(told) {}

  absl::Status Start(Context) override { return absl::OkStatus(); }
  absl::Status SetPeer(NodeId peer, const std::string& address) override {
    told_.Add(peer, address);
    return absl::OkStatus();
  }
  void ForgetPeer(NodeId peer) override { told_.Add(peer, "forget"); }
  absl::Status CheckAddress(const std::string&) const override { return absl::OkStatus(); }
  size_t MaxMessageBytes() const override { return size_t{16} << 20; }
  void Send(NodeId, std::span<Message>) override {}
  bool CanSendBulk(NodeId) const override { return false; }
  void Stop() override {}
  std::vector<std::pair<std::string, uint64_t>> Counters() const override { return {}; }

 private:
  Told& told_;
};

// One voter, so that every change of learners that is not refused is committed at once.
class AddressedHostTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::unique_ptr<LogStore> log = memory::Create();
    for (GroupId group : {1, 2}) {
      const BootstrapOptions born{.cluster = 7, .node = 1, .group = group, .members = {1}};
      ASSERT_TRUE(Bootstrap(*log, born).ok());
    }
    auto host = Host::Start({.id = 1,
                             .log = std::move(log),
                             .transport = std::make_unique<DeafTransport>(told_),
                             .logger = {}});
    ASSERT_TRUE(host.ok()) << host.status();
    host_.emplace(*std::move(host));
    for (GroupId group : {1, 2}) {
      GroupOptions options;
      options.group = group;
      options.state_machine = std::make_unique<test::Ledger>(ledger_);
      replicas_.push_back(host_->Join(std::move(options)).value());
      ASSERT_TRUE(Eventually([&] { return replicas_.back().IsLeader(); }));
    }
  }

  Outcome Change(Replica& replica, const std::vector<MemberChange>& changes) {
    return replica.Reconfigure(changes).get();
  }
  // The disk is named: nobody has to be asked.
  static MemberChange Learner(const std::string& address) {
    return {.node = 2, .to = To::kLearner, .incarnation = Incarnation(5), .address = address};
  }

  DeafTransport::Told told_;
  test::LedgerControl ledger_;
  std::optional<Host> host_;
  std::vector<Replica> replicas_;
};

TEST_F(AddressedHostTest, ChangeIsRefused_MovesNoMember) {
  ASSERT_TRUE(Eventually([&] { return Change(replicas_[0], {Learner("a")}).ok(); }));
  EXPECT_TRUE(told_.Has(2, "a"));
  EXPECT_EQ(Change(replicas_[0], {Learner("b"), Learner("b")}).reason, Reason::kInvalidChange);
  ASSERT_TRUE(Change(replicas_[0], {Learner("c")}).ok());
  EXPECT_TRUE(told_.Has(2, "c"));
  EXPECT_FALSE(told_.Has(2, "b"));
}

TEST_F(AddressedHostTest, MemberIsRemoved_IsForgottenWhenNoGroupHasIt) {
  for (Replica& replica : replicas_) {
    ASSERT_TRUE(Eventually([&] { return Change(replica, {Learner("a")}).ok(); }));
  }
  const MemberChange removal{.node = 2, .to = To::kNone};
  ASSERT_TRUE(Change(replicas_[0], {removal}).ok());
  EXPECT_FALSE(told_.Has(2, "forget"));
  ASSERT_TRUE(Change(replicas_[1], {removal}).ok());
  EXPECT_TRUE(told_.Has(2, "forget"));
}

}  // namespace
}  // namespace synod::internal
