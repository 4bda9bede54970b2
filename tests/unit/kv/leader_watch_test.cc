#include "kv/leader_watch.h"

#include <vector>

#include <gtest/gtest.h>

#include "absl/synchronization/notification.h"

namespace synod_kv {
namespace {

using Clock = LeaderWatch::Clock;

// A call that waits.
class Waiter {
 public:
  void Wait(LeaderWatch& watch, uint64_t seen, Clock::time_point until) {
    watch.Wait(&alarm_, seen, until, [this] { resumed_.Notify(); });
  }
  void Await() { resumed_.WaitForNotification(); }

 private:
  grpc::Alarm alarm_;
  absl::Notification resumed_;
};

Clock::time_point Never() { return Clock::now() + std::chrono::hours(1); }

TEST(LeaderWatch, ALeader_Elected_WakesAllThatWait) {
  LeaderWatch watch;
  std::vector<Waiter> waiters(100);
  for (Waiter& waiter : waiters) waiter.Wait(watch, watch.changes(), Never());
  watch.NoteChange();
  for (Waiter& waiter : waiters) waiter.Await();
}

TEST(LeaderWatch, AChange_BeforeTheWaitBegan_IsNotMissed) {
  LeaderWatch watch;
  const uint64_t seen = watch.changes();
  watch.NoteChange();
  Waiter waiter;
  waiter.Wait(watch, seen, Never());
  waiter.Await();
}

TEST(LeaderWatch, NoChange_UntilTheTimeIsOver_EndsTheWait) {
  LeaderWatch watch;
  Waiter waiter;
  const auto until = Clock::now() + std::chrono::milliseconds(20);
  waiter.Wait(watch, watch.changes(), until);
  waiter.Await();
  EXPECT_GE(Clock::now(), until);
}

TEST(LeaderWatch, Closed_NobodyWaitsAnyMore) {
  LeaderWatch watch;
  Waiter before;
  before.Wait(watch, watch.changes(), Never());
  watch.Close();
  before.Await();
  Waiter after;
  after.Wait(watch, watch.changes(), Never());
  after.Await();
  EXPECT_TRUE(watch.closed());
}

}  // namespace
}  // namespace synod_kv
