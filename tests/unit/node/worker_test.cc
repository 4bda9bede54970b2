// The thread for what may block.
#include "src/worker.h"

#include <future>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace synod::internal {
namespace {

TEST(Worker, Tasks_RunInTheOrderOfPosting) {
  std::vector<int> ran;
  std::promise<void> done;
  Worker worker;
  for (int i = 0; i < 100; ++i) {
    worker.Post([&ran, i] { ran.push_back(i); });
  }
  worker.Post([&] { done.set_value(); });
  done.get_future().get();
  ASSERT_EQ(ran.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ran[static_cast<size_t>(i)], i);
}

TEST(Worker, Stop_WaitsForTheRunningTaskAndDestroysTheRest) {
  std::promise<void> begun;
  auto kept = std::make_shared<int>(0);
  bool ended = false;
  Worker worker;
  worker.Post([&] {
    begun.set_value();
    while (!worker.IsStopping()) std::this_thread::yield();
    ended = true;
  });
  worker.Post([kept] { *kept = 1; });
  begun.get_future().get();
  worker.Stop();
  EXPECT_TRUE(ended);
  EXPECT_EQ(*kept, 0);
  EXPECT_EQ(kept.use_count(), 1);
  worker.Post([kept] { *kept = 1; });
  EXPECT_EQ(kept.use_count(), 1);
}

}  // namespace
}  // namespace synod::internal
