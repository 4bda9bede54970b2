// Reads that are allowed to be stale are, behind a partition, and the checkers find them; reads
// that are not allowed to be are not.
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "tests/chaos/client.h"
#include "tests/chaos/cluster.h"
#include "tests/chaos/judge.h"

namespace synod::chaos {
namespace {

using Kind = sim::CheckResult::Kind;

constexpr std::chrono::milliseconds kShortCall(1000);

class StaleReadTest : public ::testing::Test {
 protected:
  // Member 1 is cut off, and misses one of two acknowledged writes.
  void SetUp() override {
    ASSERT_TRUE(cluster_.Await("a write", [&] { return client_.Put(1, "k", kShortCall); }));
    // Which waits until member 1 has applied the write itself.
    ASSERT_TRUE(cluster_.Await("a read", [&] { return client_.Read(1, "k", kShortCall); }));
    for (const NodeId other : {NodeId(2), NodeId(3)}) {
      cluster_.network().Set(1, other, {.kind = Weather::Kind::kDropped});
      cluster_.network().Set(other, 1, {.kind = Weather::Kind::kDropped});
    }
    ASSERT_TRUE(cluster_.Await("another one", [&] { return client_.Put(2, "k", kShortCall); }));
  }

  // After all that was done so far.
  void Judge(Kind expected) {
    ASSERT_TRUE(cluster_.Await("a read", [&] { return client_.Read(2, "k", kShortCall); }));
    const History& history = client_.record().history;
    const absl::StatusOr<WriteLog> log = ReadLog(cluster_, 2, history.back().index.value());
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_EQ(CompareWithLog(client_.record(), *log), "");
    const sim::CheckResult with_log = CheckWithLog(history, *log);
    EXPECT_EQ(with_log.kind, expected) << with_log.reason;
    const sim::CheckResult without = CheckWithoutLog(WithoutUnseenWrites(history));
    EXPECT_EQ(without.kind, expected) << without.reason;
  }

  Cluster cluster_{{}};
  Client client_{1, cluster_};
};

TEST_F(StaleReadTest, SerializableReadBehindAPartition_IsFoundToBeAViolation) {
  ASSERT_TRUE(client_.Read(1, "k", kLongCall, Client::Reading::kSerializable));
  Judge(Kind::kViolation);
}

TEST_F(StaleReadTest, LinearizableReadBehindAPartition_IsNotAnsweredBeforeItHeals) {
  EXPECT_FALSE(client_.Read(1, "k", kShortCall));
  cluster_.Recover();
  ASSERT_TRUE(cluster_.Await("a read", [&] { return client_.Read(1, "k", kShortCall); }));
  Judge(Kind::kLinearizable);
}

}  // namespace
}  // namespace synod::chaos
