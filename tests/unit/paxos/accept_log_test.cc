// Tests of paxos/accept_log.h and paxos/slot_log.h.
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/paxos/fixture.h"

namespace synod::test {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

size_t MarksIn(const std::vector<Entry>& stored) {
  return static_cast<size_t>(std::count_if(stored.begin(), stored.end(), [](const Entry& entry) {
    return entry.kind == EntryKind::kMark;
  }));
}

TEST(AcceptLog, SlotAfterSlotInOneBallot_NeedsOneMark) {
  AcceptLog log;
  std::vector<Entry> stored;
  for (uint64_t slot = 1; slot <= 10; ++slot) {
    log.Append(Command(slot, 1, "x"), BallotOf(1, 2), Index(), stored);
  }
  EXPECT_THAT(stored, SizeIs(11));
  EXPECT_EQ(MarksIn(stored), 1u);
  log.Append(Command(12, 1, "gap"), BallotOf(1, 2), Index(), stored);
  log.Append(Command(12, 2, "ballot"), BallotOf(2, 3), Index(), stored);
  EXPECT_EQ(MarksIn(stored), 3u);
  Index position;
  for (const Entry& entry : stored) EXPECT_EQ(entry.index, ++position) << "There are no gaps.";
}

TEST(AcceptLog, MuchHasBeenChosenSince_GetsAMark) {
  AcceptLog log;
  std::vector<Entry> stored;
  log.Append(Command(1, 1, "x"), BallotOf(1, 2), Index(), stored);
  log.Append(Command(2, 1, "x"), BallotOf(1, 2), Index(1023), stored);
  EXPECT_EQ(MarksIn(stored), 1u);
  EXPECT_EQ(log.chosen(), Index());
  log.Append(Command(3, 1, "x"), BallotOf(1, 2), Index(1024), stored);
  log.Append(Command(4, 1, "x"), BallotOf(1, 2), Index(1025), stored);
  EXPECT_EQ(MarksIn(stored), 2u);
  EXPECT_EQ(log.chosen(), Index(1024));
}

TEST(AcceptLog, Replayed_SaysTheSame) {
  AcceptLog log;
  std::vector<Entry> stored;
  log.Append(Command(5, 1, "a"), BallotOf(1, 2), Index(3), stored);
  log.Append(Command(6, 1, "b"), BallotOf(1, 2), Index(4), stored);
  log.Append(Command(4, 2, "c"), BallotOf(2, 1), Index(4), stored);
  AcceptLog again;
  std::vector<std::pair<Entry, Ballot>> found;
  ASSERT_TRUE(again.Replay(stored, [&](Entry entry, const Ballot& ballot, Index) {
    found.emplace_back(std::move(entry), ballot);
  }));
  EXPECT_THAT(found, ElementsAre(std::pair(Command(5, 1, "a"), BallotOf(1, 2)),
                                 std::pair(Command(6, 1, "b"), BallotOf(1, 2)),
                                 std::pair(Command(4, 2, "c"), BallotOf(2, 1))));
  EXPECT_EQ(again.chosen(), Index(4));
  EXPECT_EQ(again.last(), log.last());
  // It goes on where the other would have.
  std::vector<Entry> more;
  again.Append(Command(5, 2, "d"), BallotOf(2, 1), Index(4), more);
  EXPECT_EQ(MarksIn(more), 0u);
}

TEST(AcceptLog, CutBeforeWhatIsNeeded_KeepsItsMark) {
  AcceptLog log;
  std::vector<Entry> stored;
  const Index a =
      log.Append(Command(1, 1, "a"), BallotOf(1, 2), Index(), stored);  // Behind mark 1.
  const Index b =
      log.Append(Command(9, 1, "b"), BallotOf(1, 2), Index(), stored);  // Behind mark 3.
  EXPECT_EQ(log.CutBefore(a), Index());
  EXPECT_EQ(log.CutBefore(b), Index(2));
  stored.erase(stored.begin(), stored.begin() + 2);
  AcceptLog again;
  EXPECT_TRUE(again.Replay(
      stored, [](const Entry& entry, const Ballot&, Index) { EXPECT_EQ(entry.index, Index(9)); }));
}

TEST(AcceptLog, ThatIsNone_IsRefused) {
  const auto replays = [](std::vector<Entry> stored) {
    return AcceptLog().Replay(std::move(stored), [](const Entry&, const Ballot&, Index) {});
  };
  AcceptLog log;
  std::vector<Entry> stored;
  log.Append(Command(1, 2, "a"), BallotOf(2, 2), Index(), stored);
  EXPECT_TRUE(replays(stored));
  EXPECT_FALSE(replays({stored[1]})) << "An accept without a mark before it.";
  std::vector<Entry> falls = stored;
  AcceptLog other;
  other.Append(Command(1, 1, "b"), BallotOf(1, 2), Index(), falls);
  EXPECT_FALSE(replays(falls)) << "Ballots never fall.";
  stored[0].payload = Payload::Copy("no mark");
  EXPECT_FALSE(replays(stored));
}

TEST(SlotLog, AnotherBallot_VoidsWhatWritesUnderWaySay) {
  SlotLog log{Index()};
  log.Put({.entry = Command(1, 1, "a"), .ballot = BallotOf(1, 2), .position = Index(2)});
  log.Advance(BallotOf(1, 2));
  log.WriteBegan(PersistToken(1), Index());
  log.BeginBallot(Index());
  log.WriteDone(PersistToken(1));
  EXPECT_EQ(log.durable(), Index()) << "Nothing is accepted in the new ballot yet (R5).";
  log.Put({.entry = Command(1, 2, "b"), .ballot = BallotOf(2, 3), .position = Index(4)});
  log.Advance(BallotOf(2, 3));
  EXPECT_EQ(log.durable(), Index());
  log.WriteBegan(PersistToken(2), Index());
  log.WriteDone(PersistToken(2));
  EXPECT_EQ(log.durable(), Index(1));
}

TEST(SlotLog, Bytes_AreThoseOfWhatIsThere) {
  SlotLog log{Index()};
  log.Put({.entry = Command(3, 1, "abc"), .ballot = BallotOf(1, 2), .position = Index(2)});
  EXPECT_EQ(log.bytes(), 3 + Entry::kHeaderBytes);
  log.Put({.entry = Command(3, 2, "x"), .ballot = BallotOf(2, 2), .position = Index(4)});
  EXPECT_EQ(log.bytes(), 1 + Entry::kHeaderBytes);
  log.CompactTo(Index(3));
  EXPECT_EQ(log.bytes(), 0u);
  EXPECT_EQ(log.first(), Index(4));
}

}  // namespace
}  // namespace synod::test
