// The acceptor in software and acceptor.p4 in the emulator: equal requests, equal answers, equal
// registers.
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "gtest/gtest.h"
#include "tests/unit/switch/random_requests.h"
#include "tests/unit/switch/switch_under_test.h"

namespace synod::slots {
namespace {

using testing::Bytes;
using testing::EmulatedSubject;
using testing::Encoded;
using testing::RandomRequests;
using testing::SoftwareSubject;

void ExpectEqualRegisters(SoftwareSubject& software, EmulatedSubject& emulated) {
  for (size_t i = 0; i < kSlotRegisters; ++i) {
    const auto which = static_cast<SlotRegister>(i);
    for (size_t index = 0; index < SizeOf(which); ++index) {
      ASSERT_EQ(software.Read(which, index), emulated.Read(which, index))
          << NameOf(which) << " " << index;
    }
  }
}

TEST(SlotAcceptors, MillionRandomRequests_Answered_AreEqual) {
  constexpr int kRequests = 1'200'000;
  SoftwareSubject software;
  EmulatedSubject emulated;
  RandomRequests random(1);
  std::map<Outcome, int> outcomes;
  for (int i = 0; i < kRequests; ++i) {
    random.Control(software, emulated);
    const SlotPacket request = random.Next();
    const Bytes bytes = random.rng().Chance(1, 50) ? random.Damaged(request) : Encoded(request);
    const std::optional<Bytes> answer = software.Ask(bytes);
    ASSERT_EQ(answer, emulated.Ask(bytes)) << "request " << i;
    if (answer) ++outcomes[Decode(*answer)->outcome];
    if (i % 200'000 == 0) ExpectEqualRegisters(software, emulated);
  }
  ExpectEqualRegisters(software, emulated);
  // The stream gets everywhere.
  for (const Outcome outcome :
       {Outcome::kDone, Outcome::kPromisedHigher, Outcome::kNotAVoter, Outcome::kWrongIncarnation,
        Outcome::kWrongGroup, Outcome::kOutsideWindow, Outcome::kSlotReused, Outcome::kSlotOverflow,
        Outcome::kValueTooLarge, Outcome::kMalformed, Outcome::kUnsupportedVersion}) {
    EXPECT_GT(outcomes[outcome], 100) << Describe(outcome);
  }
  EXPECT_GT(outcomes[Outcome::kDone], kRequests / 20);
}

}  // namespace
}  // namespace synod::slots
