// The acceptor in the kernel, loaded but at no interface: the kernel runs it on one frame at a
// time.
#ifndef SYNOD_TESTS_UNIT_SWITCH_XDP_UNDER_TEST_H_
#define SYNOD_TESTS_UNIT_SWITCH_XDP_UNDER_TEST_H_

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "synod/switch/xdp_acceptor.h"

#include "gtest/gtest.h"
#include "tests/unit/switch/switch_under_test.h"

// Ends the test if the kernel does not allow what it needs, or this process may not ask for it, and
// says so. Any other reason is a failure. For the body of a test, or of SetUp.
#define SYNOD_SKIP_WITHOUT(status)                                               \
  do {                                                                           \
    if (::absl::IsPermissionDenied(status) || ::absl::IsUnimplemented(status)) { \
      GTEST_SKIP() << "not possible here: " << (status);                         \
    }                                                                            \
    ASSERT_TRUE((status).ok()) << (status);                                      \
  } while (false)

namespace synod::slots::testing {

class XdpSubject : public Subject {
 public:
  // `program`: empty for the one that is shipped.
  explicit XdpSubject(std::string program = "")
      : opened_(XdpAcceptor::Open({.address = kAcceptor, .program = std::move(program)})) {}

  void SkipIfUnavailable() override { SYNOD_SKIP_WITHOUT(opened_.status()); }

  using Subject::Ask;
  std::optional<Bytes> Ask(std::span<const std::byte> datagram) override {
    return AskFrame(FrameOf(datagram));
  }
  // The answer is checked to go where the request came from, with checksums that are right; what is
  // passed on, to be as it was.
  std::optional<Bytes> AskFrame(std::span<const std::byte> frame) {
    const absl::StatusOr<XdpVerdict> verdict = acceptor().Run(frame);
    EXPECT_TRUE(verdict.ok()) << verdict.status();
    if (!verdict.ok()) return std::nullopt;
    if (!verdict->is_answered) {
      EXPECT_TRUE(
          std::equal(frame.begin(), frame.end(), verdict->frame.begin(), verdict->frame.end()));
      return std::nullopt;
    }
    const std::optional<UdpDatagram> datagram = ParseUdpFrame(verdict->frame);
    EXPECT_TRUE(datagram.has_value());
    if (!datagram) return std::nullopt;
    EXPECT_EQ(datagram->to, kProposer);
    EXPECT_EQ(datagram->from, kAcceptor);
    return Bytes(datagram->payload.begin(), datagram->payload.end());
  }
  uint32_t Read(SlotRegister which, size_t index) override { return acceptor().Read(which, index); }
  void Write(SlotRegister which, size_t index, uint32_t word) override {
    const absl::Status status =
        acceptor().Write({.which = which, .index = static_cast<uint32_t>(index), .word = word});
    EXPECT_TRUE(status.ok()) << status;
  }
  void PowerCycle() override {
    const absl::Status status = acceptor().PowerCycle();
    EXPECT_TRUE(status.ok()) << status;
  }
  [[nodiscard]] XdpAcceptor& acceptor() { return **opened_; }

 private:
  absl::StatusOr<std::unique_ptr<XdpAcceptor>> opened_;
};

}  // namespace synod::slots::testing

#endif  // SYNOD_TESTS_UNIT_SWITCH_XDP_UNDER_TEST_H_
