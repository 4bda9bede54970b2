// The executor with a thread of its own.
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "synod/port/executor.h"
#include "synod/synod.h"

#include "tests/support/no_threads.h"
#include "tests/unit/node/test_cluster.h"

namespace synod {
namespace {

using test::NoThreads;

TEST(ThreadExecutor, Tasks_RunInTheOrderOfPosting) {
  std::vector<int> ran;
  std::promise<void> done;
  const std::unique_ptr<Executor> executor = NewThreadExecutor().value();
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
  const std::unique_ptr<Executor> executor = NewThreadExecutor().value();
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

TEST(ThreadExecutor, TooManyThreads_IsSaid) {
  const NoThreads no_threads;
  EXPECT_TRUE(absl::IsResourceExhausted(NewThreadExecutor().status()));
}

TEST(Host, TooManyThreads_IsSaidByWhoeverNeedsOne) {
  test::TestCluster cluster({.nodes = 1, .adjust = [](NodeId, GroupOptions& options) {
                               options.apply_on_own_thread = true;
                             }});
  cluster.Stop(1);
  absl::StatusOr<Host> host = cluster.StartHost(1);
  ASSERT_TRUE(host.ok()) << host.status();
  {
    const NoThreads no_threads;
    EXPECT_TRUE(absl::IsResourceExhausted(host->Join(cluster.OptionsOf(1, 1)).status()));
  }
  EXPECT_TRUE(host->Join(cluster.OptionsOf(1, 1)).ok());
  host->Stop();
  host = absl::CancelledError();  // Lets go of the store.
  const absl::StatusOr<Host> next = [&] {
    const NoThreads no_threads;
    return cluster.StartHost(1);
  }();
  EXPECT_TRUE(absl::IsResourceExhausted(next.status())) << next.status();
}

}  // namespace
}  // namespace synod
