// The shapes of partitions.
#ifndef SYNOD_SRC_SIM_PARTITION_H_
#define SYNOD_SRC_SIM_PARTITION_H_

#include <utility>
#include <vector>

#include "synod/base/ids.h"
#include "synod/sim/scenario.h"

namespace synod::sim {

// The directed links that a partition of this shape cuts. `first`: how many nodes of a split are on
// its first side.
[[nodiscard]] std::vector<std::pair<NodeId, NodeId>> LinksCutBy(Shape shape,
                                                                const std::vector<NodeId>& nodes,
                                                                uint64_t first);

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_PARTITION_H_
