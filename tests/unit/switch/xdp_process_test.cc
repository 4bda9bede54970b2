// synod-switch with the acceptor in the kernel, at one end of a virtual wire.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/veth_pair.h"
#include "tests/unit/switch/golden.h"
#include "tests/unit/switch/switch_process.h"
#include "tests/unit/switch/xdp_under_test.h"

namespace synod::slots::testing {
namespace {

using support::Side;
using support::VethPair;

class XdpProcess : public ::testing::Test {
 protected:
  void SetUp() override {
    auto place = support::MountBpffs();
    SYNOD_SKIP_WITHOUT(place.status());
    pin_ = "--xdp-pin=" + *place + "/acceptor";
    auto wire = VethPair::Make();
    SYNOD_SKIP_WITHOUT(wire.status());
    wire_ = *std::move(wire);
    XdpSubject().SkipIfUnavailable();
  }

  std::unique_ptr<Process> Start(std::vector<std::string> flags) {
    flags.push_back(std::string("--xdp=") + VethPair::Device(Side::kAcceptor));
    std::unique_ptr<Process> process;
    wire_->In(Side::kAcceptor, [&] { process = std::make_unique<Process>(flags, "10.0.0.2"); });
    return process;
  }
  // Its control port is reached over the same wire.
  std::unique_ptr<ProcessSubject> Ask(const Process& process) {
    std::unique_ptr<ProcessSubject> subject;
    wire_->In(Side::kProposer, [&] { subject = std::make_unique<ProcessSubject>(process); });
    return subject;
  }

  static SlotPacket Request(Message message, uint32_t round) {
    return {.message = message, .group = 5, .incarnation = 7, .ballot = {round, 1, 1}, .slot = 9};
  }

  std::unique_ptr<VethPair> wire_;
  std::string pin_;
};

TEST_F(XdpProcess, GoldenVectors_Asked_AreAnsweredSo) {
  const auto process = Start({});
  EXPECT_EQ(FirstWrong(ReadGoldenVectors(SYNOD_GOLDEN_VECTORS), *Ask(*process)), 0)
      << "the line of the request";
}

TEST_F(XdpProcess, Voter_EnabledAndPowerCycled_AnswersAccordingly) {
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{}, {"--xdp-generic"}, {pin_}}) {
    const auto process = Start(flags);
    const auto subject = Ask(*process);
    SwitchControl& control = subject->control();
    EXPECT_EQ(subject->Ask(Request(Message::k2a, 3)).outcome, Outcome::kNotAVoter);
    ASSERT_TRUE(control.Enable(5, 7, 0).ok());
    EXPECT_EQ(subject->Ask(Request(Message::k2a, 3)).outcome, Outcome::kDone);
    EXPECT_EQ(subject->Ask(Request(Message::k1a, 2)).outcome, Outcome::kPromisedHigher);
    ASSERT_TRUE(control.SetTrim(1).ok());
    EXPECT_EQ(subject->Ask(Request(Message::k1a, 3)).outcome, Outcome::kOutsideWindow);
    EXPECT_EQ(control.State()->promised, (SlotBallot{3, 1, 1}));
    ASSERT_TRUE(control.Disable().ok());
    EXPECT_EQ(control.Enable(5, 8, 0).code(), absl::StatusCode::kFailedPrecondition);
    ASSERT_TRUE(control.PowerOff().ok());
    EXPECT_EQ(control.State().status().code(), absl::StatusCode::kUnavailable);
    ASSERT_TRUE(control.PowerOn().ok());
    EXPECT_EQ(subject->Ask(Request(Message::k1a, 3)).outcome, Outcome::kNotAVoter);
  }
}

TEST_F(XdpProcess, Pinned_ProcessGone_GoesOnAnsweringAndIsTakenOver) {
  auto process = Start({pin_});
  ASSERT_TRUE(Ask(*process)->control().Enable(5, 7, 0).ok());
  std::unique_ptr<Socket> socket;
  wire_->In(Side::kProposer, [&] { socket = std::make_unique<Socket>(process->listen()); });
  process.reset();

  constexpr int kLongMillis = 20'000;
  socket->Send(Encoded(Request(Message::k2a, 3)));
  const std::optional<Bytes> answer = socket->Receive(kLongMillis);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(Decode(*answer)->outcome, Outcome::kDone);

  const auto next = Start({pin_});
  const auto subject = Ask(*next);
  EXPECT_TRUE(subject->control().State()->is_enabled);
  EXPECT_EQ(subject->Ask(Request(Message::k1a, 2)).outcome, Outcome::kPromisedHigher);
  EXPECT_EQ(subject->Ask(Request(Message::k1a, 3)).accepted, (SlotBallot{3, 1, 1}));
}

}  // namespace
}  // namespace synod::slots::testing
