// A transport with acceptors in the network conforms as the one does that it reaches replicas by.
#include "synod/local.h"
#include "synod/switch/acceptors.h"

#include "tests/conformance/transport/suite.h"

namespace synod::testing {
namespace {

class SwitchFabric final : public Fabric {
 public:
  explicit SwitchFabric(const FabricLimits& limits)
      : network_({.max_queue_bytes = limits.max_queue_bytes,
                  .max_bulk_queue_bytes = limits.max_bulk_queue_bytes}) {}
  std::unique_ptr<Transport> NewTransport(NodeId) override {
    auto transport = slots::WithAcceptors(network_.Attach());
    EXPECT_TRUE(transport.ok()) << transport.status();
    return *std::move(transport);
  }

 private:
  local::Network network_;
};

INSTANTIATE_TEST_SUITE_P(
    Switch, TransportConformance,
    ::testing::Values([](size_t, const FabricLimits& limits) -> std::unique_ptr<Fabric> {
      return std::make_unique<SwitchFabric>(limits);
    }));

}  // namespace
}  // namespace synod::testing
