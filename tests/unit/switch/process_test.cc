// synod-switch as a process: its real sockets, and SwitchControl against its control port.
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "synod/switch/switch_control.h"

#include "gtest/gtest.h"
#include "tests/unit/switch/golden.h"
#include "tests/unit/switch/switch_process.h"
#include "tests/unit/switch/switch_under_test.h"

namespace synod::slots {
namespace {

using testing::Encoded;
using testing::FirstWrong;
using testing::Process;
using testing::ProcessSubject;
using testing::ReadGoldenVectors;
using testing::Socket;

class SwitchProcess : public ::testing::TestWithParam<std::string> {
 protected:
  static std::vector<std::string> Flags() {
    return GetParam().empty() ? std::vector<std::string>() : std::vector<std::string>{GetParam()};
  }
  static constexpr uint64_t kIncarnation = 0x1122334455667788;
  static SlotPacket Request(Message message, uint32_t round, uint64_t slot) {
    return {.message = message,
            .group = 5,
            .incarnation = kIncarnation,
            .ballot = {round, 1, 1},
            .slot = slot};
  }
};

TEST_P(SwitchProcess, GoldenVectors_OverUdp_AreAnsweredSo) {
  const Process process(Flags());
  ProcessSubject subject(process);
  EXPECT_EQ(FirstWrong(ReadGoldenVectors(SYNOD_GOLDEN_VECTORS), subject), 0)
      << "the line of the request";
}

TEST_P(SwitchProcess, Voter_EnabledTrimmedAndPowerCycled_AnswersAccordingly) {
  const Process process(Flags());
  ProcessSubject subject(process);
  SwitchControl& control = subject.control();
  EXPECT_EQ(subject.Ask(Request(Message::k1a, 1, 0)).outcome, Outcome::kNotAVoter);

  ASSERT_TRUE(control.Enable(5, kIncarnation, 0).ok());
  EXPECT_EQ(subject.Ask(Request(Message::k2a, 3, 100)).outcome, Outcome::kDone);
  EXPECT_EQ(subject.Ask(Request(Message::k1a, 2, 100)).outcome, Outcome::kPromisedHigher);
  ASSERT_TRUE(control.SetTrim(2).ok());
  EXPECT_EQ(control.SetTrim(1).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(subject.Ask(Request(Message::k1a, 3, 100)).outcome, Outcome::kOutsideWindow);
  const absl::StatusOr<SlotState> state = control.State();
  ASSERT_TRUE(state.ok());
  EXPECT_TRUE(state->is_enabled);
  EXPECT_EQ(state->group, 5u);
  EXPECT_EQ(state->incarnation, kIncarnation);
  EXPECT_EQ(state->trim, 2u);
  EXPECT_EQ(state->promised, (SlotBallot{3, 1, 1}));

  // Enabled again without a loss of power, it would be a new voter with an old one's state.
  EXPECT_EQ(control.Enable(5, kIncarnation + 1, 0).code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(control.Disable().ok());
  EXPECT_EQ(subject.Ask(Request(Message::k1a, 9, 9000)).outcome, Outcome::kNotAVoter);
  EXPECT_EQ(control.Enable(5, kIncarnation + 1, 0).code(), absl::StatusCode::kFailedPrecondition);

  ASSERT_TRUE(control.PowerOff().ok());
  EXPECT_EQ(control.State().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(control.Enable(5, 1, 0).code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(control.PowerOn().ok());
  EXPECT_EQ(subject.Ask(Request(Message::k1a, 1, 100)).outcome, Outcome::kNotAVoter);
  EXPECT_EQ(control.Enable(5, 0, 0).code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(control.Enable(5, kIncarnation + 1, 0).ok());
  EXPECT_EQ(subject.Ask(Request(Message::k1a, 1, 100)).outcome, Outcome::kWrongIncarnation);
}

INSTANTIATE_TEST_SUITE_P(Engines, SwitchProcess,
                         ::testing::Values("", "--software", "--control-delay-max=2ms"),
                         [](const auto& engine) {
                           return engine.param.empty()           ? "Emulator"
                                  : engine.param == "--software" ? "Software"
                                                                 : "SlowControl";
                         });

TEST(SwitchProcessFaults, LossDuplicationAndReordering_WithRetransmission_LoseNothing) {
  const Process process({"--loss=0.2", "--duplication=0.2", "--reordering=0.3", "--held-max=1ms"});
  const auto control = process.Connect();
  ASSERT_TRUE(control->Enable(1, 7, 0).ok());
  Socket socket(process.listen());
  constexpr uint64_t kSlots = 300;
  std::set<uint64_t> accepted;
  for (int round = 0; round < 1000 && accepted.size() < kSlots; ++round) {
    for (uint64_t slot = 0; slot < kSlots; ++slot) {
      if (accepted.contains(slot)) continue;
      SlotPacket packet{
          .message = Message::k2a, .group = 1, .incarnation = 7, .ballot = {1, 1, 1}, .slot = slot};
      packet.value.kind = static_cast<uint32_t>(slot);
      socket.Send(Encoded(packet));
    }
    while (const std::optional<testing::Bytes> answer = socket.Receive(20)) {
      const std::optional<SlotPacket> packet = Decode(*answer);
      ASSERT_TRUE(packet.has_value());
      EXPECT_EQ(packet->outcome, Outcome::kDone);
      EXPECT_EQ(packet->value.kind, packet->slot);
      accepted.insert(packet->slot);
    }
  }
  EXPECT_EQ(accepted.size(), kSlots);
}

TEST(SwitchControl, NobodyThere_Connected_IsUnavailable) {
  EXPECT_EQ(SwitchControl::Connect("127.0.0.1").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SwitchControl::Connect("127.0.0.1:1").status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace synod::slots
