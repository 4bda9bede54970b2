// Tests of core/configuration.h.
#include "synod/core/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synod {
namespace {

using ::testing::ElementsAre;

TEST(Configuration, OfUnsortedAndRepeatedMembers_IsCanonical) {
  EXPECT_THAT(Configuration::Of({3, 1, 2, 3, 1}).voters, ElementsAre(1, 2, 3));
  EXPECT_EQ(Configuration::Of({2, 1}), Configuration::Of({1, 2}));
  EXPECT_FALSE(Configuration::Of({1}).IsJoint());
}

TEST(Configuration, WithLearners_CountsThemAsMembersOnly) {
  Configuration configuration = Configuration::Of({1, 2});
  configuration.learners = {5};
  EXPECT_TRUE(configuration.IsMember(5));
  EXPECT_FALSE(configuration.IsVoter(5));
  EXPECT_FALSE(configuration.IsMember(3));
}

TEST(Configuration, WhileJoint_VotersOfBothHalvesAreVoters) {
  const Configuration configuration = {.voters = {1, 2}, .outgoing = {2, 3}, .learners = {}};
  EXPECT_TRUE(configuration.IsJoint());
  EXPECT_TRUE(configuration.IsVoter(1));
  EXPECT_TRUE(configuration.IsVoter(3));
}

TEST(Configuration, Members_AreEachNamedOnceInOrder) {
  const Configuration configuration = {.voters = {2, 4}, .outgoing = {1, 2}, .learners = {3}};
  EXPECT_THAT(configuration.Members(), ElementsAre(1, 2, 3, 4));
}

}  // namespace
}  // namespace synod
