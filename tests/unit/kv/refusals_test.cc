#include "kv/refusals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synod_kv {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class RefusalsTest : public testing::Test {
 protected:
  Refusals::Clock::time_point now_;
  std::vector<std::string> lines_;
  Refusals refusals_{[this](synod::Severity, std::string_view line) { lines_.emplace_back(line); },
                     [this] { return now_; }};
};

TEST_F(RefusalsTest, Requests_Refused_AreCountedByReason) {
  refusals_.Note("no key", "a");
  refusals_.Note("too large", "b");
  refusals_.Note("no key", "c");
  EXPECT_THAT(refusals_.Counters(), ElementsAre(Pair("no key", 2), Pair("too large", 1)));
}

TEST_F(RefusalsTest, ManyAtOnce_Refused_AreOneLineASecond) {
  for (int i = 0; i < 5; ++i) refusals_.Note("no key", "a");
  EXPECT_THAT(lines_, ElementsAre("answered a request from a with: no key"));
  now_ += std::chrono::milliseconds(999);
  refusals_.Note("no key", "a");
  EXPECT_EQ(lines_.size(), 1u);
  now_ += std::chrono::milliseconds(1);
  refusals_.Note("too large", "b");
  EXPECT_EQ(lines_.back(),
            "answered a request from b with: too large; 5 more since the last such line");
  now_ += std::chrono::seconds(1);
  refusals_.Note("no key", "c");
  EXPECT_EQ(lines_.back(), "answered a request from c with: no key");
}

TEST_F(RefusalsTest, ReasonsWithoutEnd_Counted_TakeNoMemoryWithoutEnd) {
  for (int i = 0; i < 1000; ++i) refusals_.Note("reason " + std::to_string(i), "a");
  uint64_t total = 0;
  for (const auto& [reason, count] : refusals_.Counters()) total += count;
  EXPECT_EQ(total, 1000u);
  EXPECT_LE(refusals_.Counters().size(), 65u);
}

}  // namespace
}  // namespace synod_kv
