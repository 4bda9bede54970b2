// A transport with acceptors in the network conforms as the one does that it reaches replicas by.
#include <utility>
#include <variant>

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

// A batch for a node that is a replica of one group and nothing but an acceptor of another.
TEST(SwitchTransport, BatchOfTwoGroups_ReachesTheReplicaAndTheAcceptor) {
  SwitchFabric fabric({.max_queue_bytes = 1 << 20, .max_bulk_queue_bytes = 1 << 20});
  TestNode one(1, fabric.NewTransport(1));
  TestNode two(2, fabric.NewTransport(2));
  ASSERT_TRUE(one.Start().ok());
  ASSERT_TRUE(two.Start().ok());
  ASSERT_TRUE(one.AwaitConnected(2));
  one.Do([&] {
    const MemberRecord acceptor{
        .node = 2, .incarnation = Incarnation(5), .epoch = {}, .address = "switch://127.0.0.1:9"};
    EXPECT_TRUE(one.transport().SetAcceptor(7, acceptor).ok());
  });
  const auto heartbeat = [](GroupId group, MessageBody body) {
    return Message{.group = group,
                   .from = 1,
                   .to = 2,
                   .incarnation = Incarnation(101),
                   .term = Term(1),
                   .body = std::move(body)};
  };
  AcceptRequest request{.first = Index(1), .commit = {}, .epoch = {}, .round = 1, .entries = {}};
  one.Send(2, {heartbeat(1, Heartbeat{.round = 1, .commit = {}}), heartbeat(7, request),
               heartbeat(1, Heartbeat{.round = 2, .commit = {}})});
  ASSERT_TRUE(two.AwaitMessages(2));
  EXPECT_EQ(std::get<Heartbeat>(two.received()[1].body).round, 2u);
  EXPECT_TRUE(one.AwaitCounter("acceptors.requests"));
}

}  // namespace
}  // namespace synod::testing
