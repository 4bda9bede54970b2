// The local transport conforms.
#include "synod/local.h"

#include "tests/conformance/transport/suite.h"

namespace synod::testing {
namespace {

class LocalFabric final : public Fabric {
 public:
  explicit LocalFabric(const FabricLimits& limits)
      : network_({.max_queue_bytes = limits.max_queue_bytes,
                  .max_bulk_queue_bytes = limits.max_bulk_queue_bytes}) {}
  std::unique_ptr<Transport> NewTransport(NodeId) override { return network_.Attach(); }

 private:
  local::Network network_;
};

INSTANTIATE_TEST_SUITE_P(
    Local, TransportConformance,
    ::testing::Values([](size_t, const FabricLimits& limits) -> std::unique_ptr<Fabric> {
      return std::make_unique<LocalFabric>(limits);
    }));

}  // namespace
}  // namespace synod::testing
