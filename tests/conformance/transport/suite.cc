#include "tests/conformance/transport/suite.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "synod/port/lane.h"
#include "synod/port/wire.h"

#include "gmock/gmock.h"
#include "tests/unit/transports/random_messages.h"

namespace synod::testing {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TransportConformance);

namespace {

using ::testing::ElementsAreArray;

constexpr NodeId kA = 1;
constexpr NodeId kB = 2;

Message MessageOf(MessageBody body, GroupId group = 1) {
  return {.group = group,
          .from = kA,
          .to = kB,
          .incarnation = Incarnation(101),
          .term = Term(1),
          .body = std::move(body)};
}

Message HeartbeatOf(uint64_t round, GroupId group = 1) {
  return MessageOf(Heartbeat{.round = round, .commit = Index()}, group);
}

Message AppendOf(uint64_t index, size_t bytes) {
  AppendRequest append{
      .prev_index = Index(index - 1), .prev_term = Term(1), .commit = Index(), .entries = {}};
  append.entries.push_back({.index = Index(index),
                            .term = Term(1),
                            .kind = EntryKind::kCommand,
                            .payload = Payload::Copy(std::string(bytes, 'e'))});
  return MessageOf(std::move(append));
}

Message ChunkOf(uint64_t number, size_t bytes) {
  SnapshotChunk chunk;
  chunk.transfer = 1;
  chunk.meta = {.index = Index(9),
                .term = Term(1),
                .configuration = Configuration::Of({1, 2, 3}),
                .size = uint64_t{1} << 40,
                .checksum = 5};
  chunk.offset = number * bytes;
  chunk.data = Payload::Copy(std::string(bytes, 'c'));
  return MessageOf(std::move(chunk));
}

size_t PositionOf(const std::vector<Message>& messages, const Message& sought) {
  return static_cast<size_t>(std::find(messages.begin(), messages.end(), sought) -
                             messages.begin());
}

size_t CountOf(const std::vector<Message>& messages, Lane lane) {
  return static_cast<size_t>(std::count_if(messages.begin(), messages.end(),
                                           [&](const Message& m) { return LaneOf(m) == lane; }));
}

}  // namespace

void TransportConformance::StartNode(NodeId id) {
  nodes_[id] = std::make_unique<TestNode>(id, fabric_->NewTransport(id));
  const absl::Status started = nodes_[id]->Start();
  ASSERT_TRUE(started.ok()) << started;
}

void TransportConformance::StartNodes(size_t nodes, const FabricLimits& limits) {
  fabric_ = GetParam()(nodes, limits);
  for (uint64_t id = 1; id <= nodes; ++id) StartNode(id);
  for (auto& [id, one] : nodes_) {
    for (const auto& [other, unused] : nodes_) {
      if (other == id) continue;
      ASSERT_TRUE(one->AwaitConnected(other));
      ASSERT_TRUE(TestNode::AwaitThat([&from = *one, to = other] { return from.CanSendBulk(to); }));
    }
  }
}

// What is yet to be said to it is said, and it is a peer again as soon as it is named.
TEST_P(TransportConformance, PeerForgotten_IsStillSpokenWithAndCanBeFoundAgain) {
  StartNodes(2);
  const auto each = [&](const std::function<void(TestNode&, NodeId)>& task) {
    node(1).Do([&] { task(node(1), kB); });
    node(2).Do([&] { task(node(2), kA); });
  };
  each([](TestNode& here, NodeId peer) { here.transport().ForgetPeer(peer); });
  node(1).Send(kB, {HeartbeatOf(1)});
  EXPECT_TRUE(node(2).AwaitMessages(1));
  each([](TestNode& here, NodeId peer) {
    here.transport().ForgetPeer(9);
    EXPECT_TRUE(here.transport().SetPeer(peer, "").ok());
  });
  EXPECT_TRUE(TestNode::AwaitThat([&] {
    node(1).Send(kB, {HeartbeatOf(2)});
    return node(2).received().size() > 1;
  }));
}

TEST_P(TransportConformance, EveryMessageType_Sent_ArrivesEqual) {
  StartNodes(2);
  RandomMessages random(21);
  std::vector<Message> control;
  std::vector<Message> appends;
  std::vector<Message> bulk;
  std::vector<Message> all;
  for (int round = 0; round < 20; ++round) {
    for (size_t type = 0; type < RandomMessages::kTypes; ++type) {
      all.push_back(random.OfType(type, kA, kB));
      const Lane lane = LaneOf(all.back());
      (lane == Lane::kControl  ? control
       : lane == Lane::kAppend ? appends
                               : bulk)
          .push_back(all.back());
    }
  }
  node(1).Send(kB, all);
  ASSERT_TRUE(node(2).AwaitMessages(all.size()));
  // Lanes overtake each other; within one the order is kept.
  std::vector<Message> received_control;
  std::vector<Message> received_appends;
  std::vector<Message> received_bulk;
  for (const Message& message : node(2).received()) {
    const Lane lane = LaneOf(message);
    (lane == Lane::kControl  ? received_control
     : lane == Lane::kAppend ? received_appends
                             : received_bulk)
        .push_back(message);
  }
  EXPECT_THAT(received_control, ElementsAreArray(control));
  EXPECT_THAT(received_appends, ElementsAreArray(appends));
  EXPECT_THAT(received_bulk, ElementsAreArray(bulk));
}

TEST_P(TransportConformance, ThreeNodes_EachSendsToEach_NamesOfSenderAndReceiverAreRight) {
  StartNodes(3);
  for (uint64_t from = 1; from <= 3; ++from) {
    for (uint64_t to = 1; to <= 3; ++to) {
      if (from == to) continue;
      Message message = HeartbeatOf(10 * from + to);
      message.from = from;
      message.to = to;
      node(from).Send(to, {message});
    }
  }
  for (uint64_t to = 1; to <= 3; ++to) {
    ASSERT_TRUE(node(to).AwaitMessages(2));
    for (const Message& message : node(to).received()) {
      EXPECT_EQ(message.to, NodeId(to));
      EXPECT_EQ(std::get<Heartbeat>(message.body).round, 10 * message.from.value() + to);
    }
  }
}

TEST_P(TransportConformance, ManyMessagesAtOnce_ArriveInFewBatches) {
  StartNodes(2);
  std::vector<Message> messages;
  for (uint64_t group = 1; group <= 1000; ++group) messages.push_back(HeartbeatOf(1, group));
  node(1).Send(kB, messages);
  ASSERT_TRUE(node(2).AwaitMessages(messages.size()));
  EXPECT_THAT(node(2).received(), ElementsAreArray(messages));
  EXPECT_LT(node(2).batches(), messages.size() / 10);
}

TEST_P(TransportConformance, AppendsInManyCalls_ArriveInOrder) {
  StartNodes(2);
  constexpr uint64_t kCount = 2000;
  for (uint64_t i = 1; i <= kCount; ++i) node(1).Send(kB, {AppendOf(i, i % 700)});
  ASSERT_TRUE(node(2).AwaitMessages(kCount));
  uint64_t next = 1;
  for (const Message& message : node(2).received()) {
    ASSERT_EQ(std::get<AppendRequest>(message.body).entries.at(0).index, Index(next++));
  }
}

TEST_P(TransportConformance, ReceiverAnswersFromItsCallback_AnswersArrive) {
  fabric_ = GetParam()(2, {64u << 20, 4u << 20});
  StartNode(kA);
  nodes_[kB] = std::make_unique<TestNode>(kB, fabric_->NewTransport(kB));
  node(2).on_messages = [](Transport& transport, std::span<Message> batch) {
    for (const Message& message : batch) {
      std::vector<Message> answer = {message};
      std::swap(answer[0].from, answer[0].to);
      transport.Send(kA, answer);
    }
  };
  ASSERT_TRUE(node(2).Start().ok());
  ASSERT_TRUE(node(1).AwaitConnected(kB));
  for (uint64_t i = 1; i <= 500; ++i) node(1).Send(kB, {HeartbeatOf(i)});
  ASSERT_TRUE(node(1).AwaitMessages(500));
  uint64_t next = 1;
  for (const Message& message : node(1).received()) {
    EXPECT_EQ(std::get<Heartbeat>(message.body).round, next++);
    EXPECT_EQ(message.from, kB);
  }
}

TEST_P(TransportConformance, LargeMessages_AmongSmallOnes_ArriveEqual) {
  StartNodes(2);
  std::vector<Message> appends = {AppendOf(1, 10), AppendOf(2, 1536 * 1024), AppendOf(3, 10),
                                  AppendOf(4, 6 << 20)};
  Message many = AppendOf(5, 1);
  auto& entries = std::get<AppendRequest>(many.body).entries;
  while (entries.size() < 3000) {
    Entry entry = entries.back();
    ++entry.index;
    entry.payload = Payload::Copy(std::string(entries.size() % 1000, 'm'));
    entries.push_back(std::move(entry));
  }
  appends.push_back(std::move(many));
  const std::vector<Message> chunks = {ChunkOf(0, 1 << 20), ChunkOf(1, 1 << 20)};
  node(1).Send(kB, appends);
  node(1).Send(kB, chunks);
  ASSERT_TRUE(node(2).AwaitMessages(appends.size() + chunks.size()));
  const std::vector<Message> received = node(2).received();
  for (const Message& message : appends) EXPECT_LT(PositionOf(received, message), received.size());
  for (const Message& message : chunks) EXPECT_LT(PositionOf(received, message), received.size());
}

TEST_P(TransportConformance, LargestMessage_IsAsLargeAsPromisedAndArrives) {
  StartNodes(2);
  EXPECT_GE(node(1).MaxMessageBytes(), Transport::kGuaranteedMessageBytes);
  // A transport without a bound of its own need not show that it has none.
  const size_t largest = std::min(node(1).MaxMessageBytes(), wire::kMaxBodyBytes);
  const size_t overhead = wire::EncodedSizeBound(AppendOf(1, 0));
  const Message message = AppendOf(1, largest - overhead);
  ASSERT_EQ(wire::EncodedSizeBound(message), largest);
  node(1).Send(kB, {message});
  ASSERT_TRUE(node(2).AwaitMessages(1));
  EXPECT_EQ(node(2).received()[0], message);
}

TEST_P(TransportConformance, UnknownPeerOrSelf_SentTo_IsDroppedAndCounted) {
  StartNodes(2);
  node(1).Send(99, {HeartbeatOf(1), HeartbeatOf(2)});
  EXPECT_EQ(node(1).Counter("dropped_unknown_peer"), 2u);
  node(1).Send(kA, {HeartbeatOf(3)});
  EXPECT_EQ(node(1).Counter("dropped_unknown_peer"), 3u);
  EXPECT_FALSE(node(1).CanSendBulk(99));
  EXPECT_FALSE(node(1).CanSendBulk(kA));
  node(1).Send(kB, {HeartbeatOf(4)});
  ASSERT_TRUE(node(2).AwaitMessages(1));
  EXPECT_EQ(node(2).received()[0], HeartbeatOf(4));
}

TEST_P(TransportConformance, PeerRestarts_BothHearOfItAndMessagesFlow) {
  StartNodes(3);
  for (const uint64_t restarted : {1, 2, 3}) {
    const uint64_t witness = restarted % 3 + 1;
    node(restarted).Stop();
    ASSERT_TRUE(TestNode::AwaitThat([&] {
      const uint64_t before = node(witness).CountersOf("dropped_");
      node(witness).Send(restarted, {HeartbeatOf(1)});
      return node(witness).CountersOf("dropped_") > before;
    }));
    EXPECT_FALSE(node(witness).CanSendBulk(restarted));
    StartNode(restarted);
    ASSERT_TRUE(node(restarted).AwaitConnected(witness));
    ASSERT_TRUE(TestNode::AwaitThat([&] { return node(witness).CanSendBulk(restarted); }));
    ASSERT_TRUE(TestNode::AwaitThat([&] {
      node(witness).Send(restarted, {HeartbeatOf(1000 + restarted)});
      node(restarted).Send(witness, {HeartbeatOf(2000 + restarted)});
      const auto there = node(restarted).received();
      const auto here = node(witness).received();
      const auto has = [](const std::vector<Message>& messages, uint64_t round) {
        return std::any_of(messages.begin(), messages.end(), [&](const Message& m) {
          return std::get<Heartbeat>(m.body).round == round;
        });
      };
      return has(there, 1000 + restarted) && has(here, 2000 + restarted);
    }));
  }
  ASSERT_TRUE(node(1).AwaitConnected(2, 1));
}

TEST_P(TransportConformance, ReceiverStandsStill_QueueIsBoundedAndRecovers) {
  StartNodes(2, {.max_queue_bytes = 1u << 20, .max_bulk_queue_bytes = 1u << 20});
  uint64_t sent = 0;
  {
    const TestNode::Pause pause(node(2));
    ASSERT_TRUE(TestNode::AwaitThat([&] {
      node(1).Send(kB, {AppendOf(++sent, 64 * 1024)});
      return node(1).CountersOf("dropped_") > 0;
    }));
  }
  // What was accepted arrives, and then there is room again.
  const uint64_t dropped = node(1).CountersOf("dropped_");
  ASSERT_TRUE(node(2).AwaitMessages(sent - dropped));
  ASSERT_TRUE(TestNode::AwaitThat([&] {
    const uint64_t before = node(1).CountersOf("dropped_");
    node(1).Send(kB, {AppendOf(1'000'000, 10)});
    return node(1).CountersOf("dropped_") == before;
  }));
  ASSERT_TRUE(node(2).AwaitMessages(sent - dropped + 1));
  EXPECT_EQ(node(2).received().back(), AppendOf(1'000'000, 10));
}

TEST_P(TransportConformance, BulkLaneFull_HeartbeatsAndAppendsOvertake) {
  StartNodes(2, {.max_queue_bytes = 1u << 20, .max_bulk_queue_bytes = 4u << 20});
  uint64_t chunks = 0;
  {
    const TestNode::Pause pause(node(2));
    ASSERT_TRUE(TestNode::AwaitThat([&] {
      if (node(1).CanSendBulk(kB)) {
        node(1).Send(kB, {ChunkOf(chunks++, 64 * 1024)});
        return false;
      }
      return true;
    }));
    EXPECT_EQ(node(1).CountersOf("dropped_"), 0u);
    node(1).Send(kB, {AppendOf(1, 100), HeartbeatOf(1)});
    EXPECT_EQ(node(1).CountersOf("dropped_"), 0u);
  }
  ASSERT_TRUE(node(2).AwaitMessages(chunks + 2));
  const std::vector<Message> received = node(2).received();
  const size_t last_chunk = PositionOf(received, ChunkOf(chunks - 1, 64 * 1024));
  ASSERT_LT(last_chunk, received.size());
  EXPECT_LT(PositionOf(received, HeartbeatOf(1)), last_chunk);
  EXPECT_LT(PositionOf(received, AppendOf(1, 100)), last_chunk);
}

TEST_P(TransportConformance, BulkLaneOverfilled_DropsAndCountsOnlyBulk) {
  StartNodes(2, {.max_queue_bytes = 1u << 20, .max_bulk_queue_bytes = 1u << 20});
  const TestNode::Pause pause(node(2));
  uint64_t chunks = 0;
  ASSERT_TRUE(TestNode::AwaitThat([&] {
    node(1).Send(kB, {ChunkOf(chunks++, 256 * 1024)});
    return node(1).Counter("dropped_bulk_queue_full") > 0;
  }));
  EXPECT_FALSE(node(1).CanSendBulk(kB));
  EXPECT_EQ(node(1).CountersOf("dropped_"), node(1).Counter("dropped_bulk_queue_full"));
}

TEST_P(TransportConformance, AppendsQueued_HeartbeatOvertakesThem) {
  StartNodes(2, {.max_queue_bytes = 4u << 20, .max_bulk_queue_bytes = 1u << 20});
  uint64_t sent = 0;
  {
    const TestNode::Pause pause(node(2));
    ASSERT_TRUE(TestNode::AwaitThat([&] {
      node(1).Send(kB, {AppendOf(++sent, 64 * 1024)});
      return node(1).CountersOf("dropped_") > 0;
    }));
    node(1).Send(kB, {HeartbeatOf(1)});
  }
  const uint64_t dropped = node(1).CountersOf("dropped_");
  ASSERT_EQ(dropped, 1u);
  ASSERT_TRUE(node(2).AwaitMessages(sent));
  const std::vector<Message> received = node(2).received();
  ASSERT_EQ(CountOf(received, Lane::kAppend), sent - dropped);
  // It cannot overtake what was under way already, but what waited on this side.
  EXPECT_LT(PositionOf(received, HeartbeatOf(1)), received.size() - 1);
}

TEST_P(TransportConformance, StoppedAmidTraffic_CallsNobodyAnyMore) {
  StartNodes(3);
  std::vector<std::thread> senders;
  std::atomic<bool> stop = false;
  for (const uint64_t from : {1, 2}) {
    senders.emplace_back([&, from] {
      for (uint64_t i = 1; !stop; ++i) {
        node(from).Send(3, {HeartbeatOf(i), AppendOf(i, 500), ChunkOf(i, 5000)});
      }
    });
  }
  ASSERT_TRUE(node(3).AwaitMessages(1000));
  node(3).Stop();
  EXPECT_FALSE(node(3).was_called_after_stop());
  stop = true;
  for (std::thread& sender : senders) sender.join();
  node(1).Stop();
  node(2).Stop();
  EXPECT_FALSE(node(1).was_called_after_stop());
}

TEST_P(TransportConformance, PayloadsReceived_OutliveTheTransport) {
  StartNodes(2);
  node(1).Send(kB, {AppendOf(1, 100), AppendOf(2, 100'000)});
  ASSERT_TRUE(node(2).AwaitMessages(2));
  node(1).Stop();
  node(2).Stop();
  EXPECT_EQ(node(2).received()[0], AppendOf(1, 100));
  EXPECT_EQ(node(2).received()[1], AppendOf(2, 100'000));
}

TEST_P(TransportConformance, CountersOfTraffic_MatchOnBothSides) {
  StartNodes(2);
  for (uint64_t i = 1; i <= 10; ++i) node(1).Send(kB, {HeartbeatOf(i), AppendOf(i, 10)});
  ASSERT_TRUE(node(2).AwaitMessages(20));
  EXPECT_EQ(node(1).Counter("messages_sent"), 20u);
  EXPECT_EQ(node(2).Counter("messages_received"), 20u);
}

}  // namespace synod::testing
