// Tests of what the simulator finds in a user's state machine, and of what it does not hold against
// one.
#include "synod/sim/simulation.h"

#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "synod/sim/workload.h"

namespace synod::sim {
namespace {

using ::testing::ContainsRegex;

// Wraps the machines of another workload.
class Wrapped : public StateMachine {
 public:
  explicit Wrapped(std::unique_ptr<StateMachine> machine) : machine_(std::move(machine)) {}

  void Apply(std::span<const Command> batch, std::span<std::string> results) override {
    machine_->Apply(batch, results);
  }
  absl::StatusOr<std::string> Query(std::string_view request) const override {
    return machine_->Query(request);
  }
  absl::StatusOr<std::unique_ptr<SnapshotView>> Snapshot() const override {
    return machine_->Snapshot();
  }
  absl::Status Restore(ByteSource& image) override { return machine_->Restore(image); }

 private:
  const std::unique_ptr<StateMachine> machine_;
};

template <class Machine>
class WrappedWorkload final : public Workload {
 public:
  std::unique_ptr<StateMachine> NewStateMachine() override {
    return std::make_unique<Machine>(registers_->NewStateMachine(), ++machines_);
  }
  Request Next(uint64_t client, Rng& dice) override { return registers_->Next(client, dice); }
  std::string DigestQuery() const override { return registers_->DigestQuery(); }

 private:
  const std::unique_ptr<Workload> registers_ = NewRegisterWorkload(3);
  uint64_t machines_ = 0;
};

Options Quiet(Duration storm) {
  return {.seed = 1, .storm = storm, .think_time = std::chrono::milliseconds(100)};
}

// The second of all is in another state than the others whenever somebody asks for all of it.
class DriftingMachine final : public Wrapped {
 public:
  DriftingMachine(std::unique_ptr<StateMachine> machine, uint64_t number)
      : Wrapped(std::move(machine)), number_(number) {}
  absl::StatusOr<std::string> Query(std::string_view request) const override {
    auto answer = Wrapped::Query(request);
    if (request.empty() && number_ == 2) *answer += "drifted";
    return answer;
  }

 private:
  const uint64_t number_;
};

TEST(Simulation, StateDriftsBeforeItIsFirstLookedAt_IsFoundAtTheEnd) {
  for (uint64_t seed = 1; seed <= 9; ++seed) {  // They look at different intervals.
    WrappedWorkload<DriftingMachine> workload;
    Options options = Quiet(std::chrono::milliseconds(500));
    options.seed = seed;
    options.nodes = 2;  // Of more, the calm may leave it out.
    const Report report = sim::Run(options, workload);
    EXPECT_EQ(report.violation.rule, "equal states");
    EXPECT_LT(report.counts.committed, 64u);
  }
}

TEST(Simulation, StatesDiffer_ReportShowsHowAndWhatWasAppliedSince) {
  WrappedWorkload<DriftingMachine> workload;
  Options options = Quiet(std::chrono::seconds(5));
  options.nodes = 2;
  const Report report = sim::Run(options, workload);
  ASSERT_EQ(report.violation.rule, "equal states");
  EXPECT_THAT(report.violation.what, ContainsRegex("^node [12] is in another state at "));
  EXPECT_THAT(report.violation.what, ContainsRegex("\n      node 2: .*drifted\"\n"));
  EXPECT_THAT(report.violation.what, ContainsRegex("\n      node 1: \""));
  EXPECT_THAT(report.violation.what,
              ContainsRegex("\n    commands applied since .* at 0\n      [0-9]+: \""));
}

// Answers otherwise than it will when it is asked alone.
class MoodyMachine final : public Wrapped {
 public:
  MoodyMachine(std::unique_ptr<StateMachine> machine, uint64_t number)
      : Wrapped(std::move(machine)), number_(number) {}
  absl::StatusOr<std::string> Query(std::string_view request) const override {
    auto answer = Wrapped::Query(request);
    if (!request.empty() && number_ > 3) *answer = "mood";
    return answer;
  }

 private:
  const uint64_t number_;
};

TEST(Simulation, AnswerDiffersFromThatAlone_ReportShowsBoth) {
  WrappedWorkload<MoodyMachine> workload;
  const Report report = sim::Run(Quiet(std::chrono::seconds(1)), workload);
  ASSERT_EQ(report.violation.rule, "answers");
  EXPECT_THAT(report.violation.what, ContainsRegex("^a read at [0-9]+ was answered otherwise"));
  EXPECT_THAT(report.violation.what, ContainsRegex("\n      then: \".*\n      alone: \"mood\""));
}

TEST(Simulation, StaleAnswerDiffersFromThatAlone_BreaksTheRule) {
  WrappedWorkload<MoodyMachine> workload;
  Options options = Quiet(std::chrono::seconds(1));
  options.stale_reads = 10'000;
  const Report report = sim::Run(options, workload);
  EXPECT_EQ(report.counts.reads_answered, 0u);
  EXPECT_EQ(report.violation.rule, "answers");
}

// Answers no reads.
class SilentMachine final : public Wrapped {
 public:
  SilentMachine(std::unique_ptr<StateMachine> machine, uint64_t) : Wrapped(std::move(machine)) {}
  absl::StatusOr<std::string> Query(std::string_view request) const override {
    if (request.empty()) return Wrapped::Query(request);
    return absl::UnavailableError("it does not want to");
  }
};

TEST(Simulation, StateMachineRefusesQueries_IsItsOwnBusiness) {
  WrappedWorkload<SilentMachine> workload;
  const Report report = sim::Run(Quiet(std::chrono::seconds(1)), workload);
  EXPECT_TRUE(report.ok) << report.violation.rule << ": " << report.violation.what;
  EXPECT_EQ(report.counts.reads_answered, 0u);
  EXPECT_GT(report.counts.refused, 0u);
}

// Is otherwise than the others, and alone so: the one that is asked at the end.
class ChangedMachine final : public Wrapped {
 public:
  ChangedMachine(std::unique_ptr<StateMachine> machine, uint64_t number)
      : Wrapped(std::move(machine)), number_(number) {}
  absl::StatusOr<std::string> Query(std::string_view request) const override {
    auto answer = Wrapped::Query(request);
    if (request.empty() && number_ > 3) *answer += "changed";
    return answer;
  }

 private:
  const uint64_t number_;
};

TEST(Simulation, StateOfAllDiffersFromThatAlone_ReportShowsBoth) {
  WrappedWorkload<ChangedMachine> workload;
  Options options = Quiet(std::chrono::seconds(20));
  options.stays_recoverable = false;  // So that nobody starts again, with a machine of its own.
  const Report report = sim::Run(options, workload);
  ASSERT_EQ(report.violation.rule, "states are the fold of the log");
  EXPECT_THAT(report.violation.what, ContainsRegex("\n      alone: \".*changed\""));
}

// Does not tell its state.
class SecretiveMachine final : public Wrapped {
 public:
  SecretiveMachine(std::unique_ptr<StateMachine> machine, uint64_t) : Wrapped(std::move(machine)) {}
  absl::StatusOr<std::string> Query(std::string_view request) const override {
    if (!request.empty()) return Wrapped::Query(request);
    return absl::UnavailableError("it does not want to");
  }
};

TEST(Simulation, StateMachineRefusesTheDigestQuery_BreaksTheRule) {
  WrappedWorkload<SecretiveMachine> workload;
  const Report report = sim::Run(Quiet(std::chrono::seconds(1)), workload);
  EXPECT_EQ(report.violation.rule, "digest query");
}

// Asks as another does, but for what it changes.
class OtherWorkload : public Workload {
 public:
  std::unique_ptr<StateMachine> NewStateMachine() override { return registers_->NewStateMachine(); }
  Request Next(uint64_t client, Rng& dice) override { return registers_->Next(client, dice); }
  std::string DigestQuery() const override { return registers_->DigestQuery(); }

 private:
  const std::unique_ptr<Workload> registers_ = NewRegisterWorkload(3);
};

class DissatisfiedWorkload final : public OtherWorkload {
 public:
  std::string Judge(const History<Request>&, Counts&) const override { return "it is not enough"; }
};

TEST(Simulation, WorkloadJudgesOtherwise_BreaksItsRule) {
  DissatisfiedWorkload workload;
  const Report report = sim::Run(Quiet(std::chrono::seconds(1)), workload);
  EXPECT_EQ(report.violation.rule, "workload");
  EXPECT_EQ(report.violation.what, "it is not enough");
}

class RepeatingWorkload final : public OtherWorkload {
 public:
  Request Next(uint64_t client, Rng& dice) override {
    while (!first_.is_write) first_ = OtherWorkload::Next(client, dice);
    return first_;
  }

 private:
  Request first_ = {};
};

TEST(Simulation, ClientsAskForOneCommandTwice_BreaksTheRule) {
  RepeatingWorkload workload;
  const Report report = sim::Run(Quiet(std::chrono::seconds(1)), workload);
  EXPECT_EQ(report.violation.rule, "no command twice");
}

// --- What is counted ---

Report RunOfOneNode(size_t clients, Fault fault) {
  Scenario scenario{.options = Quiet(std::chrono::seconds(3))};
  scenario.options.nodes = 1;
  scenario.options.clients = clients;
  fault.at = std::chrono::seconds(1);
  fault.nodes = {1};
  scenario.faults = {std::move(fault)};
  const auto workload = NewRegisterWorkload(3);
  return sim::Run(scenario, *workload);
}

TEST(Simulation, SyncThatShallFail_IsCountedOnceItHasFailed) {
  EXPECT_EQ(RunOfOneNode(/*clients=*/0, {.kind = FaultKind::kFailSync}).counts.failed_syncs, 0u);
  EXPECT_EQ(RunOfOneNode(/*clients=*/1, {.kind = FaultKind::kFailSync}).counts.failed_syncs, 1u);
}

TEST(Simulation, ChangeThatShallFail_IsCountedOnceItHasFailed) {
  EXPECT_EQ(RunOfOneNode(/*clients=*/0, {.kind = FaultKind::kFailChange}).counts.failed_changes,
            0u);
  EXPECT_EQ(RunOfOneNode(/*clients=*/1, {.kind = FaultKind::kFailChange}).counts.failed_changes,
            1u);
}

// All die with the leader, whose disk is at its eleventh change from then on.
TEST(Simulation, BlackoutInTheMiddleOfAWrite_KillsAllAtOnce) {
  const auto workload = NewRegisterWorkload(3);
  Scenario scenario{.options = Quiet(std::chrono::seconds(10))};
  const Report before = sim::Run(scenario, *NewRegisterWorkload(3));
  scenario.faults = {{.at = std::chrono::seconds(5),
                      .kind = FaultKind::kBlackout,
                      .nodes = {NodeId(), 2, 3},
                      .amount = 10,
                      .lasts = std::chrono::seconds(1)}};
  const Report report = sim::Run(scenario, *workload);
  EXPECT_TRUE(report.ok) << report.violation.what;
  EXPECT_EQ(report.counts.blackouts, 1u);
  EXPECT_EQ(report.counts.crashes, before.counts.crashes + 3);
}

TEST(Simulation, PartitionThatCutsNoLink_IsNotCounted) {
  EXPECT_EQ(RunOfOneNode(/*clients=*/1, {.kind = FaultKind::kPartition}).counts.partitions, 0u);
}

}  // namespace
}  // namespace synod::sim
