// Tests of base/crc32c.h against the published values (RFC 3720, B.4), and of its two
// implementations against each other.
#include "synod/base/crc32c.h"

#include <string>

#include <gtest/gtest.h>

#include "synod/base/rng.h"

namespace synod {
namespace {

std::string Counting(int from, int step) {
  std::string bytes;
  for (int i = 0; i < 32; ++i) bytes.push_back(static_cast<char>(from + i * step));
  return bytes;
}

TEST(Crc32c, PublishedVectors_Match) {
  EXPECT_EQ(Crc32c(0, std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(0, std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(Crc32c(0, Counting(0, 1)), 0x46dd794eu);
  EXPECT_EQ(Crc32c(0, Counting(31, -1)), 0x113fdb5cu);
  EXPECT_EQ(Crc32c(0, "123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(0, ""), 0u);
}

TEST(Crc32c, ComputedInTwoParts_EqualsTheWhole) {
  const std::string_view text = "the checksum of a whole is continued over its parts";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(Crc32c(Crc32c(0, text.substr(0, cut)), text.substr(cut)), Crc32c(0, text));
  }
}

TEST(Crc32c, AnySingleBitFlipped_Differs) {
  std::string bytes = "a record of some length";
  const uint32_t crc = Crc32c(0, bytes);
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const auto mask = static_cast<char>(1u << (bit % 8));
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
    EXPECT_NE(Crc32c(0, bytes), crc);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
  }
}

#if defined(__x86_64__)
TEST(Crc32c, HardwareAndTable_AgreeOnEveryLengthAndAlignment) {
  if (!internal::kHasHardwareCrc32c) return;
  Rng rng(1);
  std::string bytes;
  for (int i = 0; i < 80; ++i) bytes.push_back(static_cast<char>(rng.Next()));
  for (size_t from = 0; from < 8; ++from) {
    for (size_t size = 0; from + size <= bytes.size(); ++size) {
      EXPECT_EQ(internal::Crc32cHardware(~0u, bytes.data() + from, size),
                internal::Crc32cPortable(~0u, bytes.data() + from, size));
    }
  }
}
#endif

}  // namespace
}  // namespace synod
