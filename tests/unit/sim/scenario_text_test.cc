// Transcripts.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "synod/sim/scenario.h"

namespace synod::sim {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ScenarioError(std::string_view text) {
  return std::string(ParseScenario(text).status().message());
}

TEST(ScenarioText, Parse_WrittenByHand_IsRead) {
  const auto scenario = ParseScenario(
      "# Found on a rainy day.\n"
      "expect: log matching\n"
      "store: paper\n"
      "\n"
      "options: seed=7 nodes=5\n"
      "  2s partition shape=star nodes=leader,1,2,3,4 for=1.5s\r\n"
      "1.234s crash node=2 after=3 down=400ms\n"
      "3s fail_sync node=leader");
  ASSERT_TRUE(scenario.ok()) << scenario.status();
  EXPECT_EQ(scenario->expected_rule, "log matching");
  EXPECT_EQ(scenario->store, "paper");
  EXPECT_EQ(scenario->options.Describe(), "seed=7 nodes=5");
  EXPECT_THAT(scenario->faults, ElementsAre(Fault{.at = milliseconds(1234),
                                                  .kind = FaultKind::kCrash,
                                                  .nodes = {2},
                                                  .amount = 3,
                                                  .lasts = milliseconds(400)},
                                            Fault{.at = milliseconds(2000),
                                                  .kind = FaultKind::kPartition,
                                                  .nodes = {NodeId(), 1, 2, 3, 4},
                                                  .shape = Shape::kStar,
                                                  .lasts = milliseconds(1500)},
                                            Fault{.at = milliseconds(3000),
                                                  .kind = FaultKind::kFailSync,
                                                  .nodes = {NodeId()}}));
}

TEST(ScenarioText, Print_AnyScenario_IsReadBackAsItWas) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Scenario scenario = Expand(Options::Swarm(seed));
    if (seed % 2 == 0) scenario.expected_rule = "ack after sync (I5)";
    if (seed % 3 == 0) scenario.store = "paper";
    const std::string text = Print(scenario);
    const auto read = ParseScenario(text);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->faults, scenario.faults);
    EXPECT_EQ(read->store, scenario.store);
    EXPECT_EQ(Print(*read), text);
  }
}

TEST(ScenarioText, Parse_BadLine_IsNamed) {
  EXPECT_THAT(ScenarioError("expect: ok\n\noptions: nodes=0"), HasSubstr("line 3: nodes must be"));
  EXPECT_THAT(ScenarioError("expect:"), HasSubstr("line 1: a rule, or ok"));
  EXPECT_THAT(ScenarioError("store:"), HasSubstr("line 1: a store is named"));
  EXPECT_THAT(ScenarioError("soon crash node=1"), HasSubstr("no time 'soon'"));
  EXPECT_THAT(ScenarioError("1s"), HasSubstr("a time and a kind"));
  EXPECT_THAT(ScenarioError("1s flood node=1"), HasSubstr("no fault 'flood'"));
  EXPECT_THAT(ScenarioError("1s crash after=1"), HasSubstr("no node"));
  EXPECT_THAT(ScenarioError("1s crash node=0"), HasSubstr("a crash cannot have 'node=0'"));
  EXPECT_THAT(ScenarioError("1s crash node=1,2"), HasSubstr("a crash cannot have 'node=1,2'"));
  EXPECT_THAT(ScenarioError("1s crash node=1 for=1s"), HasSubstr("a crash cannot have 'for=1s'"));
  EXPECT_THAT(ScenarioError("1s crash node=1 down=-1s"),
              HasSubstr("a crash cannot have 'down=-1s'"));
  EXPECT_THAT(ScenarioError("1s partition shape=round nodes=1"), HasSubstr("'shape=round'"));
  EXPECT_THAT(ScenarioError("1s fail_sync node=1 =1"), HasSubstr("a fail_sync cannot have '=1'"));
}

}  // namespace
}  // namespace synod::sim
