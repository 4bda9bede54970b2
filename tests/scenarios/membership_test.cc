// Scenarios of members that are not, or are no more, what the others take them for.
#include <chrono>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/scenarios/script.h"

namespace synod::sim {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

// raft-tlaplus, dragonboat#256: a disk that was wiped has forgotten its votes and its acks.
TEST(Membership, M3_WipedDiskUnderItsOldName_IsRefusedAsAVoter) {
  Script s;
  s.Elect(A);
  s.Write(A, "x");
  s.RunUntil([&] { return s.AreEqual({A, B, C}); });
  s.Stop(B);
  s.At(B).Wipe(/*joins=*/false);
  s.Start(B);
  s.RunUntil([&] { return s.At(B).IsStopped(); });
  EXPECT_THAT(s.At(B).replica().Status().stopped.ToString(),
              HasSubstr("remembers another disk of this node"));
  // With B it would be a quorum.
  s.Crash(C);
  const Asked& y = s.Propose(A, "y");
  s.RunFor(seconds(5));
  EXPECT_FALSE(y.IsCommitted());
  EXPECT_EQ(s.Leader(), NodeId());
  s.Start(C);
  s.RunUntil([&] { return !s.Leader().IsZero(); });
  s.Write(s.Leader(), "z");
  s.HealAndConverge();
}

}  // namespace
}  // namespace synod::sim
