#include "src/sim/partition.h"

#include <cstddef>

namespace synod::sim {
namespace {

// Whether the link from place i to place j of `count` is cut.
bool IsCut(Shape shape, size_t i, size_t j, size_t count, uint64_t first) {
  switch (shape) {
    case Shape::kAlone:
      return i == 0 || j == 0;
    case Shape::kMute:
      return i == 0;
    case Shape::kDeaf:
      return j == 0;
    case Shape::kSplit:
      return (i < first) != (j < first);
    case Shape::kBridge:
      return i != 0 && j != 0 && (i <= count / 2) != (j <= count / 2);
    case Shape::kChain:
      return i + 1 < j || j + 1 < i;
    case Shape::kStar:
      return i != 0 && j != 0;
    case Shape::kConstrained:
      return i == 0 || j == 0 || (i != 1 && j != 1);
    case Shape::kSevered:
      return i < 2 && j < 2;
    case Shape::kLinks:
    case Shape::kCount:
      return false;
  }
  return false;
}

}  // namespace

std::vector<std::pair<NodeId, NodeId>> LinksCutBy(Shape shape, const std::vector<NodeId>& nodes,
                                                  uint64_t first) {
  std::vector<std::pair<NodeId, NodeId>> cut;
  if (shape == Shape::kLinks) {
    for (size_t i = 0; i + 1 < nodes.size(); i += 2) cut.emplace_back(nodes[i], nodes[i + 1]);
    return cut;
  }
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (size_t j = 0; j < nodes.size(); ++j) {
      if (i != j && IsCut(shape, i, j, nodes.size(), first)) cut.emplace_back(nodes[i], nodes[j]);
    }
  }
  return cut;
}

}  // namespace synod::sim
