// Marks and knobs of simulated runs.
#include "src/sim/run_probes.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "synod/sim/simulation.h"

namespace synod::sim {
namespace {

size_t MarkOf(std::string_view name) {
  return static_cast<size_t>(std::find(std::begin(kMarks), std::end(kMarks), name) - kMarks);
}
uint32_t& KnobOf(Options& options, std::string_view name) {
  return options
      .knobs[static_cast<size_t>(std::find(std::begin(kKnobs), std::end(kKnobs), name) - kKnobs)];
}

// What the knob decides when it is asked a hundred times, each time after others.
std::vector<bool> Decisions(const Options& options) {
  const RunProbes probes(options);
  std::vector<bool> decisions;
  for (int i = 0; i < 100; ++i) {
    decisions.push_back(Buggify("read_later"));
    static_cast<void>(Buggify("snapshot_now"));
  }
  return decisions;
}

TEST(Probes, OutsideOfARun_DoNothing) {
  Reached("window full");
  EXPECT_FALSE(Buggify("read_later"));
}

TEST(Probes, InARun_AreCounted) {
  Options options;
  KnobOf(options, "read_later") = 10'000;
  {
    const RunProbes probes(options);
    Reached("window full");
    Reached("window full");
    EXPECT_TRUE(Buggify("read_later"));
    EXPECT_FALSE(Buggify("snapshot_now"));
    EXPECT_EQ(probes.reached()[MarkOf("window full")], 2u);
    EXPECT_EQ(std::count(probes.reached().begin(), probes.reached().end(), 0u), kMarkCount - 1);
    EXPECT_EQ(std::count(probes.turned().begin(), probes.turned().end(), 1u), 1);
  }
  EXPECT_FALSE(Buggify("read_later"));
}

TEST(Probes, RunWithinARun_TheOuterGoesOn) {
  const RunProbes outer(Options{});
  {
    const RunProbes inner(Options{});
    Reached("window full");
    EXPECT_EQ(inner.reached()[MarkOf("window full")], 1u);
  }
  Reached("window full");
  EXPECT_EQ(outer.reached()[MarkOf("window full")], 1u);
}

// A seed decides, and no knob decides for another: shrinking takes them out one by one.
TEST(Probes, Knob_DecidesBySeedAlone) {
  Options options{.seed = 7};
  KnobOf(options, "read_later") = 5000;
  const std::vector<bool> decisions = Decisions(options);
  EXPECT_EQ(Decisions(options), decisions);
  const auto turned = std::count(decisions.begin(), decisions.end(), true);
  EXPECT_GT(turned, 25);
  EXPECT_LT(turned, 75);
  KnobOf(options, "snapshot_now") = 5000;
  EXPECT_EQ(Decisions(options), decisions);
  options.seed = 8;
  EXPECT_NE(Decisions(options), decisions);
}

TEST(Probes, Swarm_SomeSeedsTurnNothing_EachKnobIsTurnedInSome) {
  size_t without = 0;
  Options all;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    const Options options = Options::Swarm(seed);
    const auto is_off = [](uint32_t chance) { return chance == 0; };
    without += std::all_of(options.knobs.begin(), options.knobs.end(), is_off) ? 1 : 0;
    for (size_t i = 0; i < kKnobCount; ++i) all.knobs[i] += options.knobs[i];
  }
  EXPECT_GT(without, 25u);
  EXPECT_LT(without, 75u);
  for (uint32_t chance : all.knobs) EXPECT_GT(chance, 0u);
}

TEST(Probes, Report_TellsOfBoth_AndTheSameOfAnEqualRun) {
  Options options{.seed = 3, .nodes = 3, .clients = 2, .storm = std::chrono::seconds(2)};
  KnobOf(options, "snapshot_now") = 1000;
  const auto workload = NewRegisterWorkload(3);
  const Report report = sim::Run(options, *workload);
  EXPECT_TRUE(report.ok) << report.violation.what;
  EXPECT_GT(report.counts.snapshots, 0u);
  EXPECT_GT(
      report.turned[static_cast<size_t>(&KnobOf(options, "snapshot_now") - options.knobs.data())],
      0u);
  EXPECT_GT(report.reached[MarkOf("old segment removed")], 0u);
  const auto again = NewRegisterWorkload(3);
  const Report second = sim::Run(options, *again);
  EXPECT_EQ(second.hash, report.hash);
  EXPECT_EQ(second.reached, report.reached);
  EXPECT_EQ(second.turned, report.turned);
}

}  // namespace
}  // namespace synod::sim
