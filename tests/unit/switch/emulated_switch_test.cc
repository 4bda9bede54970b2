// The emulated switch around the program: ports with faults, a control plane that is slow, power.
#include "synod/switch/emulated_switch.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/switch/switch_under_test.h"

namespace synod::slots {
namespace {

using testing::Bytes;
using testing::EmulatedSubject;
using testing::Encoded;
using testing::FrameOf;
using testing::kAcceptor;
using testing::kProposer;

constexpr uint32_t kGroup = 1;
constexpr uint64_t kIncarnation = 42;

SlotPacket Request(Message message, SlotBallot ballot, uint64_t slot, uint64_t cookie = 0) {
  return {.message = message,
          .group = kGroup,
          .cookie = cookie,
          .incarnation = kIncarnation,
          .ballot = ballot,
          .slot = slot};
}

std::unique_ptr<EmulatedSwitch> Make(SwitchOptions options) {
  options.entries.push_back(OwnAddress(kAcceptor));
  auto created = EmulatedSwitch::Create(std::move(options));
  EXPECT_TRUE(created.ok()) << created.status();
  return *std::move(created);
}

void Ignore(uint16_t, std::span<const std::byte>) {}

// Each step after the one before, which is what the control plane has to wait for.
Instant Enable(EmulatedSwitch& device, Instant now = Instant()) {
  for (const ControlStep& step : EnableSteps(kGroup, kIncarnation, 0)) {
    for (const RegisterWrite& write : step) {
      EXPECT_TRUE(device.WriteRegister(NameOf(write.which), write.index, write.word, now).ok());
    }
    while (device.PendingWrites() > 0) {
      now = device.NextEvent();
      device.Advance(now, Ignore);
    }
  }
  return now;
}

std::vector<SlotPacket> Send(EmulatedSwitch& device, const SlotPacket& request, Instant now) {
  std::vector<SlotPacket> answers;
  device.Receive(0, FrameOf(Encoded(request)), now,
                 [&](uint16_t, std::span<const std::byte> frame) {
                   answers.push_back(*Decode(ParseUdpFrame(frame)->payload));
                 });
  return answers;
}

TEST(EmulatedSwitch, ControlWrite_WithDelay_IsThereAfterIt) {
  constexpr Duration kDelay = std::chrono::milliseconds(5);
  const auto device = Make({.control_delay_min = kDelay, .control_delay_max = kDelay});
  const Instant start;
  ASSERT_TRUE(device->WriteRegister("trim", 0, 9, start).ok());
  EXPECT_EQ(device->ReadRegister("trim", 0).value(), 0u);
  device->Advance(start + kDelay - Duration(1), Ignore);
  EXPECT_EQ(device->ReadRegister("trim", 0).value(), 0u);
  EXPECT_EQ(device->NextEvent(), start + kDelay);
  device->Advance(start + kDelay, Ignore);
  EXPECT_EQ(device->ReadRegister("trim", 0).value(), 9u);
  EXPECT_EQ(device->NextEvent(), kNever);
}

// Packets come between the words of one step: as long as steps wait for each other, none of them
// is answered by half of an incarnation.
TEST(EmulatedSwitch, PacketsBetweenControlWrites_WhileEnabling_MeetNoVoterOrAWholeOne) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    const auto device = Make({.control_delay_max = std::chrono::microseconds(100), .seed = seed});
    Instant now;
    std::set<Outcome> outcomes;
    for (const ControlStep& step : EnableSteps(kGroup, kIncarnation << 32 | kIncarnation, 0)) {
      for (const RegisterWrite& write : step) {
        ASSERT_TRUE(device->WriteRegister(NameOf(write.which), write.index, write.word, now).ok());
      }
      while (device->PendingWrites() > 0) {
        now += std::chrono::microseconds(1);
        for (const uint64_t half : {kIncarnation << 32, kIncarnation}) {
          SlotPacket request = Request(Message::k1a, {1, 1, 1}, 0);
          request.incarnation = half;
          for (const SlotPacket& answer : Send(*device, request, now)) {
            outcomes.insert(answer.outcome);
          }
        }
      }
    }
    EXPECT_FALSE(outcomes.contains(Outcome::kDone));
  }
}

TEST(EmulatedSwitch, ControlWrites_OfOneStep_ComeInAnyOrder) {
  std::set<std::string> orders;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const auto device = Make({.control_delay_max = std::chrono::milliseconds(1), .seed = seed});
    ASSERT_TRUE(device->WriteRegister("trim", 0, 1, Instant()).ok());
    ASSERT_TRUE(device->WriteRegister("group", 0, 1, Instant()).ok());
    device->Advance(device->NextEvent(), Ignore);
    orders.insert(device->ReadRegister("trim", 0).value() == 1 ? "trim" : "group");
  }
  EXPECT_EQ(orders.size(), 2u);
}

// Both were under way at once; what is there when one takes effect decides.
TEST(EmulatedSwitch, Raised_ByTwoAtOnce_EndsWithTheGreater) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const auto device = Make({.control_delay_max = std::chrono::milliseconds(1), .seed = seed});
    ASSERT_TRUE(device->RaiseRegister("trim", 0, 20, Instant()).ok());
    ASSERT_TRUE(device->RaiseRegister("trim", 0, 4, Instant()).ok());
    device->Advance(Instant(std::chrono::seconds(1)), Ignore);
    EXPECT_EQ(device->ReadRegister("trim", 0).value(), 20u);
  }
}

TEST(EmulatedSwitch, PowerOff_WithAVoter_LosesEverything) {
  const auto device = Make({.control_delay_max = std::chrono::microseconds(10)});
  Instant now = Enable(*device);
  EXPECT_EQ(Send(*device, Request(Message::k2a, {5, 1, 1}, 3), now)[0].outcome, Outcome::kDone);
  ASSERT_TRUE(device->WriteRegister("trim", 0, 7, now).ok());
  device->PowerOff();
  EXPECT_FALSE(device->IsOn());
  EXPECT_TRUE(Send(*device, Request(Message::k1a, {6, 1, 1}, 3), now).empty());
  EXPECT_EQ(device->WriteRegister("trim", 0, 7, now).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(device->ReadRegister("trim", 0).status().code(), absl::StatusCode::kUnavailable);
  device->PowerOn();
  now += std::chrono::seconds(1);
  device->Advance(now, Ignore);
  EXPECT_EQ(device->ReadRegister("trim", 0).value(), 0u);
  EXPECT_EQ(Send(*device, Request(Message::k1a, {6, 1, 1}, 3), now)[0].outcome,
            Outcome::kNotAVoter);
  now = Enable(*device, now);
  const std::vector<SlotPacket> answers = Send(*device, Request(Message::k1a, {1, 1, 1}, 3), now);
  EXPECT_EQ(answers[0].outcome, Outcome::kDone);
  EXPECT_EQ(answers[0].accepted, SlotBallot());
}

TEST(EmulatedSwitch, UnknownRegisterOrWord_Accessed_IsAnError) {
  const auto device = Make({});
  EXPECT_EQ(device->ReadRegister("nothing", 0).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(device->ReadRegister("trim", 1).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(device->WriteRegister("value_7", 65'536, 1, Instant()).code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(device->WriteRegister("value_7", 65'535, 1, Instant()).ok());
}

// Whatever happens on the ports: a promise is never taken back, and no value is read that was not
// written in that ballot.
TEST(EmulatedSwitch, LossDuplicationAndReordering_OnPorts_KeepTheAcceptorsPromises) {
  const auto device = Make({.faults = {.loss = 100'000,
                                       .duplication = 100'000,
                                       .reordering = 300'000,
                                       .held_max = std::chrono::microseconds(50)}});
  Instant now = Enable(*device);
  Rng rng(7);
  std::map<uint64_t, int> answered;                            // By cookie.
  std::map<std::pair<uint32_t, uint64_t>, uint32_t> proposed;  // By round and slot.
  int late = 0;
  const auto take = [&](uint16_t, std::span<const std::byte> frame) {
    const SlotPacket answer = *Decode(ParseUdpFrame(frame)->payload);
    ++answered[answer.cookie];
    if (answer.outcome == Outcome::kDone) {
      EXPECT_EQ(answer.promised, answer.ballot);
      if (answer.message == Message::k1b && !answer.accepted.IsZero()) {
        EXPECT_EQ(answer.value.kind, (proposed[{answer.accepted.round, answer.slot}]));
      }
    } else {
      EXPECT_EQ(answer.outcome, Outcome::kPromisedHigher);
      EXPECT_GT(answer.promised, answer.ballot);
      ++late;
    }
  };
  constexpr uint64_t kRequests = 20'000;
  for (uint64_t cookie = 1; cookie <= kRequests; ++cookie) {
    now += std::chrono::microseconds(1);
    const auto round = static_cast<uint32_t>(1 + cookie / 100);
    SlotPacket request = Request(rng.Chance(1, 2) ? Message::k1a : Message::k2a, {round, 1, 1},
                                 rng.Below(8), cookie);
    if (request.message == Message::k2a) {
      uint32_t& value = proposed[{round, request.slot}];
      if (value == 0) value = static_cast<uint32_t>(cookie);
      request.value.kind = value;
    }
    device->Receive(0, FrameOf(Encoded(request)), now, take);
  }
  device->Advance(now + std::chrono::seconds(1), take);
  int twice = 0;
  for (const auto& [cookie, times] : answered) twice += times > 1 ? 1 : 0;
  EXPECT_GT(answered.size(), kRequests * 7 / 10);
  EXPECT_LT(answered.size(), kRequests * 9 / 10);
  EXPECT_GT(twice, 1000);
  EXPECT_GT(late, 100);
}

TEST(EmulatedSwitch, EqualSeeds_WithFaults_GiveEqualRuns) {
  const auto run = [](uint64_t seed) {
    const auto device =
        Make({.control_delay_max = std::chrono::microseconds(20),
              .faults = {.loss = 100'000, .duplication = 100'000, .reordering = 300'000},
              .seed = seed});
    std::vector<uint64_t> cookies;
    Instant now = Enable(*device);
    for (uint64_t cookie = 0; cookie < 500; ++cookie) {
      now += std::chrono::microseconds(3);
      device->Receive(0, FrameOf(Encoded(Request(Message::k2a, {1, 1, 1}, cookie, cookie))), now,
                      [&](uint16_t, std::span<const std::byte> frame) {
                        cookies.push_back(Decode(ParseUdpFrame(frame)->payload)->cookie);
                      });
    }
    return cookies;
  };
  EXPECT_EQ(run(5), run(5));
  EXPECT_NE(run(5), run(6));
}

TEST(EmulatedSwitch, DamagedFrame_Received_IsDroppedAndChangesNothing) {
  EmulatedSubject subject;
  subject.Do(EnableSteps(kGroup, kIncarnation, 0));
  const Bytes frame = FrameOf(Encoded(Request(Message::k2a, {1, 1, 1}, 5)));
  // Behind Ethernet's header everything is under a checksum.
  for (size_t bit = 14 * 8; bit < frame.size() * 8; ++bit) {
    Bytes damaged = frame;
    damaged[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    EXPECT_FALSE(subject.AskFrame(damaged).has_value()) << bit;
  }
  for (size_t size = 0; size < frame.size(); ++size) {
    EXPECT_FALSE(subject.AskFrame(std::span(frame).first(size)).has_value()) << size;
  }
  EXPECT_EQ(subject.Read(SlotRegister::kPromisedRound, 0), 0u);
  EXPECT_TRUE(subject.AskFrame(frame).has_value());
}

TEST(EmulatedSwitch, RequestWithoutUdpChecksum_Received_IsAnswered) {
  EmulatedSubject subject;
  subject.Do(EnableSteps(kGroup, kIncarnation, 0));
  const Bytes request = Encoded(Request(Message::k2a, {1, 1, 1}, 5));
  Bytes frame(kFrameHeaderBytes + request.size());
  BuildUdpFrame({.from = kProposer, .to = kAcceptor, .payload = request}, UdpChecksum::kNone,
                frame);
  EXPECT_TRUE(subject.AskFrame(frame).has_value());
}

// A sum of zero is sent as 0xffff, which is as good.
TEST(EmulatedSwitch, RequestsOfEverySum_Received_AreAnswered) {
  EmulatedSubject subject;
  subject.Do(EnableSteps(kGroup, kIncarnation, 0));
  for (uint64_t cookie = 0; cookie < 65'536; ++cookie) {
    const Bytes frame = FrameOf(Encoded(Request(Message::k1a, {1, 1, 1}, 5, cookie)));
    ASSERT_TRUE(subject.AskFrame(frame).has_value()) << cookie;
  }
}

TEST(EmulatedSwitch, FrameForSomebodyElse_Received_GoesWhereTheRoutesSay) {
  EmulatedSubject subject;
  subject.Do(EnableSteps(kGroup, kIncarnation, 0));
  const Bytes request = Encoded(Request(Message::k2a, {9, 9, 9}, 5));
  const Bytes frame = FrameOf(request, kProposer, {.address = kAcceptor.address, .port = 7401});
  EXPECT_FALSE(subject.AskFrame(frame).has_value());
  ASSERT_TRUE(subject.device().SetEntry({"routes", {0}, "forward", {12}}).ok());
  Bytes forwarded;
  uint16_t port = 0;
  subject.device().Receive(3, frame, Instant(), [&](uint16_t to, std::span<const std::byte> sent) {
    port = to;
    forwarded.assign(sent.begin(), sent.end());
  });
  EXPECT_EQ(port, 12);
  EXPECT_EQ(forwarded, frame);
  EXPECT_EQ(subject.Read(SlotRegister::kPromisedRound, 0), 0u);
}

TEST(EmulatedSwitch, EntryOrDelaysThatDoNotFit_Created_AreRefused) {
  EXPECT_FALSE(EmulatedSwitch::Create({.entries = {{"nowhere", {1}, "vote", {}}}}).ok());
  EXPECT_FALSE(
      EmulatedSwitch::Create({.control_delay_min = Duration(2), .control_delay_max = Duration(1)})
          .ok());
}

}  // namespace
}  // namespace synod::slots
