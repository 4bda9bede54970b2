// Which nodes hear each other in which shape.
#include "src/sim/partition.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace synod::sim {
namespace {

// The links that are left, in order: "1>2 2>1".
std::string Left(Shape shape, const std::vector<NodeId>& nodes, uint64_t first = 0) {
  const auto cut = LinksCutBy(shape, nodes, first);
  std::string left;
  for (uint64_t from = 1; from <= nodes.size(); ++from) {
    for (uint64_t to = 1; to <= nodes.size(); ++to) {
      const auto link = std::pair(NodeId(from), NodeId(to));
      if (from == to || std::find(cut.begin(), cut.end(), link) != cut.end()) continue;
      left += (left.empty() ? "" : " ") + std::to_string(from) + ">" + std::to_string(to);
    }
  }
  return left;
}

TEST(Partition, Cut_OneNode_LeavesTheOthersTogether) {
  EXPECT_EQ(Left(Shape::kAlone, {2, 1, 3}), "1>3 3>1");
  EXPECT_EQ(Left(Shape::kMute, {2, 1, 3}), "1>2 1>3 3>1 3>2");
  EXPECT_EQ(Left(Shape::kDeaf, {2, 1, 3}), "1>3 2>1 2>3 3>1");
  EXPECT_EQ(Left(Shape::kSevered, {2, 1, 3}), "1>3 2>3 3>1 3>2");
}

TEST(Partition, Cut_TwoSides_DoNotHearEachOther) {
  EXPECT_EQ(Left(Shape::kSplit, {3, 1, 2, 4}, 2), "1>3 2>4 3>1 4>2");
  EXPECT_EQ(Left(Shape::kBridge, {3, 1, 2, 4, 5}),
            "1>2 1>3 2>1 2>3 3>1 3>2 3>4 3>5 4>3 4>5 5>3 5>4");
}

TEST(Partition, Cut_Star_LeavesOneNodeInTouchWithAll) {
  EXPECT_EQ(Left(Shape::kStar, {2, 1, 3, 4}), "1>2 2>1 2>3 2>4 3>2 4>2");
  EXPECT_EQ(Left(Shape::kConstrained, {2, 1, 3, 4}), "1>3 1>4 3>1 4>1");
}

TEST(Partition, Cut_ChainOrList_IsWhatItSays) {
  EXPECT_EQ(Left(Shape::kChain, {2, 3, 1}), "1>3 2>3 3>1 3>2");
  EXPECT_EQ(LinksCutBy(Shape::kLinks, {1, 2, 3, 1}, 0),
            (std::vector<std::pair<NodeId, NodeId>>{{1, 2}, {3, 1}}));
}

TEST(Partition, Cut_OneOrTwoNodes_IsNoTrouble) {
  for (auto shape = Shape::kAlone; shape < Shape::kCount;
       shape = static_cast<Shape>(static_cast<int>(shape) + 1)) {
    EXPECT_TRUE(LinksCutBy(shape, {1}, 1).empty());
    EXPECT_LE(LinksCutBy(shape, {1, 2}, 1).size(), 2u);
  }
}

}  // namespace
}  // namespace synod::sim
