// The TCP transport among peers that are broken, foreign or hostile.
#include "synod/tcp.h"

#include <algorithm>
#include <cerrno>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "synod/base/rng.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/conformance/transport/loopback.h"
#include "tests/conformance/transport/test_node.h"
#include "tests/unit/transports/raw_peer.h"

namespace synod {
namespace {

using ::synod::testing::FrameOf;
using ::synod::testing::NewLoopbackAddress;
using ::synod::testing::RawPeer;
using ::synod::testing::TestNode;
using ::testing::HasSubstr;

constexpr NodeId kNode = 1;  // The one under test.
constexpr NodeId kPeer = 2;  // Dials it.

Message HeartbeatOf(uint64_t round) {
  return {.group = 1,
          .from = kPeer,
          .to = kNode,
          .incarnation = Incarnation(102),
          .term = Term(1),
          .body = Heartbeat{.round = round, .commit = Index()}};
}

class TcpTest : public ::testing::Test {
 protected:
  void StartNode(const tcp::Options& options = {}) {
    auto transport =
        tcp::Listen(address_, {{kNode, address_}, {kPeer, NewLoopbackAddress()}}, options);
    ASSERT_TRUE(transport.ok()) << transport.status();
    node_ = std::make_unique<TestNode>(kNode, *std::move(transport));
    const absl::Status started = node_->Start();
    ASSERT_TRUE(started.ok()) << started;
  }

  // A peer whose handshake has succeeded.
  RawPeer ConnectPeer(tcp::Channel channel = tcp::Channel::kConsensus) {
    RawPeer peer(address_);
    tcp::Introduction hello = RawPeer::Hello(kPeer, kNode);
    hello.channel = channel;
    peer.Introduce(hello);
    const auto welcome = peer.ReadIntroduction();
    EXPECT_TRUE(welcome.has_value());
    if (welcome) {
      EXPECT_EQ(welcome->from, kNode);
      EXPECT_EQ(welcome->incarnation, Incarnation(101));
    }
    return peer;
  }

  // The node is as usable as ever.
  void ExpectServes() {
    const size_t before = node_->received().size();
    RawPeer peer = ConnectPeer();
    peer.Send(FrameOf({HeartbeatOf(77)}));
    ASSERT_TRUE(node_->AwaitMessages(before + 1));
    EXPECT_EQ(node_->received().back(), HeartbeatOf(77));
  }

  void ExpectRefused(const tcp::Introduction& hello, tcp::RefusalReason reason,
                     const std::string& text, const std::string& counter) {
    RawPeer peer(address_);
    peer.Introduce(hello);
    const auto refusal = peer.ReadRefusal();
    ASSERT_TRUE(refusal.has_value());
    EXPECT_EQ(refusal->reason, reason);
    EXPECT_THAT(refusal->text, HasSubstr(text));
    EXPECT_TRUE(peer.IsClosedByPeer());
    EXPECT_EQ(node_->Counter(counter), 1u);
    EXPECT_TRUE(node_->AwaitLog(text));
    ExpectServes();
  }

  const std::string address_ = NewLoopbackAddress();
  std::unique_ptr<TestNode> node_;
};

TEST_F(TcpTest, HelloOfAnotherCluster_IsRefusedWithReason) {
  StartNode();
  auto hello = RawPeer::Hello(kPeer, kNode);
  hello.cluster = 8;
  ExpectRefused(hello, tcp::RefusalReason::kCluster, "node 2 is of cluster 8, node 1 of cluster 7",
                "handshake_refused_cluster");
}

TEST_F(TcpTest, HelloForAnotherNode_IsRefusedWithReason) {
  StartNode();
  ExpectRefused(RawPeer::Hello(kPeer, 3), tcp::RefusalReason::kWrongNode, "looks for node 3",
                "handshake_refused_wrong_node");
}

TEST_F(TcpTest, HelloOfAStranger_IsRefusedWithReason) {
  StartNode();
  ExpectRefused(RawPeer::Hello(9, kNode), tcp::RefusalReason::kUnknownPeer,
                "node 9 is not in the peer list of node 1", "handshake_refused_unknown_peer");
}

TEST_F(TcpTest, StrangerBecomesAPeer_IsServed) {
  StartNode();
  RawPeer stranger(address_);
  stranger.Introduce(RawPeer::Hello(9, kNode));
  ASSERT_TRUE(stranger.ReadRefusal().has_value());
  absl::Status told;
  node_->Do([&] { told = node_->transport().SetPeer(9, NewLoopbackAddress()); });
  ASSERT_TRUE(told.ok()) << told;
  RawPeer peer(address_);
  peer.Introduce(RawPeer::Hello(9, kNode));
  EXPECT_TRUE(peer.ReadIntroduction().has_value());
  ExpectServes();
}

// The one with the higher id dials.
TEST_F(TcpTest, PeerHasMoved_IsLeftAndDialedWhereItIsNow) {
  StartNode();
  RawPeer before = ConnectPeer();
  absl::Status told;
  const auto set = [&](const std::string& address) {
    node_->Do([&] { told = node_->transport().SetPeer(kPeer, address); });
    return told;
  };
  EXPECT_TRUE(absl::IsInvalidArgument(set("nowhere")));
  ASSERT_TRUE(set(NewLoopbackAddress()).ok());
  EXPECT_TRUE(before.IsClosedByPeer());
  ExpectServes();
}

TEST_F(TcpTest, HelloOfAnotherIncarnationBesideTheFirst_IsRefusedWithReason) {
  StartNode();
  const RawPeer first = ConnectPeer();
  auto hello = RawPeer::Hello(kPeer, kNode);
  hello.incarnation = Incarnation(5);
  ExpectRefused(hello, tcp::RefusalReason::kIncarnation, "is connected already, from another disk",
                "handshake_refused_incarnation");
}

TEST_F(TcpTest, HelloOfAnotherIncarnationBesideAReplacement_IsRefusedWithReason) {
  StartNode();
  const RawPeer first = ConnectPeer();
  const RawPeer second = ConnectPeer();
  auto hello = RawPeer::Hello(kPeer, kNode);
  hello.incarnation = Incarnation(5);
  ExpectRefused(hello, tcp::RefusalReason::kIncarnation, "is connected already, from another disk",
                "handshake_refused_incarnation");
}

// Where its disk was restored, or bootstrapped anew: only the core knows which one may vote.
TEST_F(TcpTest, HelloOfAnotherIncarnationAfterTheFirst_IsWelcome) {
  StartNode();
  uint64_t times = 0;
  for (const uint64_t incarnation : {5, 6, 5}) {
    {
      RawPeer peer(address_);
      auto hello = RawPeer::Hello(kPeer, kNode);
      hello.incarnation = Incarnation(incarnation);
      peer.Introduce(hello);
      EXPECT_TRUE(peer.ReadIntroduction().has_value());
    }
    EXPECT_TRUE(node_->AwaitCounter("disconnected", ++times));
  }
  EXPECT_EQ(node_->Counter("handshake_refused_incarnation"), 0u);
}

TEST_F(TcpTest, HelloOfAnotherVersion_IsToldWhichOneIsSpoken) {
  StartNode();
  RawPeer peer(address_);
  std::string hello = tcp::Encode(RawPeer::Hello(kPeer, kNode));
  hello[4] = 9;
  peer.Send(hello);
  const auto refusal = peer.ReadRefusal();
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->reason, tcp::RefusalReason::kVersion);
  EXPECT_THAT(refusal->text, HasSubstr("version 9"));
  EXPECT_TRUE(peer.IsClosedByPeer());
  EXPECT_EQ(node_->Counter("handshake_refused_version"), 1u);
  ExpectServes();
}

TEST_F(TcpTest, HttpRequest_IsClosedWithoutAnAnswer) {
  StartNode();
  RawPeer peer(address_);
  peer.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(peer.IsClosedByPeer());
  EXPECT_EQ(node_->Counter("handshake_refused_malformed"), 1u);
  EXPECT_TRUE(node_->AwaitLog("does not speak this protocol"));
  ExpectServes();
}

TEST_F(TcpTest, MessagesBeforeTheHandshake_AreRefused) {
  StartNode();
  RawPeer peer(address_);
  peer.Send(FrameOf({HeartbeatOf(1)}));
  EXPECT_TRUE(peer.IsClosedByPeer());
  ExpectServes();
  EXPECT_EQ(node_->received().size(), 1u);
}

TEST_F(TcpTest, LargeFrameBeforeTheHandshake_IsRefusedByItsHeader) {
  StartNode();
  RawPeer peer(address_);
  const std::string frame = wire::EncodeFrame(wire::FrameKind::kHandshake, std::string(4096, 'x'));
  peer.Send(frame.substr(0, wire::kHeaderBytes));
  EXPECT_TRUE(peer.IsClosedByPeer());
  EXPECT_EQ(node_->Counter("frame_too_large"), 1u);
  ExpectServes();
}

TEST_F(TcpTest, HalfAHandshake_IsClosedAfterTheTimeout) {
  StartNode({.handshake_timeout = std::chrono::milliseconds(50)});
  RawPeer silent(address_);
  RawPeer half(address_);
  half.Send(tcp::Encode(RawPeer::Hello(kPeer, kNode)).substr(0, 20));
  EXPECT_TRUE(silent.IsClosedByPeer());
  EXPECT_TRUE(half.IsClosedByPeer());
  EXPECT_EQ(node_->Counter("handshake_timeout"), 2u);
}

TEST_F(TcpTest, HelloByteByByte_IsAccepted) {
  StartNode();
  RawPeer peer(address_);
  for (const char byte : tcp::Encode(RawPeer::Hello(kPeer, kNode))) {
    peer.Send(std::string(1, byte));
  }
  EXPECT_TRUE(peer.ReadIntroduction().has_value());
}

TEST_F(TcpTest, FramesByteByByte_AreDelivered) {
  StartNode();
  RawPeer peer = ConnectPeer();
  const std::string frames =
      FrameOf({HeartbeatOf(1), HeartbeatOf(2)}) + FrameOf({HeartbeatOf(3)}, 1);
  for (const char byte : frames) peer.Send(std::string(1, byte));
  ASSERT_TRUE(node_->AwaitMessages(3));
  EXPECT_EQ(node_->received()[2], HeartbeatOf(3));
}

TEST_F(TcpTest, FrameWithAFlippedBit_ClosesTheConnectionAndKeepsWhatCameBefore) {
  StartNode();
  RawPeer peer = ConnectPeer();
  std::string bad = FrameOf({HeartbeatOf(2)}, 1);
  bad.back() = static_cast<char>(bad.back() ^ 1);
  peer.Send(FrameOf({HeartbeatOf(1)}) + bad + FrameOf({HeartbeatOf(3)}, 2));
  EXPECT_TRUE(peer.IsClosedByPeer());
  EXPECT_EQ(node_->Counter("frame_bad_checksum"), 1u);
  EXPECT_TRUE(node_->AwaitLog("node 2 at "));
  ASSERT_TRUE(node_->AwaitMessages(1));
  EXPECT_EQ(node_->received(), std::vector<Message>{HeartbeatOf(1)});
  ExpectServes();
}

TEST_F(TcpTest, OversizedFrame_ClosesTheConnectionBeforeItsBodyComes) {
  StartNode({.max_frame_bytes = 512 * 1024});
  RawPeer peer = ConnectPeer();
  const std::string frame =
      wire::EncodeFrame(wire::FrameKind::kMessages, std::string(512 * 1024 + 1, 'x'));
  peer.Send(frame.substr(0, wire::kHeaderBytes));
  EXPECT_TRUE(peer.IsClosedByPeer());
  EXPECT_EQ(node_->Counter("frame_too_large"), 1u);
  ExpectServes();
}

// As megabytes to come, it would take all the peer says from now on for the body of this frame.
TEST_F(TcpTest, FlippedBitInTheSize_ClosesTheConnectionBeforeMoreComes) {
  StartNode();
  RawPeer peer = ConnectPeer();
  std::string bad = FrameOf({HeartbeatOf(1)});
  bad[10] = static_cast<char>(bad[10] ^ 0x80);
  peer.Send(bad);
  EXPECT_TRUE(peer.IsClosedByPeer());
  EXPECT_EQ(node_->Counter("frame_bad_checksum"), 1u);
  ExpectServes();
}

TEST_F(TcpTest, FrameThatDoesNotGoOn_ClosesItsConnectionAlone) {
  StartNode({.unresponsive_timeout = std::chrono::seconds(1)});
  RawPeer consensus = ConnectPeer();
  const std::string frame = FrameOf({HeartbeatOf(1)});
  consensus.Send(frame);
  RawPeer bulk = ConnectPeer(tcp::Channel::kBulk);
  bulk.Send(frame.substr(0, 5));
  EXPECT_TRUE(bulk.IsClosedByPeer());
  EXPECT_EQ(node_->Counter("frame_stalled"), 1u);
  EXPECT_TRUE(node_->AwaitLog("a frame has begun and does not go on"));
  consensus.Send(FrameOf({HeartbeatOf(2)}, 1));
  ASSERT_TRUE(node_->AwaitMessages(2));
}

TEST_F(TcpTest, BodyThatDoesNotGoOn_ClosesTheConnection) {
  StartNode({.unresponsive_timeout = std::chrono::seconds(1)});
  RawPeer peer = ConnectPeer();
  const std::string frame =
      wire::EncodeFrame(wire::FrameKind::kMessages, std::string(100'000, 'x'));
  peer.Send(frame.substr(0, 50'000));
  EXPECT_TRUE(peer.IsClosedByPeer());
  EXPECT_EQ(node_->Counter("frame_stalled"), 1u);
  ExpectServes();
}

TEST_F(TcpTest, TruncatedFrame_ThenEnd_DeliversNothingOfIt) {
  StartNode();
  {
    RawPeer peer = ConnectPeer();
    const std::string frame = FrameOf({HeartbeatOf(1)});
    peer.Send(frame.substr(0, frame.size() - 1));
  }
  ASSERT_TRUE(node_->AwaitCounter("disconnected"));
  EXPECT_EQ(node_->Counter("frame_truncated"), 1u);
  EXPECT_TRUE(node_->AwaitLog("the peer has closed the connection within a frame"));
  ExpectServes();
  EXPECT_EQ(node_->received().size(), 1u);
}

TEST_F(TcpTest, TruncatedHeaderOrLongBody_ThenEnd_IsCountedLikewise) {
  StartNode();
  const std::string frame =
      wire::EncodeFrame(wire::FrameKind::kMessages, std::string(100'000, 'x'));
  uint64_t times = 0;
  for (const size_t bytes : {size_t{5}, size_t{50'000}}) {
    ConnectPeer(tcp::Channel::kBulk).Send(frame.substr(0, bytes));
    ASSERT_TRUE(node_->AwaitCounter("disconnected", ++times));
    EXPECT_EQ(node_->Counter("frame_truncated"), times);
  }
  EXPECT_TRUE(node_->AwaitLog("the peer has closed the connection within a frame"));
  ExpectServes();
}

TEST_F(TcpTest, EndBetweenFrames_IsNoTruncatedFrame) {
  StartNode();
  ConnectPeer().Send(FrameOf({HeartbeatOf(1)}));
  ASSERT_TRUE(node_->AwaitCounter("disconnected"));
  EXPECT_EQ(node_->Counter("frame_truncated"), 0u);
  EXPECT_EQ(node_->received().size(), 1u);
}

TEST_F(TcpTest, MalformedBodyWithAValidChecksum_ClosesTheConnection) {
  StartNode();
  RawPeer peer = ConnectPeer();
  peer.Send(wire::EncodeFrame(wire::FrameKind::kMessages, "\x07\x06\x01"));
  EXPECT_TRUE(peer.IsClosedByPeer());
  EXPECT_EQ(node_->Counter("frame_malformed"), 1u);
  ExpectServes();
}

TEST_F(TcpTest, UnknownMessageType_ClosesTheConnectionAndSaysSo) {
  StartNode();
  RawPeer peer = ConnectPeer();
  peer.Send(wire::EncodeFrame(wire::FrameKind::kMessages, "\x3f\x06\x01"));
  EXPECT_TRUE(peer.IsClosedByPeer());
  EXPECT_EQ(node_->Counter("frame_unknown"), 1u);
  EXPECT_TRUE(node_->AwaitLog("unknown message type 63: the sender is of a newer version"));
  ExpectServes();
}

TEST_F(TcpTest, RepeatedFrame_ClosesTheConnectionAndKeepsWhatCameBefore) {
  StartNode();
  RawPeer peer = ConnectPeer();
  peer.Send(FrameOf({HeartbeatOf(1)}) + FrameOf({HeartbeatOf(1)}));
  EXPECT_TRUE(peer.IsClosedByPeer());
  EXPECT_EQ(node_->Counter("frame_out_of_order"), 1u);
  EXPECT_TRUE(node_->AwaitLog("frame 0 came where frame 1 was to come"));
  ASSERT_TRUE(node_->AwaitMessages(1));
  EXPECT_EQ(node_->received(), std::vector<Message>{HeartbeatOf(1)});
  ExpectServes();
}

TEST_F(TcpTest, FrameIsMissing_ClosesTheConnection) {
  StartNode();
  RawPeer peer = ConnectPeer();
  peer.Send(FrameOf({HeartbeatOf(1)}) + FrameOf({HeartbeatOf(3)}, 2));
  EXPECT_TRUE(peer.IsClosedByPeer());
  EXPECT_EQ(node_->Counter("frame_out_of_order"), 1u);
  ExpectServes();
}

TEST_F(TcpTest, RepeatedHello_ClosesTheConnection) {
  StartNode();
  RawPeer peer = ConnectPeer();
  peer.Introduce(RawPeer::Hello(kPeer, kNode));
  EXPECT_TRUE(peer.IsClosedByPeer());
  EXPECT_EQ(node_->Counter("frame_malformed"), 1u);
  ExpectServes();
}

TEST_F(TcpTest, SecondConnectionOfAPeer_ReplacesTheFirst) {
  StartNode();
  RawPeer first = ConnectPeer();
  RawPeer second = ConnectPeer();
  EXPECT_TRUE(first.IsClosedByPeer());
  EXPECT_EQ(node_->Counter("replaced"), 1u);
  ASSERT_TRUE(node_->AwaitConnected(kPeer, 2));
  node_->Send(kPeer, {HeartbeatOf(1)});
  EXPECT_TRUE(second.ReadFrame().has_value());
}

TEST_F(TcpTest, BulkConnection_DoesNotReplaceThatForConsensus) {
  StartNode();
  RawPeer consensus = ConnectPeer();
  RawPeer bulk = ConnectPeer(tcp::Channel::kBulk);
  EXPECT_EQ(node_->Counter("replaced"), 0u);
  node_->Send(kPeer, {HeartbeatOf(1)});
  EXPECT_TRUE(consensus.ReadFrame().has_value());
}

TEST_F(TcpTest, TooManyWithoutHandshake_OldestGoesAndPeersStillGetIn) {
  StartNode({.handshake_timeout = std::chrono::hours(1), .max_pending_handshakes = 4});
  std::vector<std::unique_ptr<RawPeer>> strangers;
  for (int i = 0; i < 5; ++i) strangers.push_back(std::make_unique<RawPeer>(address_));
  EXPECT_TRUE(strangers[0]->IsClosedByPeer());
  ExpectServes();
  EXPECT_GE(node_->Counter("pending_evicted"), 1u);
}

TEST_F(TcpTest, RandomBytesAfterTheHandshake_NeverHarmTheNode) {
  StartNode();
  Rng rng(31);
  for (int round = 0; round < 200; ++round) {
    RawPeer peer = ConnectPeer();
    std::string bytes = FrameOf({HeartbeatOf(1), HeartbeatOf(2)});
    const uint64_t changes = 1 + rng.Below(4);
    for (uint64_t i = 0; i < changes; ++i) {
      bytes[rng.Below(bytes.size())] = static_cast<char>(rng.Next());
    }
    peer.Send(bytes);
  }
  ExpectServes();
  for (const Message& message : node_->received()) {
    EXPECT_LE(std::get<Heartbeat>(message.body).round, 77u);
  }
}

TEST_F(TcpTest, MessagesForANodeOutsideThePeerList_AreDroppedAndLoggedOnce) {
  StartNode();
  for (uint64_t round = 1; round <= 50; ++round) node_->Send(9, {HeartbeatOf(round)});
  EXPECT_EQ(node_->Counter("dropped_unknown_peer"), 50u);
  EXPECT_TRUE(node_->AwaitLog("there is no address of node 9 in the peer list"));
  const std::string log = node_->log();
  EXPECT_LE(std::count(log.begin(), log.end(), '\n'), 2);
}

TEST_F(TcpTest, StrangersRepeatedly_FillNeitherLogNorMemory) {
  StartNode();
  for (int i = 0; i < 50; ++i) {
    RawPeer peer(address_);
    peer.Introduce(RawPeer::Hello(9, kNode));
    ASSERT_TRUE(peer.ReadRefusal().has_value());
  }
  EXPECT_EQ(node_->Counter("handshake_refused_unknown_peer"), 50u);
  const std::string log = node_->log();
  EXPECT_LE(std::count(log.begin(), log.end(), '\n'), 2);
}

TEST_F(TcpTest, MessageAboveTheFrameBound_IsDroppedCountedAndLogged) {
  StartNode({.max_frame_bytes = 512 * 1024});
  RawPeer peer = ConnectPeer();
  Message large = HeartbeatOf(1);
  large.body = AppendRequest{.prev_index = Index(),
                             .prev_term = Term(),
                             .commit = Index(),
                             .entries = {{Index(1), Term(1), EntryKind::kCommand,
                                          Payload::Copy(std::string(512 * 1024, 'x'))}}};
  node_->Send(kPeer, {large, HeartbeatOf(2)});
  EXPECT_EQ(node_->Counter("dropped_too_large"), 1u);
  EXPECT_TRUE(node_->AwaitLog("max_frame_bytes"));
  EXPECT_TRUE(peer.ReadFrame().has_value());
}

// --- The dialing side: node 3 dials node 2, which is made by hand.

class TcpDialTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto resolved = tcp::Resolve(*tcp::ParseHostPort(peer_address_));
    auto listening = tcp::ListenOn(peer_address_, *resolved);
    ASSERT_TRUE(listening.ok());
    listening_ = *std::move(listening);
    auto transport = tcp::Listen(NewLoopbackAddress(), {{2, peer_address_}},
                                 {.reconnect_max = std::chrono::milliseconds(30)});
    ASSERT_TRUE(transport.ok());
    node_ = std::make_unique<TestNode>(3, *std::move(transport));
    ASSERT_TRUE(node_->Start().ok());
  }

  // The next connection of the node on that channel, and the hello that came over it.
  std::pair<RawPeer, tcp::Introduction> Accept(tcp::Channel channel = tcp::Channel::kConsensus) {
    while (true) {
      int fd = -1;
      EXPECT_TRUE(TestNode::AwaitThat([&] {
        fd = accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC);
        return fd >= 0;
      }));
      RawPeer peer{tcp::Fd(fd)};
      const auto hello = peer.ReadIntroduction();
      EXPECT_TRUE(hello.has_value());
      if (hello && hello->channel != channel) continue;  // It will try again.
      return {std::move(peer), hello.value_or(tcp::Introduction())};
    }
  }

  static tcp::Introduction WelcomeTo(const tcp::Introduction& hello) {
    tcp::Introduction welcome = RawPeer::Hello(hello.to, hello.from);
    welcome.is_welcome = true;
    welcome.channel = hello.channel;
    return welcome;
  }

  const std::string peer_address_ = NewLoopbackAddress();
  tcp::Fd listening_;
  std::unique_ptr<TestNode> node_;
};

TEST_F(TcpDialTest, Hello_SaysWhoDialsWhom) {
  auto [peer, hello] = Accept();
  EXPECT_FALSE(hello.is_welcome);
  EXPECT_EQ(hello.cluster, ClusterId(7));
  EXPECT_EQ(hello.from, NodeId(3));
  EXPECT_EQ(hello.to, NodeId(2));
  EXPECT_EQ(hello.incarnation, Incarnation(103));
}

TEST_F(TcpDialTest, WelcomeAndFirstFrameTogether_AreBothTaken) {
  auto [peer, hello] = Accept();
  Message message = HeartbeatOf(1);
  message.to = 3;
  peer.Send(tcp::Encode(WelcomeTo(hello)) + FrameOf({message}));
  ASSERT_TRUE(node_->AwaitConnected(2));
  ASSERT_TRUE(node_->AwaitMessages(1));
  EXPECT_EQ(node_->received()[0], message);
}

TEST_F(TcpDialTest, ConnectionLost_IsDialedAgain) {
  for (size_t round = 1; round <= 3; ++round) {
    auto [peer, hello] = Accept();
    peer.Introduce(WelcomeTo(hello));
    ASSERT_TRUE(node_->AwaitConnected(2, round));
  }
}

TEST_F(TcpDialTest, Refused_LogsTheReasonAndTriesOn) {
  {
    auto [peer, hello] = Accept();
    peer.Send(tcp::Encode(tcp::Refusal{tcp::RefusalReason::kCluster, "not \x1b[31m ours"}));
    EXPECT_TRUE(peer.IsClosedByPeer());
  }
  EXPECT_TRUE(node_->AwaitLog("refuses this node: not ?[31m ours"));
  EXPECT_GE(node_->Counter("handshake_refused_by_peer"), 1u);
  auto [peer, hello] = Accept();
  peer.Introduce(WelcomeTo(hello));
  ASSERT_TRUE(node_->AwaitConnected(2));
}

// Both places are this peer's: whoever was dialed at the old one must not be welcomed as well.
TEST_F(TcpDialTest, PeerMovesDuringTheHandshake_IsConnectedOnceAndLeftAlone) {
  auto [before, first] = Accept();
  const std::string address = NewLoopbackAddress();
  auto listening = tcp::ListenOn(address, *tcp::Resolve(*tcp::ParseHostPort(address)));
  ASSERT_TRUE(listening.ok());
  listening_ = *std::move(listening);
  absl::Status told;
  node_->Do([&] { told = node_->transport().SetPeer(2, address); });
  ASSERT_TRUE(told.ok()) << told;
  EXPECT_TRUE(before.IsClosedByPeer());
  before.Introduce(WelcomeTo(first));

  auto [after, second] = Accept();
  after.Introduce(WelcomeTo(second));
  ASSERT_TRUE(node_->AwaitConnected(2));
  auto [bulk, third] = Accept(tcp::Channel::kBulk);
  bulk.Introduce(WelcomeTo(third));
  ASSERT_TRUE(TestNode::AwaitThat([&] { return node_->Counter("connected") == 2; }));
  EXPECT_EQ(node_->Counter("replaced"), 0u);
}

TEST_F(TcpDialTest, PeerIsForgotten_KeepsItsConnectionAndIsNotDialedAgain) {
  auto connected = std::make_unique<RawPeer>(Accept().first);
  auto [bulk, hello] = Accept(tcp::Channel::kBulk);
  bulk.Introduce(WelcomeTo(hello));
  ASSERT_TRUE(node_->AwaitCounter("connected"));
  node_->Do([&] { node_->transport().ForgetPeer(2); });
  EXPECT_TRUE(connected->IsClosedByPeer());  // It was not welcomed yet.
  Message message = HeartbeatOf(1);
  message.to = 3;
  bulk.Send(FrameOf({message}));
  EXPECT_TRUE(node_->AwaitMessages(1));
  { const RawPeer closing = std::move(bulk); }
  ASSERT_TRUE(node_->AwaitCounter("disconnected"));
  // Longer than it would wait before it dials.
  std::promise<void> later;
  node_->Do([&] {
    node_->loop().RunAt(node_->loop().Now() + std::chrono::milliseconds(60),
                        [&] { later.set_value(); });
  });
  later.get_future().wait();
  while (accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC) >= 0) {
    // What was dialed before it was forgotten.
  }
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(node_->Counter("connected"), node_->Counter("disconnected"));

  node_->Do([&] { EXPECT_TRUE(node_->transport().SetPeer(2, "").ok()); });
  auto [again, greeting] = Accept();
  again.Introduce(WelcomeTo(greeting));
  EXPECT_TRUE(node_->AwaitConnected(2));
}

TEST_F(TcpDialTest, PeerMovesAndNoAddressIsNamedAfterwards_IsDialedWhereItWasAtTheStart) {
  const std::string elsewhere = NewLoopbackAddress();
  node_->Do([&] { EXPECT_TRUE(node_->transport().SetPeer(2, elsewhere).ok()); });
  ASSERT_TRUE(node_->AwaitLog("cannot reach node 2 at " + elsewhere));
  while (accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC) >= 0) {
    // What was dialed before.
  }
  node_->Do([&] { EXPECT_TRUE(node_->transport().SetPeer(2, "").ok()); });
  auto [peer, hello] = Accept();
  peer.Introduce(WelcomeTo(hello));
  EXPECT_TRUE(node_->AwaitConnected(2));
}

TEST_F(TcpDialTest, AnotherNodeAnswers_IsRefused) {
  auto [peer, hello] = Accept();
  auto welcome = WelcomeTo(hello);
  welcome.from = 1;
  peer.Introduce(welcome);
  const auto refusal = peer.ReadRefusal();
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->reason, tcp::RefusalReason::kWrongNode);
  EXPECT_THAT(refusal->text, HasSubstr("node 1 answers at the address of node 2"));
}

TEST_F(TcpDialTest, PeerUnderTwoIncarnations_IsRefused) {
  auto [consensus, first] = Accept();
  consensus.Introduce(WelcomeTo(first));
  ASSERT_TRUE(node_->AwaitConnected(2));
  auto [bulk, second] = Accept(tcp::Channel::kBulk);
  auto welcome = WelcomeTo(second);
  welcome.incarnation = Incarnation(4);
  bulk.Introduce(welcome);
  const auto refusal = bulk.ReadRefusal();
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->reason, tcp::RefusalReason::kIncarnation);
  EXPECT_EQ(node_->Counter("handshake_refused_incarnation"), 1u);
}

TEST_F(TcpDialTest, PeerOfAnotherVersionAnswers_IsLoggedWithBothVersions) {
  auto [peer, hello] = Accept();
  std::string welcome = tcp::Encode(WelcomeTo(hello));
  welcome[4] = 9;
  peer.Send(welcome);
  EXPECT_TRUE(node_->AwaitLog("the peer speaks version 9"));
}

// --- Listen.

TEST(TcpListen, PortInUse_NamesTheAddress) {
  const std::string address = NewLoopbackAddress();
  const auto first = tcp::Listen(address, {});
  ASSERT_TRUE(first.ok());
  const auto second = tcp::Listen(address, {});
  EXPECT_TRUE(absl::IsAlreadyExists(second.status()));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(address));
}

TEST(TcpListen, AddressOfAnotherMachine_IsUnavailable) {
  const auto transport = tcp::Listen("192.0.2.1:7000", {});
  EXPECT_TRUE(absl::IsUnavailable(transport.status())) << transport.status();
  EXPECT_THAT(std::string(transport.status().message()), HasSubstr("192.0.2.1:7000"));
}

TEST(TcpListen, PortFreedByItsOwner_CanBeTakenAtOnce) {
  const std::string address = NewLoopbackAddress();
  for (int round = 0; round < 3; ++round) {
    const auto transport = tcp::Listen(address, {});
    ASSERT_TRUE(transport.ok()) << transport.status();
  }
}

TEST(TcpListen, BadAddress_SaysWhatIsExpected) {
  for (const char* address : {"", "10.0.0.1", ":7000", "host:", "host:x", "host:70000", "host:-1",
                              "::1:7000", "[::1:7000", "[nonsense]:7000", "ho]st:7000"}) {
    const auto transport = tcp::Listen(address, {});
    EXPECT_TRUE(absl::IsInvalidArgument(transport.status())) << address;
    EXPECT_THAT(std::string(transport.status().message()), HasSubstr("expected host:port"));
  }
}

TEST(TcpListen, BadPeers_AreRefused) {
  const std::string own = NewLoopbackAddress();
  EXPECT_TRUE(absl::IsInvalidArgument(tcp::Listen(own, {{0, "a:1"}}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(tcp::Listen(own, {{2, "a"}}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(tcp::Listen(own, {{2, "a:1"}, {3, "a:1"}}).status()));
}

TEST(TcpListen, BadOptions_AreRefusedByName) {
  const auto refused = [](const tcp::Options& options) {
    const auto transport = tcp::Listen(NewLoopbackAddress(), {}, options);
    EXPECT_TRUE(absl::IsInvalidArgument(transport.status()));
    return std::string(transport.status().message());
  };
  EXPECT_THAT(refused({.max_queue_bytes = 0}), HasSubstr("max_"));
  EXPECT_THAT(refused({.max_frame_bytes = Transport::kGuaranteedMessageBytes - 1}),
              HasSubstr("max_frame_bytes"));
  EXPECT_THAT(refused({.max_frame_bytes = size_t{1} << 40}), HasSubstr("max_frame_bytes"));
  EXPECT_THAT(refused({.reconnect_min = Duration::zero()}), HasSubstr("reconnect_min"));
  EXPECT_THAT(refused({.handshake_timeout = Duration::zero()}), HasSubstr("handshake_timeout"));
  EXPECT_THAT(refused({.unresponsive_timeout = Duration(1)}), HasSubstr("unresponsive_timeout"));
}

TEST(TcpListen, HostName_IsResolved) {
  const auto listening = tcp::Listen("localhost:0", {});
  EXPECT_TRUE(listening.ok()) << listening.status();
}

TEST(TcpListen, NameOfNoHost_IsUnavailableAndNamed) {
  const auto listening = tcp::Listen("no-such-host.invalid:7000", {});
  EXPECT_TRUE(absl::IsUnavailable(listening.status())) << listening.status();
  EXPECT_THAT(std::string(listening.status().message()), HasSubstr("no-such-host.invalid"));
}

// One of those that no machine has (RFC 5737).
TEST(TcpListen, AddressOfAnotherMachine_IsUnavailableAndSaysSo) {
  const auto listening = tcp::Listen("192.0.2.1:7000", {});
  EXPECT_TRUE(absl::IsUnavailable(listening.status())) << listening.status();
  EXPECT_THAT(std::string(listening.status().message()),
              HasSubstr("192.0.2.1:7000: it is no address of this machine"));
}

TEST(TcpAddress, Parsed_DescribesItselfAsItWasWritten) {
  for (const std::string text : {"10.1.2.3:7000", "[::1]:7000", "[2001:db8::5]:1"}) {
    const auto parsed = tcp::ParseHostPort(text);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_TRUE(tcp::IsNumeric(*parsed));
    const auto resolved = tcp::Resolve(*parsed);
    ASSERT_TRUE(resolved.ok()) << resolved.status();
    EXPECT_EQ(tcp::Describe(resolved->at(0)), text);
  }
  EXPECT_FALSE(tcp::IsNumeric(*tcp::ParseHostPort("node1.example:7000")));
}

TEST(TcpListen, PeerNotThereYet_IsReachedOnceItIs) {
  const std::map<NodeId, std::string> peers = {{1, NewLoopbackAddress()},
                                               {2, NewLoopbackAddress()}};
  auto b = tcp::Listen(peers.at(2), peers);
  ASSERT_TRUE(b.ok());
  TestNode two(2, *std::move(b));
  ASSERT_TRUE(two.Start().ok());
  ASSERT_TRUE(two.AwaitCounter("connect_failed"));
  EXPECT_TRUE(two.AwaitLog("cannot reach node 1 at " + peers.at(1)));
  auto a = tcp::Listen(peers.at(1), peers);
  ASSERT_TRUE(a.ok());
  TestNode one(1, *std::move(a));
  ASSERT_TRUE(one.Start().ok());
  EXPECT_TRUE(one.AwaitConnected(2));
  EXPECT_TRUE(two.AwaitConnected(1));
}

}  // namespace
}  // namespace synod
