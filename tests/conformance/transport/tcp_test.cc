// The TCP transport conforms.
#include "synod/tcp.h"

#include "tests/conformance/transport/loopback.h"
#include "tests/conformance/transport/suite.h"

namespace synod::testing {
namespace {

class TcpFabric final : public Fabric {
 public:
  TcpFabric(size_t nodes, const FabricLimits& limits)
      : options_({.max_queue_bytes = limits.max_queue_bytes,
                  .max_bulk_queue_bytes = limits.max_bulk_queue_bytes}) {
    for (uint64_t id = 1; id <= nodes; ++id) addresses_[id] = NewLoopbackAddress();
  }

  std::unique_ptr<Transport> NewTransport(NodeId node) override {
    auto transport = tcp::Listen(addresses_.at(node), addresses_, options_);
    EXPECT_TRUE(transport.ok()) << transport.status();
    return *std::move(transport);
  }

 private:
  const tcp::Options options_;
  std::map<NodeId, std::string> addresses_;
};

INSTANTIATE_TEST_SUITE_P(
    Tcp, TransportConformance,
    ::testing::Values([](size_t nodes, const FabricLimits& limits) -> std::unique_ptr<Fabric> {
      return std::make_unique<TcpFabric>(nodes, limits);
    }));

}  // namespace
}  // namespace synod::testing
