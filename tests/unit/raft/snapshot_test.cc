// Tests of raft/impl/snapshot.ipp (Raft §7): taken here, needed by a peer, received from a leader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/raft/fixture.h"

namespace synod::test {
namespace {

using State = Progress::State;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const StagedSnapshot kStaged(1);

bool ReceiveSnapshot(Core& core, NodeId from, uint64_t term, const SnapshotMeta& meta) {
  const bool installed =
      core->SnapshotReceived(from, IncarnationOf(from), Term(term), meta, kStaged);
  core->CheckInvariants();
  return installed;
}

// --- Taken here ---

// A follower of 2 in term 1 that has committed `count` entries.
Core Committed(uint64_t count, const EngineOptions& options = {}) {
  Core core({.log = std::vector<uint64_t>(count, 1), .options = options});
  core.Receive(2, 1, Append(count, 1, {}, count));
  core.Settle();
  return core;
}

// F5: one write installs the snapshot and compacts the log, so compaction never precedes it.
TEST(SnapshotTaken, Newer_IsInstalledAndTheLogCompactedInOneWrite) {
  Core core = Committed(10, {.trailing_entries = 0});
  EXPECT_TRUE(core->SnapshotTaken(SnapshotAt(8, 1), kStaged));
  core.Take();
  ASSERT_TRUE(core.out.persist.snapshot);
  EXPECT_EQ(core.out.persist.snapshot->staged, kStaged);
  EXPECT_FALSE(core.out.persist.snapshot->resets_log);
  EXPECT_EQ(core.out.persist.compact_to, Index(8));
  EXPECT_EQ(core->log().first(), Index(9));
  EXPECT_EQ(core->snapshot_index(), Index(8));
}

// The entry at the new base stays on disk, for its term.
TEST(SnapshotTaken, WithTrailingEntries_KeepsThemForLateFollowers) {
  Core core = Committed(10, {.trailing_entries = 3});
  EXPECT_TRUE(core->SnapshotTaken(SnapshotAt(8, 1), kStaged));
  core.Take();
  EXPECT_EQ(core->log().first(), Index(6));
  EXPECT_EQ(core->log().TermAt(Index(5)), Term(1));
  EXPECT_EQ(core.out.persist.compact_to, Index(4));
}

TEST(SnapshotTaken, FewerEntriesThanTheTrail_CompactsNothing) {
  Core core = Committed(10, {.trailing_entries = 8});
  EXPECT_TRUE(core->SnapshotTaken(SnapshotAt(8, 1), kStaged));
  core.Take();
  EXPECT_FALSE(core.out.persist.compact_to);
  EXPECT_EQ(core->log().first(), Index(1));
}

TEST(SnapshotTaken, LogIsTooLarge_KeepsNoTrail) {
  const size_t entry = EntryAt(1, 1).Bytes();
  Core core = Committed(10, {.max_log_bytes = 10 * entry, .trailing_entries = 8});
  EXPECT_TRUE(core->SnapshotTaken(SnapshotAt(8, 1), kStaged));
  EXPECT_EQ(core->log().first(), Index(9));
}

// A log that was kept under larger limits would refuse proposals, and no snapshot would be due.
TEST(Start, LogTooLargeForItsLimits_DropsWhatTheSnapshotCovers) {
  DurableState state = Core::StateOf({.log = std::vector<uint64_t>(10, 1)});
  state.snapshot = SnapshotAt(8, 1);
  Core core({.options = {.max_uncommitted_bytes = 9 * Entry::kHeaderBytes,
                         .max_log_bytes = 9 * Entry::kHeaderBytes}});
  core.Start(state);
  EXPECT_TRUE(core->HasOutput());
  core.Take();
  EXPECT_EQ(core.out.persist.compact_to, Index(8));
  EXPECT_EQ(core->log().first(), Index(9));
  EXPECT_FALSE(core->WantsSnapshot());
}

TEST(SnapshotTaken, NotNewerOrAnotherPending_IsDiscarded) {
  Core core = Committed(10);
  EXPECT_TRUE(core->SnapshotTaken(SnapshotAt(8, 1), kStaged));
  EXPECT_FALSE(core->SnapshotTaken(SnapshotAt(9, 1), kStaged)) << "One a write.";
  core.Settle();
  EXPECT_FALSE(core->SnapshotTaken(SnapshotAt(8, 1), kStaged));
  EXPECT_TRUE(core->SnapshotTaken(SnapshotAt(9, 1), kStaged));
}

// --- Needed by a peer ---

// A leader of term 2 whose log begins at 6, with followers that have nothing and everything.
struct Sending {
  Sending() : core({.log = {1, 1}, .snapshot = SnapshotAt(5, 1)}) {
    core.BecomeLeader();
    core.Ack(3, 8);
    core.Take();
    core.Receive(2, 2, Mismatch(7, 0, 0));
    core.Take();
  }
  Core core;
};

TEST(SnapshotNeeded, LogNoLongerReachesThePeer_IsAskedForAndNothingElseSent) {
  Sending s;
  ASSERT_THAT(s.core.out.send_snapshots, SizeIs(1));
  EXPECT_EQ(s.core.out.send_snapshots[0].to, NodeId(2));
  EXPECT_EQ(s.core.out.send_snapshots[0].term, Term(2));
  EXPECT_EQ(s.core.PeerProgress(2).state, State::kSnapshot);
  s.core.Propose("x");
  s.core.Take();
  EXPECT_THAT(s.core.SentTo<AppendRequest>(2), IsEmpty());
  EXPECT_THAT(s.core.SentTo<AppendRequest>(3), SizeIs(1));
  EXPECT_THAT(s.core.out.send_snapshots, IsEmpty()) << "One transfer at a time.";
}

TEST(SnapshotNeeded, AckedByThePeer_GoesOnBehindIt) {
  Sending s;
  s.core.Ack(2, 5);
  s.core.Take();
  EXPECT_EQ(s.core.PeerProgress(2).state, State::kReplicate);
  ASSERT_THAT(s.core.SentTo<AppendRequest>(2), SizeIs(1));
  EXPECT_EQ(s.core.SentTo<AppendRequest>(2)[0].prev_index, Index(5));
}

// S7: the ack is lost. A probe behind the snapshot finds out, without another transfer.
TEST(SnapshotNeeded, DeliveredButItsAckIsLost_ProbesBehindIt) {
  Sending s;
  s.core->SnapshotSendEnded(2, Term(2), /*delivered=*/true);
  s.core.Take();
  EXPECT_THAT(s.core.out.send_snapshots, IsEmpty());
  ASSERT_THAT(s.core.SentTo<AppendRequest>(2), SizeIs(1));
  EXPECT_EQ(s.core.SentTo<AppendRequest>(2)[0].prev_index, Index(5));
}

// S3: neither a loop of transfers nor silence. Reads bring signs of life at any rate.
TEST(SnapshotNeeded, NotDelivered_IsTriedAgainLessAndLessOften) {
  Sending s;
  for (const int heartbeats : {2, 4, 8, 16, 32, 64, 64}) {
    s.core->SnapshotSendEnded(2, Term(2), /*delivered=*/false);
    for (int i = 1; i <= heartbeats; ++i) {
      s.core.Elapse(kHeartbeat);
      s.core.Receive(3, 2, HeartbeatReply{});
      s.core.Receive(2, 2, HeartbeatReply{});
      EXPECT_THAT(s.core.Take().send_snapshots, SizeIs(i == heartbeats ? 1 : 0));
    }
  }
  s.core.Ack(2, 5);
  EXPECT_EQ(s.core.PeerProgress(2).snapshot_failures, 0u);
}

// S3: what a follower will ask for when it has installed a snapshot stays in the log, though the
// leader takes further ones meanwhile.
TEST(SnapshotNeeded, AnotherIsTakenMeanwhile_KeepsWhatFollowsTheOneThatIsSent) {
  Sending s;
  for (int i = 0; i < 20; ++i) s.core.Propose("x");
  s.core.Settle();
  s.core.Ack(3, 28);
  s.core.Settle();
  s.core.Elapse(kHeartbeat);
  s.core.Receive(2, 2, HeartbeatReply{});
  EXPECT_TRUE(s.core->SnapshotTaken(SnapshotAt(25, 2), kStaged));
  s.core.Settle();
  EXPECT_EQ(s.core->log().first(), Index(6));
  s.core.Ack(2, 5);
  s.core.Take();
  EXPECT_EQ(s.core.PeerProgress(2).state, State::kReplicate);
  EXPECT_THAT(s.core.out.send_snapshots, IsEmpty());
  EXPECT_EQ(s.core.SentTo<AppendRequest>(2).at(0).prev_index, Index(5));
}

// S3: and so does what it lacks while it catches up, as long as it is alive ...
struct CatchingUp {
  explicit CatchingUp(EngineOptions options = {.trailing_entries = 0})
      : core({.options = options}) {
    core.BecomeEstablishedLeader();
    for (int i = 0; i < 20; ++i) core.Propose("x");
    core.Settle();
    core.Ack(3, 21);
    core.Ack(2, 7);
    core.Settle();
  }
  Core core;
};

TEST(SnapshotTaken, AFollowerCatchesUp_KeepsWhatItLacks) {
  CatchingUp c;
  EXPECT_TRUE(c.core->SnapshotTaken(SnapshotAt(20, 1), kStaged));
  EXPECT_EQ(c.core->log().first(), Index(8));
}

TEST(SnapshotTaken, AFollowerIsSilent_IsNotWaitedFor) {
  CatchingUp c;
  for (int i = 0; i < 10; ++i) {
    c.core.Elapse(kHeartbeat);
    c.core.Receive(3, 1, HeartbeatReply{});
  }
  EXPECT_TRUE(c.core->SnapshotTaken(SnapshotAt(20, 1), kStaged));
  EXPECT_EQ(c.core->log().first(), Index(21));
}

TEST(SnapshotTaken, AFollowerCatchesUpButTheLogIsTooLarge_IsNotWaitedFor) {
  CatchingUp c({.max_uncommitted_bytes = 2 * 1024 * 1024,
                .max_log_bytes = 2 * 1024 * 1024,
                .trailing_entries = 0});
  c.core.Propose(std::string(1536 * 1024, 'x'));
  c.core.Settle();
  ASSERT_TRUE(c.core->WantsSnapshot());
  EXPECT_TRUE(c.core->SnapshotTaken(SnapshotAt(20, 1), kStaged));
  EXPECT_EQ(c.core->log().first(), Index(21));
}

// F5: what is kept for others' convenience is the first to go.
TEST(SnapshotTaken, DiskIsFull_KeepsNoTrail) {
  Core core = Committed(10, {.trailing_entries = 5});
  EXPECT_TRUE(core->SnapshotTaken(SnapshotAt(8, 1), kStaged));
  core.Settle();
  ASSERT_EQ(core->log().first(), Index(4));
  core->SetHasSpace(false);
  core.Take();
  EXPECT_EQ(core.out.persist.compact_to, Index(8));
  EXPECT_EQ(core->log().first(), Index(9));
}

// S7: the peer took a snapshot by itself meanwhile, and is further than what was sent.
TEST(SnapshotNeeded, PeerIsFurtherThanTheSnapshot_GoesOnFromThere) {
  Sending s;
  s.core.Ack(2, 7);
  EXPECT_EQ(s.core.PeerProgress(2).state, State::kReplicate);
  EXPECT_EQ(s.core.PeerProgress(2).next, Index(8));
}

// S6: the transfer belongs to a leadership that is over, though it leads again.
TEST(SnapshotNeeded, TransferOfAnEarlierTermEnds_HasNoEffect) {
  Sending s;
  s.core->SnapshotSendEnded(2, Term(1), /*delivered=*/true);
  EXPECT_EQ(s.core.PeerProgress(2).state, State::kSnapshot);
  s.core.Receive(3, 3, Heartbeat{});
  s.core->SnapshotSendEnded(2, Term(2), /*delivered=*/true);
  s.core.Take();
  EXPECT_THAT(s.core.Sent<AppendRequest>(), IsEmpty());
}

// S3: compaction passes the next index of a follower that is only slow.
TEST(SnapshotNeeded, CompactionPassesAFollower_AcksThatReachTheLogEndIt) {
  Core core({.options = {.trailing_entries = 0}});
  core.BecomeLeader();
  core.Ack(2, 1);
  core.Settle();
  EXPECT_TRUE(core->SnapshotTaken(SnapshotAt(1, 1), kStaged));
  core.Settle();
  core.Receive(3, 1, Mismatch(0, 0, 0));
  core.Elapse(kHeartbeat);
  core.Receive(3, 1, HeartbeatReply{.round = 0, .epoch = {}, .received = {}});
  core.Take();
  ASSERT_EQ(core.PeerProgress(3).state, State::kSnapshot);
  core.Ack(3, 1);
  EXPECT_EQ(core.PeerProgress(3).state, State::kReplicate);
}

// --- Received ---

TEST(SnapshotReceived, AheadOfTheLog_ReplacesItInOneWrite) {
  Core core({.log = {1, 1}});
  EXPECT_TRUE(ReceiveSnapshot(core, 2, 2, SnapshotAt(9, 2)));
  core.Take();
  ASSERT_TRUE(core.out.persist.snapshot);
  EXPECT_TRUE(core.out.persist.snapshot->resets_log);
  ASSERT_TRUE(core.out.restore);
  EXPECT_EQ(core.out.restore->after, core.out.persist.token);
  EXPECT_EQ(core->commit(), Index(9));
  EXPECT_EQ(core->log().first(), Index(10));
  ASSERT_THAT(core.SentTo<AppendReply>(2), SizeIs(1));
  EXPECT_EQ(core.SentTo<AppendReply>(2)[0], Accepted(9));
  EXPECT_EQ(core.Sent<AppendReply>()[0].after, core.out.persist.token);
}

// S1: over a log that conflicts, with writes under way: nothing of it counts any more.
TEST(SnapshotReceived, OverEntriesBeingWritten_VoidsTheirAcksAndWrites) {
  Core core({.log = {1}});
  core.Receive(2, 2, Append(1, 1, {2, 2}));
  core.Take();
  const PersistToken old_write = core.last_token();
  core.Receive(2, 2, Append(3, 2, {2}));
  EXPECT_TRUE(ReceiveSnapshot(core, 3, 3, SnapshotAt(9, 3)));
  core.Take();
  EXPECT_THAT(core.out.persist.entries, IsEmpty());
  EXPECT_THAT(core.SentTo<AppendReply>(2), IsEmpty());
  core.Persisted(old_write);
  EXPECT_EQ(core->log().durable(), Index());
  core.Persisted();
  EXPECT_EQ(core->log().durable(), Index(9));
}

TEST(SnapshotReceived, ThenAnAppendBehindIt_SharesItsWriteAndItsAck) {
  Core core;
  EXPECT_TRUE(ReceiveSnapshot(core, 2, 2, SnapshotAt(9, 2)));
  core.Receive(2, 2, Append(9, 2, {2}, 10));
  core.Take();
  EXPECT_TRUE(core.out.persist.snapshot);
  EXPECT_EQ(core.out.persist.entries, EntriesOf({2}, 9));
  EXPECT_THAT(core.CommittedIndexes(), ElementsAre(Index(10)));
  EXPECT_EQ(core.SentTo<AppendReply>(2).at(0), Accepted(10));
}

// S2
TEST(SnapshotReceived, OlderThanWhatIsCommitted_IsDiscardedAndAcked) {
  Core core = Committed(5);
  EXPECT_FALSE(ReceiveSnapshot(core, 2, 1, SnapshotAt(4, 1)));
  core.Take();
  EXPECT_FALSE(core.out.restore);
  EXPECT_TRUE(core.out.persist.IsEmpty());
  EXPECT_EQ(core.SentTo<AppendReply>(2).at(0), Accepted(5));
}

// Raft §7: the log has all that it stands for; what follows is kept.
TEST(SnapshotReceived, LogHasItsLastEntry_AppliesTheLogInstead) {
  Core core({.log = {1, 1, 1}});
  EXPECT_FALSE(ReceiveSnapshot(core, 2, 1, SnapshotAt(2, 1)));
  core.Take();
  EXPECT_FALSE(core.out.restore);
  EXPECT_THAT(core.CommittedIndexes(), ElementsAre(Index(1), Index(2)));
  EXPECT_EQ(core->log().last(), Index(3));
  EXPECT_EQ(core.SentTo<AppendReply>(2).at(0), Accepted(2));
}

// S1: entries of the same output that the image holds are not applied before it.
TEST(SnapshotReceived, CommittedInTheSameOutput_IsInTheImage) {
  Core core;
  core.Receive(2, 1, Append(0, 0, {1, 1}, 2));
  EXPECT_TRUE(ReceiveSnapshot(core, 2, 1, SnapshotAt(9, 1)));
  core.Take();
  EXPECT_THAT(core.out.committed, IsEmpty());
  EXPECT_TRUE(core.out.restore);
}

// A proposal ends once, even if its result is lost in an image.
TEST(SnapshotReceived, OwnProposalCommittedInTheSameOutput_EndsUnknown) {
  Core core;
  core.BecomeEstablishedLeader();
  const RequestId request = core.Propose("x");
  core.Take();
  core.Persisted();
  core.Ack(2, 2);
  ASSERT_EQ(core->commit(), Index(2));
  EXPECT_TRUE(ReceiveSnapshot(core, 2, 2, SnapshotAt(9, 2)));
  core.Take();
  EXPECT_THAT(core.out.committed, IsEmpty());
  ASSERT_THAT(core.out.resolved, SizeIs(1));
  EXPECT_EQ(core.out.resolved[0], (Resolved{.request = request,
                                            .kind = Outcome::Kind::kUnknown,
                                            .reason = Reason::kLeadershipLost}));
}

TEST(SnapshotReceived, OfAnOlderTermOrASecondLeader_IsDiscarded) {
  Core core;
  core.Follow(2, 5);
  EXPECT_FALSE(ReceiveSnapshot(core, 2, 4, SnapshotAt(9, 4)));
  EXPECT_FALSE(ReceiveSnapshot(core, 3, 5, SnapshotAt(9, 4)));
  EXPECT_EQ(core->commit(), Index());
  EXPECT_EQ(core->leader(), NodeId(2));
}

TEST(SnapshotReceived, BeforeTheReplicaIsIntroduced_IsDiscarded) {  // M3
  Core core({.introduced = false});
  EXPECT_FALSE(ReceiveSnapshot(core, 2, 5, SnapshotAt(9, 4)));
  EXPECT_EQ(core->commit(), Index());
}

// What stands in a snapshot's description comes from a peer: it is checked like any message.
TEST(SnapshotReceived, DescriptionThatCannotBe_IsCountedAndDiscarded) {
  SnapshotMeta no_voters = SnapshotAt(9, 2);
  no_voters.configuration = {};
  SnapshotMeta too_many_voters = SnapshotAt(9, 2);
  for (uint64_t node = 4; node <= kMaxVoters + 1; ++node) {
    too_many_voters.configuration.voters.emplace_back(node);
  }
  SnapshotMeta no_term = SnapshotAt(9, 0);
  SnapshotMeta of_the_future = SnapshotAt(9, 3);
  SnapshotMeta unsorted = SnapshotAt(9, 2);
  unsorted.configuration.voters = {3, 2, 1};
  for (const SnapshotMeta& meta : {no_voters, too_many_voters, no_term, of_the_future, unsorted}) {
    Core core;
    EXPECT_FALSE(ReceiveSnapshot(core, 2, 2, meta));
    EXPECT_EQ(core->counters().invalid_messages, 1u);
    EXPECT_EQ(core->commit(), Index());
  }
}

// Adopted, it would leave no terms for anybody, on the disk as well.
TEST(SnapshotReceived, OfATermThatNobodyCanReach_IsCountedAndDiscarded) {
  Core core;
  EXPECT_FALSE(ReceiveSnapshot(core, 2, kMaxTerm.value() + 1, SnapshotAt(9, 2)));
  core.Settle();
  EXPECT_EQ(core->counters().invalid_messages, 1u);
  EXPECT_EQ(core->term(), Term());
}

// --- Its pieces, at the door ---

TEST(SnapshotPiece, ThatCannotBe_IsCountedAndNotAdmitted) {
  Core core;
  const Message good{.group = kGroup,
                     .from = 2,
                     .to = 1,
                     .incarnation = IncarnationOf(2),
                     .term = Term(3),
                     .body = SnapshotChunk{}};
  EXPECT_TRUE(core->AdmitsSnapshot(good));
  std::vector<Message> bad(5, good);
  bad[0].term = kMaxTerm + 1;
  bad[1].incarnation = Incarnation();
  bad[2].from = NodeId(1);
  bad[3].to = NodeId(3);
  bad[4].group = GroupId(77);
  for (const Message& message : bad) EXPECT_FALSE(core->AdmitsSnapshot(message));
  EXPECT_EQ(core->counters().invalid_messages, 5u);
  core.Receive(2, 4, Heartbeat{});
  EXPECT_FALSE(core->AdmitsSnapshot(good));
  EXPECT_EQ(core->counters().stale_messages, 1u);
}

}  // namespace
}  // namespace synod::test
