// What every transport has to do, whatever it is made of. A plugin's test defines a Fabric for it
// and instantiates the suite:
//
//   INSTANTIATE_TEST_SUITE_P(Mine, TransportConformance, ::testing::Values(&MakeMyFabric));
#ifndef SYNOD_TESTS_CONFORMANCE_TRANSPORT_SUITE_H_
#define SYNOD_TESTS_CONFORMANCE_TRANSPORT_SUITE_H_

#include <cstddef>
#include <map>
#include <memory>

#include "synod/port/transport.h"

#include "gtest/gtest.h"
#include "tests/conformance/transport/test_node.h"

namespace synod::testing {

// A network that hosts can be attached to.
class Fabric {
 public:
  virtual ~Fabric() = default;
  // A transport for `node`, one of 1 to the number of nodes; again after that node has stopped.
  [[nodiscard]] virtual std::unique_ptr<Transport> NewTransport(NodeId node) = 0;
};

struct FabricLimits {
  size_t max_queue_bytes;       // Of waiting entries.
  size_t max_bulk_queue_bytes;  // Of waiting pieces of snapshots.
};

using FabricFactory = std::unique_ptr<Fabric> (*)(size_t nodes, const FabricLimits& limits);

class TransportConformance : public ::testing::TestWithParam<FabricFactory> {
 protected:
  // Makes the fabric and starts nodes 1 to `nodes`; all are connected at return.
  void StartNodes(size_t nodes, const FabricLimits& limits = {64u << 20, 4u << 20});
  // Starts a node, again perhaps.
  void StartNode(NodeId node);
  TestNode& node(uint64_t id) { return *nodes_.at(NodeId(id)); }

  std::unique_ptr<Fabric> fabric_;
  std::map<NodeId, std::unique_ptr<TestNode>> nodes_;
};

}  // namespace synod::testing

#endif  // SYNOD_TESTS_CONFORMANCE_TRANSPORT_SUITE_H_
