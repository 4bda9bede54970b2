// Options as text.
#include "synod/sim/options.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/sim/option_fields.h"

namespace synod::sim {
namespace {

using ::testing::HasSubstr;

std::string OptionsError(std::string_view text) {
  return std::string(Options::Parse(text).status().message());
}

TEST(Options, Describe_SomeFieldsSet_SaysThose) {
  Options options{.seed = 7, .nodes = 5};
  EXPECT_EQ(options.Describe(), "seed=7 nodes=5");
  options.storm = std::chrono::milliseconds(1500);
  options.engine.pre_vote = false;
  EXPECT_EQ(options.Describe(), "seed=7 nodes=5 storm=1.5s engine.pre_vote=false");
  options.knobs.front() = 100;
  EXPECT_THAT(options.Describe(), HasSubstr(" knobs.append_one_entry=100"));
}

TEST(Options, Parse_WhatDescribeSays_IsTheSame) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    const Options options = Options::Swarm(seed);
    const auto parsed = Options::Parse(options.Describe());
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    ForEachField([&](std::string_view name, auto field) {
      EXPECT_EQ(field(*parsed), field(options)) << name << " of seed " << seed;
    });
  }
}

TEST(Options, Parse_TimesInAnyUnit_AreTaken) {
  const auto options = Options::Parse(" storm=1m30s  network.delay=20us ");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->storm, std::chrono::seconds(90));
  EXPECT_EQ(options->network.delay, std::chrono::microseconds(20));
}

TEST(Options, Parse_UnknownOrBadField_IsRefusedByName) {
  EXPECT_THAT(OptionsError("nodes=3 node=3"),
              AllOf(HasSubstr("no option 'node'; there are: seed nodes "),
                    HasSubstr(" faults.crash "), HasSubstr(" knobs.compact_all")));
  EXPECT_THAT(OptionsError("nodes"), HasSubstr("nodes cannot be ''"));
  EXPECT_THAT(OptionsError("nodes=three"),
              HasSubstr("nodes cannot be 'three': it is a number from 0 to"));
  EXPECT_THAT(OptionsError("nodes=-1"), HasSubstr("nodes cannot be '-1'"));
  EXPECT_THAT(OptionsError("network.lose=4294967296"), HasSubstr("network.lose cannot be"));
  EXPECT_THAT(OptionsError("storm=20"),
              HasSubstr("storm cannot be '20': it is a time with its unit"));
  EXPECT_THAT(OptionsError("quorums=2"), HasSubstr("it is a rule such as majority"));
  EXPECT_THAT(OptionsError("storm=-1s"), HasSubstr("storm cannot be '-1s'"));
  EXPECT_THAT(OptionsError("engine.pre_vote=1"),
              HasSubstr("engine.pre_vote cannot be '1': it is true or false"));
}

TEST(Options, Validate_ImpossibleCluster_IsRefused) {
  EXPECT_THAT(OptionsError("nodes=0"), HasSubstr("nodes must be"));
  EXPECT_THAT(OptionsError("clients=0"), HasSubstr("clients must be"));
  EXPECT_THAT(OptionsError("network.lose=10001"), HasSubstr("chance must be"));
  EXPECT_THAT(OptionsError("network.spread=11"), HasSubstr("network.spread must be"));
  EXPECT_THAT(OptionsError("knobs.read_later=10001"), HasSubstr("chance must be"));
  EXPECT_THAT(OptionsError("faults.drift=1000000"), HasSubstr("faults.drift must be"));
  EXPECT_THAT(OptionsError("engine.election_timeout=50ms"), HasSubstr("election_timeout must be"));
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    EXPECT_EQ(Options::Swarm(seed).Validate(), absl::OkStatus());
  }
}

}  // namespace
}  // namespace synod::sim
