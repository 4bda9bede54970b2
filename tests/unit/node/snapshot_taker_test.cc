// When a replica takes a snapshot, and when it tries again.
#include "src/snapshot_taker.h"

#include <gtest/gtest.h>

#include "tests/unit/node/fake_host.h"

namespace synod::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SnapshotTakerTest : public testing::Test, public SnapshotTaker::Client {
 protected:
  void OnSnapshotStaged(const SnapshotMeta&, StagedSnapshot) override {}
  void OnSnapshotRetry() override { ++retries_; }

  // One that is due, and fails.
  void Fail() {
    ASSERT_TRUE(taker_.Begin(/*must_shrink=*/false));
    taker_.OnView({}, absl::ResourceExhaustedError("no space"));
  }

  test::FakeHost host_{1};
  SnapshotTaker taker_{host_, 1, {.after_entries = 10, .after_bytes = 1000}, *this};
  int retries_ = 0;
};

TEST_F(SnapshotTakerTest, PolicyIsNotMet_TakesNone) {
  taker_.Applied(9, 999);
  EXPECT_FALSE(taker_.Begin(/*must_shrink=*/false));
  EXPECT_TRUE(taker_.Begin(/*must_shrink=*/true));
}

TEST_F(SnapshotTakerTest, NoCommandWasApplied_TakesOneOfAFullLogAlone) {
  EXPECT_FALSE(taker_.Begin(/*must_shrink=*/false));
  EXPECT_TRUE(taker_.Begin(/*must_shrink=*/true)) << "What is no command fills it, too.";
}

TEST_F(SnapshotTakerTest, EntriesOrBytesReachThePolicy_TakesOneAtATime) {
  taker_.Applied(10, 0);
  EXPECT_TRUE(taker_.Begin(/*must_shrink=*/false));
  taker_.Applied(1, 1000);
  EXPECT_FALSE(taker_.Begin(/*must_shrink=*/false)) << "One is under way.";
}

TEST_F(SnapshotTakerTest, Fails_WaitsLongerEachTime) {
  taker_.Applied(10, 0);
  for (const Duration wait : {seconds(1), seconds(2), seconds(4)}) {
    Fail();
    host_.loop().Advance(wait - milliseconds(1));
    EXPECT_FALSE(taker_.Begin(/*must_shrink=*/true));
    host_.loop().Advance(milliseconds(1));
  }
  EXPECT_EQ(retries_, 3);
}

// F5: a full log takes no entries until a snapshot has made room.
TEST_F(SnapshotTakerTest, SpaceReturns_WaitsNoLonger) {
  taker_.Applied(10, 0);
  for (const Duration wait : {seconds(1), seconds(2)}) {
    Fail();
    host_.loop().Advance(wait);
  }
  Fail();
  taker_.SpaceReturned();
  Fail();
  host_.loop().Advance(seconds(1));
  EXPECT_TRUE(taker_.Begin(/*must_shrink=*/false)) << "It waits as after the first failure.";
}

}  // namespace
}  // namespace synod::internal
