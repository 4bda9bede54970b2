// Scenarios of overload, shutdown and hand-over.
#include <chrono>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/scenarios/protocols.h"
#include "tests/scenarios/script.h"

namespace synod::sim {
namespace {

class Overload : public PlayedByBoth {};
INSTANTIATE_TEST_SUITE_P(, Overload, BothProtocols(), ProtocolNameOf);

using std::chrono::milliseconds;
using std::chrono::seconds;

// More than may wait for a quorum is refused, and when the load falls all is well again.
TEST_P(Overload, X3_RetryStorm_IsRefusedBeyondTheBound) {
  EngineOptions engine;
  engine.max_entry_bytes = 10'000;
  engine.max_uncommitted_bytes = 100'000;
  Script s(GetParam(), {.engine = engine});
  s.Elect(A);
  s.StallDisk(B);
  s.StallDisk(C);
  std::vector<const Asked*> storm;
  for (int i = 0; i < 100; ++i) {
    storm.push_back(&s.Propose(A, std::to_string(i) + std::string(5'000, 'x')));
  }
  s.RunFor(milliseconds(100));
  size_t refused = 0;
  for (const Asked* asked : storm) refused += asked->IsRefused(Reason::kOverloaded) ? 1 : 0;
  EXPECT_GT(refused, 70u);
  EXPECT_LE(s.Core(A).extent().bytes, 110'000u);
  s.ResumeDisk(B);
  s.ResumeDisk(C);
  s.RunUntil([&] { return storm.front()->IsCommitted(); });
  s.Write(A, "after");
  s.HealAndConverge();
}

// A follower whose disk is slow costs the quorum nothing, and the leader no more than its bounds.
TEST_P(Overload, X3_FailSlowFollower_QuorumsLatencyIsUnchanged) {
  EngineOptions engine;
  engine.max_inflight_appends = 8;
  Script s(GetParam(), {.engine = engine});
  s.Elect(A);
  s.AwaitEquality();
  s.SlowDisk(C, seconds(1));
  for (int i = 0; i < 200; ++i) {
    const Asked& asked = s.Propose(A, "x");
    EXPECT_TRUE(s.Within(milliseconds(10), [&] { return asked.IsCommitted(); }));
    for (const Progress& peer : s.Core(A).progress()) EXPECT_LE(peer.inflight.size(), 8u);
  }
  EXPECT_LT(s.MatchOf(A, C), s.Core(A).commit());
  s.HealAndConverge();
}

// What it is asked again and again meanwhile it need not answer as often.
TEST_P(Overload, X3_FollowersDiskHangs_TheAnswersThatWaitForItAreFew) {
  Script s(GetParam());
  s.Elect(A);
  s.AwaitEquality();
  s.StallDisk(C);
  s.Write(A, "x");
  NetworkRule& probes = s.Copy(Appends().From(A).To(C));
  s.RunFor(seconds(60));
  EXPECT_GT(probes.caught.size(), 100u);
  NetworkRule& acks = s.Copy(AppendReplies().From(C).To(A));
  s.ResumeDisk(C);
  s.RunUntil([&] { return s.MatchOf(A, C) == s.Core(A).commit(); });
  EXPECT_LT(acks.caught.size(), 10u);
  s.HealAndConverge();
}

// One that never catches up does not keep the leader's log from being compacted for ever.
TEST_P(Overload, X3_LaggardThatNeverCatchesUp_LogStaysBounded) {
  EngineOptions engine;
  engine.trailing_entries = 10;
  engine.max_entry_bytes = 10'000;
  engine.max_uncommitted_bytes = 100'000;
  engine.max_log_bytes = 200'000;
  Script s(GetParam(), {.engine = engine, .snapshot_after_entries = 20});
  s.Elect(A);
  s.Drop(Appends().To(C));
  s.Drop(Every<SnapshotChunk>().To(C));
  for (int i = 0; i < 300; ++i) {
    s.Write(A, std::string(2'000, 'x'));
    EXPECT_LE(s.Core(A).extent().bytes, 200'000u);
  }
  s.HealAndConverge();
}

// NuRaft#214.
TEST_P(Overload, X6_ShutdownWithProposalsInFlight_EachEndsOnce) {
  for (const bool slow : {false, true}) {
    Script s(GetParam());
    s.Elect(A);
    if (slow) s.StallDisk(B);
    std::vector<const Asked*> asked;
    for (int i = 0; i < 20; ++i) asked.push_back(&s.Propose(A, std::to_string(i)));
    s.RunFor(milliseconds(1));
    for (int i = 20; i < 40; ++i) asked.push_back(&s.Propose(A, std::to_string(i)));
    s.Stop(A);
    for (const Asked* one : asked) EXPECT_EQ(one->endings, 1);
    EXPECT_NE(asked.front()->outcome.kind, Outcome::Kind::kNotCommitted);
    s.HealAndConverge();
  }
}

// NuRaft#659.
TEST_P(Overload, X7_LeaderIsolatedInTheMiddleOfATransfer_WritesAgainOnceHealed) {
  for (const milliseconds away : {milliseconds(50), milliseconds(2000)}) {
    Script s(GetParam());
    s.Elect(A);
    s.StallDisk(B);
    s.Propose(A, "x");
    s.RunFor(milliseconds(5));
    const Asked& transfer = s.Transfer(A, B);
    s.RunFor(milliseconds(5));
    EXPECT_FALSE(transfer.HasEnded());
    s.Isolate(A);
    s.RunFor(away);
    s.Heal();
    s.Await(transfer);
    s.ResumeDisk(B);
    s.RunUntil([&] { return !s.Leader().IsZero() && s.AreEqual({A, B, C}); });
    s.Write(s.Leader(), "y");
    s.HealAndConverge();
  }
}

}  // namespace
}  // namespace synod::sim
