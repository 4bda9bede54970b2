// The event loop: what runs when, on which thread, and what does not run any more.
#include "src/event_loop.h"

#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace synod::internal {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

class EventLoopTest : public ::testing::Test {
 protected:
  void SetUp() override { loop_ = EpollLoop::Create().value(); }
  void TearDown() override {
    for (const int fd : fds_) close(fd);
  }

  // Two connected sockets, closed at the end of the test.
  std::array<int, 2> SocketPair() {
    std::array<int, 2> pair{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
    fds_.insert(fds_.end(), pair.begin(), pair.end());
    return pair;
  }
  static void WriteByte(int fd) { ASSERT_EQ(write(fd, "x", 1), 1); }

  std::unique_ptr<EpollLoop> loop_;
  std::vector<int> fds_;
};

TEST_F(EventLoopTest, PostedFromManyThreads_RunsAllOnItsThreadInEachOnesOrder) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 5000;
  std::array<int, kThreads> next{};
  int ran = 0;
  std::atomic<bool> in_order = true;
  std::vector<std::thread> posters;
  for (size_t t = 0; t < kThreads; ++t) {
    posters.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) {
        loop_->Post([&, t, i] {
          if (next[t]++ != i || !loop_->IsLoopThread()) in_order = false;
          if (++ran == kThreads * kTasks) loop_->Stop();
        });
      }
    });
  }
  loop_->Run();
  for (std::thread& poster : posters) poster.join();
  EXPECT_EQ(ran, kThreads * kTasks);
  EXPECT_TRUE(in_order);
}

TEST_F(EventLoopTest, AsleepWithoutDeadline_WakesForEachPost) {
  std::thread runner([&] { loop_->Run(); });
  for (int i = 0; i < 2000; ++i) {
    std::promise<void> ran;
    loop_->Post([&] { ran.set_value(); });
    ran.get_future().wait();  // The loop goes back to sleep, or is about to.
  }
  loop_->Stop();
  runner.join();
}

TEST_F(EventLoopTest, SpinningBeforeSleep_WakesForEachPost) {
  loop_ = EpollLoop::Create(std::chrono::microseconds(50)).value();
  std::thread runner([&] { loop_->Run(); });
  for (int i = 0; i < 2000; ++i) {
    std::promise<void> ran;
    loop_->Post([&] { ran.set_value(); });
    ran.get_future().wait();
  }
  loop_->Stop();
  runner.join();
}

// A later thread may have the same id.
TEST_F(EventLoopTest, RunIsOver_NoThreadIsTheLoops) {
  EXPECT_FALSE(loop_->IsLoopThread());
  bool was_loop_thread = false;
  loop_->Post([&] { was_loop_thread = loop_->IsLoopThread(); });
  loop_->Stop();
  loop_->Run();
  EXPECT_TRUE(was_loop_thread);
  EXPECT_FALSE(loop_->IsLoopThread());
}

TEST_F(EventLoopTest, TurnWithEverything_RunsItsStepsInOrder) {
  const auto pair = SocketPair();
  WriteByte(pair[1]);
  std::vector<std::string> steps;
  ASSERT_TRUE(loop_
                  ->Watch(pair[0], EventLoop::kReadable,
                          [&](uint8_t) {
                            steps.emplace_back("descriptor");
                            loop_->Unwatch(pair[0]);
                          })
                  .ok());
  loop_->Defer([&] { steps.emplace_back("deferred"); });
  loop_->RunAt(loop_->Now(), [&] { steps.emplace_back("timer"); });
  loop_->Post([&] { steps.emplace_back("posted"); });
  loop_->SetTurnEnd([&] {
    steps.emplace_back("end of turn");
    return kNever;
  });
  loop_->Stop();
  loop_->Run();
  EXPECT_THAT(steps, ElementsAre("descriptor", "posted", "timer", "end of turn", "deferred"));
}

TEST_F(EventLoopTest, WorkAddedByEachStep_RunsInTheNextTurnWithoutWaiting) {
  std::vector<std::string> steps;
  int turn = 0;
  loop_->SetTurnEnd([&] {
    steps.push_back("end of turn " + std::to_string(++turn));
    if (turn == 3) loop_->Stop();
    return kNever;
  });
  loop_->Defer([&] {
    loop_->Defer([&] {
      steps.emplace_back("deferred again");
      loop_->RunAt(loop_->Now(), [&] { steps.emplace_back("timer"); });
    });
  });
  loop_->Run();
  EXPECT_THAT(steps, ElementsAre("end of turn 1", "end of turn 2", "deferred again", "timer",
                                 "end of turn 3", "end of turn 4"));
}

TEST_F(EventLoopTest, HookAsksForAnInstant_TurnBeginsByThen) {
  int turns = 0;
  loop_->SetTurnEnd([&] {
    if (++turns == 5) loop_->Stop();
    return loop_->Now() + std::chrono::microseconds(300);
  });
  loop_->Run();  // Would hang if it did not wake up by itself.
  EXPECT_GE(turns, 5);
}

TEST_F(EventLoopTest, TimersOutOfOrder_RunInOrderOfTheirInstantsAndNotBefore) {
  std::vector<int> ran;
  bool early = false;
  const Instant start = loop_->Now();
  const auto add = [&](int after_milliseconds) {
    const Instant when = start + milliseconds(after_milliseconds);
    loop_->RunAt(when, [&, when, after_milliseconds] {
      early |= loop_->Now() < when;
      ran.push_back(after_milliseconds);
      if (after_milliseconds == 9) loop_->Stop();
    });
  };
  for (const int after : {7, 1, 9, 3, 3, 0, 5}) add(after);
  loop_->Run();
  EXPECT_THAT(ran, ElementsAre(0, 1, 3, 3, 5, 7, 9));
  EXPECT_FALSE(early);
}

TEST_F(EventLoopTest, TimerCancelled_DoesNotRun) {
  std::vector<std::string> ran;
  const auto first = loop_->RunAt(loop_->Now(), [&] { ran.emplace_back("first"); });
  EventLoop::TimerId third{};
  loop_->RunAt(loop_->Now(), [&] {
    ran.emplace_back("second");
    loop_->Cancel(third);  // Due in this very turn.
  });
  third = loop_->RunAt(loop_->Now(), [&] { ran.emplace_back("third"); });
  loop_->RunAt(loop_->Now() + milliseconds(1), [&] { loop_->Stop(); });
  loop_->Cancel(first);
  loop_->Cancel(first);
  loop_->Cancel(EventLoop::TimerId::kNone);
  loop_->Run();
  EXPECT_THAT(ran, ElementsAre("second"));
}

TEST_F(EventLoopTest, ManyTimersSetAndCancelled_OnlyTheRestRuns) {
  int ran = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto timer =
        loop_->RunAt(loop_->Now() + std::chrono::microseconds(i % 100), [&] { ++ran; });
    if (i % 10 != 0) loop_->Cancel(timer);
  }
  loop_->RunAt(loop_->Now() + milliseconds(1), [&] { loop_->Stop(); });
  loop_->Run();
  EXPECT_EQ(ran, 1000);
}

TEST_F(EventLoopTest, UnwatchInsideItsCallback_LetsTheCallbackFinish) {
  const auto pair = SocketPair();
  WriteByte(pair[1]);
  auto alive = std::make_unique<int>(1);
  const int* const watched = alive.get();
  int calls = 0;
  ASSERT_TRUE(loop_
                  ->Watch(pair[0], EventLoop::kReadable,
                          [&, alive = std::move(alive)](uint8_t) {
                            loop_->Unwatch(pair[0]);
                            calls += *watched;  // What it captured is still there.
                            loop_->RunAt(loop_->Now() + milliseconds(1), [&] { loop_->Stop(); });
                          })
                  .ok());
  loop_->Run();
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, UnwatchOfAnotherThatIsReadyToo_SilencesIt) {
  const auto a = SocketPair();
  const auto b = SocketPair();
  WriteByte(a[1]);
  WriteByte(b[1]);
  int calls = 0;
  const auto on_ready = [&](uint8_t) {
    ++calls;
    loop_->Unwatch(a[0]);
    loop_->Unwatch(b[0]);
    loop_->Defer([&] { loop_->Stop(); });
  };
  ASSERT_TRUE(loop_->Watch(a[0], EventLoop::kReadable, on_ready).ok());
  ASSERT_TRUE(loop_->Watch(b[0], EventLoop::kReadable, on_ready).ok());
  loop_->Run();
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, DescriptorWatchedAnewInTheSameTurn_GetsNoEventOfItsPredecessor) {
  const auto a = SocketPair();
  const auto b = SocketPair();
  WriteByte(a[1]);
  WriteByte(b[1]);
  int old_calls = 0;
  int new_calls = 0;
  const auto renew = [&](uint8_t) {
    ++old_calls;
    for (const int fd : {a[0], b[0]}) {
      loop_->Unwatch(fd);
      char byte = 0;
      EXPECT_EQ(read(fd, &byte, 1), 1);
      ASSERT_TRUE(loop_->Watch(fd, EventLoop::kReadable, [&](uint8_t) { ++new_calls; }).ok());
    }
    loop_->RunAt(loop_->Now() + milliseconds(1), [&] { loop_->Stop(); });
  };
  ASSERT_TRUE(loop_->Watch(a[0], EventLoop::kReadable, renew).ok());
  ASSERT_TRUE(loop_->Watch(b[0], EventLoop::kReadable, renew).ok());
  loop_->Run();
  EXPECT_EQ(old_calls, 1);
  EXPECT_EQ(new_calls, 0);
}

TEST_F(EventLoopTest, InterestChanged_ReportsOnlyWhatIsAskedFor) {
  const auto pair = SocketPair();
  WriteByte(pair[1]);
  std::vector<int> seen;
  ASSERT_TRUE(loop_
                  ->Watch(pair[0], EventLoop::kWritable,
                          [&](uint8_t ready) {
                            seen.push_back(ready);
                            if (seen.size() == 1) loop_->Rewatch(pair[0], EventLoop::kReadable);
                            if (seen.size() == 2) loop_->Stop();
                          })
                  .ok());
  loop_->Run();
  EXPECT_THAT(seen, ElementsAre(EventLoop::kWritable, EventLoop::kReadable));
}

TEST_F(EventLoopTest, PeerHangsUp_ReportsBothInterests) {
  const auto pair = SocketPair();
  close(pair[1]);
  fds_.pop_back();
  int seen = 0;
  ASSERT_TRUE(loop_
                  ->Watch(pair[0], EventLoop::kReadable,
                          [&](uint8_t ready) {
                            seen = ready;
                            loop_->Stop();
                            loop_->Unwatch(pair[0]);
                          })
                  .ok());
  loop_->Run();
  EXPECT_EQ(seen, EventLoop::kReadable | EventLoop::kWritable);
}

TEST_F(EventLoopTest, BadDescriptor_IsRefused) {
  EXPECT_FALSE(loop_->Watch(-1, EventLoop::kReadable, [](uint8_t) {}).ok());
  const auto pair = SocketPair();
  close(pair[1]);
  const int closed = fds_.back();
  fds_.pop_back();
  EXPECT_FALSE(loop_->Watch(closed, EventLoop::kReadable, [](uint8_t) {}).ok());
}

TEST_F(EventLoopTest, PostedAfterTheEnd_IsDestroyedWithoutRunning) {
  loop_->Stop();
  loop_->Run();
  bool ran = false;
  auto held = std::make_unique<int>();
  std::promise<void> destroyed;
  struct SetOnDestruction {
    std::promise<void>* promise;
    explicit SetOnDestruction(std::promise<void>* p) : promise(p) {}
    SetOnDestruction(SetOnDestruction&& other) noexcept
        : promise(std::exchange(other.promise, nullptr)) {}
    ~SetOnDestruction() {
      if (promise != nullptr) promise->set_value();
    }
  };
  loop_->Post([&ran, guard = SetOnDestruction(&destroyed)] { ran = true; });
  EXPECT_EQ(destroyed.get_future().wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_FALSE(ran);
}

TEST_F(EventLoopTest, TasksPostedBeforeStop_RunBeforeTheEnd) {
  int ran = 0;
  for (int i = 0; i < 10; ++i) loop_->Post([&] { ++ran; });
  loop_->Stop();
  loop_->Run();
  EXPECT_EQ(ran, 10);
}

}  // namespace
}  // namespace synod::internal
