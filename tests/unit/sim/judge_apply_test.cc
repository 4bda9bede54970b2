// What the judge demands of commits, of what is applied, and of bounds.
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/sim/judge_fixture.h"

namespace synod::sim {
namespace {

using test::Append;

// Two entries of term 1 are committed, as node 2 knows; nodes 1 and 2 have them.
class JudgeApply : public JudgeFixture {
 protected:
  JudgeApply() {
    WriteLog(1, {1, 1});
    WriteLog(2, {1, 1});
    follower_.Receive(1, 1, Append(2, 1, {}, /*commit=*/2));
    Turn(2, follower_);
    EXPECT_EQ(judge_.committed(), Index(2));
    EXPECT_EQ(Rule(), "");
  }

  Core follower_{{.node = 2, .log = {1, 1}}};
};

// --- Commits ---

TEST_F(JudgeApply, Commit_Falls_BreaksTheRule) {
  Core core({.node = 2, .log = {1, 1}});
  Turn(2, core);
  EXPECT_EQ(Rule(), "commit monotony");
}

TEST_F(JudgeApply, Commit_StaysAsItIs_IsAllowed) {
  Turn(2, follower_);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeApply, Commit_OfAnotherEntryThanIsCommitted_BreaksThePrefix) {
  WriteLog(3, {1, 2});
  Core core({.node = 3, .log = {1, 2}});
  core.Receive(1, 2, Append(2, 2, {}, /*commit=*/2));
  Turn(3, core);
  EXPECT_EQ(Rule(), "committed prefix");
}

TEST_F(JudgeApply, Commit_OfWhatOthersHaveCommitted_IsAllowed) {
  WriteLog(3, {1, 1});
  Core core({.node = 3, .log = {1, 1}});
  core.Receive(1, 1, Append(2, 1, {}, /*commit=*/2));
  Turn(3, core);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeApply, Commit_OfAnOlderTermByCounting_BreaksTheRule) {
  for (uint64_t node : {1u, 2u}) {
    Write(node, Appending({EntryAt(3, 1)}));
    WriteTerm(node, 2);
  }
  Core core({.node = 2, .term = 2, .log = {1, 1, 1}});
  core.Receive(1, 2, Append(3, 1, {}, /*commit=*/3));
  Turn(2, core);
  EXPECT_EQ(Rule(), "own-term commit");
}

TEST_F(JudgeApply, Commit_OfTheOwnTermWithOlderOnesBeforeIt_IsAllowed) {
  for (uint64_t node : {1u, 2u}) {
    WriteTerm(node, 2);
    Write(node, Appending({EntryAt(3, 1), EntryAt(4, 2)}));
  }
  Core core({.node = 2, .log = {1, 1, 1, 2}});
  core.Receive(1, 2, Append(4, 2, {}, /*commit=*/4));
  Turn(2, core);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeApply, Commit_OneDiskHoldsIt_BreaksTheRule) {
  Write(2, Appending({EntryAt(3, 1)}));
  Core core({.node = 2, .log = {1, 1, 1}});
  core.Receive(1, 1, Append(3, 1, {}, /*commit=*/3));
  Turn(2, core);
  EXPECT_EQ(Rule(), "durable on a quorum");
}

// --- Commands ---

TEST_F(JudgeApply, Apply_InOrder_IsAllowed) {
  judge_.OnApply(2, Index(1), "1@1");
  judge_.OnApply(2, Index(2), "2@1");
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeApply, Apply_Again_BreaksTheRule) {
  judge_.OnApply(2, Index(1), "1@1");
  judge_.OnApply(2, Index(1), "1@1");
  EXPECT_EQ(Rule(), "applied monotony");
}

TEST_F(JudgeApply, Apply_WithoutTheOneBefore_BreaksTheRule) {
  judge_.OnApply(2, Index(2), "2@1");
  EXPECT_EQ(Rule(), "applied without gaps");
}

TEST_F(JudgeApply, Apply_WhatNobodyHasCommitted_BreaksTheRule) {
  judge_.OnApply(2, Index(1), "1@1");
  judge_.OnApply(2, Index(2), "2@1");
  judge_.OnApply(2, Index(3), "3@1");
  EXPECT_EQ(Rule(), "applied is committed");
}

TEST_F(JudgeApply, Apply_AnotherCommand_BreaksTheRule) {
  judge_.OnApply(2, Index(1), "other");
  EXPECT_EQ(Rule(), "applied is committed");
}

TEST_F(JudgeApply, Apply_WhatOnlyOthersHaveCommitted_BreaksTheRule) {
  Core core({.node = 1, .log = {1, 1}});
  Turn(1, core);
  judge_.OnApply(1, Index(1), "1@1");
  EXPECT_EQ(Rule(), "applied is committed");
}

// --- States ---

TEST_F(JudgeApply, State_IsAnotherAtTheSameIndex_BreaksTheRule) {
  judge_.OnState(2, Index(1), "one", /*is_restored=*/false);
  judge_.OnState(1, Index(1), "one", /*is_restored=*/false);
  EXPECT_EQ(Rule(), "");
  judge_.OnState(3, Index(1), "two", /*is_restored=*/false);
  EXPECT_EQ(Rule(), "equal states");
}

TEST_F(JudgeApply, Restore_OfTheInstalledSnapshot_IsAllowed) {
  Write(3, Installing(test::SnapshotAt(2, 1), /*resets_log=*/true));
  judge_.OnState(3, Index(2), "two", /*is_restored=*/true);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeApply, Restore_OfASnapshotThatIsNotDurable_BreaksTheRule) {
  Begin(3, Installing(test::SnapshotAt(2, 1), /*resets_log=*/true));
  judge_.OnState(3, Index(2), "two", /*is_restored=*/true);
  EXPECT_EQ(Rule(), "restored is installed");
}

TEST_F(JudgeApply, Restore_OfLessThanIsApplied_BreaksTheRule) {
  Write(2, Installing(test::SnapshotAt(1, 1)));
  judge_.OnApply(2, Index(1), "1@1");
  judge_.OnApply(2, Index(2), "2@1");
  judge_.OnState(2, Index(1), "one", /*is_restored=*/true);
  EXPECT_EQ(Rule(), "applied monotony");
}

// --- Bounds ---

// Node 2 may have a log of two entries.
class JudgeLogBound : public JudgeApply {
 protected:
  JudgeLogBound() {
    EngineOptions engine;
    engine.max_entry_bytes = EntryAt(3, 1).payload.size();
    engine.max_append_bytes = 1;
    engine.max_log_bytes = follower_->log().bytes();
    judge_.OnStart(2, engine, 1);
  }

  // All of term 1, of which the first `committed` are.
  void TurnWith(size_t entries, uint64_t committed, uint64_t snapshot = 0) {
    std::vector<uint64_t> log(entries, 1);
    Core core({.node = 2, .log = log});
    core.Receive(1, 1, Append(entries, 1, {}, committed));
    if (snapshot > 0) {
      ASSERT_TRUE(core->SnapshotTaken(test::SnapshotAt(snapshot, 1), {}));
    }
    const uint64_t have = have_;
    for (uint64_t index = have + 1; index <= entries; ++index) {
      for (uint64_t node : {1u, 2u}) Write(node, Appending({EntryAt(index, 1)}));
    }
    have_ = std::max<uint64_t>(have, entries);
    Turn(2, core);
  }

  uint64_t have_ = 2;
};

TEST_F(JudgeLogBound, Follower_TakesOneAppendBeyondIt_IsAllowed) {
  TurnWith(3, 3);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeLogBound, Follower_TakesMoreThough_BreaksTheRule) {
  TurnWith(3, 3);
  TurnWith(4, 4);
  EXPECT_EQ(Rule(), "bounded log");
}

TEST_F(JudgeLogBound, Follower_HasNothingThatASnapshotCouldReplace_IsAllowed) {
  TurnWith(3, 3);
  TurnWith(4, 3, /*snapshot=*/3);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeLogBound, Leader_HasTakenACommandBeyondIt_BreaksTheRule) {
  Core core({.node = 1, .log = {1, 1}});
  core.BecomeLeader();
  core.Propose("3");
  core.Settle();
  WriteAllOf(1, core);
  EngineOptions engine;
  engine.max_log_bytes = core->log().bytes() - 1;
  judge_.OnStart(1, engine, 1);
  TurnElectedBy(3, 1, core);
  EXPECT_EQ(Rule(), "bounded log");
}

TEST_F(JudgeLogBound, Leader_HasJustRoom_IsAllowed) {
  Core core({.node = 1, .log = {1, 1}});
  core.BecomeLeader();
  core.Propose("3");
  core.Settle();
  WriteAllOf(1, core);
  EngineOptions engine;
  engine.max_log_bytes = core->log().bytes();
  judge_.OnStart(1, engine, 1);
  TurnElectedBy(3, 1, core);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeLogBound, Leader_LogIsFullOfWhatItHadBefore_IsAllowed) {
  Core core({.node = 1, .log = {1, 1}});
  core.BecomeLeader();
  WriteAllOf(1, core);
  EngineOptions engine;
  engine.max_log_bytes = 1;
  judge_.OnStart(1, engine, 1);
  TurnElectedBy(3, 1, core);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeApply, Requests_MoreThanAreAllowed_BreakTheRule) {
  judge_.OnStart(1, {}, /*max_pending_requests=*/2);
  judge_.OnTurnEnd(1, 2);
  EXPECT_EQ(Rule(), "");
  judge_.OnTurnEnd(1, 3);
  EXPECT_EQ(Rule(), "bounded requests");
}

TEST_F(JudgeApply, Reads_MoreThanAreAllowed_BreakTheRule) {
  EngineOptions engine;
  engine.max_pending_reads = 1;
  judge_.OnStart(2, engine, 1);
  follower_.Read();
  Turn(2, follower_);
  EXPECT_EQ(Rule(), "");
  follower_.Read();
  Turn(2, follower_);
  EXPECT_EQ(Rule(), "bounded reads");
}

TEST_F(JudgeApply, Proposals_MoreThanAreAllowed_BreakTheRule) {
  Core core({.node = 1, .log = {1, 1}});
  core.BecomeLeader();
  core.Propose("3");
  core.Settle();
  WriteAllOf(1, core);
  EngineOptions engine;
  engine.max_uncommitted_bytes = Entry::kHeaderBytes + 1;
  judge_.OnStart(1, engine, 1);
  TurnElectedBy(3, 1, core);
  EXPECT_EQ(Rule(), "");
  core.Propose("4");
  core.Settle();
  WriteAllOf(1, core);
  Turn(1, core);
  EXPECT_EQ(Rule(), "bounded proposals");
}

TEST_F(JudgeApply, Writes_MoreThanAreAllowed_BreakTheRule) {
  Core core({.node = 1, .log = {1, 1}});
  core.BecomeLeader();
  WriteAllOf(1, core);
  EngineOptions engine;
  engine.max_uncommitted_bytes = EntryAt(4, 2).Bytes();
  judge_.OnStart(1, engine, 1);
  TurnElectedBy(3, 1, core);
  Begin(1, Appending({EntryAt(4, 2)}));
  EXPECT_EQ(Rule(), "");
  Begin(1, Appending({EntryAt(5, 2)}));
  EXPECT_EQ(Rule(), "bounded writes");
}

TEST_F(JudgeApply, Appends_MoreThanAreAllowed_BreakTheRule) {
  Core core({.node = 1, .log = {1, 1}});
  core.BecomeEstablishedLeader();
  core.Propose("4");
  core.Settle();
  core.Propose("5");
  core.Settle();
  WriteAllOf(1, core);
  for (uint64_t node : {2u, 3u}) {
    WriteTerm(node, 2, 1);
    if (node == 3) Write(node, Appending(EntriesOf({1, 1})));
    Write(node, Appending({core->log().At(Index(3))}));
    Send(node, 1, 2, test::Accepted(3));
  }
  EngineOptions engine;
  engine.max_inflight_appends = 2;
  judge_.OnStart(1, engine, 1);
  Turn(1, core);
  EXPECT_EQ(Rule(), "");
  engine.max_inflight_appends = 1;
  judge_.OnStart(1, engine, 1);
  Turn(1, core);
  EXPECT_EQ(Rule(), "bounded appends");
}

}  // namespace
}  // namespace synod::sim
