// The acceptor in the kernel, one frame at a time: the golden vectors, what every acceptor does,
// and what a link makes of it; and which frames it takes for requests.
#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/switch/acceptor_suite.h"
#include "tests/unit/switch/differential.h"
#include "tests/unit/switch/golden.h"
#include "tests/unit/switch/link_suite.h"
#include "tests/unit/switch/xdp_under_test.h"

namespace synod::slots::testing {

using Subjects = ::testing::Types<XdpSubject>;
INSTANTIATE_TYPED_TEST_SUITE_P(Xdp, Acceptor, Subjects);
INSTANTIATE_TYPED_TEST_SUITE_P(Xdp, Link, Subjects);

namespace {

constexpr size_t kIpv4 = 14;  // Where each header begins.
constexpr size_t kUdp = kIpv4 + 20;

class XdpFrames : public ::testing::Test {
 protected:
  void SetUp() override { subject_.SkipIfUnavailable(); }

  static Bytes Request() { return Encoded(SlotPacket{.ballot = {1, 1, 1}}); }

  XdpSubject subject_;
};

TEST_F(XdpFrames, GoldenVectors_Asked_AreAnsweredSo) {
  EXPECT_EQ(FirstWrong(ReadGoldenVectors(SYNOD_GOLDEN_VECTORS), subject_), 0)
      << "the line of the request";
}

TEST_F(XdpFrames, MillionRandomRequests_Answered_AreEqualToTheSoftwares) {
  SoftwareSubject software;
  ExpectEqualAnswers(software, subject_, /*requests=*/1'200'000, /*seed=*/3);
}

// Sums over IPv4's header and over UDP's datagram come to zero again, whatever is in the frame.
void Repair(Bytes& frame) {
  const auto sum = [&frame](size_t begin, size_t end, uint32_t from) {
    for (size_t i = begin; i + 1 < end; i += 2) {
      from += std::to_integer<uint32_t>(frame[i]) << 8 | std::to_integer<uint32_t>(frame[i + 1]);
    }
    while (from >> 16 != 0) from = (from >> 16) + (from & 0xffff);
    return from;
  };
  const auto store = [&frame](size_t place, uint32_t word) {
    frame[place] = static_cast<std::byte>(word >> 8);
    frame[place + 1] = static_cast<std::byte>(word);
  };
  store(kIpv4 + 10, 0);
  store(kIpv4 + 10, ~sum(kIpv4, kUdp, 0) & 0xffff);
  store(kUdp + 6, 0);
  const auto datagram_bytes = static_cast<uint32_t>(frame.size() - kUdp);
  const uint32_t pseudo_header = sum(kIpv4 + 12, kUdp, 17 + datagram_bytes);
  store(kUdp + 6, ~sum(kUdp, frame.size(), pseudo_header) & 0xffff);
}

struct Change {
  const char* what;
  std::function<void(Bytes&)> make;
};

std::function<void(Bytes&)> Set(size_t place, int byte) {
  return [=](Bytes& frame) { frame[place] = static_cast<std::byte>(byte); };
}

// Each is a request in all but one thing, and its checksums are right.
TEST_F(XdpFrames, OtherTraffic_Received_GoesOnAsItCame) {
  const std::vector<Change> changes = {
      {"another station's group", Set(0, 0x01)},
      {"no IPv4", Set(13, 0x06)},
      {"a tag of a virtual LAN",
       [](Bytes& frame) {
         frame.insert(frame.begin() + 12,
                      {std::byte{0x81}, std::byte{0}, std::byte{0}, std::byte{5}});
       }},
      {"IPv4 of another version", Set(kIpv4, 0x65)},
      {"options", Set(kIpv4, 0x46)},
      {"another length", Set(kIpv4 + 3, 157)},
      {"more fragments", Set(kIpv4 + 6, 0x20)},
      {"a fragment", Set(kIpv4 + 7, 0x01)},
      {"TCP", Set(kIpv4 + 9, 6)},
      {"another address", Set(kIpv4 + 19, 3)},
      {"another port", Set(kUdp + 3, 0xe9)},
      {"another length of UDP's", Set(kUdp + 5, 135)},
      {"another magic", Set(kFrameHeaderBytes, 0x54)},
      {"an answer", Set(kFrameHeaderBytes + 3, 0x81)},
  };
  for (const Change& change : changes) {
    Bytes frame = FrameOf(Request());
    change.make(frame);
    if (frame.size() == kFrameHeaderBytes + kPacketBytes) Repair(frame);
    EXPECT_FALSE(subject_.AskFrame(frame).has_value()) << change.what;
  }
  EXPECT_EQ(subject_.acceptor().Counters()->answered, 0u);
  EXPECT_TRUE(subject_.AskFrame(FrameOf(Request())).has_value());
  EXPECT_EQ(subject_.acceptor().Counters()->answered, 1u);
}

// A value that has no place in a slot takes a longer datagram.
TEST_F(XdpFrames, DatagramOfAnotherSize_Received_GoesOn) {
  for (const size_t bytes : {size_t{0}, size_t{1}, kPacketBytes - 1, kPacketBytes + 1, size_t{1000},
                             kMaxDatagramBytes}) {
    Bytes datagram = Request();
    datagram.resize(bytes);
    EXPECT_FALSE(subject_.Ask(datagram).has_value()) << bytes;
  }
}

TEST_F(XdpFrames, CutOff_Received_GoesOn) {
  const Bytes frame = FrameOf(Request());
  for (size_t bytes = 14; bytes < frame.size(); ++bytes) {
    EXPECT_FALSE(subject_.AskFrame(std::span(frame).first(bytes)).has_value()) << bytes;
  }
}

TEST_F(XdpFrames, AnyBitBehindEthernet_Flipped_IsNotAnswered) {
  const Bytes frame = FrameOf(Request());
  for (size_t bit = 14 * 8; bit < frame.size() * 8; ++bit) {
    Bytes damaged = frame;
    damaged[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    EXPECT_FALSE(subject_.AskFrame(damaged).has_value()) << bit;
  }
  EXPECT_GT(subject_.acceptor().Counters()->damaged, 0u);
}

TEST_F(XdpFrames, UdpWithoutChecksum_Received_IsAnsweredWithOne) {
  Bytes frame = FrameOf(Request());
  frame[kUdp + 6] = frame[kUdp + 7] = std::byte{0};
  const auto verdict = subject_.acceptor().Run(frame);
  ASSERT_TRUE(verdict.ok() && verdict->is_answered);
  EXPECT_TRUE(ParseUdpFrame(verdict->frame).has_value());
  EXPECT_NE(std::to_integer<int>(verdict->frame[kUdp + 6] | verdict->frame[kUdp + 7]), 0);
}

// UDP sends a sum of zero as 0xffff, since zero would say that there is none. One cookie in 65,536
// brings it about.
TEST_F(XdpFrames, AnswersSum_OfZero_IsSentAsAllOnes) {
  int all_ones = 0;
  for (uint64_t cookie = 0; cookie < 0x10000; ++cookie) {
    const Bytes frame = FrameOf(Encoded(SlotPacket{.cookie = cookie, .ballot = {1, 1, 1}}));
    const auto verdict = subject_.acceptor().Run(frame);
    ASSERT_TRUE(verdict.ok() && verdict->is_answered);
    ASSERT_TRUE(ParseUdpFrame(verdict->frame).has_value()) << cookie;
    const auto high = std::to_integer<int>(verdict->frame[kUdp + 6]);
    const auto low = std::to_integer<int>(verdict->frame[kUdp + 7]);
    ASSERT_NE(high | low, 0) << cookie;
    if (high == 0xff && low == 0xff) ++all_ones;
  }
  EXPECT_EQ(all_ones, 1);
}

// What follows the datagram in a frame is no part of it, and comes back.
TEST_F(XdpFrames, PaddedFrame_Received_IsAnswered) {
  Bytes frame = FrameOf(Request());
  frame.resize(frame.size() + 6, std::byte{0xee});
  const auto verdict = subject_.acceptor().Run(frame);
  ASSERT_TRUE(verdict.ok() && verdict->is_answered);
  ASSERT_EQ(verdict->frame.size(), frame.size());
  EXPECT_TRUE(ParseUdpFrame(std::span(verdict->frame).first(frame.size() - 6)).has_value());
}

TEST_F(XdpFrames, EthernetAddresses_OfAnswer_AreTurnedAround) {
  Bytes frame = FrameOf(Request());
  for (size_t i = 0; i < 12; ++i) frame[i] = static_cast<std::byte>(0x10 + i);
  const auto verdict = subject_.acceptor().Run(frame);
  ASSERT_TRUE(verdict.ok() && verdict->is_answered);
  for (size_t i = 0; i < 12; ++i) EXPECT_EQ(verdict->frame[i], frame[(i + 6) % 12]);
}

}  // namespace
}  // namespace synod::slots::testing
