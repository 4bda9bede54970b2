// The acceptor in the kernel at a real interface: a veth device, in its driver.
#include "tests/unit/switch/xdp_wire.h"

#include <cstdlib>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "tests/unit/switch/differential.h"
#include "tests/unit/switch/golden.h"

namespace synod::slots::testing {
namespace {

TEST_F(XdpWire, GoldenVectors_OverTheWire_AreAnsweredSo) {
  WireSubject subject(*wire_, *acceptor_);
  EXPECT_EQ(FirstWrong(ReadGoldenVectors(SYNOD_GOLDEN_VECTORS), subject), 0)
      << "the line of the request";
}

// The kernel verifies what comes back before a socket sees it, so that both checksums are right
// too.
TEST_F(XdpWire, MillionRandomRequests_OverTheWire_AreAnsweredAsTheSoftwareDoes) {
  constexpr int kRequests = 1'200'000;
  SoftwareSubject software;
  WireSubject subject(*wire_, *acceptor_);
  RandomRequests random(4);
  Outcomes outcomes;
  uint64_t answered = 0;
  for (int i = 0; i < kRequests && !HasFatalFailure(); ++i) {
    random.Control(subject, software);
    Bytes bytes = NextDatagram(random);
    std::optional<Bytes> answer = software.Ask(bytes);
    outcomes.Count(answer);
    answered += answer ? 1 : 0;
    subject.Enqueue(std::move(bytes), std::move(answer));
    if (i % 200'000 == 0) {
      subject.Flush();
      ExpectEqualRegisters(software, subject);
    }
  }
  subject.Flush();
  subject.ExpectNothingMore();
  ExpectEqualRegisters(software, subject);
  outcomes.ExpectAll(kRequests);
  EXPECT_EQ(acceptor_->Counters()->answered, answered);
  EXPECT_EQ(acceptor_->Counters()->damaged, 0u);
}

// A value that has no place in a slot.
TEST_F(XdpWire, LargeDatagram_ToTheAcceptor_ReachesTheSocketBehindIt) {
  DatagramSocket proposer(*wire_, Side::kProposer, kProposer);
  DatagramSocket behind(*wire_, Side::kAcceptor, kAcceptor);
  proposer.Connect(kAcceptor);
  // The last one in fragments.
  for (const size_t bytes : {kPacketBytes + 1, size_t{1000}, kMaxDatagramBytes, size_t{2000}}) {
    Bytes large = Encoded(SlotPacket{.message = Message::k2a, .ballot = {1, 1, 1}});
    large.resize(bytes, std::byte{0x77});
    proposer.Send({large});
    EXPECT_EQ(behind.Receive(1), std::vector<Bytes>{large});
  }
  EXPECT_EQ(acceptor_->Counters()->answered, 0u);
}

TEST_F(XdpWire, OtherTraffic_OnTheInterface_IsUntouched) {
  DatagramSocket proposer(*wire_, Side::kProposer, kProposer);
  const Endpoint other = {.address = kAcceptor.address, .port = 9};
  DatagramSocket receiver(*wire_, Side::kAcceptor, other);
  receiver.Connect(kProposer);
  proposer.Connect(other);
  // A request in all but the port.
  const Bytes request = Encoded(SlotPacket{.ballot = {1, 1, 1}});
  proposer.Send({request});
  EXPECT_EQ(receiver.Receive(1), std::vector<Bytes>{request});
  receiver.Send({request});
  EXPECT_EQ(proposer.Receive(1), std::vector<Bytes>{request});
  EXPECT_EQ(acceptor_->Counters()->answered, 0u);
}

// What its device was to sum, but did not: on a real wire this would be damage.
TEST_F(XdpWire, DamagedRequest_OverTheWire_IsCountedAndNotAnswered) {
  int raw = -1;
  wire_->In(Side::kProposer, [&] { raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW); });
  Bytes frame = FrameOf(Encoded(SlotPacket{.ballot = {1, 1, 1}}));
  frame.back() ^= std::byte{1};
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(kAcceptor.address);
  ASSERT_EQ(sendto(raw, frame.data() + 14, frame.size() - 14, 0,
                   reinterpret_cast<const sockaddr*>(&to), sizeof(to)),
            static_cast<ssize_t>(frame.size() - 14));
  close(raw);
  WireSubject subject(*wire_, *acceptor_);
  EXPECT_EQ(subject.Ask(SlotPacket{.ballot = {1, 1, 1}}).outcome, Outcome::kNotAVoter);
  subject.ExpectNothingMore();
  EXPECT_EQ(acceptor_->Counters()->damaged, 1u);
}

TEST_F(XdpWire, Detached_Asked_IsSilentAndKeepsItsPromise) {
  WireSubject subject(*wire_, *acceptor_);
  subject.Do(EnableSteps(1, 7, 0));
  const SlotPacket request{
      .message = Message::k2a, .group = 1, .incarnation = 7, .ballot = {5, 1, 1}, .slot = 3};
  EXPECT_EQ(subject.Ask(request).outcome, Outcome::kDone);
  EXPECT_TRUE(acceptor_->IsAttached());
  ASSERT_TRUE(acceptor_->Detach().ok());
  ASSERT_TRUE(acceptor_->Detach().ok());
  EXPECT_FALSE(acceptor_->IsAttached());
  subject.Enqueue(Encoded(request), std::nullopt);  // Arrives behind it.
  subject.Flush();
  subject.ExpectNothingMore();

  ASSERT_TRUE(Attach(*acceptor_).ok());
  SlotPacket lower = request;
  lower.ballot.round = 4;
  EXPECT_EQ(subject.Ask(lower).outcome, Outcome::kPromisedHigher);
}

TEST_F(XdpWire, PowerCycled_WhileAttached_IsNoVoter) {
  WireSubject subject(*wire_, *acceptor_);
  subject.Do(EnableSteps(1, 7, 0));
  const SlotPacket request{
      .message = Message::k2a, .group = 1, .incarnation = 7, .ballot = {5, 1, 1}, .slot = 3};
  EXPECT_EQ(subject.Ask(request).outcome, Outcome::kDone);
  subject.PowerCycle();
  EXPECT_EQ(subject.Ask(request).outcome, Outcome::kNotAVoter);
  SoftwareSubject fresh;
  ExpectEqualRegisters(subject, fresh);
}

TEST_F(XdpWire, GenericMode_AskedFor_AnswersToo) {
  ASSERT_TRUE(acceptor_->Detach().ok());
  ASSERT_TRUE(Attach(*acceptor_, XdpMode::kGeneric).ok());
  WireSubject subject(*wire_, *acceptor_);
  EXPECT_EQ(subject.Ask(SlotPacket{.ballot = {1, 1, 1}}).outcome, Outcome::kNotAVoter);
}

TEST_F(XdpWire, Interface_ThatIsNoneOrTakenOrWithoutNativeMode_IsRefused) {
  EXPECT_EQ(acceptor_->Attach("nosuchdevice", XdpMode::kNative).code(),
            absl::StatusCode::kNotFound);
  auto other = XdpAcceptor::Open({.address = kAcceptor});
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(Attach(**other).code(), absl::StatusCode::kFailedPrecondition);
  wire_->In(Side::kAcceptor, [&] {
    EXPECT_EQ((*other)->Attach("lo", XdpMode::kNative).code(), absl::StatusCode::kUnimplemented);
  });
}

// What is pinned: the acceptor is there without a process.
class PinnedXdp : public XdpWire {
 protected:
  void SetUp() override {
    auto place = support::MountBpffs();
    SYNOD_SKIP_WITHOUT(place.status());
    directory_ = *place + "/acceptor";
    XdpWire::SetUp();
  }
  XdpOptions Options() override { return {.address = kAcceptor, .directory = directory_}; }

  std::string directory_;
};

TEST_F(PinnedXdp, ProcessGone_Asked_AnswersAsTheSameVoter) {
  const SlotPacket request{
      .message = Message::k2a, .group = 1, .incarnation = 7, .ballot = {5, 1, 1}, .slot = 3};
  WireSubject(*wire_, *acceptor_).Do(EnableSteps(1, 7, 0));
  acceptor_.reset();

  DatagramSocket proposer(*wire_, Side::kProposer, kProposer);
  proposer.Connect(kAcceptor);
  proposer.Send({Encoded(request)});
  const std::vector<Bytes> answers = proposer.Receive(1);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(Decode(answers[0])->outcome, Outcome::kDone);

  // The next process finds it attached, and takes over.
  auto again = XdpAcceptor::Open(Options());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE((*again)->IsAttached());
  EXPECT_EQ((*again)->Read(SlotRegister::kPromisedRound), 5u);
  EXPECT_EQ(Attach(**again, XdpMode::kGeneric).code(), absl::StatusCode::kFailedPrecondition);
  wire_->In(Side::kProposer, [&] {
    EXPECT_EQ((*again)->Attach(VethPair::Device(Side::kProposer), XdpMode::kNative).code(),
              absl::StatusCode::kFailedPrecondition);
  });
  ASSERT_TRUE(Attach(**again).ok());
  SlotPacket lower = request;
  lower.ballot.round = 4;
  proposer.Send({Encoded(lower)});
  EXPECT_EQ(Decode(proposer.Receive(1).at(0))->outcome, Outcome::kPromisedHigher);
  EXPECT_EQ((*again)->Counters()->answered, 2u);

  // Taken away on purpose, it is gone with its last process.
  ASSERT_TRUE((*again)->Detach().ok());
  again->reset();
  auto detached = XdpAcceptor::Open(Options());
  ASSERT_TRUE(detached.ok());
  EXPECT_FALSE((*detached)->IsAttached());
  EXPECT_EQ((*detached)->Read(SlotRegister::kPromisedRound), 5u);
}

// A bpffs is in memory, so that this is what a machine finds that was started anew.
TEST_F(PinnedXdp, PinsGone_Opened_IsNoVoter) {
  WireSubject(*wire_, *acceptor_).Do(EnableSteps(1, 7, 0));
  acceptor_.reset();
  ASSERT_EQ(std::system(("rm -r " + directory_).c_str()), 0);
  auto again = XdpAcceptor::Open(Options());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE((*again)->IsAttached());
  // With its link, the former program goes too; the kernel takes a moment for that.
  absl::Status attached = Attach(**again);
  for (int i = 0; i < 100'000 && absl::IsFailedPrecondition(attached); ++i) {
    std::this_thread::yield();
    attached = Attach(**again);
  }
  ASSERT_TRUE(attached.ok()) << attached;
  WireSubject subject(*wire_, **again);
  EXPECT_EQ(subject.Ask(SlotPacket{.group = 1, .incarnation = 7, .ballot = {5, 1, 1}}).outcome,
            Outcome::kNotAVoter);
}

TEST_F(PinnedXdp, InterfaceGone_Attached_IsMadeAnew) {
  wire_->In(Side::kAcceptor, [] {
    const std::string remove = std::string("ip link del ") + VethPair::Device(Side::kAcceptor);
    ASSERT_EQ(std::system(remove.c_str()), 0);
  });
  EXPECT_FALSE(acceptor_->IsAttached());
  wire_ = *VethPair::Make();
  ASSERT_TRUE(Attach(*acceptor_).ok());
  EXPECT_TRUE(acceptor_->IsAttached());
}

TEST_F(PinnedXdp, Directory_HeldOrForeignOrOutsideABpffs_IsRefused) {
  EXPECT_EQ(XdpAcceptor::Open(Options()).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(XdpAcceptor::Open({.address = kAcceptor, .directory = "/tmp/acceptor"}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(XdpAcceptor::Open({.address = {.address = 0, .port = 1}}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(XdpAcceptor::Open({.address = kAcceptor, .program = "no program"}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  // A map of another kind is in the place of one.
  acceptor_.reset();
  const std::string exchange = "cd " + directory_ + " && mv slots kept && mv promise slots";
  ASSERT_EQ(std::system(exchange.c_str()), 0);
  EXPECT_EQ(XdpAcceptor::Open(Options()).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace synod::slots::testing
