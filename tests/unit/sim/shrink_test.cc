// Failing scenarios become small.
#include "synod/sim/shrink.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "synod/sim/simulation.h"

namespace synod::sim {
namespace {

using std::chrono::seconds;

Scenario Hostile() {
  Options options{.seed = 5, .nodes = 5, .clients = 8, .storm = seconds(30)};
  options.faults.stop = seconds(1);
  options.faults.pause = seconds(1);
  options.network.lose = 10;
  options.knobs.fill(100);
  return Expand(options);
}

TEST(Shrink, Faults_TwoNeeded_OnlyThoseAreLeft) {
  const Scenario scenario = Hostile();
  ASSERT_GT(scenario.faults.size(), 20u);
  const Fault a = scenario.faults[3];
  const Fault b = scenario.faults[17];
  const auto has = [](const Scenario& in, const Fault& fault) {
    return std::any_of(in.faults.begin(), in.faults.end(),
                       [&](const Fault& other) { return other.at == fault.at; });
  };
  const Scenario small =
      Shrink(scenario, [&](const Scenario& s) { return has(s, a) && has(s, b); });
  ASSERT_EQ(small.faults.size(), 2u);
  EXPECT_EQ(small.faults[0].at, a.at);
  EXPECT_EQ(small.faults[1].at, b.at);
  EXPECT_EQ(small.options.network.lose, 0u);
  EXPECT_LT(small.options.storm, 2 * b.at);
}

TEST(Shrink, Knobs_OneNeeded_ThatIsLeftTurned) {
  const Scenario small =
      Shrink(Hostile(), [](const Scenario& scenario) { return scenario.options.knobs[3] > 0; });
  Options expected{.seed = small.options.seed, .nodes = 1, .clients = 1};
  expected.storm = small.options.storm;
  expected.knobs[3] = 100;
  EXPECT_EQ(small.options.Describe(), expected.Describe());
}

TEST(Shrink, Counts_SomeNeeded_AreAsLowAsTheyCanBe) {
  const Scenario small = Shrink(Hostile(), [](const Scenario& scenario) {
    return scenario.options.nodes >= 2 && scenario.options.clients >= 4 &&
           scenario.options.Validate().ok();
  });
  EXPECT_EQ(small.options.nodes, 2u);
  EXPECT_EQ(small.options.clients, 4u);
  EXPECT_TRUE(small.faults.empty());
}

// What fails with few nodes under another seed alone is found too.
TEST(Shrink, Counts_RuleOfQuorumsIsForMoreNodes_AreTriedOnceItIsGone) {
  Scenario scenario = Hostile();
  scenario.options.quorums = QuorumRule::Flexible(4, 2);
  const Scenario small = Shrink(scenario, [](const Scenario& s) {
    EXPECT_TRUE(s.options.Validate().ok()) << s.options.Describe();
    return true;
  });
  EXPECT_EQ(small.options.nodes, 1u);
}

TEST(Shrink, Counts_FailWithAnotherSeed_AreLowered) {
  const Scenario small = Shrink(Hostile(), [](const Scenario& scenario) {
    return scenario.options.nodes == 5 || scenario.options.seed == 9;
  });
  EXPECT_EQ(small.options.nodes, 1u);
  EXPECT_EQ(small.options.seed, 9u);
}

// A fault that must strike somebody does so in a smaller cluster too.
TEST(Shrink, Counts_NodeOfAFaultGoes_AnotherIsStruck) {
  Scenario scenario{.options = {.nodes = 5}};
  scenario.faults = {{.at = seconds(1), .kind = FaultKind::kCrash, .nodes = {NodeId(5)}}};
  const Scenario small = Shrink(scenario, [](const Scenario& s) {
    return s.faults.size() == 1 && s.faults[0].nodes[0] <= NodeId(s.options.nodes);
  });
  EXPECT_EQ(small.options.nodes, 1u);
}

TEST(Shrink, Runs_Bounded_AreNoMoreThanAllowed) {
  uint64_t runs = 0;
  const Scenario small = Shrink(
      Hostile(), [&](const Scenario&) { return ++runs % 2 == 0; }, 17);
  EXPECT_EQ(runs, 17u);
  EXPECT_LT(small.faults.size(), Hostile().faults.size());
}

// A state machine that forgets one key when it is restored, as a wrong Restore would.
class Forgetful final : public StateMachine {
 public:
  explicit Forgetful(std::unique_ptr<StateMachine> real) : real_(std::move(real)) {}
  void Apply(std::span<const Command> batch, std::span<std::string> results) override {
    real_->Apply(batch, results);
  }
  absl::StatusOr<std::string> Query(std::string_view request) const override {
    return real_->Query(request);
  }
  absl::StatusOr<std::unique_ptr<SnapshotView>> Snapshot() const override {
    return real_->Snapshot();
  }
  absl::Status Restore(ByteSource& image) override {
    std::string bytes(std::size_t{1} << 20, '\0');
    const auto count = image.Read(bytes);
    return count.ok() ? absl::OkStatus() : count.status();
  }

 private:
  const std::unique_ptr<StateMachine> real_;
};

class ForgetfulWorkload final : public Workload {
 public:
  std::unique_ptr<StateMachine> NewStateMachine() override {
    return std::make_unique<Forgetful>(real_->NewStateMachine());
  }
  Request Next(uint64_t client, Rng& dice) override { return real_->Next(client, dice); }
  std::string DigestQuery() const override { return real_->DigestQuery(); }

 private:
  const std::unique_ptr<Workload> real_ = NewRegisterWorkload(3);
};

TEST(Shrink, Simulation_PlantedBug_IsLeftWithOneFault) {
  Options options{.seed = 3, .nodes = 5, .clients = 4, .storm = seconds(10)};
  options.snapshot_after_entries = 20;
  options.faults.stop = seconds(1);
  options.faults.pause = seconds(1);
  options.faults.partition = seconds(2);
  const auto rule = [](const Scenario& scenario) {
    ForgetfulWorkload workload;
    return sim::Run(scenario, workload).violation.rule;
  };
  const Scenario scenario = Expand(options);
  ASSERT_EQ(rule(scenario), "equal states");
  ASSERT_GT(scenario.faults.size(), 15u);
  Scenario small = Shrink(
      scenario, [&](const Scenario& s) { return rule(s) == "equal states"; }, 300);
  EXPECT_LE(small.faults.size(), 1u);
  EXPECT_LE(small.options.nodes, 3u);
  EXPECT_EQ(small.options.clients, 1u);
  // Written down and read, it fails in the same way.
  const auto again = ParseScenario(Print(small));
  ASSERT_TRUE(again.ok()) << again.status();
  ForgetfulWorkload first;
  ForgetfulWorkload second;
  const Report report = sim::Run(small, first);
  EXPECT_EQ(sim::Run(*again, second).hash, report.hash);
  EXPECT_FALSE(report.story.empty());
}

}  // namespace
}  // namespace synod::sim
