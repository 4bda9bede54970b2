// Tests of what the simulator's own workload makes of a history.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "synod/sim/workload.h"

namespace synod::sim {
namespace {

Instant At(int64_t time) { return Instant(Duration(time)); }

Call<Request> Write(const std::string& bytes, const std::string& before, int64_t from, int64_t to) {
  Call<Request> call;
  call.operation = {.is_write = true, .bytes = bytes, .answer = before};
  call.invoked = At(from);
  call.returned = At(to);
  return call;
}
Call<Request> Read(const std::string& key, const std::string& answer, int64_t from, int64_t to) {
  Call<Request> call = Write(key, answer, from, to);
  call.operation.is_write = false;
  return call;
}
Call<Request> Unknown(const std::string& bytes, int64_t from) {
  Call<Request> call = Write(bytes, "", from, 0);
  call.returned = kNever;
  return call;
}

bool IsSound(const History<Request>& history, Counts& counts) {
  return NewRegisterWorkload(3)->Judge(history, counts).empty();
}
bool IsSound(const History<Request>& history) {
  Counts counts;
  return IsSound(history, counts);
}

TEST(RegisterWorkload, WriteAnswersWithTheValueBefore_OrIsWrong) {
  EXPECT_TRUE(IsSound({Write("k0=1.1", "", 0, 10), Write("k0=1.2", "1.1", 11, 20)}));
  EXPECT_FALSE(IsSound({Write("k0=1.1", "", 0, 10), Write("k0=1.2", "", 11, 20)}));
  EXPECT_TRUE(IsSound({Write("k0=1.1", "", 0, 10), Write("k1=1.2", "", 11, 20)})) << "Of its key.";
}

TEST(RegisterWorkload, CompareAndSet_TakesEffectIfTheValueIsTheExpectedOne) {
  const Call<Request> first = Write("k0=1.1xxx", "", 0, 10);
  EXPECT_TRUE(IsSound({first, Write("k0?1.1=1.2", "1.1xxx", 11, 20), Read("k0", "1.2", 21, 30)}));
  EXPECT_FALSE(
      IsSound({first, Write("k0?1.1=1.2", "1.1xxx", 11, 20), Read("k0", "1.1xxx", 21, 30)}));
  EXPECT_TRUE(
      IsSound({first, Write("k0?9.9=1.2", "1.1xxx", 11, 20), Read("k0", "1.1xxx", 21, 30)}));
  EXPECT_FALSE(IsSound({first, Write("k0?9.9=1.2", "1.1xxx", 11, 20), Read("k0", "1.2", 21, 30)}));
}

TEST(RegisterWorkload, UnknownOutcome_MayTakeEffectLaterOrNever) {
  const Call<Request> first = Write("k0=1.1", "", 0, 10);
  const Call<Request> lost = Unknown("k0=2.2", 11);
  EXPECT_TRUE(IsSound({first, lost, Read("k0", "1.1", 21, 30)}));
  EXPECT_TRUE(IsSound({first, lost, Read("k0", "1.1", 21, 30), Read("k0", "2.2", 31, 40)}));
  EXPECT_FALSE(IsSound({first, lost, Read("k0", "2.2", 21, 30), Read("k0", "1.1", 31, 40)}));
  EXPECT_FALSE(IsSound({first, Read("k0", "2.2", 0, 10), lost})) << "Not before it was invoked.";
}

TEST(RegisterWorkload, UnseenUnknownOutcome_CountsForOneThatExpectedIt) {
  EXPECT_TRUE(IsSound({Write("k0=1.1", "", 0, 10), Unknown("k0=2.2", 11), Unknown("k0?2.2=3.3", 12),
                       Read("k0", "3.3", 21, 30)}));
  EXPECT_FALSE(
      IsSound({Write("k0=1.1", "", 0, 10), Unknown("k0?2.2=3.3", 12), Read("k0", "3.3", 21, 30)}));
}

TEST(RegisterWorkload, LongHistory_IsSearchedToItsEnd) {
  History<Request> history;
  std::string before;
  for (int64_t i = 0; i < 50'000; ++i) {
    const std::string value = "1." + std::to_string(i);
    history.push_back(Write("k0=" + value, before, 10 * i, 10 * i + 25));
    if (i % 7 == 0) history.push_back(Unknown("k0=2." + std::to_string(i), 10 * i));
    before = value;
  }
  Counts counts;
  EXPECT_TRUE(IsSound(history, counts));
  EXPECT_EQ(counts.searches_given_up, 0u);
  EXPECT_EQ(counts.calls_searched, 50'000u) << "Without those that nobody saw.";
  history.push_back(Read("k0", "1.1", 500'100, 500'110));
  EXPECT_FALSE(IsSound(history));
}

}  // namespace
}  // namespace synod::sim
