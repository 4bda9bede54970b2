// How the judge counts, which the cores do by themselves.
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "src/sim/judge.h"

namespace synod::sim {
namespace {

bool Elects(const Configuration& members, const std::set<uint64_t>& nodes) {
  return Judge::IsQuorum(Phase::kElection, members,
                         [&](NodeId node) { return nodes.contains(node.value()); });
}
bool Commits(const Configuration& members, const std::set<uint64_t>& nodes) {
  return Judge::IsQuorum(Phase::kCommit, members,
                         [&](NodeId node) { return nodes.contains(node.value()); });
}

TEST(JudgeQuorums, Majority_IsMoreThanHalf) {
  const Configuration four = Configuration::Of({1, 2, 3, 4});
  for (const auto& decides : {Elects, Commits}) {
    EXPECT_FALSE(decides(four, {1, 2}));
    EXPECT_TRUE(decides(four, {1, 2, 4}));
    EXPECT_FALSE(decides(four, {1, 2, 5})) << "Node 5 is no voter.";
  }
}

TEST(JudgeQuorums, Joint_TakesQuorumsOfBothHalves) {
  Configuration joint = Configuration::Of({1, 2, 3});
  joint.outgoing = {3, 4, 5};
  for (const auto& decides : {Elects, Commits}) {
    EXPECT_FALSE(decides(joint, {1, 2, 3}));
    EXPECT_FALSE(decides(joint, {3, 4, 5}));
    EXPECT_TRUE(decides(joint, {2, 3, 4}));
  }
}

TEST(JudgeQuorums, Flexible_CountsForEachPhaseByItself) {
  Configuration members = Configuration::Of({1, 2, 3, 4});
  members.quorums = QuorumRule::Flexible(/*election=*/3, /*commit=*/2);
  EXPECT_FALSE(Elects(members, {1, 4}));
  EXPECT_TRUE(Elects(members, {1, 3, 4}));
  EXPECT_FALSE(Commits(members, {4}));
  EXPECT_TRUE(Commits(members, {1, 4}));
}

TEST(JudgeQuorums, Weighted_SumsTheWeightsOfVoters) {
  Configuration members = Configuration::Of({1, 2, 3});
  members.quorums = QuorumRule::Weighted(
      {{.node = 1, .weight = 3}, {.node = 2, .weight = 1}, {.node = 4, .weight = 9}},
      /*election=*/4, /*commit=*/3);
  EXPECT_FALSE(Elects(members, {1, 3})) << "Node 3 weighs nothing.";
  EXPECT_FALSE(Elects(members, {1, 4})) << "Node 4 is no voter.";
  EXPECT_TRUE(Elects(members, {1, 2}));
  EXPECT_FALSE(Commits(members, {2, 3}));
  EXPECT_TRUE(Commits(members, {1}));
}

// 1 2 3
// 4 5 6
TEST(JudgeQuorums, Grid_RowsElectAndColumnsCommit) {
  Configuration members = Configuration::Of({1, 2, 3, 4, 5, 6});
  members.quorums = QuorumRule::Grid(/*columns=*/3);
  EXPECT_TRUE(Elects(members, {1, 2, 3}));
  EXPECT_TRUE(Elects(members, {4, 5, 6}));
  EXPECT_FALSE(Elects(members, {1, 2, 4, 5}));
  EXPECT_FALSE(Elects(members, {1, 4}));
  EXPECT_TRUE(Commits(members, {1, 4}));
  EXPECT_TRUE(Commits(members, {3, 6}));
  EXPECT_FALSE(Commits(members, {1, 2, 3}));
  EXPECT_FALSE(Commits(members, {3, 4})) << "They follow one another, in two columns.";
}

TEST(JudgeQuorums, Grid_IsFilledInTheOrderOfTheVoters) {
  Configuration members = Configuration::Of({2, 3, 5, 7});
  members.quorums = QuorumRule::Grid(/*columns=*/2);
  EXPECT_TRUE(Elects(members, {5, 7}));
  EXPECT_FALSE(Elects(members, {3, 5}));
  EXPECT_TRUE(Commits(members, {2, 5}));
  EXPECT_FALSE(Commits(members, {2, 3}));
}

}  // namespace
}  // namespace synod::sim
