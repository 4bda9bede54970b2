// What the judge of Multi-Paxos demands of an acceptor's disk.
#include <gtest/gtest.h>

#include "tests/unit/sim/paxos_judge_fixture.h"

namespace synod::sim {
namespace {

// Node 1 has the promise of node 2 in the low ballot, and may propose.
class PaxosJudgeDisk : public PaxosJudgeFixture {
 protected:
  PaxosJudgeDisk() { Elect(low_, {2}); }

  // All have accepted it, and node 2 knows that it is chosen.
  void ChooseFirst() {
    Choose(low_, {2, 1, 3}, {ValueIn(1, 1)});
    EXPECT_EQ(judge_.committed(), Index(1));
  }
  // A mark alone, at the end of the node's log.
  void WriteMark(NodeId node, const Mark& mark) {
    Persist persist;
    persist.entries.push_back({.index = last_[node] + 1,
                               .term = mark.ballot.round,
                               .kind = EntryKind::kMark,
                               .payload = Payload::Copy(EncodeMark(mark))});
    Write(node, persist);
  }
};

// --- Promises ---

TEST_F(PaxosJudgeDisk, HardState_OfALowerBallotOfTheSameRound_BreaksMonotony) {
  Promise(3, middle_);
  Promise(3, low_);
  EXPECT_EQ(Rule(), "term monotony");
}

TEST_F(PaxosJudgeDisk, HardState_OfAHigherBallotOfTheSameRound_IsAllowed) {
  Promise(3, low_);
  Promise(3, middle_);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeDisk, Promise_FallsWithinARound_BreaksTheRule) {
  PaxosCore later = NewCore(3);
  later.Receive(2, 1, PrepareRequest{.from = Index(1)});
  Turn(3, later);
  EXPECT_EQ(Rule(), "");
  PaxosCore earlier = NewCore(3);
  earlier.Receive(1, 1, PrepareRequest{.from = Index(1)});
  Turn(3, earlier);
  EXPECT_EQ(Rule(), "promises never fall");
}

TEST_F(PaxosJudgeDisk, Promise_RisesWithinARound_IsAllowed) {
  PaxosCore core = NewCore(3);
  core.Receive(1, 1, PrepareRequest{.from = Index(1)});
  Turn(3, core);
  Turn(3, core);
  core.Receive(2, 1, PrepareRequest{.from = Index(1)});
  Turn(3, core);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeDisk, Promise_IsLostByANewLife_BreaksTheRule) {
  Promise(3, high_);
  judge_.OnLoad(3, {.initial_configuration = options_.Founders(),
                    .hard_state = Hard(high_),
                    .snapshot = {},
                    .entries = {}});
  EXPECT_EQ(Rule(), "");
  EndTurn(3);
  EXPECT_EQ(Rule(), "promises never fall");
}

// --- What a core takes for durable ---

class PaxosJudgeOwnDisk : public PaxosJudgeDisk {
 protected:
  // Node 3 takes two slots for durable.
  PaxosJudgeOwnDisk() {
    Propose(low_, 3, values_);
    core_.Receive(1, 1, Proposing(values_));
    core_.Settle();
  }

  const std::vector<Entry> values_ = {ValueIn(1, 1), ValueIn(2, 1)};
  PaxosCore core_ = NewCore(3);
};

TEST_F(PaxosJudgeOwnDisk, Durable_DiskHasLess_BreaksTheRule) {
  Accept(3, low_, {values_[0]});
  Begin(3, Accepting(3, low_, {values_[1]}));
  Turn(3, core_);
  EXPECT_EQ(Rule(), "own log is durable (I5)");
}

TEST_F(PaxosJudgeOwnDisk, Durable_DiskHasAll_IsAllowed) {
  Accept(3, low_, values_);
  Turn(3, core_);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeOwnDisk, Durable_DiskHasItInALowerBallot_BreaksTheRule) {
  Accept(3, low_, values_);
  Promise(2, middle_);
  Report(3, middle_,
         {{.entry = values_[0], .ballot = low_}, {.entry = values_[1], .ballot = low_}});
  core_.Receive(2, 1, Proposing(values_));
  core_.Settle();
  Turn(3, core_);
  EXPECT_EQ(Rule(), "own log is durable (I5)");
}

TEST_F(PaxosJudgeOwnDisk, Durable_DiskHasItInAnotherBallotAndItIsChosen_IsAllowed) {
  Choose(low_, {2, 1}, values_);
  Accept(3, low_, values_);
  core_.Receive(2, 1, Proposing(values_));
  core_.Settle();
  Turn(3, core_);
  EXPECT_EQ(Rule(), "") << What();
}

TEST_F(PaxosJudgeOwnDisk, Durable_DiskHasWhatIsNotChosenInItsPlace_BreaksTheRule) {
  Choose(low_, {2, 1}, {values_[0]});
  Accept(3, low_, values_);
  core_.Receive(2, 1, Proposing(values_));
  core_.Settle();
  Turn(3, core_);
  EXPECT_EQ(Rule(), "own log is durable (I5)") << "Slot 2 is of another ballot, and not chosen.";
}

TEST_F(PaxosJudgeOwnDisk, Durable_DiskHadItInThisBallotBeforeAHigherOneTookItsPlace_IsAllowed) {
  Accept(3, low_, values_);
  Elect(high_, {2});
  Accept(3, high_, values_);
  Turn(3, core_);
  EXPECT_EQ(Rule(), "") << "Its core has not heard of that yet.";
}

// --- The log of accepts ---

TEST_F(PaxosJudgeDisk, Append_LeavesAGap_BreaksTheRule) {
  last_[1] = Index(3);
  Begin(1, Accepting(1, low_, {}));
  EXPECT_EQ(Rule(), "no gaps");
}

TEST_F(PaxosJudgeDisk, Accept_BelowThePromise_BreaksTheRule) {
  Propose(low_, 2, {ValueIn(1, 1)});
  Promise(2, high_);
  Begin(2, Accepting(2, low_, {ValueIn(1, 1)}));
  EXPECT_EQ(Rule(), "no accept below the promise");
}

TEST_F(PaxosJudgeDisk, Accept_BelowThePromiseOfTheSameWrite_IsAllowed) {
  Propose(low_, 2, {ValueIn(1, 1)});
  Persist persist = Accepting(2, low_, {ValueIn(1, 1)});
  persist.hard_state = Hard(high_);
  Write(2, persist);
  EXPECT_EQ(Rule(), "") << "It was accepted before that.";
}

TEST_F(PaxosJudgeDisk, Accept_BelowThePromiseOfTheSameRound_BreaksTheRule) {
  Propose(low_, 3, {ValueIn(1, 1)});
  Promise(3, middle_);
  Begin(3, Accepting(3, low_, {ValueIn(1, 1)}));
  EXPECT_EQ(Rule(), "no accept below the promise");
}

TEST_F(PaxosJudgeDisk, Accept_AboveThePromise_BreaksTheRule) {
  Propose(low_, 3, {ValueIn(1, 1)});
  Begin(3, Accepting(3, low_, {ValueIn(1, 1)}));
  EXPECT_EQ(Rule(), "no accept above the promise");
}

TEST_F(PaxosJudgeDisk, Accept_OfAnotherRoundThanItsMark_BreaksTheRule) {
  Propose(low_, 2, {ValueIn(1, 1)});
  Persist persist = Accepting(2, low_, {ValueIn(1, 1)});
  persist.entries.back().term = Term(2);
  Begin(2, persist);
  EXPECT_EQ(Rule(), "no accept above the promise");
}

TEST_F(PaxosJudgeDisk, Accept_InThePromisedBallot_IsAllowed) {
  Propose(low_, 2, {ValueIn(1, 1)});
  Write(2, Accepting(2, low_, {ValueIn(1, 1)}));
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeDisk, Accept_NobodyHasProposedIt_BreaksTheRule) {
  Begin(2, Accepting(2, low_, {ValueIn(1, 1)}));
  EXPECT_EQ(Rule(), "what is accepted was proposed");
}

TEST_F(PaxosJudgeDisk, Accept_AnotherValueThanWasProposed_BreaksTheRule) {
  Propose(low_, 2, {ValueIn(1, 1, "x")});
  Begin(2, Accepting(2, low_, {ValueIn(1, 1, "y")}));
  EXPECT_EQ(Rule(), "what is accepted was proposed");
}

TEST_F(PaxosJudgeDisk, Accept_ItWasProposedInAnotherSlot_BreaksTheRule) {
  Propose(low_, 2, {ValueIn(1, 1)});
  Begin(2, Accepting(2, low_, {ValueIn(2, 1)}));
  EXPECT_EQ(Rule(), "what is accepted was proposed");
}

TEST_F(PaxosJudgeDisk, Accept_WhatFollowsAMark_IsOfTheSlotsThatFollow) {
  Propose(low_, 2, {ValueIn(2, 1, "x"), ValueIn(3, 1, "y")});
  Write(2, Accepting(2, low_, {ValueIn(2, 1, "x"), ValueIn(3, 1, "y")}));
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeDisk, Accept_InABallotOfADiskThatWasReplaced_WasNotProposedByItsSuccessor) {
  Replace(1, Incarnation(77), /*joins=*/true);
  Promise(1, low_);
  Begin(1, Accepting(1, low_, {ValueIn(1, 1)}));
  EXPECT_EQ(Rule(), "what is accepted was proposed");
}

// --- Marks ---

TEST_F(PaxosJudgeDisk, Mark_CannotBeRead_BreaksTheRule) {
  Persist persist = Accepting(2, low_, {});
  persist.entries[0].payload = Payload::Copy("no mark");
  Begin(2, persist);
  EXPECT_EQ(Rule(), "a mark can be read");
}

TEST_F(PaxosJudgeDisk, Mark_OfALowerBallotThanTheOneBefore_BreaksTheRule) {
  Promise(3, middle_);
  WriteMark(3, {.ballot = middle_, .slot = Index(1), .chosen = {}});
  EXPECT_EQ(Rule(), "");
  WriteMark(3, {.ballot = low_, .slot = Index(1), .chosen = {}});
  EXPECT_EQ(Rule(), "ballots never fall along the log");
}

TEST_F(PaxosJudgeDisk, Mark_OfTheSameBallotOrAHigherOne_IsAllowed) {
  Promise(3, middle_);
  WriteMark(3, {.ballot = low_, .slot = Index(1), .chosen = {}});
  WriteMark(3, {.ballot = low_, .slot = Index(5), .chosen = {}});
  WriteMark(3, {.ballot = middle_, .slot = Index(1), .chosen = {}});
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeDisk, Mark_NotesAsChosenWhatTheDiskHasNot_BreaksTheRule) {
  Choose(low_, {2, 1}, {ValueIn(1, 1)});
  NoteChosen(3, low_, 1);
  EXPECT_EQ(Rule(), "what is noted as chosen is held");
}

TEST_F(PaxosJudgeDisk, Mark_NotesAsChosenWhereTheDiskHasAnotherValue_BreaksTheRule) {
  Propose(low_, 2, {ValueIn(1, 1, "x")});
  Accept(1, low_, {ValueIn(1, 1, "x")});
  Elect(middle_, {3});
  Choose(middle_, {3, 2}, {ValueIn(1, 1, "y")});
  ASSERT_EQ(judge_.committed(), Index(1));
  NoteChosen(1, middle_, 1);
  EXPECT_EQ(Rule(), "what is noted as chosen is held");
}

TEST_F(PaxosJudgeDisk, Mark_NotesAsChosenWhatTheDiskHas_IsAllowed) {
  ChooseFirst();
  NoteChosen(3, low_, 1);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeDisk, Mark_NotesAsChosenWhatASnapshotStandsFor_IsAllowed) {
  Choose(low_, {2, 1}, {ValueIn(1, 1)});
  Promise(3, low_);
  Write(3, Installing(SnapshotOfFirst()));
  NoteChosen(3, low_, 1);
  EXPECT_EQ(Rule(), "");
}

// --- Nothing is forgotten ---

TEST_F(PaxosJudgeDisk, Truncation_BreaksTheRule) {
  ChooseFirst();
  Begin(2, TruncatingFrom(2));
  EXPECT_EQ(Rule(), "nothing accepted is forgotten");
}

TEST_F(PaxosJudgeDisk, Snapshot_ResetsTheLog_BreaksTheRule) {
  ChooseFirst();
  Begin(2, Installing(SnapshotOfFirst(), /*resets_log=*/true));
  EXPECT_EQ(Rule(), "nothing accepted is forgotten");
}

TEST_F(PaxosJudgeDisk, Compaction_OfWhatNoSnapshotStandsFor_BreaksTheRule) {
  ChooseFirst();
  Propose(low_, 2, {ValueIn(2, 1)});
  Write(2, Accepting(2, low_, {ValueIn(2, 1)}));
  Write(2, Installing(SnapshotOfFirst()));
  Begin(2, CompactingTo(last_[2].value()));
  EXPECT_EQ(Rule(), "nothing accepted is forgotten");
}

TEST_F(PaxosJudgeDisk, Compaction_OfWhatASnapshotStandsFor_IsAllowed) {
  ChooseFirst();
  const uint64_t first = last_[2].value();
  Propose(low_, 2, {ValueIn(2, 1)});
  Write(2, Accepting(2, low_, {ValueIn(2, 1)}));
  Write(2, Installing(SnapshotOfFirst()));
  Write(2, CompactingTo(first));
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeDisk, Compaction_OfWhatWasAcceptedAgainInAHigherBallot_IsAllowed) {
  ChooseFirst();
  const uint64_t first = last_[1].value();
  Promise(3, high_);
  Report(2, high_, {{.entry = ValueIn(1, 1), .ballot = low_}});
  Propose(high_, 1, {ValueIn(1, 2)});
  Accept(1, high_, {ValueIn(1, 2)});
  Write(1, CompactingTo(first));
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeDisk, Accept_TakesACopyOfWhatIsChosenThatTheQuorumNeeds_BreaksTheRule) {
  ChooseFirst();
  Accept(3, high_, {ValueIn(1, 2, "y")});
  EXPECT_EQ(Rule(), "") << "Nodes 1 and 2 have it.";
  Propose(high_, 1, {ValueIn(1, 2, "y")});
  Accept(1, high_, {ValueIn(1, 2, "y")});
  EXPECT_EQ(Rule(), "durable on a quorum");
}

TEST_F(PaxosJudgeDisk, Snapshot_OfWhatIsNotChosen_BreaksThePrefix) {
  Begin(2, Installing(SnapshotOfFirst()));
  EXPECT_EQ(Rule(), "committed prefix");
}

// --- What a new life finds ---

TEST_F(PaxosJudgeDisk, Load_WriteUnderWayHasLanded_CountsAsAccepted) {
  const std::vector<Entry> values = {ValueIn(1, 1)};
  Propose(low_, 2, values);
  Accept(2, low_, values);
  Propose(low_, 3, values);
  Promise(3, low_);
  const Persist under_way = Accepting(3, low_, values);
  Begin(3, under_way);
  judge_.OnLoad(3, {.initial_configuration = options_.Founders(),
                    .hard_state = Hard(low_),
                    .snapshot = {},
                    .entries = under_way.entries});
  EXPECT_EQ(counts_.writes_kept_by_chance, 1u);
  Learn(2, low_, values);
  EXPECT_EQ(Rule(), "") << What();
  EXPECT_EQ(judge_.committed(), Index(1));
}

TEST_F(PaxosJudgeDisk, Load_MarkIsGone_BreaksDurability) {
  Propose(low_, 2, {ValueIn(1, 1)});
  const Persist written = Accepting(2, low_, {ValueIn(1, 1)});
  Write(2, written);
  judge_.OnLoad(2, {.initial_configuration = options_.Founders(),
                    .hard_state = Hard(low_),
                    .snapshot = {},
                    .entries = {written.entries.back()}});
  EXPECT_EQ(Rule(), "durability");
}

}  // namespace
}  // namespace synod::sim
