// Tests of core/quorum.h: exhaustive over every set of up to five voters, where "every two quorums
// meet" is all that the protocol's safety rests on.
#include "synod/core/quorum.h"

#include <bit>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace synod {
namespace {

constexpr uint32_t kNodes = 5;
constexpr uint32_t kSets = 1u << kNodes;

// A set of the nodes 1…5: bit n - 1 stands for node n.
std::vector<NodeId> NodesIn(uint32_t set) {
  std::vector<NodeId> nodes;
  for (uint32_t n = 0; n < kNodes; ++n) {
    if ((set >> n & 1) != 0) nodes.emplace_back(n + 1);
  }
  return nodes;
}

auto In(uint32_t set) {
  return [set](NodeId node) { return (set >> (node.value() - 1) & 1) != 0; };
}

bool IsMajority(uint32_t voters, uint32_t set) {
  return 2 * std::popcount(voters & set) > std::popcount(voters);
}

TEST(Quorum, OfOneConfiguration_IsEveryMajorityAndNothingElse) {
  for (uint32_t voters = 1; voters < kSets; ++voters) {
    const Configuration configuration = Configuration::Of(NodesIn(voters));
    const QuorumSystem quorums(configuration);
    for (uint32_t set = 0; set < kSets; ++set) {
      EXPECT_EQ(quorums.IsQuorum(In(set)), IsMajority(voters, set));
    }
  }
}

TEST(Quorum, WhileJoint_NeedsAMajorityOfBothHalves) {
  for (uint32_t voters = 1; voters < kSets; ++voters) {
    for (uint32_t outgoing = 1; outgoing < kSets; ++outgoing) {
      const Configuration configuration = {
          .voters = NodesIn(voters), .outgoing = NodesIn(outgoing), .learners = {}};
      const QuorumSystem quorums(configuration);
      for (uint32_t set = 0; set < kSets; ++set) {
        EXPECT_EQ(quorums.IsQuorum(In(set)), IsMajority(voters, set) && IsMajority(outgoing, set));
      }
    }
  }
}

TEST(Quorum, EveryTwo_Meet) {
  for (uint32_t voters = 1; voters < kSets; ++voters) {
    const Configuration configuration = Configuration::Of(NodesIn(voters));
    const QuorumSystem quorums(configuration);
    for (uint32_t a = 0; a < kSets; ++a) {
      for (uint32_t b = 0; b < kSets; ++b) {
        if (quorums.IsQuorum(In(a)) && quorums.IsQuorum(In(b))) {
          EXPECT_NE(a & b & voters, 0u);
        }
      }
    }
  }
}

TEST(Quorum, OfLearners_IsNone) {
  const Configuration configuration = {.voters = {1, 2, 3}, .outgoing = {}, .learners = {4, 5}};
  EXPECT_FALSE(QuorumSystem(configuration).IsQuorum(In(0b11001)));
  EXPECT_TRUE(QuorumSystem(configuration).IsQuorum(In(0b00011)));
}

// R13: by definition: the highest value v such that those at v or more are a quorum. All
// assignments of the values 0…3 to all voters, hence every order and every tie.
void ExpectReachedIsTheQuorums(const Configuration& configuration) {
  const QuorumSystem quorums(configuration);
  for (uint32_t assignment = 0; assignment < (1u << 2 * kNodes); ++assignment) {
    const auto value_of = [assignment](NodeId node) {
      return Index(assignment >> (2 * (node.value() - 1)) & 3);
    };
    Index expected;
    for (Index v(1); v <= Index(3); ++v) {
      if (quorums.IsQuorum([&](NodeId node) { return value_of(node) >= v; })) expected = v;
    }
    ASSERT_EQ(quorums.Reached<Index>(value_of), expected);
  }
}

TEST(Quorum, ReachedByEqualAndUnequalVoters_IsTheHighestOfSomeQuorum) {
  for (uint32_t voters = 1; voters < kSets; ++voters) {
    ExpectReachedIsTheQuorums(Configuration::Of(NodesIn(voters)));
  }
}

TEST(Quorum, ReachedWhileJoint_IsTheLowerOfTheHalves) {
  for (uint32_t outgoing = 1; outgoing < kSets; ++outgoing) {
    ExpectReachedIsTheQuorums({.voters = {1, 2, 3}, .outgoing = NodesIn(outgoing), .learners = {}});
  }
}

TEST(Quorum, OfTheMostVoters_StillCounts) {
  std::vector<NodeId> nodes;
  for (uint64_t n = 1; n <= kMaxVoters; ++n) nodes.emplace_back(n);
  const Configuration configuration = Configuration::Of(nodes);
  const QuorumSystem quorums(configuration);
  EXPECT_EQ(quorums.Reached<Index>([](NodeId node) { return Index(node.value()); }), Index(8));
  EXPECT_FALSE(quorums.IsQuorum([](NodeId node) { return node.value() <= 7; }));
  EXPECT_TRUE(quorums.IsQuorum([](NodeId node) { return node.value() <= 8; }));
}

}  // namespace
}  // namespace synod
