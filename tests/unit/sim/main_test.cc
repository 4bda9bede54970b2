// What the program does with runs that end their process.
#include "synod/sim/main.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "synod/base/assert.h"

namespace synod::sim {
namespace {

using ::testing::HasSubstr;

// Has a bug that it finds itself.
class AssertingMachine final : public StateMachine {
 public:
  void Apply(std::span<const Command>, std::span<std::string>) override {
    SYNOD_ASSERT(false, "nothing is ever applied");
  }
  absl::StatusOr<std::string> Query(std::string_view) const override { return ""; }
  absl::StatusOr<std::unique_ptr<SnapshotView>> Snapshot() const override {
    return absl::UnimplementedError("");
  }
  absl::Status Restore(ByteSource&) override { return absl::UnimplementedError(""); }
};

class AssertingWorkload final : public Workload {
 public:
  std::unique_ptr<StateMachine> NewStateMachine() override {
    return std::make_unique<AssertingMachine>();
  }
  Request Next(uint64_t client, Rng& dice) override { return registers_->Next(client, dice); }
  std::string DigestQuery() const override { return ""; }

 private:
  const std::unique_ptr<Workload> registers_ = NewRegisterWorkload(1);
};

int RunMain(const Program& program, std::vector<std::string> flags) {
  flags.insert(flags.begin(), program.name);
  std::vector<char*> argv;
  argv.reserve(flags.size());
  for (std::string& flag : flags) argv.push_back(flag.data());
  return Main(program, static_cast<int>(argv.size()), argv.data());
}

int RunWith(std::vector<std::string> flags) {
  const Program program{.name = "asserting-sim",
                        .new_workload = [] { return std::make_unique<AssertingWorkload>(); }};
  flags.insert(flags.end(), {"--options", "nodes=3 faults.crash=0ns"});
  const int code = RunMain(program, std::move(flags));
  std::signal(SIGABRT, SIG_DFL);
  return code;
}

TEST(MainDeathTest, Assertion_InARun_TellsWhichAndWhatLedToIt) {
  EXPECT_DEATH(RunWith({"--seed", "3"}),
               "nothing is ever applied(.|\n)*in the run of seed 3: seed=3 (.|\n)*"
               "what led to it:(.|\n)*node . leads term ");
}

TEST(Main, Assertion_InARunThatShallGoOn_FailsThatSeedAlone) {
  ::testing::internal::CaptureStdout();
  const int code = RunWith({"--seed", "3", "--seeds", "2", "--keep-going"});
  const std::string told = ::testing::internal::GetCapturedStdout();
  EXPECT_EQ(code, 1);
  EXPECT_THAT(told, HasSubstr("rule: no assertion\n  again: asserting-sim --seed 3"));
  EXPECT_THAT(told, HasSubstr("rule: no assertion\n  again: asserting-sim --seed 4"));
  EXPECT_THAT(told, HasSubstr("2 seeds from 3 on, 2 failed"));
}

// --- Transcripts that name their store ---

class MainStoreTest : public ::testing::Test {
 protected:
  MainStoreTest()
      : program_{.name = "store-sim", .new_workload = [] { return NewRegisterWorkload(1); }} {
    program_.stores.push_back({.name = "paper", .open = [this] {
                                 ++papers_;
                                 return NewWalFactory();
                               }});
  }

  int Replay(const std::string& store, std::vector<std::string> flags = {}) {
    const std::string path = ::testing::TempDir() + "transcript_of_a_store.txt";
    std::ofstream(path) << "expect: ok\nstore: " << store << "\noptions: storm=1s\n";
    flags.insert(flags.end(), {"--transcript", path});
    return RunMain(program_, std::move(flags));
  }

  Program program_;
  int papers_ = 0;
};

TEST_F(MainStoreTest, Transcript_NamesItsStore_RunsThere) {
  EXPECT_EQ(Replay("paper"), 0);
  EXPECT_EQ(papers_, 1);
}

TEST_F(MainStoreTest, Transcript_OfAnotherStoreThanIsAskedFor_RunsWhereAsked) {
  EXPECT_EQ(Replay("paper", {"--store", "wal"}), 0);
  EXPECT_EQ(papers_, 0);
}

TEST_F(MainStoreTest, Transcript_OfAStoreThatThereIsNot_IsMisuse) { EXPECT_EQ(Replay("stone"), 2); }

}  // namespace
}  // namespace synod::sim
