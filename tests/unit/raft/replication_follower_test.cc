// Tests of the follower's side of raft/impl/replication.ipp (Raft §5.3): what it appends, what it
// truncates, and above all what it acknowledges.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/raft/fixture.h"

namespace synod::test {
namespace {

using Status = AppendReply::Status;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The one ack in the newest output.
AppendReply ReplyOf(const Core& core, NodeId leader = 2) {
  const std::vector<AppendReply> replies = core.SentTo<AppendReply>(leader);
  EXPECT_THAT(replies, SizeIs(1));
  return replies.empty() ? AppendReply() : replies.front();
}

// --- Persist before ack ---

// Mutation 3 (I5): an ack that overtook its write would promise what a crash takes back.
TEST(PersistBeforeAck, NewEntries_AckWaitsForTheirWrite) {
  Core core;
  core.Receive(2, 1, Append(0, 0, {1, 1}));
  core.Take();
  EXPECT_EQ(ReplyOf(core), Accepted(2));
  ASSERT_FALSE(core.out.persist.token.IsZero());
  EXPECT_EQ(core.Sent<AppendReply>()[0].after, core.out.persist.token);
  EXPECT_EQ(core.out.persist.entries, EntriesOf({1, 1}));
}

// R9: an append without entries acks those before it, which are not durable yet.
TEST(PersistBeforeAck, EmptyAppendBehindEntriesBeingWritten_WaitsForThem) {
  Core core;
  core.Receive(2, 1, Append(0, 0, {1, 1}));
  core.Take();
  const PersistToken write = core.out.persist.token;
  core.Receive(2, 1, Append(2, 1, {}));
  core.Take();
  EXPECT_TRUE(core.out.persist.IsEmpty());
  EXPECT_EQ(ReplyOf(core), Accepted(2));
  EXPECT_EQ(core.Sent<AppendReply>()[0].after, write);
}

// R9: a repeated append is known already, though not durable.
TEST(PersistBeforeAck, RepeatedAppendBeingWritten_WaitsForTheFirst) {
  Core core;
  core.Receive(2, 1, Append(0, 0, {1, 1}));
  core.Take();
  const PersistToken write = core.out.persist.token;
  core.Receive(2, 1, Append(0, 0, {1, 1}));
  core.Take();
  EXPECT_TRUE(core.out.persist.IsEmpty()) << "Nothing is appended twice.";
  EXPECT_EQ(core.Sent<AppendReply>().at(0).after, write);
}

TEST(PersistBeforeAck, EverythingDurableAlready_LeavesAtOnce) {
  Core core({.log = {1, 1}});
  core.Follow(2, 1);
  core.Receive(2, 1, Append(2, 1, {}));
  core.Take();
  EXPECT_EQ(ReplyOf(core), Accepted(2));
  EXPECT_TRUE(core.Sent<AppendReply>()[0].after.IsZero());
}

// The term is part of the promise: forgotten in a crash, an older leader could be followed again.
TEST(PersistBeforeAck, OnlyTheTermIsNew_WaitsForIt) {
  Core core({.log = {1}});
  core.Receive(2, 5, Append(1, 1, {}));
  core.Take();
  EXPECT_EQ(ReplyOf(core), Accepted(1));
  EXPECT_EQ(core.Sent<AppendReply>()[0].after, core.out.persist.token);
  EXPECT_FALSE(core.out.persist.token.IsZero());
}

TEST(Ack, SeveralAppendsBeforeOneOutput_ShareOneAck) {
  Core core;
  core.Receive(2, 1, Append(0, 0, {1}));
  core.Receive(2, 1, Append(1, 1, {1, 1}));
  core.Take();
  EXPECT_EQ(ReplyOf(core), Accepted(3));
  EXPECT_EQ(core.out.persist.entries, EntriesOf({1, 1, 1}));
}

// A late short append must not take back what a longer one had acked in the same output.
TEST(Ack, ShorterAppendAfterALonger_AcksTheLonger) {
  Core core;
  core.Receive(2, 1, Append(0, 0, {1, 1, 1}));
  core.Receive(2, 1, Append(0, 0, {1}));
  core.Take();
  EXPECT_EQ(ReplyOf(core), Accepted(3));
}

// I9: an ack of an older term must not grow by what a newer leader sent.
TEST(Ack, SameLeaderInANewerTerm_AcksSeparately) {
  Core core;
  core.Receive(2, 1, Append(0, 0, {1}));
  core.Receive(2, 2, Append(1, 1, {2}));
  core.Take();
  ASSERT_THAT(core.Sent<AppendReply>(), SizeIs(2));
  EXPECT_EQ(core.Sent<AppendReply>()[0].message.term, Term(1));
  EXPECT_EQ(core.SentTo<AppendReply>(2)[0].index, Index(1));
  EXPECT_EQ(core.Sent<AppendReply>()[1].message.term, Term(2));
  EXPECT_EQ(core.SentTo<AppendReply>(2)[1].index, Index(2));
}

// R5, R11: several inputs come before one output. Entries that were acked and then truncated are
// never handed to the disk, so the ack would be of nothing.
TEST(Ack, EntriesTruncatedBeforeTheOutputIsTaken_IsVoid) {
  Core core({.log = {1}});
  core.Receive(2, 2, Append(1, 1, {2, 2}));
  core.Receive(3, 3, Append(1, 1, {3}));
  core.Take();
  EXPECT_THAT(core.SentTo<AppendReply>(2), IsEmpty());
  EXPECT_EQ(ReplyOf(core, 3), Accepted(2));
  EXPECT_EQ(core.out.persist.entries, EntriesOf({3}, 1));
}

TEST(Ack, EntriesBelowATruncationInTheSameOutput_Stands) {
  Core core;
  core.Receive(2, 2, Append(0, 0, {2}));
  core.Receive(2, 3, Append(1, 2, {3}));
  core.Receive(3, 4, Append(1, 2, {4}));
  core.Take();
  ASSERT_THAT(core.SentTo<AppendReply>(2), SizeIs(1));
  EXPECT_EQ(core.SentTo<AppendReply>(2)[0], Accepted(1));
  EXPECT_EQ(core.out.persist.entries, EntriesOf({2, 4}));
}

// --- The previous entry ---

// Mutation 4 (I6): without it two logs that differ would be taken for equal.
TEST(PreviousEntry, OfAnotherTerm_IsAMismatchAndNothingIsAppended) {
  Core core({.log = {1, 1}});
  core.Receive(2, 3, Append(2, 2, {3}));
  core.Take();
  EXPECT_EQ(ReplyOf(core).status, Status::kMismatch);
  EXPECT_EQ(ReplyOf(core).index, Index(2));
  EXPECT_THAT(core.LogTerms(), ElementsAre(1, 1));
}

TEST(PreviousEntry, Missing_IsAMismatchThatNamesTheEndOfTheLog) {
  Core core({.log = {1, 2}});
  core.Receive(2, 3, Append(7, 3, {3}));
  core.Take();
  EXPECT_EQ(ReplyOf(core), Mismatch(7, 2, 2));
}

TEST(PreviousEntry, OfAnotherTerm_HintSkipsTheWholeLaterTerm) {
  Core core({.log = {1, 1, 4, 4, 4}});
  core.Receive(2, 6, Append(5, 2, {6}));
  core.Take();
  EXPECT_EQ(ReplyOf(core), Mismatch(5, 2, 1));
}

TEST(PreviousEntry, Mismatch_PromisesNothingAndWaitsForNothing) {
  Core core;
  core.Receive(2, 3, Append(7, 3, {3}));
  core.Take();
  EXPECT_TRUE(core.Sent<AppendReply>().at(0).after.IsZero());
}

// --- Truncation ---

// R3, mutation 5: a short old append after a long new one.
TEST(TruncateOnlyOnConflict, ShortOldAppendAfterALongOne_KeepsTheLong) {
  Core core;
  core.Receive(2, 1, Append(0, 0, {1, 1, 1}));
  core.Settle();
  core.Receive(2, 1, Append(0, 0, {1}));
  core.Take();
  EXPECT_THAT(core.LogTerms(), ElementsAre(1, 1, 1));
  EXPECT_FALSE(core.out.persist.truncate_from);
  core.Receive(2, 1, Append(1, 1, {}));
  core.Take();
  EXPECT_THAT(core.LogTerms(), ElementsAre(1, 1, 1));
}

TEST(TruncateOnlyOnConflict, EntryOfAnotherTerm_ReplacesItAndAllBehind) {
  Core core({.log = {1, 2, 2, 2}});
  core.Receive(2, 3, Append(1, 1, {2, 3}));
  core.Take();
  EXPECT_THAT(core.LogTerms(), ElementsAre(1, 2, 3));
  EXPECT_EQ(core.out.persist.truncate_from, Index(3));
  EXPECT_EQ(core.out.persist.entries, EntriesOf({3}, 2));
}

TEST(TruncateOnlyOnConflict, TwiceInOneOutput_WritesOnlyWhatIsLeft) {
  Core core({.log = {1, 1, 1}});
  core.Receive(2, 2, Append(1, 1, {2, 2}));
  core.Receive(3, 3, Append(2, 2, {3}));
  core.Take();
  EXPECT_EQ(core.out.persist.truncate_from, Index(2));
  EXPECT_EQ(core.out.persist.entries, EntriesOf({2, 3}, 1));
}

// R6: the durable index fell with the truncation: nothing acked rests on the write that it undid.
TEST(TruncateOnlyOnConflict, WithTheOldWritePending_AckWaitsForTheNewWrite) {
  Core core({.log = {1}});
  core.Receive(2, 2, Append(1, 1, {2, 2}));
  core.Take();
  const PersistToken old_write = core.out.persist.token;
  core.Receive(3, 3, Append(1, 1, {3, 3}));
  core.Take();
  core.Persisted(old_write);
  EXPECT_EQ(core->log().durable(), Index(1));
  EXPECT_GT(core.Sent<AppendReply>().at(0).after, old_write);
  core.Persisted();
  EXPECT_EQ(core->log().durable(), Index(3));
}

// --- Commit ---

// R2 (I7): what lies behind prev + entries is not known to equal the leader's.
TEST(FollowerCommit, BeyondWhatTheAppendVerified_IsNotTaken) {
  Core core({.log = {1, 1, 1}});  // 3@1 diverges from the leader's.
  core.Receive(2, 2, Append(2, 1, {}, /*commit=*/3));
  core.Take();
  EXPECT_EQ(core->commit(), Index(2));
  EXPECT_THAT(core.CommittedIndexes(), ElementsAre(Index(1), Index(2)));
}

TEST(FollowerCommit, LowerThanKnown_DoesNotFall) {
  Core core({.log = {1, 1}});
  core.Receive(2, 1, Append(2, 1, {}, 2));
  core.Settle();
  core.Receive(2, 1, Append(2, 1, {1}, 1));
  EXPECT_EQ(core->commit(), Index(2));
  EXPECT_THAT(core.Take().committed, IsEmpty());
}

TEST(FollowerCommit, WithTheEntriesThemselves_HandsThemOverOnce) {
  Core core;
  core.Receive(2, 1, Append(0, 0, {1, 1}, 2));
  core.Take();
  EXPECT_THAT(core.CommittedIndexes(), ElementsAre(Index(1), Index(2)));
  core.Receive(2, 1, Append(0, 0, {1, 1}, 2));
  EXPECT_THAT(core.Take().committed, IsEmpty());
}

// R14: what is compacted is committed, and so is what the append repeats.
TEST(FollowerCommit, AppendFromTheStartRepeatedAfterCompaction_AppendsOnlyWhatIsNew) {
  Core core({.log = {1, 1}, .snapshot = SnapshotAt(5, 1)});
  core.Receive(2, 1, Append(0, 0, {1, 1, 1, 1, 1, 1, 1, 1}));
  core.Take();
  EXPECT_EQ(core->log().last(), Index(8));
  EXPECT_EQ(core.out.persist.entries, EntriesOf({1}, 7));
  EXPECT_EQ(ReplyOf(core), Accepted(8));
}

TEST(FollowerCommit, RepeatedAppendBelowIt_AcksUpToIt) {
  Core core({.log = {1, 1}, .snapshot = SnapshotAt(5, 1)});
  core.Receive(2, 1, Append(0, 0, {1, 1}));
  core.Take();
  EXPECT_EQ(ReplyOf(core), Accepted(5));
  EXPECT_TRUE(core.out.persist.entries.empty());
}

// --- R10 ---

TEST(CommittedEntry, AskedToOverwriteIt_RefusesWithADiagnosis) {
  const AppendRequest requests[] = {
      Append(3, 1, {1}),           // Ends below commit.
      Append(3, 1, {1, 1}),        // Ends at it.
      Append(3, 1, {1, 1, 1, 2}),  // Goes on behind it.
      Append(2, 1, {2, 2, 2, 2}),  // Differs at the end of the snapshot.
      Append(0, 0, {1, 1, 1, 1, 1, 1, 1}),
  };
  for (const AppendRequest& request : requests) {
    SCOPED_TRACE(&request - requests);
    // Committed up to 5, by a snapshot up to 3.
    Core core({.log = {2, 2}, .snapshot = SnapshotAt(3, 1)});
    core.Receive(2, 3, Append(5, 2, {}, 5));
    core.Settle();
    core.Receive(2, 3, request);
    core.Take();
    ASSERT_THAT(core.out.alerts, SizeIs(1));
    EXPECT_EQ(core.out.alerts[0].kind, Alert::Kind::kUnsafeTruncation);
    EXPECT_EQ(core.out.alerts[0].peer, NodeId(2));
    EXPECT_TRUE(core.out.alerts[0].fatal);
    EXPECT_THAT(core.SentTo<AppendReply>(2), IsEmpty());
    EXPECT_THAT(core.LogTerms(), ElementsAre(2, 2));
    EXPECT_TRUE(core.out.persist.IsEmpty());
  }
}

// What hides behind compaction cannot be compared, but for the entry at its edge. Taken on trust,
// an older term would be appended behind it.
TEST(CommittedEntry, AskedToOverwriteTheLastOneOfTheSnapshot_RefusesWithADiagnosis) {
  Core core({.term = 6, .snapshot = SnapshotAt(3, 5)});
  core.Receive(2, 6, Append(2, 1, {1, 1}));
  core.Take();
  ASSERT_THAT(core.out.alerts, SizeIs(1));
  EXPECT_EQ(core.out.alerts[0].kind, Alert::Kind::kUnsafeTruncation);
  EXPECT_EQ(core->log().last(), Index(3));
}

// --- Refused inputs ---

TEST(BadAppend, IsCountedAndChangesNothing) {
  const auto with = [](AppendRequest request, auto change) {
    change(request);
    return request;
  };
  const std::vector<AppendRequest> bad = {
      with(Append(2, 1, {1, 1}), [](auto& r) { r.entries[1].index = Index(5); }),
      with(Append(2, 1, {1, 1}), [](auto& r) { r.entries[0].index = Index(2); }),
      Append(2, 1, {3}),        // Of a later term than its leader's.
      Append(2, 2, {1}),        // Terms fall along the log.
      Append(0, 0, {1, 2, 1}),  // And again.
      Append(0, 0, {0}),        // Of no term.
  };
  for (const AppendRequest& request : bad) {
    Core core({.log = {1, 1}});
    core.Follow(2, 2);
    core.Receive(2, 2, request);
    core.Take();
    EXPECT_EQ(core->counters().invalid_messages, 1u);
    EXPECT_THAT(core.LogTerms(), ElementsAre(1, 1));
    EXPECT_THAT(core.Sent<AppendReply>(), IsEmpty());
  }
}

TEST(BadAppend, OfASecondLeaderInTheTerm_IsCountedAndIgnored) {
  Core core;
  core.Follow(2, 1);
  core.Receive(3, 1, Append(0, 0, {1}));
  EXPECT_EQ(core->counters().invalid_messages, 1u);
  EXPECT_EQ(core->leader(), NodeId(2));
  EXPECT_EQ(core->log().last(), Index());
}

TEST(BadAppend, AtTheEndOfTheNumberRange_IsAMismatch) {
  Core core({.log = {1}});
  core.Receive(2, 1, Append(UINT64_MAX, 1, {1}));
  core.Take();
  EXPECT_THAT(core.LogTerms(), ElementsAre(1));
}

// Who has a log that a snapshot could replace, and no space.
Core WithoutSpace() {
  Core core;
  core.Receive(2, 1, Append(0, 0, {1, 1}, 1));
  core.Settle();
  core->SetHasSpace(false);
  return core;
}

// F5: without space no command is appended and none acked; with space it goes on.
TEST(NoSpace, NewCommands_AreNeitherTakenNorAcked) {
  Core core = WithoutSpace();
  core.Receive(2, 1, Append(2, 1, {1}));
  core.Take();
  EXPECT_THAT(core.Sent<AppendReply>(), IsEmpty());
  EXPECT_EQ(core->log().last(), Index(2));
  EXPECT_EQ(core->leader(), NodeId(2)) << "It still hears its leader.";
  core->SetHasSpace(true);
  core.Receive(2, 1, Append(2, 1, {1}));
  core.Take();
  EXPECT_EQ(ReplyOf(core), Accepted(3));
}

// What is there costs nothing, and a no-op, without which a new leader commits nothing, next to it.
TEST(NoSpace, NewLeadersNoOpBehindWhatIsThere_IsTakenAndAcked) {
  Core core = WithoutSpace();
  AppendRequest request = Append(1, 1, {1, 2, 2});
  request.entries[1].kind = EntryKind::kNoOp;
  core.Receive(2, 2, request);
  core.Settle();
  EXPECT_EQ(core->log().last(), Index(3)) << "The command behind the no-op is not taken.";
  request.entries.pop_back();
  core.Receive(2, 2, request);
  core.Take();
  EXPECT_EQ(ReplyOf(core), Accepted(3));
}

// Only more of the leader's entries can lead on to a snapshot that makes room.
TEST(NoSpace, NothingThatASnapshotCouldReplace_IsStillAppendedTo) {
  Core core;
  core->SetHasSpace(false);
  core.Receive(2, 1, Append(0, 0, {1}));
  core.Take();
  EXPECT_EQ(ReplyOf(core), Accepted(1));
}

TEST(NoSpace, Heartbeat_IsAnsweredWithIt) {
  Core core = WithoutSpace();
  core.Receive(2, 1, Heartbeat{.round = 1, .commit = Index(1)});
  core.Take();
  EXPECT_FALSE(core.SentTo<HeartbeatReply>(2).at(0).has_space);
}

TEST(NoSpace, HardState_IsStillWritten) {
  Core core;
  core->SetHasSpace(false);
  core.Receive(2, 5, AskVote(0, 0));
  core.Take();
  EXPECT_TRUE(core.SentTo<VoteReply>(2).at(0).granted);
  EXPECT_TRUE(core.out.persist.hard_state);
}

// A follower whose snapshots fail takes no more than it may hold; a leader's limit is not its own.
TEST(FullLog, Appends_AreNotTakenUntilASnapshotMakesRoom) {
  const size_t entry = EntryAt(1, 1).Bytes();
  Core core({.options = {.max_log_bytes = 3 * entry, .trailing_entries = 0}});
  core.Receive(2, 1, Append(0, 0, {1, 1, 1, 1}, 2));
  core.Settle();
  EXPECT_EQ(core->log().last(), Index(4)) << "What came in one message is taken whole.";
  core.Receive(2, 1, Append(4, 1, {1}, 2));
  core.Take();
  EXPECT_EQ(core->log().last(), Index(4));
  EXPECT_THAT(core.Sent<AppendReply>(), IsEmpty());
  EXPECT_TRUE(core->WantsSnapshot());
  EXPECT_TRUE(core->SnapshotTaken(SnapshotAt(2, 1), StagedSnapshot(1)));
  core.Receive(2, 1, Append(4, 1, {1}, 2));
  core.Take();
  EXPECT_EQ(core->log().last(), Index(5));
}

// Only more of the leader's entries can lead on, and the leader bounds how many those are.
TEST(FullLog, NothingThatASnapshotCouldReplace_IsStillAppendedTo) {
  const size_t entry = EntryAt(1, 1).Bytes();
  Core core({.options = {.max_log_bytes = 2 * entry}});
  core.Receive(2, 1, Append(0, 0, {1, 1, 1, 1}));
  core.Settle();
  core.Receive(2, 1, Append(4, 1, {1}));
  core.Take();
  EXPECT_EQ(core->log().last(), Index(5));
}

}  // namespace
}  // namespace synod::test
