// The acceptor in software and acceptor.p4 in the emulator: equal requests, equal answers, equal
// registers.
#include "tests/unit/switch/differential.h"

#include "gtest/gtest.h"
#include "tests/unit/switch/switch_under_test.h"

namespace synod::slots {
namespace {

TEST(SlotAcceptors, MillionRandomRequests_Answered_AreEqual) {
  testing::SoftwareSubject software;
  testing::EmulatedSubject emulated;
  testing::ExpectEqualAnswers(software, emulated, /*requests=*/1'200'000, /*seed=*/1);
}

}  // namespace
}  // namespace synod::slots
