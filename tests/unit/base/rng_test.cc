// Tests of base/rng.h: the same seed must give the same sequence on every machine, for ever, or no
// failing seed could be replayed.
#include "synod/base/rng.h"

#include <array>

#include <gtest/gtest.h>

namespace synod {
namespace {

TEST(Rng, KnownSeed_GivesThePublishedSequence) {
  Rng rng(1234567);  // The reference values of SplitMix64.
  EXPECT_EQ(rng.Next(), 6457827717110365317u);
  EXPECT_EQ(rng.Next(), 3203168211198807973u);
  EXPECT_EQ(rng.Next(), 9817491932198370423u);
}

TEST(Rng, DifferentSeeds_GiveDifferentSequences) { EXPECT_NE(Rng(1).Next(), Rng(2).Next()); }

TEST(Rng, Below_StaysBelowAndReachesEveryValue) {
  Rng rng(1);
  std::array<int, 5> seen{};
  for (int i = 0; i < 1000; ++i) ++seen.at(rng.Below(5));
  for (int count : seen) EXPECT_GT(count, 100);
}

TEST(Rng, BelowZero_IsZero) { EXPECT_EQ(Rng(1).Below(0), 0u); }

TEST(Rng, Chance_HasItsExtremes) {
  Rng rng(1);
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(rng.Chance(0, 3));
    EXPECT_TRUE(rng.Chance(3, 3));
  }
}

}  // namespace
}  // namespace synod
