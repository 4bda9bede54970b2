// Tests of core/quorum.h and core/quorum_rule.h: exhaustive over every set of up to seven voters,
// where "these quorums meet" is all that the protocol's safety rests on.
#include "synod/core/quorum.h"

#include <bit>
#include <cstdint>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "synod/core/quorum_text.h"

namespace synod {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint32_t kNodes = 5;
constexpr uint32_t kSets = 1u << kNodes;
constexpr uint32_t kMostNodes = 7;

// A set of nodes: bit n - 1 stands for node n.
std::vector<NodeId> NodesIn(uint32_t set) {
  std::vector<NodeId> nodes;
  for (uint32_t n = 0; n < kMostNodes; ++n) {
    if ((set >> n & 1) != 0) nodes.emplace_back(n + 1);
  }
  return nodes;
}

std::vector<NodeId> FirstNodes(uint32_t count) { return NodesIn((1u << count) - 1); }

auto In(uint32_t set) {
  return [set](NodeId node) { return (set >> (node.value() - 1) & 1) != 0; };
}

bool IsMajority(uint32_t voters, uint32_t set) {
  return 2 * std::popcount(voters & set) > std::popcount(voters);
}

Configuration Under(const QuorumRule& rule, std::vector<NodeId> voters) {
  Configuration configuration = Configuration::Of(std::move(voters));
  configuration.quorums = rule;
  return configuration;
}

// Whether each election quorum has somebody in common with each quorum for `other`: by looking at
// every two sets, as nobody would in earnest.
bool AllMeet(const Configuration& configuration, Phase other) {
  const QuorumSystem quorums(configuration);
  const uint32_t sets = 1u << configuration.voters.size();
  for (uint32_t one = 0; one < sets; ++one) {
    if (!quorums.Elects(In(one))) continue;
    for (uint32_t two = 0; two < sets; ++two) {
      const bool decides =
          other == Phase::kElection ? quorums.Elects(In(two)) : quorums.Commits(In(two));
      if (decides && (one & two) == 0) return false;
    }
  }
  return true;
}

std::vector<QuorumRule> RulesFor(uint32_t voters) {
  std::vector<QuorumRule> rules = {QuorumRule()};
  for (uint32_t q1 = 1; q1 <= voters; ++q1) {
    for (uint32_t q2 = 1; q2 <= voters; ++q2) rules.push_back(QuorumRule::Flexible(q1, q2));
  }
  for (uint32_t columns = 1; columns <= voters; ++columns) {
    if (voters % columns == 0) rules.push_back(QuorumRule::Grid(columns));
  }
  std::vector<QuorumRule::Weight> weights;
  for (uint32_t n = 1; n <= voters; ++n) weights.push_back({NodeId(n), n % 3});
  for (uint32_t q1 = 1; q1 <= voters; ++q1) {
    for (uint32_t q2 = 1; q2 <= voters; ++q2) {
      rules.push_back(QuorumRule::Weighted(weights, q1, q2));
    }
  }
  return rules;
}

TEST(Quorum, OfOneConfiguration_IsEveryMajorityAndNothingElse) {
  for (uint32_t voters = 1; voters < kSets; ++voters) {
    const Configuration configuration = Configuration::Of(NodesIn(voters));
    const QuorumSystem quorums(configuration);
    for (uint32_t set = 0; set < kSets; ++set) {
      EXPECT_EQ(quorums.Elects(In(set)), IsMajority(voters, set));
      EXPECT_EQ(quorums.Commits(In(set)), IsMajority(voters, set));
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
        const bool decides = IsMajority(voters, set) && IsMajority(outgoing, set);
        EXPECT_EQ(quorums.Elects(In(set)), decides);
        EXPECT_EQ(quorums.Commits(In(set)), decides);
      }
    }
  }
}

TEST(Quorum, OfMajorities_EveryTwoMeet) {
  for (uint32_t voters = 1; voters <= kMostNodes; ++voters) {
    const Configuration configuration = Configuration::Of(FirstNodes(voters));
    EXPECT_TRUE(AllMeet(configuration, Phase::kElection));
    EXPECT_TRUE(AllMeet(configuration, Phase::kCommit));
  }
}

// What is found by looking at complements is what is found by looking at everything.
Configuration OfMultiPaxos(Configuration configuration) {
  configuration.protocol = Protocol::kMultiPaxos;
  configuration.alpha = 1;
  return configuration;
}

TEST(QuorumRule, OfUpToSevenVoters_IsRefusedIfAndOnlyIfTwoQuorumsDoNotMeet) {
  for (uint32_t voters = 1; voters <= kMostNodes; ++voters) {
    for (const QuorumRule& rule : RulesFor(voters)) {
      const Configuration configuration = Under(rule, FirstNodes(voters));
      const QuorumSystem quorums(configuration);
      const auto everybody = [](NodeId) { return true; };
      const bool can_decide = quorums.Elects(everybody) && quorums.Commits(everybody);
      const bool is_safe = can_decide && AllMeet(configuration, Phase::kCommit);
      EXPECT_EQ(CheckQuorums(rule, configuration.voters, false).ok(), is_safe) << Describe(rule);
      EXPECT_EQ(CheckQuorums(rule, configuration.voters, true).ok(),
                is_safe && AllMeet(configuration, Phase::kElection))
          << Describe(rule);
      EXPECT_EQ(IsWellFormed(configuration), is_safe && AllMeet(configuration, Phase::kElection))
          << Describe(rule);
      EXPECT_EQ(IsWellFormed(OfMultiPaxos(configuration)), is_safe) << Describe(rule);
    }
  }
}

// Whoever is elected hears from one of every majority of the replicas besides, which is what holds
// a large payload (I10), and knows what acceptors forget (I8).
TEST(QuorumWithAcceptors, OfUpToSevenVoters_ElectsWithOneOfEveryMajorityOfTheReplicas) {
  for (uint32_t voters = 2; voters <= kMostNodes; ++voters) {
    const uint32_t all = (1u << voters) - 1;
    for (uint32_t acceptors = 1; acceptors < all; ++acceptors) {
      Configuration configuration = OfMultiPaxos(Configuration::Of(FirstNodes(voters)));
      configuration.acceptors = NodesIn(acceptors);
      const QuorumSystem quorums(configuration);
      const uint32_t replicas = all & ~acceptors;
      const auto meets_every_majority = [&](uint32_t set) {
        for (uint32_t other = 0; other <= all; ++other) {
          if (IsMajority(replicas, other) && (set & other & replicas) == 0) return false;
        }
        return true;
      };
      for (uint32_t set = 0; set <= all; ++set) {
        EXPECT_EQ(quorums.Elects(In(set)), IsMajority(all, set) && meets_every_majority(set));
        EXPECT_EQ(quorums.Commits(In(set)), IsMajority(all, set));
        EXPECT_EQ(quorums.Remember(In(set)), IsMajority(replicas, set));
        const auto value_of = [&](NodeId node) { return In(set)(node) ? node.value() + 10 : 0; };
        const auto has = [&](uint64_t value) {
          return [&value_of, value](NodeId node) { return value_of(node) >= value; };
        };
        const auto reached = quorums.Reached<uint64_t>(value_of);
        EXPECT_TRUE(quorums.Commits(has(reached)));
        EXPECT_FALSE(quorums.Commits(has(reached + 1)));
        const auto remembered = quorums.Remembered<uint64_t>(value_of);
        EXPECT_TRUE(quorums.Remember(has(remembered)));
        EXPECT_FALSE(quorums.Remember(has(remembered + 1)));
      }
    }
  }
}

// Over all crash sets: what is reached is what some commit quorum has, and no more.
TEST(QuorumRule, OfUpToSevenVoters_ReachedIsTheHighestThatAQuorumHas) {
  for (uint32_t voters = 1; voters <= kMostNodes; ++voters) {
    for (const QuorumRule& rule : RulesFor(voters)) {
      const Configuration configuration = Under(rule, FirstNodes(voters));
      if (!IsWellFormed(OfMultiPaxos(configuration))) continue;
      const QuorumSystem quorums(configuration);
      for (uint32_t alive = 0; alive < 1u << voters; ++alive) {
        const auto value_of = [&](NodeId node) { return In(alive)(node) ? node.value() + 10 : 0; };
        const uint64_t reached = quorums.Reached<uint64_t>(value_of);
        EXPECT_TRUE(quorums.Commits([&](NodeId node) { return value_of(node) >= reached; }));
        EXPECT_FALSE(quorums.Commits([&](NodeId node) { return value_of(node) > reached; }));
      }
    }
  }
}

TEST(QuorumRule, QuorumsDoNotMeet_TheErrorNamesTwoThatDoNot) {
  const absl::Status status =
      CheckQuorums(QuorumRule::Flexible(3, 2), FirstNodes(5), /*elections_meet=*/true);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("{1 2 3} may elect and {4 5} may commit"));
}

TEST(QuorumRule, ElectionQuorumsDoNotMeet_IsForPaxosAlone) {
  const QuorumRule rule = QuorumRule::Flexible(2, 4);
  EXPECT_TRUE(CheckQuorums(rule, FirstNodes(5), /*elections_meet=*/false).ok());
  EXPECT_THAT(CheckQuorums(rule, FirstNodes(5), /*elections_meet=*/true).message(),
              HasSubstr("{1 2} may elect one leader and {4 5} another"));
}

TEST(QuorumRule, Grid_ARowElectsAndAColumnCommits) {
  const Configuration configuration = Under(QuorumRule::Grid(3), FirstNodes(6));
  const QuorumSystem quorums(configuration);
  EXPECT_TRUE(quorums.Elects(In(0b000111)));
  EXPECT_FALSE(quorums.Elects(In(0b001110)));
  EXPECT_TRUE(quorums.Commits(In(0b001001)));
  EXPECT_FALSE(quorums.Commits(In(0b000111)));
  EXPECT_TRUE(CheckQuorums(configuration.quorums, FirstNodes(6), false).ok());
  EXPECT_THAT(CheckQuorums(configuration.quorums, FirstNodes(5), false).message(),
              HasSubstr("not filled by 5 voters"));
}

TEST(QuorumRule, Weighted_WeightsAreSummedUp) {
  const QuorumRule rule = QuorumRule::Weighted({{1, 2}, {2, 1}, {3, 1}, {4, 1}, {5, 1}}, 4, 3);
  ASSERT_TRUE(CheckQuorums(rule, FirstNodes(5), /*elections_meet=*/true).ok());
  const Configuration configuration = Under(rule, FirstNodes(5));
  const QuorumSystem quorums(configuration);
  for (uint32_t set = 0; set < kSets; ++set) {
    const int weight = std::popcount(set) + static_cast<int>(set & 1);
    EXPECT_EQ(quorums.Elects(In(set)), weight >= 4) << set;
    EXPECT_EQ(quorums.Commits(In(set)), weight >= 3) << set;
  }
}

// Who has no weight counts for nothing.
TEST(QuorumRule, Weighted_NewcomerHasNone) {
  const Configuration configuration =
      Under(QuorumRule::Weighted({{1, 1}, {2, 1}, {3, 1}}, 2, 2), FirstNodes(4));
  EXPECT_FALSE(QuorumSystem(configuration).Commits(In(0b1001)));
  EXPECT_TRUE(QuorumSystem(configuration).Commits(In(0b1011)));
}

TEST(QuorumRule, MoreThanThereAre_IsRefused) {
  EXPECT_THAT(CheckQuorums(QuorumRule::Flexible(4, 1), FirstNodes(3), true).message(),
              HasSubstr("cannot elect a leader"));
}

TEST(QuorumRule, SaysTheSameInAnotherWay_IsRefused) {
  QuorumRule unused = QuorumRule::Flexible(3, 1);
  unused.columns = 1;
  QuorumRule unsorted = QuorumRule::Weighted({{1, 1}, {2, 1}, {3, 1}}, 2, 2);
  EXPECT_TRUE(CheckQuorums(unsorted, FirstNodes(3), true).ok());
  std::swap(unsorted.weights[0], unsorted.weights[1]);
  QuorumRule twice = QuorumRule::Weighted({{1, 1}, {1, 1}, {2, 1}}, 2, 1);
  QuorumRule zero = QuorumRule::Weighted({{1, 2}, {2, 1}}, 2, 2);
  zero.weights.push_back({.node = 3, .weight = 0});
  QuorumRule majority;
  majority.election = 2;
  for (const QuorumRule& rule : {unused, unsorted, twice, zero, majority}) {
    EXPECT_THAT(CheckQuorums(rule, FirstNodes(3), true).message(), HasSubstr("nothing else"));
    EXPECT_FALSE(IsWellFormed(Under(rule, FirstNodes(3))));
  }
}

TEST(QuorumText, EachKind_IsReadAsItIsWritten) {
  const QuorumRule rules[] = {QuorumRule(), QuorumRule::Flexible(4, 2), QuorumRule::Grid(3),
                              QuorumRule::Weighted({{2, 1}, {1, 2}}, 2, 2)};
  for (const QuorumRule& rule : rules) {
    const auto parsed = ParseQuorumRule(Describe(rule));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, rule);
  }
  EXPECT_EQ(Describe(QuorumRule::Flexible(4, 2)), "flexible:q1=4,q2=2");
}

TEST(QuorumText, Nonsense_IsRefusedByName) {
  for (const char* text :
       {"", "most", "majority:q1=1", "flexible", "flexible:q1=4", "grid", "flexible:q1=0,q2=2",
        "grid:q1=2,q2=2", "weighted:q1=1,q2=1", "flexible:q1=4,q2=2,q3=1",
        "weighted:q1=1,q2=1,1=1,1=2", "flexible:q1=4;q2=2"}) {
    const auto parsed = ParseQuorumRule(text);
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(parsed.status().message(), HasSubstr(text));
  }
}

}  // namespace
}  // namespace synod
