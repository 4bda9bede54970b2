// Frames around datagrams.
#include "synod/switch/udp_frame.h"

#include "synod/base/rng.h"

#include "gtest/gtest.h"
#include "tests/unit/switch/switch_under_test.h"

namespace synod::slots {
namespace {

using testing::Bytes;
using testing::FrameOf;
using testing::kAcceptor;
using testing::kProposer;

TEST(UdpFrame, Datagram_BuiltAndParsed_ComesBack) {
  Rng rng(1);
  for (size_t size : {size_t{0}, size_t{1}, size_t{7}, size_t{128}, kMaxDatagramBytes}) {
    Bytes payload(size);
    for (std::byte& byte : payload) byte = static_cast<std::byte>(rng.Next());
    const Bytes frame = FrameOf(payload);
    const std::optional<UdpDatagram> parsed = ParseUdpFrame(frame);
    ASSERT_TRUE(parsed.has_value()) << size;
    EXPECT_EQ(parsed->from, kProposer);
    EXPECT_EQ(parsed->to, kAcceptor);
    EXPECT_EQ(Bytes(parsed->payload.begin(), parsed->payload.end()), payload);
  }
}

TEST(UdpFrame, AnyBitBehindEthernet_Flipped_IsNoticed) {
  const Bytes frame = FrameOf(Bytes(64, std::byte{0x5a}));
  for (size_t bit = 14 * 8; bit < frame.size() * 8; ++bit) {
    Bytes damaged = frame;
    damaged[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    EXPECT_FALSE(ParseUdpFrame(damaged).has_value()) << bit;
  }
}

TEST(UdpFrame, CutOff_Parsed_IsNone) {
  const Bytes frame = FrameOf(Bytes(64));
  for (size_t size = 0; size < frame.size(); ++size) {
    EXPECT_FALSE(ParseUdpFrame(std::span(frame).first(size)).has_value()) << size;
  }
}

}  // namespace
}  // namespace synod::slots
