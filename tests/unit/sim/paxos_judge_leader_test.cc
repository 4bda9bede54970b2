// What the judge demands of a leader of Multi-Paxos: what it takes for replicated, what it has
// taken on, and the reads that it answers.
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/sim/paxos_judge_fixture.h"

namespace synod::sim {
namespace {

// Node 1 leads in its first ballot, by the promise of node 2.
class PaxosJudgeLeader : public PaxosJudgeFixture {
 protected:
  PaxosJudgeLeader() { Lead({}); }

  // Node 2 has reported these.
  void Lead(std::vector<AcceptedEntry> found) {
    core_ = std::make_unique<PaxosCore>(1, options_.Founders());
    core_->BecomeCandidate();
    core_->Report(2, std::move(found));
    core_->Settle();
  }
  // What it has written, and that it leads.
  void Continue() {
    core_->Settle();
    WriteAllOf(1, *core_);
    Turn(1, *core_);
  }
  void BeginReign() {
    WriteAllOf(1, *core_);
    Report(2, low_);
    Turn(1, *core_);
    EXPECT_EQ(Rule(), "");
  }
  void Bound(size_t max_log_bytes, size_t max_uncommitted_bytes) {
    EngineOptions engine;
    engine.max_log_bytes = max_log_bytes;
    engine.max_uncommitted_bytes = max_uncommitted_bytes;
    judge_.OnStart(1, engine, /*max_pending_requests=*/1);
  }

  static constexpr size_t kMuch = 1 << 20;
  const std::string text_ = std::string(68, 'x');  // With its header 100 bytes.
  std::unique_ptr<PaxosCore> core_;
};

// --- What is replicated ---

class PaxosJudgeMatch : public PaxosJudgeLeader {
 protected:
  // It has proposed in slot 1, which node 2 has accepted.
  PaxosJudgeMatch() {
    BeginReign();
    core_->Propose("a");
    Continue();
    Accept(2, low_, {ValueIn(1, 1, "a")});
    EXPECT_EQ(Rule(), "");
  }
};

TEST_F(PaxosJudgeMatch, Match_PeerHasNotSaidSo_BreaksTheRule) {
  core_->Ack(2, 1);
  Continue();
  EXPECT_EQ(Rule(), "match is acked (I9)");
}

TEST_F(PaxosJudgeMatch, Match_PeerHasSaidSo_IsAllowed) {
  Send(2, 1, 1, Acking(low_, 1));
  core_->Ack(2, 1);
  Continue();
  EXPECT_EQ(Rule(), "");
  EXPECT_EQ(judge_.committed(), Index(1));
}

TEST_F(PaxosJudgeMatch, Match_PeerHasSaidSoInAnotherBallotOfTheRound_BreaksTheRule) {
  const Ballot other = BallotBy(3, 1);
  Promise(3, other);
  Report(2, other, {{.entry = ValueIn(1, 1, "a"), .ballot = low_}});
  Propose(other, 2, {ValueIn(1, 1, "a")});
  Accept(2, other, {ValueIn(1, 1, "a")});
  Send(2, 1, 1, Acking(other, 1));
  core_->Ack(2, 1);
  Continue();
  EXPECT_EQ(Rule(), "match is acked (I9)");
}

TEST_F(PaxosJudgeMatch, Match_PeerHasSaidSoOfAnotherMembership_BreaksTheRule) {
  AcceptReply ack = Acking(low_, 1);
  ack.epoch = Index(7);
  Send(2, 1, 1, ack);
  core_->Ack(2, 1);
  Continue();
  EXPECT_EQ(Rule(), "match is acked (I9)");
}

TEST_F(PaxosJudgeMatch, Match_AnotherPeerHasSaidSo_BreaksTheRule) {
  Accept(3, low_, {ValueIn(1, 1, "a")});
  Send(3, 1, 1, Acking(low_, 1));
  core_->Ack(2, 1);
  Continue();
  EXPECT_EQ(Rule(), "match is acked (I9)");
}

TEST_F(PaxosJudgeMatch, Match_PeerHasRefused_BreaksTheRule) {
  AcceptReply refusal = Acking(low_, 1);
  refusal.promised = BallotBy(3, 2);
  Send(2, 1, 1, refusal);
  core_->Ack(2, 1);
  Continue();
  EXPECT_EQ(Rule(), "match is acked (I9)");
}

// --- What is taken on ---

TEST_F(PaxosJudgeLeader, Log_CommandFindsNoRoomInIt_BreaksTheBound) {
  Bound(/*max_log_bytes=*/150, kMuch);
  BeginReign();
  core_->Propose(text_);
  core_->Propose(text_);
  Continue();
  EXPECT_EQ(Rule(), "bounded log");
}

TEST_F(PaxosJudgeLeader, Log_CommandFindsRoomInIt_IsAllowed) {
  Bound(/*max_log_bytes=*/200, kMuch);
  BeginReign();
  core_->Propose(text_);
  core_->Propose(text_);
  Continue();
  EXPECT_EQ(Rule(), "");
}

// Nodes 2 and 3 have got two commands in a lower ballot, which bind the leader.
class PaxosJudgeFound : public PaxosJudgeLeader {
 protected:
  PaxosJudgeFound() {
    Elect(lowest_, {2});
    Propose(lowest_, 2, {ValueIn(1, 1, text_), ValueIn(2, 1, text_)});
    Accept(2, lowest_, {ValueIn(1, 1, text_), ValueIn(2, 1, text_)});
    core_ = std::make_unique<PaxosCore>(1, options_.Founders());
    core_->Receive(3, 1, PreVoteRequest{.next_term = Term(2), .last_index = {}, .last_term = {}});
    core_->BecomeCandidate();
    const std::vector<AcceptedEntry> found = {{.entry = ValueIn(1, 1, text_), .ballot = lowest_},
                                              {.entry = ValueIn(2, 1, text_), .ballot = lowest_}};
    core_->Report(2, found);
    core_->Settle();
    EXPECT_EQ((*core_)->extent().last, Index(2));
    WriteAllOf(1, *core_);
    Report(2, (*core_)->promised(), found);
    EXPECT_EQ(Rule(), "");
  }

  const Ballot lowest_ = BallotBy(3, 1);
};

TEST_F(PaxosJudgeFound, Log_IsFullOfWhatWasFound_IsAllowed) {
  Bound(/*max_log_bytes=*/150, kMuch);
  Turn(1, *core_);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeFound, Log_CommandOfItsOwnBehindWhatWasFoundFindsNoRoom_BreaksTheBound) {
  Bound(/*max_log_bytes=*/250, kMuch);
  core_->Propose(text_);
  Continue();
  EXPECT_EQ(Rule(), "bounded log");
}

TEST_F(PaxosJudgeFound, Proposals_WhatWasFoundDoesNotCount) {
  Bound(kMuch, /*max_uncommitted_bytes=*/150);
  core_->Propose(text_);
  Continue();
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeLeader, Proposals_MoreWaitThanMay_BreakTheBound) {
  Bound(kMuch, /*max_uncommitted_bytes=*/150);
  BeginReign();
  core_->Propose(text_);
  Continue();
  core_->Propose(text_);
  Continue();
  EXPECT_EQ(Rule(), "bounded proposals");
}

TEST_F(PaxosJudgeLeader, Proposals_MoreAreUnwrittenThanMay_BreakTheBound) {
  Bound(kMuch, /*max_uncommitted_bytes=*/150);
  BeginReign();
  core_->Propose(text_);
  core_->Propose(text_);
  Continue();
  EXPECT_EQ(Rule(), "bounded writes");
}

TEST_F(PaxosJudgeLeader, Proposals_AsManyWaitAsMay_AreAllowed) {
  Bound(kMuch, /*max_uncommitted_bytes=*/200);
  BeginReign();
  core_->Propose(text_);
  core_->Propose(text_);
  Continue();
  EXPECT_EQ(Rule(), "");
}

// --- Reads that followers pass on ---

class PaxosJudgeReads : public PaxosJudgeLeader {
 protected:
  PaxosJudgeReads() {
    BeginReign();
    Send(1, 2, 1, HeartbeatOf(3));
    Deliver(3, 1, 1, ReadRequest{.context = RequestId(7)});
  }
  void Answer(RequestId context = RequestId(7)) {
    Send(1, 3, 1, ReadReply{.context = context, .index = {}});
    Turn(1, *core_);
  }
};

TEST_F(PaxosJudgeReads, Answer_RoundHadBegunBeforeItCame_BreaksTheRule) {
  Deliver(2, 1, 1, AnsweringHeartbeat(low_, 3));
  Answer();
  EXPECT_EQ(Rule(), "read after a round of its own (D3)");
}

TEST_F(PaxosJudgeReads, Answer_RoundHasBegunSince_IsAllowed) {
  Send(1, 2, 1, HeartbeatOf(4));
  Deliver(2, 1, 1, AnsweringHeartbeat(low_, 4));
  Answer();
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeReads, Answer_ProposalsWereSentBeforeItCame_AreNoRound) {
  Send(1, 2, 1, HeartbeatOf(0));
  Deliver(3, 1, 1, ReadRequest{.context = RequestId(8)});
  Deliver(2, 1, 1, AnsweringHeartbeat(low_, 3));
  Answer(RequestId(8));
  EXPECT_EQ(Rule(), "read after a round of its own (D3)");
}

TEST_F(PaxosJudgeReads, Answer_RoundWasConfirmedInAnotherBallotOfTheRound_BreaksTheRule) {
  Deliver(2, 1, 1, AnsweringHeartbeat(BallotBy(3, 1), 4));
  Answer();
  EXPECT_EQ(Rule(), "read after a round of its own (D3)");
}

TEST_F(PaxosJudgeReads, Answer_RoundWasRefused_BreaksTheRule) {
  AcceptReply refusal = AnsweringHeartbeat(low_, 4);
  refusal.promised = BallotBy(3, 2);
  Deliver(2, 1, 1, refusal);
  Answer();
  EXPECT_EQ(Rule(), "read after a round of its own (D3)");
}

// Who commits must confirm, and not who elects.
class PaxosJudgeFlexibleReads : public PaxosJudgeFixture {
 protected:
  PaxosJudgeFlexibleReads()
      : PaxosJudgeFixture(/*founders=*/4, /*spares=*/0, QuorumRule::Flexible(2, 3)) {
    core_.Lead({2});
    WriteAllOf(1, core_);
    Report(2, low_);
    Turn(1, core_);
    EXPECT_EQ(Rule(), "");
    Send(1, 2, 1, HeartbeatOf(3));
    Deliver(3, 1, 1, ReadRequest{.context = RequestId(7)});
    Send(1, 2, 1, HeartbeatOf(4));
  }
  void AnswerAfter(const std::vector<NodeId>& confirming) {
    for (NodeId node : confirming) Deliver(node, 1, 1, AnsweringHeartbeat(low_, 4));
    Send(1, 3, 1, ReadReply{.context = RequestId(7), .index = {}});
    Turn(1, core_);
  }

  PaxosCore core_ = NewCore(1);
};

TEST_F(PaxosJudgeFlexibleReads, Answer_ElectionQuorumHasConfirmed_BreaksTheRule) {
  AnswerAfter({2});
  EXPECT_EQ(Rule(), "read after a round of its own (D3)");
}

TEST_F(PaxosJudgeFlexibleReads, Answer_CommitQuorumHasConfirmed_IsAllowed) {
  AnswerAfter({2, 4});
  EXPECT_EQ(Rule(), "");
}

}  // namespace
}  // namespace synod::sim
