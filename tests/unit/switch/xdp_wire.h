// The acceptor in the kernel at one end of a virtual wire, asked from the other.
#ifndef SYNOD_TESTS_UNIT_SWITCH_XDP_WIRE_H_
#define SYNOD_TESTS_UNIT_SWITCH_XDP_WIRE_H_

#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "synod/switch/xdp_acceptor.h"

#include "gtest/gtest.h"
#include "tests/support/veth_pair.h"
#include "tests/unit/switch/datagram_socket.h"
#include "tests/unit/switch/xdp_under_test.h"

namespace synod::slots::testing {

using support::Side;
using support::VethPair;

// Makes the wire and attaches an acceptor to one end.
class XdpWire : public ::testing::Test {
 protected:
  void SetUp() override {
    auto wire = VethPair::Make();
    SYNOD_SKIP_WITHOUT(wire.status());
    wire_ = *std::move(wire);
    auto opened = XdpAcceptor::Open(Options());
    SYNOD_SKIP_WITHOUT(opened.status());
    acceptor_ = *std::move(opened);
    SYNOD_SKIP_WITHOUT(Attach(*acceptor_));
  }

  virtual XdpOptions Options() { return {.address = kAcceptor}; }
  absl::Status Attach(XdpAcceptor& acceptor, XdpMode mode = XdpMode::kNative) {
    absl::Status status;
    wire_->In(Side::kAcceptor,
              [&] { status = acceptor.Attach(VethPair::Device(Side::kAcceptor), mode); });
    return status;
  }

  std::unique_ptr<VethPair> wire_;
  std::unique_ptr<XdpAcceptor> acceptor_;
};

// Sends over the wire. What is not answered is to arrive at a socket behind the acceptor, as it was
// sent.
class WireSubject : public Subject {
 public:
  WireSubject(const VethPair& wire, XdpAcceptor& acceptor)
      : acceptor_(acceptor),
        proposer_(wire, Side::kProposer, kProposer),
        behind_(wire, Side::kAcceptor, kAcceptor) {
    proposer_.Connect(kAcceptor);
  }

  // To be asked with the next Flush, and to be answered so.
  void Enqueue(Bytes datagram, std::optional<Bytes> answer) {
    if (answer) {
      answers_.push_back(*std::move(answer));
    } else {
      passed_.push_back(datagram);
    }
    requests_.push_back(std::move(datagram));
    if (requests_.size() == DatagramSocket::kBatch) Flush();
  }
  void Flush() {
    if (requests_.empty()) return;
    proposer_.Send(requests_);
    ASSERT_EQ(proposer_.Receive(answers_.size()), answers_);
    ASSERT_EQ(behind_.Receive(passed_.size()), passed_);
    requests_.clear();
    answers_.clear();
    passed_.clear();
  }
  void ExpectNothingMore() { EXPECT_FALSE(proposer_.HasMore() || behind_.HasMore()); }

  using Subject::Ask;
  // A request of another version, which changes nothing, comes behind each: once it is answered,
  // what was not answered before will not be.
  std::optional<Bytes> Ask(std::span<const std::byte> datagram) override {
    const SlotPacket marker{.version = 77, .cookie = ++markers_ << 32 | 0xabcdef};
    proposer_.Send({Bytes(datagram.begin(), datagram.end()), Encoded(marker)});
    std::optional<Bytes> answer;
    for (auto received = proposer_.Receive(1); !received.empty(); received = proposer_.Receive(1)) {
      const std::optional<SlotPacket> packet = Decode(received[0]);
      if (packet && packet->cookie == marker.cookie) return answer;
      EXPECT_FALSE(answer.has_value());
      answer = std::move(received[0]);
    }
    ADD_FAILURE() << "no answer";
    return std::nullopt;
  }
  uint32_t Read(SlotRegister which, size_t index) override { return acceptor_.Read(which, index); }
  void Write(SlotRegister which, size_t index, uint32_t word) override {
    Flush();
    EXPECT_TRUE(
        acceptor_.Write({.which = which, .index = static_cast<uint32_t>(index), .word = word})
            .ok());
  }
  void PowerCycle() override {
    Flush();
    EXPECT_TRUE(acceptor_.PowerCycle().ok());
  }

 private:
  XdpAcceptor& acceptor_;
  DatagramSocket proposer_;
  DatagramSocket behind_;
  std::vector<Bytes> requests_;
  std::vector<Bytes> answers_;
  std::vector<Bytes> passed_;
  uint64_t markers_ = 0;
};

}  // namespace synod::slots::testing

#endif  // SYNOD_TESTS_UNIT_SWITCH_XDP_WIRE_H_
