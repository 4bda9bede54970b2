// What is known of a run in another process.
#include "src/sim/isolated_run.h"

#include <csignal>
#include <cstdlib>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

namespace synod::sim {
namespace {

constexpr unsigned kLong = 600;

TEST(IsolatedRun, Returns_TellsWhatItSaw) {
  const Report report = RunIsolated(
      [] {
        Report its;
        its.seed = 7;
        its.events = 11;
        its.hash = 13;
        its.counts.crashes = 17;
        its.recovery.leader.took = Duration(19);
        its.reached.back() = 23;
        its.turned.front() = 29;
        its.beyond_atlas = true;
        its.ok = false;
        its.violation.rule = "liveness";
        return its;
      },
      kLong);
  EXPECT_EQ(report.seed, 7u);
  EXPECT_EQ(report.events, 11u);
  EXPECT_EQ(report.hash, 13u);
  EXPECT_EQ(report.counts.crashes, 17u);
  EXPECT_EQ(report.recovery.leader.took, Duration(19));
  EXPECT_EQ(report.reached.back(), 23u);
  EXPECT_EQ(report.turned.front(), 29u);
  EXPECT_TRUE(report.beyond_atlas);
  EXPECT_FALSE(report.ok);
  EXPECT_EQ(report.violation.rule, "liveness");
}

TEST(IsolatedRun, Aborts_BreaksTheRuleOfAssertions) {
  const auto aborts = []() -> Report {
    std::signal(SIGABRT, SIG_DFL);
    std::abort();
  };
  const Report report = RunIsolated(aborts, kLong);
  EXPECT_FALSE(report.ok);
  EXPECT_EQ(report.violation.rule, kNoAssertion);
}

TEST(IsolatedRun, NeverReturns_BreaksTheRuleOfAnEnd) {
  const auto waits = []() -> Report {
    while (true) pause();
  };
  const Report report = RunIsolated(waits, 1);
  EXPECT_FALSE(report.ok);
  EXPECT_EQ(report.violation.rule, kAnEnd);
}

TEST(IsolatedRun, RuleBrokenBy_IsThatOfTheRun) {
  const auto breaks = [](const Scenario&) {
    Report its;
    its.violation.rule = "wire";
    return its;
  };
  EXPECT_EQ(RuleBrokenBy({}, breaks), "wire");
  EXPECT_EQ(RuleBrokenBy({}, [](const Scenario&) { return Report(); }), "");
}

}  // namespace
}  // namespace synod::sim
