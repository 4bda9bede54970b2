// Tests of raft/progress.h: the window of what is sent and not acknowledged yet.
#include "synod/engine/progress.h"

#include <gtest/gtest.h>

namespace synod {
namespace {

Instant At(int ms) { return Instant(std::chrono::milliseconds(ms)); }

Progress Replicating() {
  Progress peer;
  peer.match = Index(3);
  peer.BecomeReplicate();
  return peer;
}

TEST(Progress, BecomesReplicate_GoesOnBehindMatch) {
  Progress peer;
  peer.match = Index(3);
  peer.next = Index(9);
  peer.probe_sent = true;
  peer.BecomeReplicate();
  EXPECT_EQ(peer.next, Index(4));
  EXPECT_FALSE(peer.probe_sent);
}

TEST(Progress, AppendsSent_FillTheWindow) {
  Progress peer = Replicating();
  peer.Sent(Index(5), 100, At(1));
  peer.Sent(Index(9), 300, At(2));
  EXPECT_EQ(peer.inflight.size(), 2u);
  EXPECT_EQ(peer.inflight_bytes, 400u);
  EXPECT_EQ(peer.last_progress, At(1)) << "The wait began with the first.";
}

TEST(Progress, AckInsideAnAppend_FreesOnlyWhatIsWhollyAcked) {
  Progress peer = Replicating();
  peer.Sent(Index(5), 100, At(1));
  peer.Sent(Index(9), 300, At(2));
  peer.Acknowledged(Index(4), At(3));
  EXPECT_EQ(peer.inflight_bytes, 400u);
  EXPECT_EQ(peer.last_progress, At(1));
  peer.Acknowledged(Index(8), At(4));
  EXPECT_EQ(peer.inflight_bytes, 300u);
  EXPECT_EQ(peer.last_progress, At(4));
  peer.Acknowledged(Index(9), At(5));
  EXPECT_EQ(peer.inflight_bytes, 0u);
  EXPECT_TRUE(peer.inflight.empty());
}

TEST(Progress, LeavingReplicate_ForgetsTheWindow) {
  for (const bool snapshot : {false, true}) {
    Progress peer = Replicating();
    peer.Sent(Index(5), 100, At(1));
    if (snapshot) {
      peer.BecomeSnapshot(Index(1));
    } else {
      peer.BecomeProbe(Index(4));
    }
    EXPECT_TRUE(peer.inflight.empty());
    EXPECT_EQ(peer.inflight_bytes, 0u);
    EXPECT_EQ(peer.match, Index(3)) << "What was acked stays acked.";
  }
}

}  // namespace
}  // namespace synod
