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

TEST(Configuration, IsWellFormed_RefusesWhatCannotDecide) {
  Configuration good = {.voters = {1, 2}, .outgoing = {2, 3}, .learners = {4}};
  for (NodeId node : good.Members()) {
    good.records.push_back(
        {.node = node, .incarnation = Incarnation(node.value()), .epoch = {}, .address = {}});
  }
  EXPECT_TRUE(IsWellFormed(good));
  const auto is_bad = [&](auto change) {
    Configuration bad = good;
    change(bad);
    return !IsWellFormed(bad);
  };
  EXPECT_TRUE(is_bad([](auto& c) { c.voters.clear(); }));
  EXPECT_TRUE(is_bad([](auto& c) { c.voters = {2, 1}; }));
  EXPECT_TRUE(is_bad([](auto& c) { c.voters = {0, 1, 2}; }));
  EXPECT_TRUE(is_bad([](auto& c) { c.learners = {2}; }));
  EXPECT_TRUE(is_bad([](auto& c) { c.records.pop_back(); }));
  EXPECT_TRUE(is_bad([](auto& c) { c.records[0].node = 9; }));
  EXPECT_TRUE(is_bad([](auto& c) { c.records[0].incarnation = Incarnation(); }));
  EXPECT_TRUE(is_bad([](auto& c) { c.records[0].address = std::string(256, 'x'); }));
  EXPECT_TRUE(is_bad([](auto& c) {
    for (uint64_t node = 10; node < 30; ++node) c.voters.emplace_back(node);
  }));
}

Configuration WithAcceptors() {
  Configuration configuration = Configuration::Of({1, 2, 3, 8, 9});
  configuration.acceptors = {8, 9};
  for (NodeId node : configuration.acceptors) {
    configuration.records.push_back(
        {.node = node, .incarnation = Incarnation(7), .epoch = {}, .address = "a"});
  }
  configuration.protocol = Protocol::kMultiPaxos;
  configuration.alpha = 1;
  return configuration;
}

TEST(Configuration, WithAcceptors_TheOtherVotersAreReplicas) {
  const Configuration configuration = WithAcceptors();
  EXPECT_THAT(configuration.Replicas(), ElementsAre(1, 2, 3));
  EXPECT_TRUE(configuration.IsVoter(8));
  EXPECT_TRUE(configuration.IsAcceptor(8));
  EXPECT_FALSE(configuration.IsAcceptor(3));
  EXPECT_FALSE(configuration.HasRecords()) << "Of the acceptors alone.";
}

TEST(Configuration, WithAcceptors_RefusesWhatTheyCannotDo) {
  EXPECT_TRUE(IsWellFormed(WithAcceptors()));
  const auto is_bad = [](auto change) {
    Configuration bad = WithAcceptors();
    change(bad);
    return !IsWellFormed(bad);
  };
  EXPECT_TRUE(is_bad([](auto& c) {
    c.protocol = Protocol::kRaft;
    c.alpha = 0;
  }));
  EXPECT_TRUE(is_bad([](auto& c) { c.alpha = Configuration::kMaxAlphaOfAcceptors + 1; }));
  EXPECT_TRUE(is_bad([](auto& c) { c.voters = {8, 9}; })) << "Nobody could lead.";
  EXPECT_TRUE(is_bad([](auto& c) { c.voters = {1, 2, 3, 8}; })) << "9 is no voter.";
  EXPECT_TRUE(is_bad([](auto& c) { std::swap(c.acceptors[0], c.acceptors[1]); }));
  EXPECT_TRUE(is_bad([](auto& c) { c.records.clear(); })) << "Nobody introduces them.";
  EXPECT_TRUE(is_bad([](auto& c) { c.records[1].incarnation = Incarnation(); }));
  EXPECT_TRUE(is_bad([](auto& c) { c.records[0].node = 1; }));
  EXPECT_TRUE(is_bad([](auto& c) { c.voters.push_back(uint64_t{1} << 32); }))
      << "They have no room for its name.";
}

}  // namespace
}  // namespace synod
