// Tests of the judge and its model: each kind of wrong answer is seen.
#include "tests/chaos/judge.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace synod::chaos {
namespace {

using Kind = Operation::Kind;

Call Make(Operation operation, int from, int to, uint64_t revision) {
  operation.key = "k";
  return {.client = 1,
          .operation = std::move(operation),
          .invoked = Instant(Duration(from)),
          .returned = Instant(Duration(to)),
          .index = Index(revision)};
}
Call Put(const std::string& value, int from, int to, uint64_t revision) {
  return Make({.kind = Kind::kPut, .value = value}, from, to, revision);
}
Call Read(const std::string& seen, int from, int to, uint64_t revision) {
  return Make({.kind = Kind::kRead, .seen = seen}, from, to, revision);
}
Call Swap(const std::string& expected, const std::string& value, int from, int to,
          uint64_t revision) {
  return Make({.kind = Kind::kSwap, .value = value, .expected = expected, .swapped = true}, from,
              to, revision);
}
Call FailedSwap(const std::string& expected, const std::string& value, const std::string& seen,
                int from, int to, uint64_t revision) {
  return Make({.kind = Kind::kSwap, .value = value, .expected = expected, .seen = seen}, from, to,
              revision);
}
Call Unknown(Call call) {
  call.returned = kNever;
  call.index = Index();
  call.operation.answered = false;
  call.operation.swapped = false;
  return call;
}

const WriteLog kLog = {{2, {"k", "a"}}, {3, {"k", "b"}}};

// Both checkers' opinion, which is to be one.
bool IsLinearizable(const History& history, const WriteLog& log = kLog) {
  const bool with_log = CheckWithLog(history, log).ok();
  EXPECT_EQ(with_log, CheckWithoutLog(WithoutUnseenWrites(history)).ok());
  return with_log;
}

TEST(Judge, AnswersFitTheLog_AllIsWell) {
  const History history = {Read("", 0, 1, 1), Put("a", 2, 3, 2), Swap("a", "b", 4, 5, 3),
                           FailedSwap("a", "c", "b", 6, 7, 3), Read("b", 8, 9, 3)};
  EXPECT_TRUE(IsLinearizable(history));
  EXPECT_EQ(CompareWithLog({.history = history, .refused = {"d"}}, kLog), "");
}

TEST(Judge, AcknowledgedWriteIsMissingOrElsewhere_IsSeen) {
  EXPECT_NE(
      CompareWithLog({.history = {Put("a", 0, 1, 2), Put("b", 2, 3, 3), Put("c", 4, 5, 4)}}, kLog),
      "");
  EXPECT_NE(CompareWithLog({.history = {Put("a", 0, 1, 3), Put("b", 2, 3, 2)}}, kLog), "");
}

TEST(Judge, WriteThatWasRefusedOrNeverMade_IsSeen) {
  EXPECT_NE(
      CompareWithLog({.history = {Put("a", 0, 1, 2), Put("b", 2, 3, 3)}, .refused = {"b"}}, kLog),
      "");
  EXPECT_NE(CompareWithLog({.history = {Put("a", 0, 1, 2)}}, kLog), "");
  EXPECT_NE(
      CompareWithLog({.history = {Put("a", 0, 1, 2), FailedSwap("", "b", "a", 2, 3, 2)}}, kLog),
      "");
}

TEST(Judge, WriteIsThereTwice_IsSeen) {
  EXPECT_NE(CompareWithLog({.history = {Put("a", 0, 1, 2)}}, {{2, {"k", "a"}}, {3, {"k", "a"}}}),
            "");
}

TEST(Judge, UnknownWrites_MayOrMayNotBeThere) {
  const History history = {Put("a", 0, 1, 2), Unknown(Swap("a", "b", 2, 0, 0)),
                           Unknown(Put("c", 3, 0, 0)), Read("b", 4, 5, 3)};
  EXPECT_TRUE(IsLinearizable(history));
  EXPECT_EQ(CompareWithLog({.history = history}, kLog), "");
}

TEST(Judge, UnknownSwapIsThereWithoutItsCondition_IsSeen) {
  EXPECT_FALSE(
      IsLinearizable({Put("a", 0, 1, 2), Unknown(Swap("x", "b", 2, 0, 0)), Read("b", 4, 5, 3)}));
}

TEST(Judge, SwapWithoutItsConditionOrRefusedWithIt_IsSeen) {
  EXPECT_FALSE(IsLinearizable({Put("a", 0, 1, 2), Swap("", "b", 2, 3, 3)}));
  EXPECT_FALSE(IsLinearizable({Put("a", 0, 1, 2), FailedSwap("a", "c", "a", 2, 3, 2)}));
}

TEST(Judge, StaleReadOrSwap_IsSeen) {
  EXPECT_FALSE(IsLinearizable({Put("a", 0, 1, 2), Put("b", 2, 3, 3), Read("a", 4, 5, 2)}));
  EXPECT_FALSE(
      IsLinearizable({Put("a", 0, 1, 2), Put("b", 2, 3, 3), FailedSwap("", "c", "a", 4, 5, 2)}));
}

TEST(WithStaleRead, OfALinearizableHistory_IsNone) {
  const std::optional<History> altered =
      WithStaleRead({Put("a", 0, 1, 2), Put("b", 2, 3, 3), Read("b", 4, 5, 3)});
  ASSERT_TRUE(altered.has_value());
  EXPECT_FALSE(IsLinearizable(*altered));
  EXPECT_FALSE(WithStaleRead({Put("a", 0, 1, 2), Read("a", 4, 5, 2)}).has_value());
}

}  // namespace
}  // namespace synod::chaos
