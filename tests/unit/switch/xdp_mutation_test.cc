// A rule that can be taken out of acceptor.bpf.c without a test that fails is no rule: each is
// taken out of a copy, which is compiled and loaded, and the golden vectors or random requests miss
// it.
#include <optional>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "tests/unit/switch/bpf_workshop.h"
#include "tests/unit/switch/golden.h"
#include "tests/unit/switch/random_requests.h"
#include "tests/unit/switch/xdp_under_test.h"

namespace synod::slots::testing {
namespace {

struct Mutation {
  const char* rule;
  std::string_view from;
  std::string_view to;
};

constexpr Mutation kMutations[] = {
    {"a lower ballot is refused", "if (first < held_first || (", "if (0 && ("},
    {"the round and the node are compared first", "first < held_first || (first == held_first && ",
     "first < held_first || ("},
    {"the incarnation is compared", "&& second < held_second", "&& second < 0"},
    {"an equal ballot is not refused", "&& second < held_second", "&& second <= held_second"},
    {"the round is kept", "promise->promised_round = first >> 32;", ""},
    {"the node is kept", "promise->promised_node = first;", ""},
    {"the incarnation's higher half is kept", "promise->promised_high = second >> 32;", ""},
    {"the incarnation's lower half is kept", "promise->promised_low = second;", ""},
    {"the promise is in the answer", "*promised = *ballot;", ""},
    {"the higher promise is in the answer", "promised->round = bpf_htonl(promise->promised_round);",
     ""},
    {"a later slot is not overwritten", "if (slot->generation > generation) return kSlotReused;",
     ""},
    {"a wrapped slot does not read as fresh", "slot->generation == generation",
     "slot->generation <= generation"},
    {"the generation is kept", "slot->generation = GenerationOf(packet);", ""},
    {"a 1a does not write", "if (packet->message == k2a) {", "if (packet->message <= k2a) {"},
    {"a 2a writes", "if (packet->message == k2a) {", "if (packet->message == 77) {"},
    {"the accepted ballot is kept", "slot->accepted_round = bpf_ntohl(packet->ballot.round);", ""},
    {"a 2b has the accepted ballot", "packet->accepted = packet->ballot;", ""},
    {"an empty slot reads as zero", "    ReadNothing(packet);", ""},
    {"one who is not enabled is no voter", "if (control->enabled != 0) {",
     "if (control->enabled != 77) {"},
    {"incarnation 0 is no voter",
     "if (identity->high == 0 && identity->low == 0) return kNotAVoter;",
     "if (control->enabled == 0) return kNotAVoter;"},
    {"the higher half of the incarnation is checked",
     "bpf_ntohl(packet->incarnation_high) != identity->high", "0"},
    {"the lower half of the incarnation is checked",
     "bpf_ntohl(packet->incarnation_low) != identity->low", "0"},
    {"the group is checked", "if (bpf_ntohl(packet->group) != control->group) return kWrongGroup;",
     ""},
    {"the window begins with the trim", "chunk < identity->trim ||", ""},
    {"the window has an end", "chunk - identity->trim >= kWindowChunks",
     "chunk - identity->trim > kWindowChunks"},
    {"the version is checked", "if (packet->version != kVersion) return kUnsupportedVersion;", ""},
    {"unknown messages are refused", "(packet->message != k1a && !is_2a) ||", ""},
    {"a ballot has a round", "|| packet->ballot.round == 0", ""},
    {"a value has 32 bytes at most", "> kMaxValueBytes", "> 33"},
    {"only a 2a has a value", "if (is_2a && ", "if ("},
    {"a slot has 44 bits", "bpf_ntohl(packet->slot_high) >> 12 != 0",
     "bpf_ntohl(packet->slot_high) >> 13 != 0"},
    {"the generation has 32 bits", "bpf_ntohl(packet->slot_high) << 16", "0"},
    {"the chunk has 32 bits", "bpf_ntohl(packet->slot_high) << 20", "0"},
    {"a slot has cells of its own", "bpf_ntohl(frame.slot->slot_low) % kWindowSlots",
     "bpf_ntohl(frame.slot->slot_low) % (kWindowSlots / 2)"},
    {"the highest chunk is kept", "promise->highest = chunk;", "promise->highest = 0;"},
    {"the highest chunk does not fall", "if (chunk > promise->highest) ", ""},
    {"the value is kept", "slot->value[i] = bpf_ntohl(packet->value[i]);", ""},
    {"the shape is kept", "slot->shape = bpf_ntohl(packet->shape);", ""},
    {"what only answers have is cleared", "  ClearAnswer(packet);\n", ""},
    {"an answer is no request", "|| (frame.slot->message & kAnswerBit) != 0", ""},
    {"the magic is checked", "frame.slot->magic != bpf_htons(kMagic) || ", ""},
    {"the address is checked", "frame.ipv4->daddr != own_address || ", ""},
    {"the port is checked", "|| frame.udp->dest != own_port", ""},
    {"IPv4's checksum is verified", "if (SumIpv4(frame) != 0xffff) return 1;", ""},
    {"UDP's checksum is verified", "frame->udp->check != 0 && SumUdp(frame) != 0xffff", "0"},
    {"a checksum of zero is none", "frame->udp->check != 0 && ", ""},
    {"IPv4's checksum is computed", "ipv4->check = ~SumIpv4(frame);", ""},
    {"UDP's checksum is computed", "udp->check = check == 0 ? 0xffff : check;", ""},
    {"stations are no groups", "(frame->ethernet->h_dest[0] & 1) == 0 &&", ""},
    {"fragments are not answered", "(ipv4->frag_off & bpf_htons(0x3fff)) == 0 && ", ""},
};

// Does something that is no request of the acceptor's get an answer, or a request none or one with
// a wrong checksum?
bool FramesAreMissed(XdpAcceptor& acceptor) {
  const auto is_answered = [&acceptor](const Bytes& frame) {
    const absl::StatusOr<XdpVerdict> verdict = acceptor.Run(frame);
    return verdict.ok() && verdict->is_answered;
  };
  const Bytes request = Encoded(SlotPacket{.ballot = {1, 1, 1}});
  const Bytes sound = FrameOf(request);
  const auto changed = [&sound](size_t place, int bits) {
    Bytes frame = sound;
    frame[place] ^= static_cast<std::byte>(bits);
    return frame;
  };
  Bytes unsummed = sound;
  unsummed[40] = unsummed[41] = std::byte{0};
  Bytes fragment = sound;
  fragment[20] |= std::byte{0x20};  // And IPv4's sum is less by as much.
  fragment[24] = static_cast<std::byte>(std::to_integer<int>(fragment[24]) - 0x20);
  const auto verdict = acceptor.Run(sound);
  const auto has_checksum = [](const Bytes& answer) {
    return (answer[40] | answer[41]) != std::byte{0} && ParseUdpFrame(answer).has_value();
  };
  return !is_answered(sound) || !is_answered(unsummed) || !has_checksum(verdict->frame) ||
         is_answered(
             FrameOf(request, kProposer, {.address = kAcceptor.address + 1, .port = 7400})) ||
         is_answered(FrameOf(request, kProposer, {.address = kAcceptor.address, .port = 1})) ||
         is_answered(changed(0, 1)) || is_answered(changed(24, 1)) ||
         is_answered(changed(150, 1)) || is_answered(fragment);
}

bool IsMissed(const std::string& program) {
  auto opened = XdpAcceptor::Open({.address = kAcceptor, .program = program});
  EXPECT_TRUE(opened.ok()) << opened.status();
  if (!opened.ok() || FramesAreMissed(**opened)) return opened.ok();
  XdpSubject subject(program);
  if (FirstWrong(ReadGoldenVectors(SYNOD_GOLDEN_VECTORS), subject) != 0) return true;
  subject.PowerCycle();
  SoftwareSubject software;
  RandomRequests random(2);
  for (int i = 0; i < 50'000; ++i) {
    random.Control(software, subject);
    const Bytes bytes = Encoded(random.Next());
    if (software.Ask(bytes) != subject.Ask(bytes)) return true;
  }
  return false;
}

class XdpMutations : public ::testing::Test {
 protected:
  void SetUp() override { XdpSubject().SkipIfUnavailable(); }
};

TEST_F(XdpMutations, EachRule_TakenOut_IsMissed) {
  BpfWorkshop workshop;
  const std::string sound = BpfWorkshop::ReadFile(SYNOD_BPF_SOURCE);
  ASSERT_FALSE(IsMissed(workshop.Compile(sound)));
  for (const Mutation& mutation : kMutations) {
    std::string text = sound;
    const size_t place = text.find(mutation.from);
    ASSERT_NE(place, std::string::npos) << mutation.rule;
    ASSERT_EQ(text.find(mutation.from, place + 1), std::string::npos) << mutation.rule;
    text.replace(place, mutation.from.size(), mutation.to);
    const std::string program = workshop.Compile(text);
    ASSERT_FALSE(program.empty()) << mutation.rule;
    EXPECT_TRUE(IsMissed(program)) << mutation.rule;
  }
}

}  // namespace
}  // namespace synod::slots::testing
