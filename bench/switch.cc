#include "bench/switch.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "synod/switch/emulated_switch.h"
#include "synod/switch/slot_acceptor.h"
#include "synod/switch/slot_packet.h"
#include "synod/switch/slot_registers.h"
#include "synod/switch/udp_frame.h"

#include "bench/fail.h"
#include "bench/statistics.h"

namespace synod::bench {
namespace {

constexpr uint32_t kGroup = 1;
constexpr uint64_t kIncarnation = 7;
constexpr slots::Endpoint kProposer = {.address = 0x0a000001, .port = 4001};
constexpr slots::Endpoint kAcceptor = {.address = 0x0a000002, .port = 7400};

using Datagram = std::array<std::byte, slots::kPacketBytes>;
using Frame = std::array<std::byte, slots::kFrameHeaderBytes + slots::kPacketBytes>;

// One for each slot of the window.
std::vector<Datagram> Requests() {
  std::vector<Datagram> requests(slots::kWindowSlots);
  for (size_t slot = 0; slot < requests.size(); ++slot) {
    slots::SlotPacket packet{.message = slot % 8 == 0 ? slots::Message::k1a : slots::Message::k2a,
                             .group = kGroup,
                             .cookie = slot,
                             .incarnation = kIncarnation,
                             .ballot = {.round = 1, .node = 1, .incarnation = 1},
                             .slot = slot};
    packet.value.length = slots::kMaxValueBytes;
    packet.value.bytes.fill(static_cast<std::byte>(slot));
    slots::Encode(packet, requests[slot]);
  }
  return requests;
}

// `answer_all` answers each of the requests once and returns how many it did.
template <class AnswerAll>
double PacketsPerSecond(std::chrono::milliseconds duration, AnswerAll answer_all) {
  size_t answered = 0;
  size_t asked = 0;
  const Clock::time_point start = Clock::now();
  while (Clock::now() - start < duration) {
    answered += answer_all();
    asked += slots::kWindowSlots;
  }
  if (answered != asked) Fail("a request got no answer");
  return static_cast<double>(answered) / Seconds(Clock::now() - start);
}

}  // namespace

double EmulatedPacketsPerSecond(std::chrono::milliseconds duration) {
  auto created = slots::EmulatedSwitch::Create({.entries = {slots::OwnAddress(kAcceptor)}});
  if (!created.ok()) Fail("the acceptor's program is refused");
  slots::EmulatedSwitch& device = **created;
  for (const slots::ControlStep& step : slots::EnableSteps(kGroup, kIncarnation, 0)) {
    for (const slots::RegisterWrite& write : step) {
      if (!device.WriteRegister(slots::NameOf(write.which), write.index, write.word, {}).ok()) {
        Fail("the acceptor has not the registers that it should");
      }
    }
  }
  std::vector<Frame> frames;
  for (const Datagram& request : Requests()) {
    slots::BuildUdpFrame({.from = kProposer, .to = kAcceptor, .payload = request},
                         slots::UdpChecksum::kComputed, frames.emplace_back());
  }
  return PacketsPerSecond(duration, [&] {
    size_t answered = 0;
    for (const Frame& frame : frames) {
      device.Receive(0, frame, Instant(),
                     [&](uint16_t, std::span<const std::byte>) { ++answered; });
    }
    return answered;
  });
}

double SoftwarePacketsPerSecond(std::chrono::milliseconds duration) {
  slots::SlotAcceptor acceptor;
  for (const slots::ControlStep& step : slots::EnableSteps(kGroup, kIncarnation, 0)) {
    for (const slots::RegisterWrite& write : step) {
      acceptor.Write(write.which, write.index, write.word);
    }
  }
  const std::vector<Datagram> requests = Requests();
  return PacketsPerSecond(duration, [&] {
    size_t answered = 0;
    Datagram answer;
    for (const Datagram& request : requests) answered += acceptor.Process(request, answer) ? 1 : 0;
    return answered;
  });
}

}  // namespace synod::bench
