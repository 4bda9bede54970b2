// The faults that a local network makes on demand.
#include "synod/local.h"

#include <algorithm>
#include <memory>
#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/conformance/transport/test_node.h"

namespace synod {
namespace {

using ::synod::testing::TestNode;

Message HeartbeatOf(uint64_t round) {
  return {.group = 1,
          .from = 1,
          .to = 2,
          .incarnation = Incarnation(101),
          .term = Term(1),
          .body = Heartbeat{.round = round, .commit = Index()}};
}

class LocalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (uint64_t id = 1; id <= 3; ++id) {
      nodes_.push_back(std::make_unique<TestNode>(id, network_.Attach()));
      ASSERT_TRUE(nodes_.back()->Start().ok());
    }
    ASSERT_TRUE(node(1).AwaitConnected(2));
    ASSERT_TRUE(node(2).AwaitConnected(1));
  }
  TestNode& node(size_t id) { return *nodes_.at(id - 1); }
  std::vector<uint64_t> RoundsAt(size_t id) {
    std::vector<uint64_t> rounds;
    for (const Message& message : node(id).received()) {
      rounds.push_back(std::get<Heartbeat>(message.body).round);
    }
    return rounds;
  }
  void SendMany(uint64_t count) {
    for (uint64_t i = 1; i <= count; ++i) node(1).Send(2, {HeartbeatOf(i)});
  }

  local::Network network_;  // Outlives the nodes.
  std::vector<std::unique_ptr<TestNode>> nodes_;
};

TEST_F(LocalTest, Cut_NothingPassesUntilHealed) {
  network_.Cut(1, 2);
  node(1).Send(2, {HeartbeatOf(1)});
  node(2).Send(1, {HeartbeatOf(2)});
  EXPECT_EQ(node(1).Counter("dropped_disconnected"), 1u);
  EXPECT_EQ(node(2).Counter("dropped_disconnected"), 1u);
  EXPECT_FALSE(node(1).CanSendBulk(2));
  node(1).Send(3, {HeartbeatOf(3)});
  ASSERT_TRUE(node(3).AwaitMessages(1));
  network_.Heal();
  ASSERT_TRUE(node(1).AwaitConnected(2, 2));
  ASSERT_TRUE(node(2).AwaitConnected(1, 2));
  node(1).Send(2, {HeartbeatOf(4)});
  ASSERT_TRUE(node(2).AwaitMessages(1));
  EXPECT_THAT(RoundsAt(2), ::testing::ElementsAre(4));
}

TEST_F(LocalTest, CutOneWay_TheOtherWayIsOpen) {
  network_.CutOneWay(1, 2);
  node(1).Send(2, {HeartbeatOf(1)});
  node(2).Send(1, {HeartbeatOf(2)});
  ASSERT_TRUE(node(1).AwaitMessages(1));
  EXPECT_EQ(node(1).Counter("dropped_disconnected"), 1u);
}

TEST_F(LocalTest, Isolated_HearsAndReachesNobody) {
  network_.Isolate(1);
  node(1).Send(2, {HeartbeatOf(1)});
  node(1).Send(3, {HeartbeatOf(1)});
  node(3).Send(1, {HeartbeatOf(1)});
  EXPECT_EQ(node(1).Counter("dropped_disconnected"), 2u);
  EXPECT_EQ(node(3).Counter("dropped_disconnected"), 1u);
}

TEST_F(LocalTest, DropAlways_NothingArrives) {
  network_.SetFaults({.drop = 1000});
  SendMany(10);
  network_.SetFaults({});
  node(1).Send(2, {HeartbeatOf(11)});
  ASSERT_TRUE(node(2).AwaitMessages(1));
  EXPECT_THAT(RoundsAt(2), ::testing::ElementsAre(11));
  EXPECT_EQ(node(1).Counter("dropped_by_fault"), 10u);
}

TEST_F(LocalTest, DropSometimes_SomeArrive) {
  network_.SetFaults({.drop = 500});
  SendMany(200);
  const uint64_t dropped = node(1).Counter("dropped_by_fault");
  EXPECT_GT(dropped, 0u);
  ASSERT_TRUE(node(2).AwaitMessages(200 - dropped));
}

TEST_F(LocalTest, DuplicateAlways_EachArrivesTwice) {
  network_.SetFaults({.duplicate = 1000});
  SendMany(10);
  ASSERT_TRUE(node(2).AwaitMessages(20));
  const std::vector<uint64_t> rounds = RoundsAt(2);
  EXPECT_EQ(std::set<uint64_t>(rounds.begin(), rounds.end()).size(), 10u);
}

TEST_F(LocalTest, ReorderAlways_AllArriveInAnotherOrder) {
  network_.SetFaults({.reorder = 1000});
  {
    const TestNode::Pause pause(node(2));
    SendMany(100);
  }
  ASSERT_TRUE(node(2).AwaitMessages(100));
  const std::vector<uint64_t> rounds = RoundsAt(2);
  EXPECT_FALSE(std::is_sorted(rounds.begin(), rounds.end()));
  EXPECT_EQ(std::set<uint64_t>(rounds.begin(), rounds.end()).size(), 100u);
}

TEST_F(LocalTest, SecondHostOfTheSameName_IsRefused) {
  TestNode twin(1, network_.Attach());
  EXPECT_TRUE(absl::IsAlreadyExists(twin.Start()));
}

TEST_F(LocalTest, HostOfAnotherCluster_IsRefused) {
  TestNode foreign({.cluster = 8, .node = 4, .incarnation = Incarnation(1)}, network_.Attach());
  EXPECT_TRUE(absl::IsInvalidArgument(foreign.Start()));
}

}  // namespace
}  // namespace synod
