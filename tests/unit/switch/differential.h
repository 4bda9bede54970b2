// Two acceptors side by side: equal requests, equal answers, equal registers.
#ifndef SYNOD_TESTS_UNIT_SWITCH_DIFFERENTIAL_H_
#define SYNOD_TESTS_UNIT_SWITCH_DIFFERENTIAL_H_

#include <cstddef>
#include <map>
#include <optional>

#include "gtest/gtest.h"
#include "tests/unit/switch/random_requests.h"
#include "tests/unit/switch/switch_under_test.h"

namespace synod::slots::testing {

inline void ExpectEqualRegisters(Subject& one, Subject& other) {
  for (size_t i = 0; i < kSlotRegisters; ++i) {
    const auto which = static_cast<SlotRegister>(i);
    for (size_t index = 0; index < SizeOf(which); ++index) {
      ASSERT_EQ(one.Read(which, index), other.Read(which, index)) << NameOf(which) << " " << index;
    }
  }
}

// How often a stream of requests met each outcome: it is to get everywhere.
class Outcomes {
 public:
  void Count(const std::optional<Bytes>& answer) {
    if (answer) ++counts_[Decode(*answer)->outcome];
  }
  void ExpectAll(int requests) {
    for (const Outcome outcome :
         {Outcome::kDone, Outcome::kPromisedHigher, Outcome::kNotAVoter, Outcome::kWrongIncarnation,
          Outcome::kWrongGroup, Outcome::kOutsideWindow, Outcome::kSlotReused,
          Outcome::kSlotOverflow, Outcome::kValueTooLarge, Outcome::kMalformed,
          Outcome::kUnsupportedVersion}) {
      EXPECT_GT(counts_[outcome], 100) << Describe(outcome);
    }
    EXPECT_GT(counts_[Outcome::kDone], requests / 20);
  }

 private:
  std::map<Outcome, int> counts_;
};

inline Bytes NextDatagram(RandomRequests& random) {
  const SlotPacket request = random.Next();
  return random.rng().Chance(1, 50) ? random.Damaged(request) : Encoded(request);
}

// Asks both the same, one request after the other.
inline void ExpectEqualAnswers(Subject& one, Subject& other, int requests, uint64_t seed) {
  RandomRequests random(seed);
  Outcomes outcomes;
  for (int i = 0; i < requests; ++i) {
    random.Control(one, other);
    const Bytes bytes = NextDatagram(random);
    const std::optional<Bytes> answer = one.Ask(bytes);
    ASSERT_EQ(answer, other.Ask(bytes)) << "request " << i;
    outcomes.Count(answer);
    if (i % 200'000 == 0) ExpectEqualRegisters(one, other);
  }
  ExpectEqualRegisters(one, other);
  outcomes.ExpectAll(requests);
}

}  // namespace synod::slots::testing

#endif  // SYNOD_TESTS_UNIT_SWITCH_DIFFERENTIAL_H_
