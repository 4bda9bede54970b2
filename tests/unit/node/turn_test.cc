// The turns of a host's loop, on a simulated machine: one thing after the other, in virtual time.
#include <functional>
#include <memory>
#include <utility>

#include <gtest/gtest.h>

#include "synod/local.h"
#include "synod/memory.h"

#include "src/host_impl.h"
#include "src/sim/life.h"
#include "src/sim/machine.h"
#include "src/sim/world.h"
#include "tests/unit/node/ledger.h"

namespace synod::test {
namespace {

// A store that is done at once and callbacks that propose again give a turn more to do than it may.
// What it leaves must not wait for the next heartbeat.
TEST(Turn, EndsWithWorkLeft_TheNextFollowsAtOnce) {
  sim::World world(1);
  sim::LocalClock clock;
  sim::Life life(world, 1, 1, clock);
  local::Network network;
  auto log = memory::Create();
  const StoreIdentity identity{.cluster = 1, .node = 1, .incarnation = Incarnation(1)};
  ASSERT_TRUE(log->Bootstrap(identity, 1, Configuration::Of({NodeId(1)})).ok());
  auto host = internal::HostImpl::StartOn(
      std::make_unique<sim::SimulatedMachine>(life, sim::Pace{}),
      {.id = 1, .log = std::move(log), .transport = network.Attach(), .logger = {}});
  ASSERT_TRUE(host.ok()) << host.status();
  LedgerControl ledger;
  GroupOptions group;
  group.group = 1;
  group.state_machine = std::make_unique<Ledger>(ledger);
  const Duration heartbeat = group.engine.heartbeat_interval;
  internal::ReplicaImpl& replica = **(*host)->Join(std::move(group));
  while (!replica.IsLeader()) ASSERT_TRUE(world.Step());

  int left = 1000;
  std::function<void()> read;
  const auto propose = [&] {
    replica.Submit({.deadline = kNever,
                    .request = internal::PendingProposal{[&](const Outcome&) { read(); }},
                    .command = Payload::Copy("again"),
                    .target = {}});
  };
  // Takes another number of steps than a proposal, so that turns end in all states.
  read = [&] {
    if (left-- == 0) return;
    replica.Submit({.deadline = kNever,
                    .request = internal::PendingRead{[&](const auto&) { propose(); }, "size",
                                                     Consistency::kStale},
                    .command = {},
                    .target = {}});
  };
  const Instant begin = world.Now();
  read();
  while (left >= 0) ASSERT_TRUE(world.Step());
  EXPECT_LT(world.Now() - begin, heartbeat);
}

}  // namespace
}  // namespace synod::test
