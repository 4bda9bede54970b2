// What is said at the control port.
#include "transports/switch/daemon/control_language.h"

#include <memory>
#include <string>

#include "synod/base/rng.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "transports/switch/daemon/device.h"

namespace synod::slots {
namespace {

using ::testing::StartsWith;

class ControlLanguage : public ::testing::TestWithParam<bool> {
 protected:
  ControlLanguage() {
    device_ = GetParam() ? MakeSoftwareDevice() : *MakeEmulatedDevice({}, {1, 2});
  }
  std::string Say(std::string_view line) { return AnswerControl(line, *device_, Instant()); }

  std::unique_ptr<Device> device_;
};

TEST_P(ControlLanguage, WordWritten_Read_IsThere) {
  EXPECT_EQ(Say("write trim 0 4294967295"), "ok");
  EXPECT_EQ(Say("pending"), "ok 0");
  EXPECT_EQ(Say("read trim 0"), "ok 4294967295");
  EXPECT_EQ(Say(" read  trim 0\r"), "ok 4294967295");
  EXPECT_EQ(Say("write value_7 65535 3"), "ok");
  EXPECT_EQ(Say("read value_7 65535"), "ok 3");
}

// One of two leaders may be late with what it asked for.
TEST_P(ControlLanguage, WordRaised_NeverFalls) {
  EXPECT_EQ(Say("raise trim 0 20"), "ok");
  EXPECT_EQ(Say("raise trim 0 4"), "ok");
  EXPECT_EQ(Say("read trim 0"), "ok 20");
  EXPECT_EQ(Say("raise trim 0 4294967295"), "ok");
  EXPECT_EQ(Say("read trim 0"), "ok 4294967295");
}

TEST_P(ControlLanguage, Power_OffAndOn_LosesAll) {
  EXPECT_EQ(Say("write trim 0 7"), "ok");
  EXPECT_EQ(Say("power on"), "ok");
  EXPECT_EQ(Say("read trim 0"), "ok 7");
  EXPECT_EQ(Say("power off"), "ok");
  EXPECT_THAT(Say("read trim 0"), StartsWith("error UNAVAILABLE"));
  EXPECT_THAT(Say("write trim 0 1"), StartsWith("error UNAVAILABLE"));
  EXPECT_EQ(Say("power on"), "ok");
  EXPECT_EQ(Say("read trim 0"), "ok 0");
}

TEST_P(ControlLanguage, WhatIsWrong_Said_IsAnError) {
  EXPECT_THAT(Say("read nothing 0"), StartsWith("error NOT_FOUND"));
  EXPECT_THAT(Say("read trim 1"), StartsWith("error OUT_OF_RANGE"));
  EXPECT_THAT(Say("write value_7 65536 3"), StartsWith("error OUT_OF_RANGE"));
  for (const char* line : {"", " ", "read", "read trim", "read trim x", "read trim 0 0",
                           "write trim 0", "write trim 0 4294967296", "write trim 0 -1",
                           "raise trim 0", "power", "power up", "pending 1", "shout"}) {
    EXPECT_THAT(Say(line), StartsWith("error INVALID_ARGUMENT")) << line;
  }
}

TEST_P(ControlLanguage, RandomBytes_Said_AreAnswered) {
  Rng rng(1);
  for (int round = 0; round < 2000; ++round) {
    std::string line = rng.Chance(1, 2) ? "write trim 0 1" : "";
    for (uint64_t i = rng.Below(20); i > 0; --i) {
      line.insert(rng.Below(line.size() + 1), 1, static_cast<char>(rng.Next()));
    }
    EXPECT_FALSE(Say(line).empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, ControlLanguage, ::testing::Bool());

}  // namespace
}  // namespace synod::slots
