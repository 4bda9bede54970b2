// The executor with a thread of its own.
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "synod/port/executor.h"

namespace synod {
namespace {

TEST(ThreadExecutor, Tasks_RunInTheOrderOfPosting) {
  std::vector<int> ran;
  std::promise<void> done;
  const std::unique_ptr<Executor> executor = NewThreadExecutor();
  for (int i = 0; i < 100; ++i) {
    executor->Post([&ran, i] { ran.push_back(i); });
  }
  executor->Post([&] { done.set_value(); });
  done.get_future().get();
  ASSERT_EQ(ran.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ran[static_cast<size_t>(i)], i);
}

TEST(ThreadExecutor, Stop_WaitsForTheRunningTaskAndDestroysTheRest) {
  std::promise<void> begun;
  auto kept = std::make_shared<int>(0);
  bool ended = false;
  const std::unique_ptr<Executor> executor = NewThreadExecutor();
  executor->Post([&] {
    begun.set_value();
    while (!executor->IsStopping()) std::this_thread::yield();
    ended = true;
  });
  executor->Post([kept] { *kept = 1; });
  begun.get_future().get();
  executor->Stop();
  EXPECT_TRUE(ended);
  EXPECT_EQ(*kept, 0);
  EXPECT_EQ(kept.use_count(), 1);
  executor->Post([kept] { *kept = 1; });
  EXPECT_EQ(kept.use_count(), 1);
}

}  // namespace
}  // namespace synod
