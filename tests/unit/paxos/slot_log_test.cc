#include "synod/paxos/slot_log.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "synod/base/rng.h"

#include "gtest/gtest.h"

namespace synod {
namespace {

Ballot BallotOf(uint64_t round) {
  return {.round = Term(round), .node = 1, .incarnation = Incarnation(1)};
}

Slot SlotAt(uint64_t index, uint64_t round, uint64_t position = 0) {
  return {.entry = {.index = Index(index),
                    .term = Term(round),
                    .kind = EntryKind::kCommand,
                    .payload = Payload::Copy(std::to_string(index))},
          .ballot = BallotOf(round),
          .position = Index(position)};
}

TEST(SlotLog, AcceptedAheadOfAGap_CountsOnceThatIsFilled) {
  SlotLog log{Index(0)};
  for (uint64_t index : {1, 3}) {
    log.Put(SlotAt(index, 1));
    log.Advance(BallotOf(1));
  }
  EXPECT_EQ(log.accepted(), Index(1));
  EXPECT_EQ(log.last(), Index(3));
  EXPECT_EQ(log.Find(Index(2)), nullptr);
  log.Put(SlotAt(2, 1));
  log.Advance(BallotOf(1));
  EXPECT_EQ(log.accepted(), Index(3));
}

// I6.
TEST(SlotLog, AcceptedInALowerBallot_CountsForNothingInThis) {
  SlotLog log{Index(0)};
  for (uint64_t index : {1, 2, 3}) log.Put(SlotAt(index, 1));
  log.Advance(BallotOf(1));
  log.BeginBallot(/*chosen=*/Index(1));
  log.Advance(BallotOf(2));
  EXPECT_EQ(log.accepted(), Index(1));
  log.Put(SlotAt(2, 2));
  log.Advance(BallotOf(2));
  EXPECT_EQ(log.accepted(), Index(2));
}

// R5.
TEST(SlotLog, WriteOfABallotThatIsOver_MakesNothingDurableInThis) {
  SlotLog log{Index(0)};
  log.Put(SlotAt(1, 1));
  log.Advance(BallotOf(1));
  log.WriteBegan(PersistToken(1), /*chosen=*/Index(0));
  log.BeginBallot(/*chosen=*/Index(0));
  log.Put(SlotAt(1, 2));
  log.Advance(BallotOf(2));
  log.WriteDone(PersistToken(1));
  EXPECT_EQ(log.durable(), Index(0));
  log.WriteBegan(PersistToken(2), /*chosen=*/Index(1));
  log.WriteDone(PersistToken(2));
  EXPECT_EQ(log.durable(), Index(1));
  EXPECT_EQ(log.durably_chosen(), Index(1));
  EXPECT_EQ(log.undurable_bytes(), 0u);
}

// Against what is obvious: slots are accepted in any order, again, and compacted.
TEST(SlotLog, WhateverHappens_HasWhatIsThere) {
  Rng dice(5);
  for (int run = 0; run < 200; ++run) {
    SlotLog log{Index(0)};
    std::map<uint64_t, Slot> expected;
    uint64_t base = 0;
    for (uint64_t position = 1; position < 100; ++position) {
      const uint64_t end = expected.empty() ? base : expected.rbegin()->first;
      if (dice.Chance(1, 5)) {
        base += dice.Below(end - base + 3);
        log.CompactTo(Index(base));
        expected.erase(expected.begin(), expected.upper_bound(base));
      } else {
        const uint64_t index = base + 1 + dice.Below(dice.Chance(1, 2) ? end - base + 3 : 1);
        expected[index] = SlotAt(index, position, position);
        log.Put(expected[index]);
      }
      size_t bytes = 0;
      Index oldest(position);
      for (const auto& [index, slot] : expected) {
        ASSERT_NE(log.Find(Index(index)), nullptr);
        ASSERT_EQ(log.Find(Index(index))->ballot, slot.ballot);
        ASSERT_EQ(log.At(Index(index)), slot.entry);
        bytes += slot.entry.Bytes();
        oldest = std::min(oldest, slot.position);
      }
      ASSERT_EQ(log.bytes(), bytes);
      ASSERT_EQ(log.first(), Index(base + 1));
      ASSERT_EQ(log.OldestPosition(/*none=*/Index(position)), oldest);
      for (uint64_t index = base; index < base + 10; ++index) {
        ASSERT_EQ(log.Find(Index(index)) != nullptr, expected.contains(index));
      }
    }
  }
}

}  // namespace
}  // namespace synod
