// Tests of raft/log.h: what the log holds, and above all how much of it counts as durable.
#include "synod/raft/log.h"

#include <gtest/gtest.h>

#include "tests/unit/raft/fixture.h"

namespace synod::test {
namespace {

RaftLog LogOf(const std::vector<uint64_t>& terms) { return {Index(), Term(), EntriesOf(terms)}; }

TEST(Log, Loaded_IsDurableToItsEnd) {
  const RaftLog log = LogOf({1, 1, 3});
  EXPECT_EQ(log.first(), Index(1));
  EXPECT_EQ(log.last(), Index(3));
  EXPECT_EQ(log.last_term(), Term(3));
  EXPECT_EQ(log.durable(), Index(3));
  EXPECT_EQ(log.bytes(), 3 * (Entry::kHeaderBytes + 3));
}

TEST(Log, TermAt_KnowsTheBaseAndNothingOutside) {
  const RaftLog log(Index(4), Term(2), EntriesOf({2, 3}, 4));
  EXPECT_EQ(log.TermAt(Index(3)), std::nullopt);
  EXPECT_EQ(log.TermAt(Index(4)), Term(2));
  EXPECT_EQ(log.TermAt(Index(6)), Term(3));
  EXPECT_EQ(log.TermAt(Index(7)), std::nullopt);
  EXPECT_FALSE(log.Contains(Index(4)));
  EXPECT_EQ(RaftLog(Index(4), Term(2), {}).last_term(), Term(2));
}

TEST(Log, Appended_IsDurableOnceItsWriteIsDone) {
  RaftLog log = LogOf({1});
  log.Append(EntryAt(2, 1));
  log.WriteBegan(PersistToken(1));
  log.Append(EntryAt(3, 1));
  EXPECT_EQ(log.durable(), Index(1));
  log.WriteDone(PersistToken(1));
  EXPECT_EQ(log.durable(), Index(2)) << "The third entry was not part of that write.";
}

TEST(Log, OneCompletionForManyWrites_CoversThemAll) {
  RaftLog log = LogOf({});
  for (uint64_t i = 1; i <= 3; ++i) {
    log.Append(EntryAt(i, 1));
    log.WriteBegan(PersistToken(i));
  }
  log.WriteDone(PersistToken(2));
  EXPECT_EQ(log.durable(), Index(2));
}

// R6: the durable index falls with the truncation, not with its write.
TEST(Log, DurableEntriesTruncated_DurableFallsAtOnce) {
  RaftLog log = LogOf({1, 1, 1});
  log.TruncateFrom(Index(2));
  EXPECT_EQ(log.durable(), Index(1));
  EXPECT_EQ(log.last(), Index(1));
}

// R5: appended in t1, truncated, appended again in t3; then the completion of t1 arrives.
TEST(Log, EntryReplacedWhileItsWriteIsUnderWay_OldCompletionDoesNotMakeItDurable) {
  RaftLog log = LogOf({1});
  log.Append(EntryAt(2, 1));
  log.Append(EntryAt(3, 1));
  log.WriteBegan(PersistToken(1));
  log.TruncateFrom(Index(2));
  log.Append(EntryAt(2, 3));
  log.Append(EntryAt(3, 3));
  log.WriteBegan(PersistToken(2));
  log.WriteDone(PersistToken(1));
  EXPECT_EQ(log.durable(), Index(1));
  log.WriteDone(PersistToken(2));
  EXPECT_EQ(log.durable(), Index(3));
}

TEST(Log, PartOfAWriteTruncated_TheRestOfItStillCounts) {
  RaftLog log = LogOf({});
  for (uint64_t i = 1; i <= 4; ++i) log.Append(EntryAt(i, 1));
  log.WriteBegan(PersistToken(1));
  log.TruncateFrom(Index(3));
  log.WriteDone(PersistToken(1));
  EXPECT_EQ(log.durable(), Index(2));
}

TEST(Log, Compacted_KeepsTheTermOfItsBase) {
  RaftLog log = LogOf({1, 2, 3, 3});
  log.CompactTo(Index(3));
  EXPECT_EQ(log.first(), Index(4));
  EXPECT_EQ(log.TermAt(Index(3)), Term(3));
  EXPECT_EQ(log.last(), Index(4));
  EXPECT_EQ(log.bytes(), log.At(Index(4)).Bytes());
  log.CompactTo(Index(2));
  EXPECT_EQ(log.first(), Index(4)) << "Compaction does not go back.";
  log.CompactTo(Index(4));
  EXPECT_EQ(log.last_term(), Term(3));
  EXPECT_EQ(log.bytes(), 0u);
}

TEST(Log, Reset_HasNothingDurableUntilItsOwnWriteIsDone) {
  RaftLog log = LogOf({1, 1});
  log.Append(EntryAt(3, 1));
  log.WriteBegan(PersistToken(1));
  log.Reset(Index(10), Term(4));
  log.WriteBegan(PersistToken(2));
  log.WriteDone(PersistToken(1));
  EXPECT_EQ(log.durable(), Index());
  log.WriteDone(PersistToken(2));
  EXPECT_EQ(log.durable(), Index(10));
  EXPECT_EQ(log.last(), Index(10));
  EXPECT_EQ(log.last_term(), Term(4));
}

TEST(LogDeathTest, GapOrFallingTerm_Aborts) {
  RaftLog log = LogOf({1, 2});
  EXPECT_DEATH(log.Append(EntryAt(4, 2)), "the log has no gaps");
  EXPECT_DEATH(log.Append(EntryAt(3, 1)), "terms never fall");
  EXPECT_DEATH((void)log.At(Index(3)), "an entry is read where the log has one");
  log.CompactTo(Index(1));
  EXPECT_DEATH(log.TruncateFrom(Index(1)), "what a snapshot covers is never truncated");
}

}  // namespace
}  // namespace synod::test
