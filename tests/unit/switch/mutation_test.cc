// A rule that can be taken out of acceptor.p4 without a test that fails is no rule: each is taken
// out of a copy, and the golden vectors or random requests miss it.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/switch/golden.h"
#include "tests/unit/switch/random_requests.h"
#include "tests/unit/switch/switch_under_test.h"

namespace synod::slots {
namespace {

using testing::Bytes;
using testing::EmulatedSubject;
using testing::Encoded;
using testing::FirstWrong;
using testing::RandomRequests;
using testing::ReadGoldenVectors;
using testing::SoftwareSubject;

struct Mutation {
  const char* rule;
  std::string_view from;
  std::string_view to;
};

constexpr Mutation kMutations[] = {
    {"a greater word raises the promise", "if (word > held)", "if (word == 77)"},
    {"an equal ballot is not greater", "if (word > held)", "if (word >= held)"},
    {"a lower word is refused", "else if (word < held)", "else if (word > held)"},
    {"a promise is kept", "cell.write(0, word);", "cell.write(0, held);"},
    {"only a greater ballot is written", "if (order == GREATER) {", "if (order != EQUAL) {"},
    {"a later word does not decide against an earlier one", "if (order == EQUAL) {",
     "if (order != LESS) {"},
    {"the round is compared first", "hdr.slot.ballot_round, meta.order", "0, meta.order"},
    {"the node is compared", "hdr.slot.ballot_node, meta.order", "0, meta.order"},
    {"the incarnation's higher half is compared", "hdr.slot.ballot_high, meta.order",
     "0, meta.order"},
    {"the incarnation's lower half is compared", "hdr.slot.ballot_low, meta.order",
     "0, meta.order"},
    {"a lower ballot is refused", "if (meta.order == LESS) {", "if (meta.order == 77) {"},
    {"the promise is in the answer", "promise_ballot();", ""},
    {"a later slot is not overwritten", "if (held > generation) {", "if (held == 0xffffffff) {"},
    {"a wrapped slot does not read as fresh", "} else if (held == generation) {",
     "} else if (held <= generation) {"},
    {"the generation is kept", "cells.write(index, generation);", "cells.write(index, held);"},
    {"a 1a does not write", "} else if (is_2a == 1) {", "} else if (is_2a <= 1) {"},
    {"a 1a reads", "if (access == READ) {", "if (access == 77) {"},
    {"a 2a writes", "} else if (access == WRITE) {", "} else if (access == 77) {"},
    {"an empty slot reads as zero", "} else if (access == EMPTY) {", "} else if (access == 77) {"},
    {"the accepted ballot is the request's", "accept_ballot();", ""},
    {"one who is not enabled is no voter", "if (meta.enabled == 0) {", "if (meta.enabled == 77) {"},
    {"incarnation 0 is no voter",
     "} else if (meta.incarnation_high == 0 && meta.incarnation_low == 0) {",
     "} else if (meta.enabled == 77) {"},
    {"the higher half of the incarnation is checked",
     "hdr.slot.incarnation_high != meta.incarnation_high", "hdr.slot.incarnation_high == 77"},
    {"the lower half of the incarnation is checked",
     "hdr.slot.incarnation_low != meta.incarnation_low", "hdr.slot.incarnation_low == 77"},
    {"the group is checked", "} else if (hdr.slot.group != meta.group) {",
     "} else if (hdr.slot.group == 77) {"},
    {"the window begins with the trim", "meta.chunk < hdr.slot.trim ||",
     "meta.chunk == 0xabcdef ||"},
    {"the window does not wrap around", "meta.chunk < hdr.slot.trim ||",
     "meta.chunk == 0xffffffff ||"},
    {"the window has an end", "meta.distance >= WINDOW_CHUNKS", "meta.distance > WINDOW_CHUNKS"},
    {"the version is checked", "if (hdr.slot.version != SLOT_VERSION) {",
     "if (hdr.slot.version == 77) {"},
    {"unknown messages are refused", "(hdr.slot.message != MESSAGE_1A && meta.is_2a == 0) ||", ""},
    {"a ballot has a round", "hdr.slot.ballot_round == 0) {",
     "hdr.slot.ballot_round == 0xabcdef) {"},
    {"a value has 32 bytes at most", "hdr.slot.shape[7:0] > VALUE_BYTES",
     "hdr.slot.shape[7:0] > 33"},
    {"only a 2a has a value", "meta.is_2a == 1 && hdr.slot.shape[7:0]", "hdr.slot.shape[7:0]"},
    {"a slot has 44 bits", "hdr.slot.slot_high[31:12] != 0", "hdr.slot.slot_high[31:13] != 0"},
    {"an answer is no request", "&& hdr.slot.message[7:7] == 0", ""},
    {"the magic is checked", "&& hdr.slot.magic == SLOT_MAGIC", ""},
    {"the address is checked", "if (meta.is_own == 1 && ", "if ("},
    {"a damaged packet is dropped", "if (standard.checksum_error == 1) {",
     "if (standard.checksum_error == 1 && hdr.slot.group == 77) {"},
    {"the generation has 32 bits", "hdr.slot.slot_high[15:0] ++ hdr.slot.slot_low[31:16]",
     "hdr.slot.slot_high[31:16] ++ hdr.slot.slot_low[31:16]"},
    {"the chunk has 32 bits", "hdr.slot.slot_high[11:0] ++ hdr.slot.slot_low[31:12]",
     "hdr.slot.slot_high[31:20] ++ hdr.slot.slot_low[31:12]"},
    {"a slot has cells of its own", "(bit<32>) hdr.slot.slot_low[15:0]",
     "(bit<32>) hdr.slot.slot_low[14:0]"},
    {"the highest chunk is kept", "highest.write(0, meta.chunk);", "highest.write(0, 0);"},
    {"the highest chunk only rises", "&& meta.chunk > hdr.slot.highest", ""},
    {"only what was accepted is the highest", "meta.access == WRITE && meta.chunk", "meta.chunk"},
    {"a reused slot is no answer", "hdr.slot.outcome = SLOT_REUSED;", ""},
    {"the answer has no trace of the request", "clear_answer();", "hdr.slot.outcome = DONE;"},
    {"the answer names the acceptor's incarnation",
     "hdr.slot.incarnation_high = meta.incarnation_high;", ""},
    {"the answer names the version", "hdr.slot.version = SLOT_VERSION;", ""},
};

// Whether what the program answers, or leaves in its registers, is wrong somewhere.
bool IsMissed(const std::string& program) {
  const auto created = EmulatedSwitch::Create({.program = program});
  if (!created.ok()) {
    // The limits notice a change as well, but then the list means something else.
    ADD_FAILURE() << created.status();
    return true;
  }
  static const std::vector<testing::GoldenLine> kGolden = ReadGoldenVectors(SYNOD_GOLDEN_VECTORS);
  EmulatedSubject emulated(program);
  const bool golden_misses = FirstWrong(kGolden, emulated) != 0;
  if (golden_misses) return true;
  // Sent to another port, or damaged: no answer.
  emulated.PowerCycle();
  emulated.Do(EnableSteps(1, 1, 0));
  SlotPacket request{.group = 1, .incarnation = 1, .ballot = {1, 1, 1}};
  Bytes frame = testing::FrameOf(Encoded(request), testing::kProposer,
                                 {.address = testing::kAcceptor.address, .port = 1});
  bool is_answered = false;
  const auto answered = [&](uint16_t, std::span<const std::byte>) { is_answered = true; };
  emulated.device().Receive(0, frame, Instant(), answered);
  frame = testing::FrameOf(Encoded(request));
  frame.back() ^= std::byte{1};
  emulated.device().Receive(0, frame, Instant(), answered);
  if (is_answered) return true;

  emulated.PowerCycle();
  SoftwareSubject software;
  RandomRequests random(2);
  for (int i = 0; i < 100'000; ++i) {
    random.Control(software, emulated);
    const Bytes bytes = Encoded(random.Next());
    if (software.Ask(bytes) != emulated.Ask(bytes)) return true;
  }
  return false;
}

TEST(AcceptorProgram, EachRule_TakenOut_IsMissed) {
  ASSERT_FALSE(IsMissed(std::string(AcceptorProgram())));
  for (const Mutation& mutation : kMutations) {
    std::string program(AcceptorProgram());
    const size_t place = program.find(mutation.from);
    ASSERT_NE(place, std::string::npos) << mutation.rule;
    ASSERT_EQ(program.find(mutation.from, place + 1), std::string::npos) << mutation.rule;
    program.replace(place, mutation.from.size(), mutation.to);
    EXPECT_TRUE(IsMissed(program)) << mutation.rule;
  }
}

}  // namespace
}  // namespace synod::slots
