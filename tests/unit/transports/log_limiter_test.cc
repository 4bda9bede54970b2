// How often the same is said again.
#include "transports/tcp/log_limiter.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace synod::tcp {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::SizeIs;

class LogLimiterTest : public ::testing::Test {
 protected:
  LogLimiterTest() {
    limiter_.set_logger([this](Severity, std::string_view line) { lines_.emplace_back(line); });
  }
  void Log(NodeId peer = 1, Counter event = Counter::kConnectFailed) {
    limiter_.Log(Severity::kWarning, peer, event, now_, "x");
  }
  // Once a second. Gives how long was between the lines.
  std::vector<Duration> LogFor(Duration time) {
    std::vector<Duration> pauses;
    Instant last = now_;
    for (const Instant end = now_ + time; now_ < end; now_ += seconds(1)) {
      const size_t before = lines_.size();
      Log();
      if (lines_.size() == before) continue;
      pauses.push_back(now_ - last);
      last = now_;
    }
    return pauses;
  }

  Instant now_ = Instant() + minutes(1);
  std::vector<std::string> lines_;
  LogLimiter limiter_;
};

TEST_F(LogLimiterTest, EventThatGoesOn_IsLoggedAtGrowingIntervals) {
  EXPECT_THAT(LogFor(seconds(100)), ElementsAre(seconds(0), seconds(10), seconds(20), seconds(40)));
  EXPECT_THAT(lines_, ElementsAre("x", "x (and 9 times before)", "x (and 19 times before)",
                                  "x (and 39 times before)"));
  EXPECT_EQ(LogFor(minutes(60)).back(), minutes(10));
}

TEST_F(LogLimiterTest, EventThatHasCeased_IsLoggedAnewAtOnceAndOftenAgain) {
  LogFor(seconds(100));
  now_ += minutes(10);
  EXPECT_THAT(LogFor(seconds(25)), ElementsAre(seconds(0), seconds(10)));
}

TEST_F(LogLimiterTest, OtherPeersAndOtherEvents_AreNotHeldBack) {
  Log(1);
  Log(2);
  Log(1, Counter::kConnected);
  Log(1);
  EXPECT_THAT(lines_, SizeIs(3));
}

}  // namespace
}  // namespace synod::tcp
