// A whole group whose voters are three replicas and two synod-switch: elections, commits and reads
// over real sockets, a leader that is lost, slots beyond the window, and a switch that lost power.
#include <chrono>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "synod/local.h"
#include "synod/memory.h"
#include "synod/switch/acceptor_address.h"
#include "synod/switch/acceptors.h"
#include "synod/synod.h"

#include "gtest/gtest.h"
#include "tests/unit/switch/switch_process.h"

namespace synod::slots::testing {
namespace {

constexpr uint64_t kReplicas = 3;
constexpr NodeId kSwitches[] = {8, 9};

// Counts the commands, and adds up their sizes.
class Counting final : public StateMachine {
 public:
  void Apply(std::span<const Command> batch, std::span<std::string> results) override {
    for (size_t i = 0; i < batch.size(); ++i) {
      bytes_ += batch[i].data.size();
      results[i] = std::to_string(++count_);
    }
  }
  absl::StatusOr<std::string> Query(std::string_view) const override {
    return std::to_string(count_) + " of " + std::to_string(bytes_) + " bytes";
  }
  absl::StatusOr<std::unique_ptr<SnapshotView>> Snapshot() const override {
    return absl::UnimplementedError("none is needed here");
  }
  absl::Status Restore(ByteSource&) override { return absl::UnimplementedError("nor here"); }

 private:
  uint64_t count_ = 0;
  uint64_t bytes_ = 0;
};

class GroupWithSwitches : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<MemberRecord> acceptors;
    for (NodeId node : kSwitches) {
      processes_[node] = std::make_unique<Process>(std::vector<std::string>{});
      acceptors.push_back(Enabled(node));
    }
    for (uint64_t node = 1; node <= kReplicas; ++node) Start(node, acceptors);
  }

  // Under an incarnation that nobody has had before.
  MemberRecord Enabled(NodeId node) {
    const Process& process = *processes_.at(node);
    const uint64_t incarnation = ++last_incarnation_;
    const absl::Status status = process.Connect()->Enable(/*group=*/1, incarnation, /*trim=*/0);
    EXPECT_TRUE(status.ok()) << status;
    const std::string control = process.control();
    const AcceptorAddress address{
        .data = process.listen(),
        .control_port = static_cast<uint16_t>(std::stoul(control.substr(control.find(':') + 1)))};
    EXPECT_EQ(AskIncarnation(address, 1, std::chrono::seconds(5)).value_or(0), incarnation);
    return {.node = node,
            .incarnation = Incarnation(incarnation),
            .epoch = {},
            .address =
                "switch://" + Describe(address.data) + "/" + std::to_string(address.control_port)};
  }

  void Start(NodeId node, const std::vector<MemberRecord>& acceptors) {
    auto store = memory::Create();
    BootstrapOptions options{.cluster = 7, .node = node, .group = 1, .members = {1, 2, 3}};
    options.protocol = Protocol::kMultiPaxos;
    options.alpha = 2000;
    options.acceptors = acceptors;
    ASSERT_TRUE(Bootstrap(*store, options).ok());
    auto host = Host::Start({.id = node,
                             .log = std::move(store),
                             .transport = WithAcceptors(network_.Attach()),
                             .logger = [](Severity, std::string_view) {}});
    ASSERT_TRUE(host.ok()) << host.status();
    hosts_.emplace(node, *std::move(host));
    GroupOptions group;
    group.state_machine = std::make_unique<Counting>();
    group.snapshot_after_entries = 10'000'000;
    auto replica = hosts_.at(node).Join(std::move(group));
    ASSERT_TRUE(replica.ok()) << replica.status();
    replicas_.emplace(node, *std::move(replica));
  }
  void Stop(NodeId node) {
    hosts_.at(node).Stop();
    replicas_.erase(node);
  }

  // Asks whoever leads, until it is committed.
  synod::Outcome Commit(const std::string& command) {
    while (true) {
      for (auto& [node, replica] : replicas_) {
        if (!replica.IsLeader()) continue;
        const synod::Outcome outcome = replica.Propose(command).get();
        if (outcome.ok()) return outcome;
      }
      std::this_thread::yield();
    }
  }
  // So many of them, many at a time.
  void CommitMany(size_t count, const std::string& command) {
    std::deque<std::future<synod::Outcome>> under_way;
    const NodeId leader = NodeId(Commit(command).leader);
    for (size_t i = 1; i < count || !under_way.empty();) {
      if (i < count && under_way.size() < 1000) {
        under_way.push_back(replicas_.at(leader).Propose(command));
        ++i;
        continue;
      }
      ASSERT_TRUE(under_way.front().get().ok());
      under_way.pop_front();
    }
  }
  // Asks whoever leads, until it is done; returns who that was.
  NodeId Change(const MemberChange& change) {
    while (true) {
      for (auto& [node, replica] : replicas_) {
        if (replica.IsLeader() && replica.Reconfigure({change}).get().ok()) return node;
      }
    }
  }
  std::string Read() {
    while (true) {
      for (auto& [node, replica] : replicas_) {
        auto answer = replica.Read("", Consistency::kLinearizable).get();
        if (answer.ok()) return *answer;
      }
    }
  }
  uint64_t CounterOf(NodeId node, const std::string& name) {
    for (const auto& [counter, value] : replicas_.at(node).Status().counters) {
      if (counter == "transport." + name) return value;
    }
    return 0;
  }

  uint64_t last_incarnation_ = 100;
  local::Network network_;
  std::map<NodeId, std::unique_ptr<Process>> processes_;
  std::map<NodeId, Host> hosts_;
  std::map<NodeId, Replica> replicas_;
};

TEST_F(GroupWithSwitches, LosesItsLeader_GoesOnByOneOfTheSwitches) {
  Commit("small");
  const NodeId leader = NodeId(Commit(std::string(1000, 'x')).leader);
  EXPECT_EQ(Read(), "2 of 1005 bytes");
  EXPECT_GE(CounterOf(leader, "acceptors.digests"), 2u) << "One for each switch.";
  Stop(leader);
  // Two of five are replicas now.
  Commit("more");
  EXPECT_EQ(Read(), "3 of 1009 bytes");
}

TEST_F(GroupWithSwitches, MoreSlotsThanAWindowHas_AreCommittedAsTheTrimRises) {
  Commit("x");  // All have met.
  Stop(1);      // A quorum needs a switch from here on.
  CommitMany(kWindowSlots + kWindowSlots / 4, "x");
  const std::string count = std::to_string(1 + kWindowSlots + kWindowSlots / 4);
  EXPECT_EQ(Read(), count + " of " + count + " bytes");
  bool has_risen = false;
  for (auto& [node, process] : processes_) {
    const auto state = process->Connect()->State();
    ASSERT_TRUE(state.ok());
    has_risen |= state->trim > 0;
  }
  EXPECT_TRUE(has_risen);
}

// What an acceptor forgets a majority of the replicas must know.
TEST_F(GroupWithSwitches, OneReplicaIsLeft_GoesOnToTheEndOfTheWindow) {
  const NodeId leader = NodeId(Commit("x").leader);
  for (uint64_t node = 1; node <= kReplicas; ++node) {
    if (leader != NodeId(node)) network_.Isolate(node);
  }
  const Index last(kWindowSlots - 1);
  CommitMany(last - replicas_.at(leader).Status().commit, "x");
  auto beyond = replicas_.at(leader).Propose("y");
  EXPECT_EQ(beyond.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout);
  EXPECT_EQ(replicas_.at(leader).Status().commit, last);
  EXPECT_TRUE(replicas_.at(leader).Read("", Consistency::kLinearizable).get().ok());
  network_.Heal();
  EXPECT_TRUE(beyond.get().ok());
}

TEST_F(GroupWithSwitches, SwitchLosesItsPower_IsReplacedByAChange) {
  Commit("a");
  auto control = processes_.at(8)->Connect();
  ASSERT_TRUE(control->PowerOff().ok());
  Commit("b");
  ASSERT_TRUE(control->PowerOn().ok());
  const MemberRecord again = Enabled(8);
  const MemberChange change{.node = 8,
                            .to = MemberChange::To::kAcceptor,
                            .incarnation = again.incarnation,
                            .address = again.address};
  const NodeId changed_by = Change(change);
  EXPECT_EQ(replicas_.at(changed_by).Status().configuration.RecordOf(8)->incarnation,
            again.incarnation);
  // With the other switch, and one replica, gone it is needed.
  ASSERT_TRUE(processes_.at(9)->Connect()->PowerOff().ok());
  Stop(changed_by);
  Commit("c");
  EXPECT_EQ(Read(), "3 of 3 bytes");
}

// Those who are removed decide alpha slots more.
TEST_F(GroupWithSwitches, SwitchIsRemoved_IsAskedAsLongAsItIsNeeded) {
  Commit("a");
  const NodeId leader = Change({.node = 8, .to = MemberChange::To::kNone});
  Stop(leader == NodeId(3) ? 2 : 3);
  Commit("b");  // By two replicas and the other switch, of four.
  Change({.node = 9, .to = MemberChange::To::kNone});
  ASSERT_TRUE(processes_.at(9)->Connect()->PowerOff().ok());
  Commit("c");
  EXPECT_EQ(Read(), "3 of 3 bytes");
}

}  // namespace
}  // namespace synod::slots::testing
