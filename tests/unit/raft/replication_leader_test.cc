// Tests of the leader's side of raft/impl/replication.ipp: what it accepts, what it sends to whom,
// and what it learns from the answers. Commitment has replication_commit_test.cc.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/raft/fixture.h"

namespace synod::test {
namespace {

using State = Progress::State;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The reason for which the newest output refused `request`; kNone if it did not.
Reason RefusalOf(const Core& core, RequestId request) {
  for (const Resolved& resolved : core.out.resolved) {
    if (resolved.request != request) continue;
    EXPECT_EQ(resolved.kind, Outcome::Kind::kNotCommitted);
    return resolved.reason;
  }
  return Reason::kNone;
}

// --- Proposals ---

TEST(Proposal, OnFollower_IsRefused) {
  Core core;
  core.Follow(2, 1);
  const RequestId request = core.Propose("x");
  core.Take();
  EXPECT_EQ(RefusalOf(core, request), Reason::kNotLeader);
  EXPECT_EQ(core->counters().refused_proposals, 1u);
}

TEST(Proposal, BeforeAllMembersAreIntroduced_IsRefusedWithThatReason) {
  Core core({.introduced = false});
  const RequestId request = core.Propose("x");
  core.Take();
  EXPECT_EQ(RefusalOf(core, request), Reason::kNoQuorum);
}

// E13: a leader that lost its quorum says so instead of taking proposals for ever.
TEST(Proposal, OnLeaderThatLostItsQuorum_IsRefused) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Elapse(kElectionTimeout);
  const RequestId request = core.Propose("x");
  core.Take();
  EXPECT_EQ(RefusalOf(core, request), Reason::kNotLeader);
}

TEST(Proposal, OnLeader_IsWrittenAndSentInTheSameOutput) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Propose("x");
  core.Take();
  ASSERT_THAT(core.out.persist.entries, SizeIs(1));
  EXPECT_EQ(core.out.persist.entries[0].payload.view(), "x");
  for (NodeId peer : {2, 3}) {
    ASSERT_THAT(core.SentTo<AppendRequest>(peer), SizeIs(1));
    EXPECT_EQ(core.SentTo<AppendRequest>(peer)[0].entries, core.out.persist.entries);
  }
  for (const Outgoing& append : core.Sent<AppendRequest>()) {
    EXPECT_TRUE(append.after.IsZero()) << "A leader replicates while its own disk writes.";
  }
}

TEST(Proposal, SeveralBeforeOneOutput_ShareOneAppend) {
  Core core;
  core.BecomeEstablishedLeader();
  for (int i = 0; i < 10; ++i) core.Propose("x");
  core.Take();
  ASSERT_THAT(core.SentTo<AppendRequest>(2), SizeIs(1));
  EXPECT_THAT(core.SentTo<AppendRequest>(2)[0].entries, SizeIs(10));
}

TEST(Proposal, TooLarge_IsRefused) {
  Core core({.options = {.max_entry_bytes = 3}});
  core.BecomeEstablishedLeader();
  const RequestId fits = core.Propose("123");
  const RequestId too_large = core.Propose("1234");
  core.Take();
  EXPECT_EQ(RefusalOf(core, fits), Reason::kNone);
  EXPECT_EQ(RefusalOf(core, too_large), Reason::kTooLarge);
}

// The bound is on what waits for a quorum: it is freed by commitment, not by time.
TEST(Proposal, BeyondTheUncommittedBytes_IsRefusedUntilSomeCommit) {
  const size_t entry = Entry::kHeaderBytes + 10;
  Core core({.options = {.max_entry_bytes = 10, .max_uncommitted_bytes = 2 * entry}});
  core.BecomeEstablishedLeader();
  core.Propose(std::string(10, 'a'));
  core.Propose(std::string(10, 'b'));
  const RequestId refused = core.Propose("");
  core.Take();
  EXPECT_EQ(RefusalOf(core, refused), Reason::kOverloaded);
  core.AckAll();
  core.Persisted();
  const RequestId taken = core.Propose(std::string(10, 'c'));
  core.Take();
  EXPECT_EQ(RefusalOf(core, taken), Reason::kNone);
}

// Followers commit without the leader's disk, which may fall behind by no more.
TEST(Proposal, BeyondTheBytesThatItsDiskHasNotWritten_IsRefusedUntilSomeAre) {
  const size_t entry = Entry::kHeaderBytes + 10;
  Core core({.options = {.max_entry_bytes = 10, .max_uncommitted_bytes = 2 * entry}});
  core.BecomeEstablishedLeader();
  for (int i = 0; i < 2; ++i) {
    core.Propose(std::string(10, 'a'));
    core.Take();
    core.AckAll();
  }
  EXPECT_EQ(core->commit(), core->log().last());
  const RequestId refused = core.Propose("");
  core.Take();
  EXPECT_EQ(RefusalOf(core, refused), Reason::kOverloaded);
  core.Persisted();
  EXPECT_EQ(core->log().undurable_bytes(), 0U);
  const RequestId taken = core.Propose(std::string(10, 'c'));
  core.Take();
  EXPECT_EQ(RefusalOf(core, taken), Reason::kNone);
}

TEST(Proposal, BeyondTheLogsBytes_IsRefused) {
  Core core({.options = {.max_entry_bytes = 10,
                         .max_uncommitted_bytes = 100,
                         .max_log_bytes = 3 * Entry::kHeaderBytes}});
  core.BecomeEstablishedLeader();
  core.Propose("");
  const RequestId refused = core.Propose("1");
  core.Take();
  EXPECT_EQ(RefusalOf(core, refused), Reason::kOverloaded);
}

// F5
TEST(Proposal, WithoutSpace_IsRefusedAndTakenAgainWithSpace) {
  Core core;
  core.BecomeEstablishedLeader();
  core->SetHasSpace(false);
  const RequestId refused = core.Propose("x");
  core->SetHasSpace(true);
  const RequestId taken = core.Propose("y");
  core.Take();
  EXPECT_EQ(RefusalOf(core, refused), Reason::kNoSpace);
  EXPECT_EQ(RefusalOf(core, taken), Reason::kNone);
  EXPECT_THAT(core.out.persist.entries, SizeIs(1));
}

// What no quorum can store would only fill the leader's log.
TEST(Proposal, QuorumWithoutSpace_IsRefusedAndTakenAgainWithSpace) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Receive(3, 1, HeartbeatReply{.round = 0, .epoch = {}, .received = {}, .has_space = false});
  const RequestId taken = core.Propose("x");
  core.Receive(2, 1, HeartbeatReply{.round = 0, .epoch = {}, .received = {}, .has_space = false});
  const RequestId refused = core.Propose("y");
  core.Receive(3, 1, HeartbeatReply{});
  const RequestId taken_again = core.Propose("z");
  core.Take();
  EXPECT_EQ(RefusalOf(core, taken), Reason::kNone);
  EXPECT_EQ(RefusalOf(core, refused), Reason::kNoSpace);
  EXPECT_EQ(core->counters().refused_for_space, 1u);
  EXPECT_EQ(RefusalOf(core, taken_again), Reason::kNone);
  EXPECT_THAT(core.out.persist.entries, SizeIs(2));
}

// What was appended may survive elsewhere and commit under the next leader.
TEST(Proposal, LeadershipLostMeanwhile_EndsUnknown) {
  Core core;
  core.BecomeEstablishedLeader();
  const RequestId request = core.Propose("x");
  core.Receive(2, 7, Heartbeat{});
  core.Take();
  ASSERT_THAT(core.out.resolved, SizeIs(1));
  EXPECT_EQ(core.out.resolved[0], (Resolved{.request = request,
                                            .kind = Outcome::Kind::kUnknown,
                                            .reason = Reason::kLeadershipLost}));
}

TEST(Proposal, Committed_IsHandedOverWithItsRequest) {
  Core core;
  core.BecomeEstablishedLeader();
  const RequestId first = core.Propose("x");
  const RequestId second = core.Propose("y");
  core.Take();
  core.Persisted();
  core.Ack(2, 3);
  core.Take();
  ASSERT_THAT(core.out.committed, SizeIs(2));
  EXPECT_EQ(core.out.committed[0].request, first);
  EXPECT_EQ(core.out.committed[1].request, second);
  EXPECT_EQ(core.out.committed[1].entry.payload.view(), "y");
  EXPECT_THAT(core.out.resolved, IsEmpty()) << "Each proposal ends once.";
}

// --- Probing ---

TEST(Probe, NewLeader_SendsOneAppendAndWaitsForItsAnswer) {
  Core core({.log = {1, 1}});
  core.BecomeLeader();
  ASSERT_THAT(core.SentTo<AppendRequest>(2), SizeIs(1));
  EXPECT_EQ(core.SentTo<AppendRequest>(2)[0].prev_index, Index(2));
  core.Propose("x");
  core.Take();
  EXPECT_THAT(core.Sent<AppendRequest>(), IsEmpty());
}

TEST(Probe, Accepted_PipelinesTheRest) {
  Core core;
  core.BecomeLeader();
  core.Propose("x");
  core.Ack(2, 1);
  core.Take();
  EXPECT_EQ(core.PeerProgress(2).state, State::kReplicate);
  ASSERT_THAT(core.SentTo<AppendRequest>(2), SizeIs(1));
  EXPECT_EQ(core.SentTo<AppendRequest>(2)[0].prev_index, Index(1));
  EXPECT_THAT(core.SentTo<AppendRequest>(3), IsEmpty());
}

// Raft §5.3, figure 7: the peer's log is shorter.
TEST(Probe, PeersLogIsShorter_GoesToItsEndInOneStep) {
  Core core({.log = {1, 1, 1, 2, 2, 2}});
  core.BecomeLeader();
  core.Receive(2, 3, Mismatch(6, 2, 1));
  core.Take();
  ASSERT_THAT(core.SentTo<AppendRequest>(2), SizeIs(1));
  EXPECT_EQ(core.SentTo<AppendRequest>(2)[0].prev_index, Index(2));
  EXPECT_THAT(core.SentTo<AppendRequest>(2)[0].entries, SizeIs(5));
}

// Figure 7 (f): the peer has a run of a term that this log does not know. A whole term is skipped.
TEST(Probe, PeersLogHasAnotherTerm_SkipsItsWholeTerm) {
  Core core({.log = {1, 1, 1, 4, 4, 5, 5}});
  core.BecomeLeader();
  core.Receive(2, 6, Mismatch(7, 6, 3));
  core.Take();
  ASSERT_THAT(core.SentTo<AppendRequest>(2), SizeIs(1));
  EXPECT_EQ(core.SentTo<AppendRequest>(2)[0].prev_index, Index(3));
}

TEST(Probe, Lost_IsRepeatedAfterTheNextSignOfLife) {
  Core core;
  core.BecomeLeader();
  core.Elapse(kHeartbeat);
  core.Take();
  EXPECT_THAT(core.Sent<AppendRequest>(), IsEmpty());
  core.Receive(2, 1, HeartbeatReply{.round = 1, .epoch = {}, .received = {}});
  core.Take();
  ASSERT_THAT(core.SentTo<AppendRequest>(2), SizeIs(1));
  EXPECT_THAT(core.SentTo<AppendRequest>(3), IsEmpty());
}

// Reads make heartbeats as fast as they come; a probe, which may be large, must not follow each.
TEST(Probe, ManyHeartbeatsInAShortTime_IsNotRepeated) {
  Core core;
  core.BecomeLeader();
  core.Ack(3, 1);
  core.Take();
  for (uint64_t round = 1; round <= 5; ++round) {
    core.Read();
    core.Take();
    core.Receive(2, 1, HeartbeatReply{.round = round, .epoch = {}, .received = {}});
    core.Take();
    EXPECT_THAT(core.SentTo<AppendRequest>(2), IsEmpty());
  }
}

// --- Answers out of order (R4) ---

TEST(Answers, AckOlderThanMatch_ChangesNothing) {
  Core core({.log = {1, 1}});
  core.BecomeEstablishedLeader();
  ASSERT_EQ(core.PeerProgress(2).match, Index(3));
  core.Ack(2, 1);
  EXPECT_EQ(core.PeerProgress(2).match, Index(3));
  EXPECT_EQ(core.PeerProgress(2).next, Index(4));
}

TEST(Answers, RejectionOvertakenByAnAck_IsIgnored) {
  Core core({.log = {1, 1}});
  core.BecomeEstablishedLeader();
  core.Receive(2, 2, Mismatch(2, 0, 0));
  EXPECT_EQ(core.PeerProgress(2).state, State::kReplicate);
  EXPECT_EQ(core.PeerProgress(2).match, Index(3));
  EXPECT_THAT(core.Take().messages, IsEmpty());
}

TEST(Answers, RejectionOfAnotherProbe_IsIgnored) {
  Core core({.log = {1, 1, 1, 1}});
  core.BecomeLeader();
  core.Receive(2, 2, Mismatch(4, 2, 1));
  core.Take();
  ASSERT_EQ(core.PeerProgress(2).next, Index(3));
  core.Receive(2, 2, Mismatch(4, 2, 1));
  EXPECT_EQ(core.PeerProgress(2).next, Index(3));
  EXPECT_THAT(core.Take().messages, IsEmpty());
}

TEST(Answers, Rejection_IsNeverAnAck) {
  Core core({.log = {1, 1, 1, 1}});
  core.BecomeLeader();
  core.Receive(2, 2, Mismatch(4, 3, 1));
  EXPECT_EQ(core.PeerProgress(2).match, Index());
  EXPECT_EQ(core->commit(), Index());
}

TEST(Answers, RejectionAheadOfMatch_ProbesFromMatch) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Propose("x");
  core.Take();
  core.Propose("y");
  core.Take();
  core.Receive(2, 1, Mismatch(2, 1, 1));  // The second arrived without the first.
  core.Take();
  ASSERT_THAT(core.SentTo<AppendRequest>(2), SizeIs(1));
  EXPECT_EQ(core.SentTo<AppendRequest>(2)[0].prev_index, Index(1));
  EXPECT_THAT(core.SentTo<AppendRequest>(2)[0].entries, SizeIs(2));
}

// Only a disk that lost what it acked answers so. Asked again at once, it would answer at once,
// for ever.
TEST(Answers, RejectionOfWhatWasAcked_IsNotAskedAgainInALoop) {
  Core core({.log = {1, 1}});
  core.BecomeEstablishedLeader();
  core.Propose("x");
  core.Take();
  core.Receive(2, 2, Mismatch(4, 1, 1));
  core.Take();
  ASSERT_EQ(core.PeerProgress(2).state, State::kProbe);
  ASSERT_EQ(core.PeerProgress(2).next, Index(4));
  core.Receive(2, 2, Mismatch(3, 1, 1));
  core.Take();
  EXPECT_THAT(core.SentTo<AppendRequest>(2), IsEmpty());
  EXPECT_EQ(core.PeerProgress(2).match, Index(3));
}

TEST(Answers, BeyondTheLeadersLog_AreCountedAndIgnored) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Ack(2, 9);
  core.Receive(2, 1, Mismatch(9, 0, 0));
  core.Receive(2, 1, Mismatch(1, 9, 1));
  EXPECT_EQ(core->counters().invalid_messages, 3u);
  EXPECT_EQ(core.PeerProgress(2).match, Index(1));
}

// I9: what a peer acked before it was removed and added again says nothing of the new member.
TEST(Answers, OfAnotherEpoch_AreStale) {
  Core core;
  core.BecomeLeader();
  AppendReply reply = Accepted(1);
  reply.epoch = Index(7);
  core.Receive(2, 1, reply);
  core.Receive(3, 1, HeartbeatReply{.round = 0, .epoch = Index(7), .received = {}});
  EXPECT_EQ(core->counters().stale_messages, 2u);
  EXPECT_EQ(core.PeerProgress(2).match, Index());
}

// I9: an ack counts in the term in which it was given, whatever the entry's own.
TEST(Answers, AcksOfAnOlderTerm_AreStale) {
  Core core({.term = 4, .log = {3}});
  core.BecomeLeader();
  core.Receive(2, 4, Accepted(1));
  EXPECT_EQ(core.PeerProgress(2).match, Index());
  EXPECT_EQ(core->counters().stale_messages, 1u);
}

// --- Flow control ---

TEST(FlowControl, LongBacklog_IsCutIntoAppendsOfBoundedSize) {
  const size_t entry = EntryAt(1, 1).Bytes();
  Core core({.log = {1, 1, 1, 1, 1}, .options = {.max_append_bytes = 2 * entry}});
  core.BecomeLeader();
  core.Receive(2, 2, Mismatch(5, 0, 0));
  core.Take();
  ASSERT_THAT(core.SentTo<AppendRequest>(2), SizeIs(1)) << "One probe.";
  EXPECT_THAT(core.SentTo<AppendRequest>(2)[0].entries, SizeIs(2));
  core.Ack(2, 2);
  core.Take();
  std::vector<size_t> sizes;
  for (const AppendRequest& append : core.SentTo<AppendRequest>(2)) {
    sizes.push_back(append.entries.size());
  }
  EXPECT_THAT(sizes, ElementsAre(2, 2));
}

TEST(FlowControl, EntryLargerThanAnAppend_StillFits) {
  Core core({.options = {.max_append_bytes = 1}});
  core.BecomeEstablishedLeader();
  core.Propose("larger than that");
  core.Propose("and another");
  core.Take();
  EXPECT_THAT(core.SentTo<AppendRequest>(2), SizeIs(2));
}

TEST(FlowControl, TooManyAppendsInFlight_WaitsForAcks) {
  Core core({.options = {.max_inflight_appends = 2}});
  core.BecomeEstablishedLeader();
  for (int i = 0; i < 3; ++i) {
    core.Propose("x");
    core.Take();
  }
  EXPECT_THAT(core.SentTo<AppendRequest>(2), IsEmpty());
  core.Ack(2, 2);
  core.Take();
  ASSERT_THAT(core.SentTo<AppendRequest>(2), SizeIs(1));
  EXPECT_EQ(core.SentTo<AppendRequest>(2)[0].prev_index, Index(3));
}

TEST(FlowControl, TooManyBytesInFlight_WaitsForAcks) {
  Core core({.options = {.max_inflight_bytes = 1}});
  core.BecomeEstablishedLeader();
  core.Propose("x");
  core.Take();
  EXPECT_THAT(core.SentTo<AppendRequest>(2), SizeIs(1));
  core.Propose("y");
  core.Take();
  EXPECT_THAT(core.SentTo<AppendRequest>(2), IsEmpty());
}

// --- The commit index that goes along (I7) ---

TEST(CommitSent, NeverExceedsPrevPlusEntries) {
  const size_t entry = EntryAt(1, 1).Bytes();
  Core core({.log = {1, 1, 1, 1}, .options = {.max_append_bytes = entry}});
  core.BecomeLeader();
  core.Ack(3, 5);
  ASSERT_EQ(core->commit(), Index(5));
  core.Receive(2, 2, Mismatch(4, 1, 1));
  core.Take();
  ASSERT_THAT(core.SentTo<AppendRequest>(2), SizeIs(1));
  EXPECT_EQ(core.SentTo<AppendRequest>(2)[0].commit, Index(2));
}

TEST(CommitSent, ToAPeerThatSitsIdle_FollowsByHeartbeatSoon) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Elapse(kHeartbeat);
  core.Settle();
  core.Propose("x");
  core.Take();
  core.Persisted();
  core.AckAll();
  core.Take();
  EXPECT_THAT(core.out.messages, IsEmpty()) << "The next append would carry it for free.";
  core.Elapse(core.out.next_deadline - core.now());
  core.Take();
  ASSERT_THAT(core.SentTo<Heartbeat>(2), SizeIs(1));
  EXPECT_EQ(core.SentTo<Heartbeat>(2)[0].commit, Index(2));
}

}  // namespace
}  // namespace synod::test
