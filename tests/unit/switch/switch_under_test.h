// The two acceptors side by side: one in software, and acceptor.p4 in the emulator.
#ifndef SYNOD_TESTS_UNIT_SWITCH_SWITCH_UNDER_TEST_H_
#define SYNOD_TESTS_UNIT_SWITCH_SWITCH_UNDER_TEST_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "synod/switch/emulated_switch.h"
#include "synod/switch/slot_acceptor.h"
#include "synod/switch/slot_packet.h"
#include "synod/switch/slot_registers.h"
#include "synod/switch/udp_frame.h"

#include "gtest/gtest.h"

namespace synod::slots::testing {

using Bytes = std::vector<std::byte>;

inline constexpr Endpoint kProposer = {.address = 0x0a000001, .port = 4001};
inline constexpr Endpoint kAcceptor = {.address = 0x0a000002, .port = 7400};

inline Bytes Encoded(const SlotPacket& packet) {
  Bytes bytes(kPacketBytes);
  Encode(packet, std::span<std::byte, kPacketBytes>(bytes));
  return bytes;
}

inline Bytes FrameOf(std::span<const std::byte> payload, Endpoint from = kProposer,
                     Endpoint to = kAcceptor) {
  Bytes frame(kFrameHeaderBytes + payload.size());
  BuildUdpFrame({.from = from, .to = to, .payload = payload}, UdpChecksum::kComputed, frame);
  return frame;
}

// One request, one answer, whatever runs behind it.
class Subject {
 public:
  virtual ~Subject() = default;
  // The answer to a datagram; nothing if there is none.
  virtual std::optional<Bytes> Ask(std::span<const std::byte> datagram) = 0;
  virtual uint32_t Read(SlotRegister which, size_t index) = 0;
  virtual void Write(SlotRegister which, size_t index, uint32_t word) = 0;
  virtual void PowerCycle() = 0;
  // Ends a test, from its SetUp, whose subject does not run everywhere.
  virtual void SkipIfUnavailable() {}

  SlotPacket Ask(const SlotPacket& request) {
    const std::optional<Bytes> answer = Ask(Encoded(request));
    EXPECT_TRUE(answer.has_value());
    const std::optional<SlotPacket> decoded = answer ? Decode(*answer) : std::nullopt;
    EXPECT_TRUE(decoded.has_value());
    return decoded.value_or(SlotPacket());
  }
  void Do(const std::vector<ControlStep>& steps) {
    for (const ControlStep& step : steps) {
      for (const RegisterWrite& write : step) Write(write.which, write.index, write.word);
    }
  }
};

class SoftwareSubject : public Subject {
 public:
  using Subject::Ask;
  std::optional<Bytes> Ask(std::span<const std::byte> datagram) override {
    Bytes answer(kPacketBytes);
    if (!acceptor_.Process(datagram, std::span<std::byte, kPacketBytes>(answer))) {
      return std::nullopt;
    }
    return answer;
  }
  uint32_t Read(SlotRegister which, size_t index) override { return acceptor_.Read(which, index); }
  void Write(SlotRegister which, size_t index, uint32_t word) override {
    acceptor_.Write(which, index, word);
  }
  void PowerCycle() override { acceptor_.PowerCycle(); }

 private:
  SlotAcceptor acceptor_;
};

class EmulatedSubject : public Subject {
 public:
  // `program`: empty for the one that is shipped.
  explicit EmulatedSubject(std::string program = "") {
    SwitchOptions options{.program = std::move(program), .entries = {OwnAddress(kAcceptor)}};
    auto created = EmulatedSwitch::Create(std::move(options));
    EXPECT_TRUE(created.ok()) << created.status();
    if (created.ok()) switch_ = *std::move(created);
  }

  using Subject::Ask;
  std::optional<Bytes> Ask(std::span<const std::byte> datagram) override {
    return AskFrame(FrameOf(datagram));
  }
  // The answer is checked to go where the request came from, with checksums that are right.
  std::optional<Bytes> AskFrame(std::span<const std::byte> frame) {
    std::optional<Bytes> answer;
    switch_->Receive(kPort, frame, Instant(), [&](uint16_t port, std::span<const std::byte> sent) {
      EXPECT_EQ(port, kPort);
      EXPECT_FALSE(answer.has_value()) << "two answers";
      const std::optional<UdpDatagram> datagram = ParseUdpFrame(sent);
      ASSERT_TRUE(datagram.has_value());
      EXPECT_EQ(datagram->to, kProposer);
      EXPECT_EQ(datagram->from, kAcceptor);
      answer.emplace(datagram->payload.begin(), datagram->payload.end());
    });
    return answer;
  }
  uint32_t Read(SlotRegister which, size_t index) override {
    const auto word = switch_->ReadRegister(NameOf(which), static_cast<uint32_t>(index));
    EXPECT_TRUE(word.ok()) << word.status();
    return word.value_or(0);
  }
  void Write(SlotRegister which, size_t index, uint32_t word) override {
    const absl::Status status =
        switch_->WriteRegister(NameOf(which), static_cast<uint32_t>(index), word, Instant());
    EXPECT_TRUE(status.ok()) << status;
  }
  void PowerCycle() override {
    switch_->PowerOff();
    switch_->PowerOn();
  }
  [[nodiscard]] EmulatedSwitch& device() { return *switch_; }

 private:
  static constexpr uint16_t kPort = 7;
  std::unique_ptr<EmulatedSwitch> switch_;
};

}  // namespace synod::slots::testing

#endif  // SYNOD_TESTS_UNIT_SWITCH_SWITCH_UNDER_TEST_H_
