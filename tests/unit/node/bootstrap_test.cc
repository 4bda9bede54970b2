// The birth of a group, and what a member may not forget.
#include "synod/node/bootstrap.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "synod/core/configuration_codec.h"
#include "synod/memory.h"
#include "synod/paxos/accept_log.h"

#include "tests/unit/node/test_cluster.h"

namespace synod::test {
namespace {

BootstrapOptions Valid() { return {.cluster = 7, .node = 1, .group = 1, .members = {3, 1, 2}}; }

TEST(Bootstrap, EmptyStore_WritesIdentityAndMembers) {
  const auto store = memory::Create();
  ASSERT_TRUE(Bootstrap(*store, Valid()).ok());
  EXPECT_EQ(store->Identity()->cluster, ClusterId(7));
  EXPECT_EQ(store->Identity()->node, NodeId(1));
  EXPECT_FALSE(store->Identity()->incarnation.IsZero());
  EXPECT_EQ(store->Load(1)->initial_configuration, Configuration::Of({1, 2, 3}));
}

TEST(Bootstrap, TwoStores_DrawTwoIncarnations) {
  const auto one = memory::Create();
  const auto two = memory::Create();
  ASSERT_TRUE(Bootstrap(*one, Valid()).ok());
  ASSERT_TRUE(Bootstrap(*two, Valid()).ok());
  EXPECT_NE(one->Identity()->incarnation, two->Identity()->incarnation);
}

TEST(Bootstrap, SecondGroup_KeepsTheIncarnationOfTheDisk) {
  const auto store = memory::Create();
  ASSERT_TRUE(Bootstrap(*store, Valid()).ok());
  const Incarnation incarnation = store->Identity()->incarnation;
  BootstrapOptions second = Valid();
  second.group = 2;
  ASSERT_TRUE(Bootstrap(*store, second).ok());
  EXPECT_EQ(store->Identity()->incarnation, incarnation);
  EXPECT_EQ(store->Groups()->size(), 2u);
}

Entry ChangeAt(uint64_t index, const Configuration& members) {
  return {.index = Index(index),
          .term = Term(1),
          .kind = EntryKind::kConfiguration,
          .payload = Payload::Copy(EncodeConfiguration(members))};
}

TEST(NewestConfiguration, OfRaft_IsTheLastBehindTheSnapshot) {
  DurableState state;
  state.initial_configuration = Configuration::Of({1});
  EXPECT_EQ(NewestConfiguration(state), Configuration::Of({1}));
  state.snapshot = {.index = Index(5), .term = Term(1), .configuration = Configuration::Of({2})};
  state.entries = {ChangeAt(4, Configuration::Of({3}))};
  EXPECT_EQ(NewestConfiguration(state), Configuration::Of({2}));
  state.entries.push_back(ChangeAt(6, Configuration::Of({4})));
  EXPECT_EQ(NewestConfiguration(state), Configuration::Of({4}));
}

// The log's indexes are positions there, and slots may be far ahead of them.
TEST(NewestConfiguration, OfMultiPaxos_IsOfTheSlotsBehindTheSnapshot) {
  const auto of = [](uint64_t member) {
    Configuration members = Configuration::Of({member});
    members.protocol = Protocol::kMultiPaxos;
    return members;
  };
  DurableState state;
  state.initial_configuration = of(1);
  state.snapshot = {.index = Index(100), .term = Term(1), .configuration = of(2)};
  AcceptLog log;
  const auto accept = [&](Entry change) {
    const Ballot ballot{.round = Term(1), .node = 1, .incarnation = Incarnation(7)};
    (void)log.Append(change, ballot, Index(), state.entries);
  };
  accept(ChangeAt(99, of(3)));
  EXPECT_EQ(NewestConfiguration(state), of(2));
  accept(ChangeAt(101, of(4)));
  EXPECT_EQ(NewestConfiguration(state), of(4));
}

TEST(Bootstrap, Joiner_KnowsNoMembers) {
  const auto store = memory::Create();
  ASSERT_TRUE(Bootstrap(*store, {.cluster = 7, .node = 4, .joins = true}).ok());
  EXPECT_EQ(store->Load(1)->initial_configuration, Configuration());
}

TEST(Bootstrap, GroupIsThere_Refused) {
  const auto store = memory::Create();
  ASSERT_TRUE(Bootstrap(*store, Valid()).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Bootstrap(*store, Valid())));
}

TEST(Bootstrap, StoreOfAnother_Refused) {
  const auto store = memory::Create();
  ASSERT_TRUE(Bootstrap(*store, Valid()).ok());
  BootstrapOptions other_node = Valid();
  other_node.node = 2;
  other_node.group = 2;
  EXPECT_TRUE(absl::IsFailedPrecondition(Bootstrap(*store, other_node)));
  BootstrapOptions other_cluster = Valid();
  other_cluster.cluster = 8;
  other_cluster.group = 2;
  EXPECT_TRUE(absl::IsFailedPrecondition(Bootstrap(*store, other_cluster)));
}

TEST(Bootstrap, OptionsThatFitNoGroup_Refused) {
  const auto store = memory::Create();
  const auto refused = [&](auto change) {
    BootstrapOptions options = Valid();
    change(options);
    return absl::IsInvalidArgument(Bootstrap(*store, options));
  };
  EXPECT_TRUE(refused([](BootstrapOptions& o) { o.cluster = 0; }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) { o.node = 0; }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) { o.group = 0; }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) { o.members = {}; }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) { o.joins = true; }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) { o.members = {2, 3}; }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) { o.members = {1, 2, 2}; }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) { o.members = {0, 1}; }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) {
    o.members.clear();
    for (uint64_t i = 1; i <= 16; ++i) o.members.push_back(i);
  }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) { o.quorums = QuorumRule::Flexible(2, 1); }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) {
    o.members.clear();
    o.joins = true;
    o.quorums = QuorumRule::Flexible(3, 1);
  }));
  EXPECT_TRUE(absl::IsNotFound(store->Identity().status()));
}

BootstrapOptions WithAcceptors() {
  BootstrapOptions options = Valid();
  options.protocol = Protocol::kMultiPaxos;
  for (uint64_t node : {9, 8}) {
    options.acceptors.push_back(
        {.node = node, .incarnation = Incarnation(100 + node), .epoch = {}, .address = "switch"});
  }
  return options;
}

TEST(Bootstrap, Acceptors_AreVotersWithTheirIncarnations) {
  const auto store = memory::Create();
  ASSERT_TRUE(Bootstrap(*store, WithAcceptors()).ok());
  const Configuration initial = store->Load(1)->initial_configuration;
  EXPECT_THAT(initial.voters, ::testing::ElementsAre(1, 2, 3, 8, 9));
  EXPECT_THAT(initial.Replicas(), ::testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(initial.RecordOf(8)->incarnation, Incarnation(108));
  EXPECT_TRUE(IsWellFormed(initial));
}

TEST(Bootstrap, AcceptorsThatFitNoGroup_Refused) {
  const auto store = memory::Create();
  const auto refused = [&](auto change) {
    BootstrapOptions options = WithAcceptors();
    change(options);
    return absl::IsInvalidArgument(Bootstrap(*store, options));
  };
  EXPECT_TRUE(refused([](BootstrapOptions& o) { o.protocol = Protocol::kRaft; }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) { o.acceptors[0].incarnation = Incarnation(); }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) { o.acceptors[0].address.clear(); }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) { o.acceptors[0].node = 1; }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) { o.acceptors[0].node = 8; }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) { o.node = 8; }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) { o.group = uint64_t{1} << 32; }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) { o.members.push_back(uint64_t{1} << 32); }));
  EXPECT_TRUE(
      refused([](BootstrapOptions& o) { o.alpha = Configuration::kMaxAlphaOfAcceptors + 1; }));
  EXPECT_TRUE(refused([](BootstrapOptions& o) {
    o.members.clear();
    o.joins = true;
  }));
  EXPECT_TRUE(absl::IsNotFound(store->Identity().status()));
}

TEST(Bootstrap, RuleOfQuorums_IsWrittenDownWithTheMembers) {
  const auto store = memory::Create();
  BootstrapOptions options = Valid();
  options.quorums = QuorumRule::Flexible(3, 1);
  ASSERT_TRUE(Bootstrap(*store, options).ok());
  EXPECT_EQ(store->Load(1)->initial_configuration.quorums, QuorumRule::Flexible(3, 1));
}

TEST(Bootstrap, WipedMember_IsRefusedAsVoterAndStops) {
  TestCluster cluster;
  cluster.Commit("before");
  cluster.AwaitConvergence();
  const NodeId wiped = cluster.AwaitFollower();
  cluster.Stop(wiped);
  cluster.Wipe(wiped);
  cluster.Start(wiped);
  EXPECT_TRUE(Eventually([&] { return !cluster.replica(wiped).Status().stopped.ok(); }));
  EXPECT_TRUE(absl::IsFailedPrecondition(cluster.replica(wiped).Status().stopped));
  EXPECT_EQ(cluster.replica(wiped).Status().applied, Index());
  EXPECT_TRUE(cluster.Commit("after").ok());
}

TEST(Bootstrap, OtherInitialMembers_NeverVoteTogether) {
  TestCluster cluster({.nodes = 1});
  // Node 1 believes that it is alone; node 2 was told that they are two.
  Disk disk;
  ASSERT_TRUE(
      Bootstrap(*disk.store, {.cluster = 7, .node = 2, .group = 1, .members = {1, 2}}).ok());
  auto host = Host::Start({.id = 2,
                           .log = std::make_unique<LastingStore>(disk),
                           .transport = cluster.network().Attach(),
                           .logger = {}});
  ASSERT_TRUE(host.ok());
  LedgerControl control;
  auto replica = host->Join({.state_machine = std::make_unique<Ledger>(control)});
  ASSERT_TRUE(replica.ok());
  // Node 2 keeps introducing itself, which node 1 refuses.
  EXPECT_TRUE(
      Eventually([&] { return CounterOf(cluster.replica(1), "engine.invalid_messages") > 2; }));
  EXPECT_FALSE(replica->Status().introduced);
  EXPECT_EQ(replica->Propose("x").get().reason, Reason::kNoQuorum);
}

// A member that was started with a list of initial members, and notes whether it logs a text.
class LoggingMember {
 public:
  LoggingMember(local::Network& network, NodeId node, std::vector<NodeId> members,
                std::string_view text) {
    absl::Status status = Bootstrap(
        *disk_.store, {.cluster = 7, .node = node, .group = 1, .members = std::move(members)});
    EXPECT_TRUE(status.ok()) << status;
    host_ = Host::Start({.id = node,
                         .log = std::make_unique<LastingStore>(disk_),
                         .transport = network.Attach(),
                         .logger = [this, text](Severity, std::string_view line) {
                           if (line.find(text) != std::string_view::npos) has_logged_ = true;
                         }});
    EXPECT_TRUE(host_.ok()) << host_.status();
    replica_ = host_->Join({.state_machine = std::make_unique<Ledger>(control_)});
    EXPECT_TRUE(replica_.ok()) << replica_.status();
  }

  [[nodiscard]] bool HasLogged() const { return has_logged_; }
  [[nodiscard]] bool IsIntroduced() const { return replica_->Status().introduced; }

 private:
  Disk disk_;
  LedgerControl control_;
  std::atomic<bool> has_logged_ = false;
  absl::StatusOr<Host> host_ = absl::UnknownError("not started");
  absl::StatusOr<Replica> replica_ = absl::UnknownError("not joined");
};

// Which of the two is wrong neither can know: to bootstrap one again would only make it a stranger
// to those that have met it.
TEST(Bootstrap, OtherInitialMembers_BothSayWhatToDo) {
  local::Network network;
  const std::string_view advice =
      "and this node were bootstrapped with different initial members. If the group has never had "
      "a leader, remove the stores of all its members";
  const LoggingMember one(network, 1, {1, 2, 3}, advice);
  const LoggingMember two(network, 2, {1, 2}, advice);
  EXPECT_TRUE(Eventually([&] { return one.HasLogged() && two.HasLogged(); }));
}

// Its disk was replaced: the others must not be told to remove theirs.
TEST(Bootstrap, OtherInitialMembersOfAGroupThatHasBegun_AreRefusedAlone) {
  local::Network network;
  const LoggingMember one(network, 1, {1, 2},
                          "was bootstrapped with other initial members than this group");
  std::optional<LoggingMember> two;
  two.emplace(network, 2, std::vector<NodeId>{1, 2}, "");
  EXPECT_TRUE(Eventually([&] { return one.IsIntroduced() && two->IsIntroduced(); }));
  two.emplace(network, 2, std::vector<NodeId>{1, 2, 3},
              "If it has had one, remove none but the one that was bootstrapped since");
  EXPECT_TRUE(Eventually([&] { return one.HasLogged() && two->HasLogged(); }));
}

TEST(Bootstrap, MemberNeverSeen_IsNamedInTheLog) {
  TestCluster cluster({.nodes = 1});
  Disk disk;
  ASSERT_TRUE(
      Bootstrap(*disk.store, {.cluster = 7, .node = 2, .group = 1, .members = {2, 3}}).ok());
  std::atomic<bool> is_named = false;
  auto host = Host::Start({.id = 2,
                           .log = std::make_unique<LastingStore>(disk),
                           .transport = cluster.network().Attach(),
                           .logger = [&](Severity, std::string_view line) {
                             if (line.find("waiting for node 3") != std::string_view::npos)
                               is_named = true;
                           }});
  ASSERT_TRUE(host.ok());
  LedgerControl control;
  ASSERT_TRUE(host->Join({.state_machine = std::make_unique<Ledger>(control)}).ok());
  EXPECT_TRUE(Eventually([&] { return is_named.load(); }));
}

}  // namespace
}  // namespace synod::test
