// What the judge of Multi-Paxos demands of voters that are nothing but acceptors.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "synod/switch/slot_value.h"

#include "tests/unit/sim/paxos_judge_fixture.h"

namespace synod::sim {
namespace {

constexpr NodeId kFirst = 4;
constexpr NodeId kSecond = 5;

// Nodes 1 to 3, and two acceptors, which keep 16 slots: four times alpha.
class PaxosJudgeAcceptors : public PaxosJudgeFixture {
 protected:
  PaxosJudgeAcceptors() : PaxosJudgeFixture(3, 0, {}, /*acceptors=*/2) {
    for (NodeId acceptor : {kFirst, kSecond}) {
      incarnations_[acceptor] = options_.Founders().RecordOf(acceptor)->incarnation;
      judge_.OnAcceptorEnabled(acceptor, incarnations_[acceptor]);
    }
  }

  void Answer(NodeId acceptor, slots::SlotPacket request) {
    request.incarnation = incarnations_[acceptor].value();
    slots::SlotPacket answer = request;
    answer.outcome = slots::Outcome::kDone;
    judge_.OnSlotAnswered(acceptor, request, answer);
  }
  void Promised(NodeId acceptor, const Ballot& ballot) {
    Answer(acceptor, {.message = slots::Message::k1a, .ballot = *slots::SlotBallot::From(ballot)});
  }
  void Accepted(NodeId acceptor, const Ballot& ballot, const Entry& entry) {
    Answer(acceptor, {.message = slots::Message::k2a,
                      .ballot = *slots::SlotBallot::From(ballot),
                      .slot = entry.index.value(),
                      .value = slots::ToSlotValue(entry)});
  }
  // Is proposed to it, and accepted.
  void AcceptIn(NodeId acceptor, const Ballot& ballot, const Entry& entry) {
    Propose(ballot, acceptor, {entry});
    Accepted(acceptor, ballot, entry);
  }
  // What its link says for it.
  void SendReport(NodeId acceptor, const Ballot& ballot, std::vector<AcceptedEntry> accepted = {}) {
    Send(acceptor, ballot.node, ballot.round.value(), Reporting(ballot, std::move(accepted)));
  }
  void SendAck(NodeId acceptor, const Ballot& ballot, uint64_t slot) {
    Send(acceptor, ballot.node, ballot.round.value(), Acking(ballot, slot));
  }
  // Node 1 leads the low ballot, by the promises of these.
  void ElectLow() {
    Elect(low_, {2});
    Promised(kFirst, low_);
    SendReport(kFirst, low_);
  }
};

TEST_F(PaxosJudgeAcceptors, PromiseAndReport_AsItsRegistersAre_AreAllowed) {
  ElectLow();
  AcceptIn(kFirst, low_, ValueIn(1, 1));
  SendAck(kFirst, low_, 1);
  Promise(2, high_);
  Promised(kFirst, high_);
  SendReport(kFirst, high_, {{.entry = ValueIn(1, 1), .ballot = low_}});
  EXPECT_EQ(Rule(), "") << What();
}

TEST_F(PaxosJudgeAcceptors, Report_RegistersDoNotKnowThePromise_BreaksTheRule) {
  SendReport(kFirst, low_);
  EXPECT_EQ(Rule(), "promise after sync (I3)");
}

TEST_F(PaxosJudgeAcceptors, Report_OfWhatItNeverAccepted_BreaksTheRule) {
  ElectLow();
  Promised(kFirst, high_);
  SendReport(kFirst, high_, {{.entry = ValueIn(1, 1), .ballot = low_}});
  EXPECT_EQ(Rule(), "report after sync (I3)");
}

TEST_F(PaxosJudgeAcceptors, Report_LacksWhatItAccepted_BreaksTheRule) {
  ElectLow();
  AcceptIn(kFirst, low_, ValueIn(1, 1));
  Promised(kFirst, high_);
  SendReport(kFirst, high_);
  EXPECT_EQ(Rule(), "a promise reports what was accepted");
}

// I10: the replicas tell what is behind it.
TEST_F(PaxosJudgeAcceptors, Report_LacksADigest_IsAllowed) {
  ElectLow();
  AcceptIn(kFirst, low_, ValueIn(1, 1, std::string(40, 'x')));
  Promised(kFirst, high_);
  SendReport(kFirst, high_);
  EXPECT_EQ(Rule(), "") << What();
}

TEST_F(PaxosJudgeAcceptors, Ack_OfWhatItHasNotAccepted_BreaksTheRule) {
  ElectLow();
  AcceptIn(kFirst, low_, ValueIn(1, 1));
  SendAck(kFirst, low_, 2);
  EXPECT_EQ(Rule(), "ack after sync (I5)");
}

// I9: the link speaks for another than the one that has promised.
TEST_F(PaxosJudgeAcceptors, Ack_UnderAnotherIncarnation_BreaksTheRule) {
  ElectLow();
  AcceptIn(kFirst, low_, ValueIn(1, 1));
  incarnations_[kFirst] = Incarnation(77);
  SendAck(kFirst, low_, 1);
  EXPECT_EQ(Rule(), "ack after sync (I5)");
}

TEST_F(PaxosJudgeAcceptors, LostItsPower_VotesAgain_BreaksTheRule) {
  ElectLow();
  judge_.OnAcceptorLost(kFirst);
  Promised(kFirst, low_);
  EXPECT_EQ(Rule(), "an acceptor that lost its promises has no vote (I3)");
}

TEST_F(PaxosJudgeAcceptors, LostItsPower_VotesAsAnother_IsAllowed) {
  ElectLow();
  judge_.OnAcceptorLost(kFirst);
  incarnations_[kFirst] = Incarnation(77);
  judge_.OnAcceptorEnabled(kFirst, Incarnation(77));
  Promised(kFirst, low_);
  EXPECT_EQ(Rule(), "") << What();
}

TEST_F(PaxosJudgeAcceptors, PromiseFalls_BreaksTheRule) {
  Promised(kFirst, high_);
  Promised(kFirst, low_);
  EXPECT_EQ(Rule(), "promises never fall");
}

TEST_F(PaxosJudgeAcceptors, AcceptsWhatNobodyProposed_BreaksTheRule) {
  ElectLow();
  Propose(low_, kFirst, {ValueIn(1, 1, "x")});
  Accepted(kFirst, low_, ValueIn(1, 1, "y"));
  EXPECT_EQ(Rule(), "what is accepted was proposed");
}

// I10.
TEST_F(PaxosJudgeAcceptors, Large_ChosenByAMajorityWithOneReplica_BreaksTheRule) {
  ElectLow();
  const Entry value = ValueIn(1, 1, std::string(40, 'x'));
  Propose(low_, 2, {value});
  Accept(1, low_, {value});
  AcceptIn(kFirst, low_, value);
  AcceptIn(kSecond, low_, value);
  Learn(2, low_, {value});
  EXPECT_EQ(Rule(), "chosen by a quorum in one ballot");
}

TEST_F(PaxosJudgeAcceptors, ChosenByAMajorityWithOneReplica_IsAllowed) {
  ElectLow();
  const Entry value = ValueIn(1, 1);
  Propose(low_, 2, {value});
  Accept(1, low_, {value});
  AcceptIn(kFirst, low_, value);
  AcceptIn(kSecond, low_, value);
  Learn(2, low_, {value});
  EXPECT_EQ(Rule(), "") << What();
  EXPECT_EQ(judge_.committed(), Index(1));
}

TEST_F(PaxosJudgeAcceptors, Large_ChosenByTwoReplicasAndOneAcceptor_IsAllowed) {
  ElectLow();
  const Entry value = ValueIn(1, 1, std::string(40, 'x'));
  Propose(low_, 2, {value});
  Accept(1, low_, {value});
  Accept(2, low_, {value});
  AcceptIn(kFirst, low_, value);
  Learn(2, low_, {value});
  EXPECT_EQ(Rule(), "") << What();
}

// --- I8 ---

TEST_F(PaxosJudgeAcceptors, TrimmedBeforeItIsChosen_BreaksTheRule) {
  judge_.OnTrimmed(kFirst, Index(2));
  EXPECT_EQ(Rule(), "trimming was agreed (I8)");
}

TEST_F(PaxosJudgeAcceptors, Trimmed_OneReplicaOfThreeKnowsThatItIsChosen_BreaksTheRule) {
  ElectLow();
  Choose(low_, {2, 1, 3}, {ValueIn(1, 1)});
  NoteChosen(1, low_, 1);
  judge_.OnTrimmed(kFirst, Index(2));
  EXPECT_EQ(Rule(), "trimming was agreed (I8)");
}

TEST_F(PaxosJudgeAcceptors, Trimmed_TwoOfThreeKnowThatItIsChosen_IsAllowed) {
  ElectLow();
  Choose(low_, {2, 1, 3}, {ValueIn(1, 1)});
  NoteChosen(1, low_, 1);
  NoteChosen(2, low_, 1);
  judge_.OnTrimmed(kFirst, Index(2));
  EXPECT_EQ(Rule(), "") << What();
}

TEST_F(PaxosJudgeAcceptors, SlotReusedBeforeItIsTrimmed_BreaksTheRule) {
  ElectLow();
  AcceptIn(kFirst, low_, ValueIn(1, 1));
  AcceptIn(kFirst, low_, ValueIn(17, 1));
  EXPECT_EQ(Rule(), "a slot is reused once it is trimmed (I8)");
}

}  // namespace
}  // namespace synod::sim
