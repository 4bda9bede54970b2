// The golden vectors, against the codec and every acceptor.
#include "tests/unit/switch/golden.h"

#include <vector>

#include "gtest/gtest.h"

namespace synod::slots {
namespace {

using testing::Bytes;
using testing::EmulatedSubject;
using testing::Encoded;
using testing::FirstWrong;
using testing::GoldenLine;
using testing::ReadGoldenVectors;
using testing::SoftwareSubject;

std::vector<GoldenLine> Golden() { return ReadGoldenVectors(SYNOD_GOLDEN_VECTORS); }

TEST(GoldenVectors, EachPacket_DecodedAndEncoded_IsTheSame) {
  int packets = 0;
  const auto check = [&](Bytes bytes, int line) {
    const std::optional<SlotPacket> packet = Decode(bytes);
    if (!packet) return;
    // The reserved bits.
    for (size_t i = 5; i < 8; ++i) bytes[i] = std::byte{0};
    EXPECT_EQ(Encoded(*packet), bytes) << "line " << line;
    ++packets;
  };
  for (const GoldenLine& line : Golden()) {
    check(line.request, line.number);
    if (line.answer) check(*line.answer, line.number);
  }
  EXPECT_GT(packets, 150);
}

TEST(GoldenVectors, SoftwareAcceptor_Asked_AnswersSo) {
  SoftwareSubject subject;
  EXPECT_EQ(FirstWrong(Golden(), subject), 0) << "the line of the request";
}

TEST(GoldenVectors, EmulatedAcceptor_Asked_AnswersSo) {
  EmulatedSubject subject;
  EXPECT_EQ(FirstWrong(Golden(), subject), 0) << "the line of the request";
}

}  // namespace
}  // namespace synod::slots
