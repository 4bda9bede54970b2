// The simulated loop does what EpollLoop does, and counts what happens.
#include "src/sim/machine.h"

#include <chrono>
#include <vector>

#include <gtest/gtest.h>

namespace synod::sim {
namespace {

using std::chrono::milliseconds;

class SimulatedLoop : public ::testing::Test {
 protected:
  SimulatedLoop() {
    loop_.Start();
    EXPECT_TRUE(world_.Step());
    EXPECT_EQ(world_.events(), 1u);
  }
  ~SimulatedLoop() override { loop_.Stop(); }

  EventLoop::TimerId RunIn(Duration delay, int number) {
    return loop_.RunAt(loop_.Now() + delay, [this, number] { ran_.push_back(number); });
  }
  void RunAll() {
    while (world_.Step()) {
    }
  }

  World world_{1};
  LocalClock clock_;
  Life life_{world_, 1, 1, clock_};
  Loop loop_{life_, Duration(), Rng(1)};
  std::vector<int> ran_;
  int turns_ = 0;
};

TEST_F(SimulatedLoop, Timers_RunInTheOrderInWhichTheyAreDue) {
  RunIn(milliseconds(2), 2);
  RunIn(milliseconds(1), 1);
  RunIn(milliseconds(2), 3);
  RunAll();
  EXPECT_EQ(ran_, (std::vector<int>{1, 2, 3}));
}

TEST_F(SimulatedLoop, Timer_CancelledByAnotherOfTheSameTurn_DoesNotRun) {
  EventLoop::TimerId later = {};
  loop_.RunAt(loop_.Now() + milliseconds(1), [&] { loop_.Cancel(later); });
  later = RunIn(milliseconds(1), 2);
  RunAll();
  EXPECT_TRUE(ran_.empty());
}

TEST_F(SimulatedLoop, Timer_SetByAnotherAndDueAtOnce_RunsInALaterTurn) {
  loop_.after_turn = [this] { ++turns_; };
  loop_.RunAt(loop_.Now(), [this] { RunIn(Duration(), 1); });
  RunAll();
  EXPECT_EQ(ran_.size(), 1u);
  EXPECT_EQ(turns_, 2);
}

TEST_F(SimulatedLoop, Events_WakeUpsForWhatIsGone_AreNone) {
  loop_.Cancel(RunIn(milliseconds(5), 1));
  RunAll();
  EXPECT_TRUE(ran_.empty());
  EXPECT_EQ(world_.events(), 1u);
}

TEST_F(SimulatedLoop, Events_WakeUpsThatAnEarlierOneHasReplaced_AreNone) {
  RunIn(milliseconds(5), 2);
  RunIn(milliseconds(1), 1);
  RunAll();
  EXPECT_EQ(ran_, (std::vector<int>{1, 2}));
  EXPECT_EQ(world_.events(), 3u);
}

// What comes of them is counted where it is known.
TEST_F(SimulatedLoop, Events_TasksOfExecutors_AreNone) {
  SimulatedExecutor executor(life_, Duration(), Rng(1));
  executor.Post([this] { ran_.push_back(1); });
  executor.Post([this] { ran_.push_back(2); });
  executor.StallUntil(world_.Now() + milliseconds(1));
  RunAll();
  EXPECT_EQ(ran_, (std::vector<int>{1, 2}));
  EXPECT_EQ(world_.events(), 1u) << "The loop's start.";
}

}  // namespace
}  // namespace synod::sim
