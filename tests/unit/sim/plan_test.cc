// The faults of a run are drawn before it begins.
#include <algorithm>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "synod/sim/scenario.h"

namespace synod::sim {
namespace {

using std::chrono::seconds;
using ::testing::IsEmpty;

// Everything goes wrong.
Options Hostile(uint64_t seed) {
  Options options{.seed = seed, .nodes = 5, .storm = seconds(60)};
  options.faults = {.crash = seconds(1),
                    .cut_power = seconds(1),
                    .stop = seconds(1),
                    .pause = seconds(1),
                    .partition = seconds(1),
                    .leap = seconds(1),
                    .full_disk = seconds(1),
                    .stall = seconds(1),
                    .fail_sync = seconds(1),
                    .fail_change = seconds(1),
                    .blackout = seconds(1),
                    .transfer = seconds(1),
                    .change = seconds(1),
                    .wipe = seconds(1),
                    .corrupt = seconds(1),
                    .lose_write = seconds(1),
                    .misdirect = seconds(1),
                    .repair = seconds(1),
                    .flip_snapshot = seconds(1),
                    .acceptor_power = seconds(1)};
  options.protocol = Protocol::kMultiPaxos;
  options.acceptors = 2;
  return options;
}

TEST(Plan, Expand_EqualSeeds_GiveEqualFaults) {
  EXPECT_EQ(Expand(Hostile(1)).faults, Expand(Hostile(1)).faults);
  EXPECT_NE(Expand(Hostile(1)).faults, Expand(Hostile(2)).faults);
}

TEST(Plan, Expand_AllAskedFor_DrawsEveryKindAndShape) {
  std::set<FaultKind> kinds;
  std::set<Shape> shapes;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    for (const Fault& fault : Expand(Hostile(seed)).faults) {
      kinds.insert(fault.kind);
      if (fault.kind == FaultKind::kPartition) shapes.insert(fault.shape);
    }
  }
  EXPECT_EQ(kinds.size(), static_cast<size_t>(FaultKind::kCount));
  EXPECT_EQ(shapes.size(), static_cast<size_t>(Shape::kCount));
}

TEST(Plan, Expand_OneKindLeftOut_LeavesTheOthersAsTheyAre) {
  Options options = Hostile(3);
  std::vector<Fault> expected = Expand(options).faults;
  std::erase_if(expected, [](const Fault& fault) { return fault.kind == FaultKind::kPartition; });
  options.faults.partition = {};
  EXPECT_EQ(Expand(options).faults, expected);
}

TEST(Plan, Expand_AMean_GivesSoManyInOrder) {
  const Scenario scenario = Expand(Hostile(4));
  EXPECT_TRUE(std::is_sorted(scenario.faults.begin(), scenario.faults.end(),
                             [](const Fault& a, const Fault& b) { return a.at < b.at; }));
  const auto stops = std::count_if(scenario.faults.begin(), scenario.faults.end(),
                                   [](const Fault& f) { return f.kind == FaultKind::kStop; });
  EXPECT_GT(stops, 40);
  EXPECT_LT(stops, 90);
}

TEST(Plan, Expand_Blackout_StrikesEveryNode) {
  std::vector<Fault> blackouts = Expand(Hostile(5)).faults;
  std::erase_if(blackouts, [](const Fault& fault) { return fault.kind != FaultKind::kBlackout; });
  const auto in_a_write = [](const Fault& fault) { return fault.amount > 0; };
  for (const Fault& blackout : blackouts) {
    const NodeId first = in_a_write(blackout) ? NodeId() : NodeId(1);  // NodeId(): the leader.
    EXPECT_EQ(blackout.nodes, (std::vector<NodeId>{first, 2, 3, 4, 5}));
  }
  EXPECT_TRUE(std::any_of(blackouts.begin(), blackouts.end(), in_a_write));
  EXPECT_FALSE(std::all_of(blackouts.begin(), blackouts.end(), in_a_write));
}

TEST(Plan, Expand_NothingAskedFor_GivesNone) {
  EXPECT_THAT(Expand(Options{.seed = 1}).faults, IsEmpty());
}

// A mean of no time to speak of still lets time pass.
TEST(Plan, Expand_AMeanOfNoTime_Ends) {
  Options options{.seed = 1, .storm = std::chrono::microseconds(100)};
  options.faults.stop = Duration(1);
  EXPECT_FALSE(Expand(options).faults.empty());
}

}  // namespace
}  // namespace synod::sim
