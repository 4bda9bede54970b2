// What the judge of Multi-Paxos demands of what is proposed in a slot, and of what is chosen there.
#include <gtest/gtest.h>

#include "tests/unit/sim/paxos_judge_fixture.h"

namespace synod::sim {
namespace {

class PaxosJudgeSlots : public PaxosJudgeFixture {
 protected:
  PaxosJudgeSlots() = default;
  PaxosJudgeSlots(size_t founders, const QuorumRule& rule)
      : PaxosJudgeFixture(founders, /*spares=*/0, rule) {}
};

// --- One value in a ballot ---

TEST_F(PaxosJudgeSlots, Proposal_AnotherValueInTheBallot_BreaksTheRule) {
  Elect(low_, {2});
  Propose(low_, 2, {ValueIn(1, 1, "x")});
  Propose(low_, 3, {ValueIn(1, 1, "y")});
  EXPECT_EQ(Rule(), "one value a ballot");
}

TEST_F(PaxosJudgeSlots, Proposal_AnotherKindOfTheSameBytes_BreaksTheRule) {
  Elect(low_, {2});
  Entry no_op = ValueIn(1, 1, "");
  no_op.kind = EntryKind::kNoOp;
  Propose(low_, 2, {ValueIn(1, 1, "")});
  Propose(low_, 3, {no_op});
  EXPECT_EQ(Rule(), "one value a ballot");
}

TEST_F(PaxosJudgeSlots, Proposal_AnotherThanTheProposerHasAcceptedItself_BreaksTheRule) {
  Elect(low_, {2});
  Accept(1, low_, {ValueIn(1, 1, "x")});
  EXPECT_EQ(Rule(), "");
  Propose(low_, 3, {ValueIn(1, 1, "y")});
  EXPECT_EQ(Rule(), "one value a ballot");
}

TEST_F(PaxosJudgeSlots, Proposal_TheSameToAll_IsAllowed) {
  Elect(low_, {2});
  Accept(1, low_, {ValueIn(1, 1, "x")});
  for (uint64_t node : {2u, 3u}) Propose(low_, node, {ValueIn(1, 1, "x")});
  EndTurn(1);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeSlots, Proposal_AnotherValueInAHigherBallotWhereNoneCanBeChosen_IsAllowed) {
  Elect(low_, {2});
  Propose(low_, 2, {ValueIn(1, 1, "x")});
  EndTurn(1);
  Elect(high_, {2});
  Propose(high_, 2, {ValueIn(1, 2, "y")});
  EndTurn(3);
  EXPECT_EQ(Rule(), "");
}

// --- A quorum has promised ---

TEST_F(PaxosJudgeSlots, Proposal_NobodyHasPromised_BreaksTheRule) {
  Promise(1, low_);
  Propose(low_, 2, {ValueIn(1, 1)});
  EXPECT_EQ(Rule(), "") << "It is looked at when the turn is over.";
  EndTurn(1);
  EXPECT_EQ(Rule(), "prepared by a quorum");
}

TEST_F(PaxosJudgeSlots, Proposal_PromiseHasNotBeenReported_BreaksTheRule) {
  Promise(1, low_);
  Promise(2, low_);
  Propose(low_, 2, {ValueIn(1, 1)});
  EndTurn(1);
  EXPECT_EQ(Rule(), "prepared by a quorum");
}

TEST_F(PaxosJudgeSlots, Proposal_ReportGoesOn_BreaksTheRule) {
  Promise(1, low_);
  Promise(2, low_);
  PrepareReply reply = Reporting(low_);
  reply.next = Index(2);
  Send(2, 1, 1, reply);
  Propose(low_, 2, {ValueIn(1, 1)});
  EndTurn(1);
  EXPECT_EQ(Rule(), "prepared by a quorum");
}

TEST_F(PaxosJudgeSlots, Proposal_PromiseWasOfALowerBallot_BreaksTheRule) {
  Elect(low_, {2});
  Promise(3, high_);
  Propose(high_, 2, {ValueIn(1, 2)});
  EndTurn(3);
  EXPECT_EQ(Rule(), "prepared by a quorum");
}

TEST_F(PaxosJudgeSlots, Proposal_PromiseIsOfADiskThatDoesNotCount_BreaksTheRule) {
  Replace(2, Incarnation(77), /*joins=*/true);
  Elect(low_, {2});
  Propose(low_, 2, {ValueIn(1, 1)});
  EndTurn(1);
  EXPECT_EQ(Rule(), "prepared by a quorum");
}

TEST_F(PaxosJudgeSlots, Proposal_QuorumHasPromised_IsAllowed) {
  Elect(low_, {2});
  Propose(low_, 2, {ValueIn(1, 1)});
  EndTurn(1);
  EXPECT_EQ(Rule(), "");
}

// A candidate that learns what is chosen takes it over before it is elected.
TEST_F(PaxosJudgeSlots, Proposal_OfWhatIsChosenAlready_NeedsNoPromises) {
  Elect(low_, {2});
  Choose(low_, {2, 1}, {ValueIn(1, 1, "x")});
  Accept(3, high_, {ValueIn(1, 2, "x")});
  EndTurn(3);
  EXPECT_EQ(Rule(), "") << What();
}

TEST_F(PaxosJudgeSlots, Proposal_OfAnotherThanIsChosenWithoutPromises_BreaksTheRule) {
  Elect(low_, {2});
  Choose(low_, {2, 1}, {ValueIn(1, 1, "x")});
  Accept(3, high_, {ValueIn(1, 2, "y")});
  EndTurn(3);
  EXPECT_EQ(Rule(), "prepared by a quorum");
}

// --- No other value can be chosen in a lower ballot ---

TEST_F(PaxosJudgeSlots, Proposal_AnotherIsChosenBelow_BreaksTheRule) {
  Elect(low_, {2});
  Choose(low_, {2, 1}, {ValueIn(1, 1, "x")});
  Promise(3, high_);
  Report(2, high_, {{.entry = ValueIn(1, 1, "x"), .ballot = low_}});
  Propose(high_, 2, {ValueIn(1, 2, "y")});
  EndTurn(3);
  EXPECT_EQ(Rule(), "no other value can be chosen below");
}

TEST_F(PaxosJudgeSlots, Proposal_TheSameIsChosenBelow_IsAllowed) {
  Elect(low_, {2});
  Choose(low_, {2, 1}, {ValueIn(1, 1, "x")});
  Promise(3, high_);
  Report(2, high_, {{.entry = ValueIn(1, 1, "x"), .ballot = low_}});
  Propose(high_, 2, {ValueIn(1, 2, "x")});
  EndTurn(3);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeSlots, Proposal_AnotherIsAcceptedBelowByTooFew_IsAllowed) {
  Elect(low_, {2});
  Accept(1, low_, {ValueIn(1, 1, "x")});
  Elect(high_, {2});
  Propose(high_, 2, {ValueIn(1, 2, "y")});
  EndTurn(3);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeSlots, Proposal_AnotherCanYetBeAcceptedBelow_BreaksTheRule) {
  Elect(low_, {2});
  Accept(1, low_, {ValueIn(1, 1, "x")});
  Promise(3, high_);
  Report(1, high_, {{.entry = ValueIn(1, 1, "x"), .ballot = low_}});
  Propose(high_, 1, {ValueIn(1, 2, "y")});
  EndTurn(3);
  EXPECT_EQ(Rule(), "no other value can be chosen below") << "Node 2 is bound to nothing.";
}

TEST_F(PaxosJudgeSlots, Proposal_AnotherWasAcceptedBelowOnADiskThatIsLost_BreaksTheRule) {
  Elect(low_, {2});
  Accept(1, low_, {ValueIn(1, 1, "x")});
  Propose(low_, 2, {ValueIn(1, 1, "x")});
  Accept(2, low_, {ValueIn(1, 1, "x")});
  Report(1, high_, {{.entry = ValueIn(1, 1, "x"), .ballot = low_}});
  Promise(3, high_);
  Replace(2, Incarnation(77));
  Propose(high_, 1, {ValueIn(1, 2, "y")});
  EndTurn(3);
  EXPECT_EQ(Rule(), "no other value can be chosen below");
}

TEST_F(PaxosJudgeSlots, Proposal_WhoCouldHaveAcceptedAnotherBelowHasLostItsDisk_IsAllowed) {
  Elect(low_, {2});
  Accept(1, low_, {ValueIn(1, 1, "x")});
  Report(1, high_, {{.entry = ValueIn(1, 1, "x"), .ballot = low_}});
  Promise(3, high_);
  Replace(2, Incarnation(77));
  Propose(high_, 1, {ValueIn(1, 2, "y")});
  EndTurn(3);
  EXPECT_EQ(Rule(), "");
}

// --- Alpha ---

TEST_F(PaxosJudgeSlots, Proposal_FurtherAheadThanAlpha_BreaksTheRule) {
  Elect(low_, {2});
  Propose(low_, 2, {ValueIn(kAlpha + 1, 1)});
  EndTurn(1);
  EXPECT_EQ(Rule(), "alpha bounds what is proposed");
}

TEST_F(PaxosJudgeSlots, Proposal_AsFarAheadAsAlphaLets_IsAllowed) {
  Elect(low_, {2});
  Propose(low_, 2, {ValueIn(kAlpha, 1)});
  EndTurn(1);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeSlots, Proposal_OthersKnowMoreToBeChosen_AlphaCountsFromWhatItKnowsItself) {
  Elect(low_, {2});
  Choose(low_, {2, 1}, {ValueIn(1, 1)});
  Propose(low_, 2, {ValueIn(kAlpha + 1, 1)});
  EndTurn(1);
  EXPECT_EQ(Rule(), "alpha bounds what is proposed");
}

// --- Chosen ---

TEST_F(PaxosJudgeSlots, Commit_OneOfThreeHasAccepted_BreaksTheRule) {
  Elect(low_, {2});
  Choose(low_, {2}, {ValueIn(1, 1)});
  EXPECT_EQ(Rule(), "chosen by a quorum in one ballot");
}

TEST_F(PaxosJudgeSlots, Commit_TwoOfThreeHaveAccepted_IsAllowed) {
  Elect(low_, {2});
  Choose(low_, {2, 3}, {ValueIn(1, 1)});
  EXPECT_EQ(Rule(), "");
  EXPECT_EQ(judge_.committed(), Index(1));
}

TEST_F(PaxosJudgeSlots, Commit_OneOfTheAcceptsIsOnItsWayToTheDisk_BreaksTheRule) {
  Elect(low_, {2});
  Begin(1, Accepting(1, low_, {ValueIn(1, 1)}));
  Choose(low_, {2}, {ValueIn(1, 1)});
  EXPECT_EQ(Rule(), "chosen by a quorum in one ballot");
}

TEST_F(PaxosJudgeSlots, Commit_QuorumHasAcceptedAnotherValue_BreaksTheRule) {
  Elect(low_, {2});
  Propose(low_, 2, {ValueIn(1, 1, "x")});
  for (uint64_t node : {1u, 2u}) Accept(node, low_, {ValueIn(1, 1, "x")});
  Promise(3, high_);
  Choose(high_, {2}, {ValueIn(1, 2, "y")});
  EXPECT_EQ(Rule(), "chosen by a quorum in one ballot");
}

TEST_F(PaxosJudgeSlots, Commit_AnotherValueThanOneThatIsCommitted_BreaksThePrefix) {
  Elect(low_, {2});
  Choose(low_, {2, 1}, {ValueIn(1, 1, "x")});
  PaxosCore other = NewCore(1);
  other.Receive(3, 2, Proposing({ValueIn(1, 2, "y")}, /*commit=*/1));
  Turn(1, other);
  EXPECT_EQ(Rule(), "committed prefix");
}

TEST_F(PaxosJudgeSlots, Commit_TheSameValueInALaterRound_IsAllowed) {
  Elect(low_, {2});
  Choose(low_, {2, 1}, {ValueIn(1, 1, "x")});
  PaxosCore other = NewCore(1);
  other.Receive(3, 2, Proposing({ValueIn(1, 2, "x")}, /*commit=*/1));
  Turn(1, other);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeSlots, Commit_AcceptedInTwoBallotsByOneEach_BreaksTheRule) {
  Elect(low_, {2});
  Accept(1, low_, {ValueIn(1, 1, "x")});
  Promise(3, high_);
  Choose(high_, {2}, {ValueIn(1, 2, "x")});
  EXPECT_EQ(Rule(), "chosen by a quorum in one ballot");
}

TEST_F(PaxosJudgeSlots, Commit_ADiskThatIsLostHadAccepted_IsAllowed) {
  Elect(low_, {2});
  Accept(1, low_, {ValueIn(1, 1)});
  Replace(1, Incarnation(77));
  Propose(low_, 2, {ValueIn(1, 1)});
  Accept(2, low_, {ValueIn(1, 1)});
  Learn(2, low_, {ValueIn(1, 1)});
  EXPECT_EQ(judge_.committed(), Index(1));
}

TEST_F(PaxosJudgeSlots, Commit_ADiskThatDoesNotCountHasAccepted_BreaksTheRule) {
  Elect(low_, {2});
  Propose(low_, 2, {ValueIn(1, 1)});
  Replace(3, Incarnation(77));
  Choose(low_, {2, 3}, {ValueIn(1, 1)});
  EXPECT_EQ(Rule(), "chosen by a quorum in one ballot");
}

// --- Quorums of a grid: nodes 1 2 3 and 4 5 6 are its rows ---

class PaxosJudgeGrid : public PaxosJudgeSlots {
 protected:
  PaxosJudgeGrid() : PaxosJudgeSlots(/*founders=*/6, QuorumRule::Grid(3)) {}
};

TEST_F(PaxosJudgeGrid, Proposal_RowHasPromised_IsAllowed) {
  Elect(low_, {2, 3});
  Propose(low_, 2, {ValueIn(1, 1)});
  EndTurn(1);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeGrid, Proposal_MostHavePromisedAndNoRow_BreaksTheRule) {
  Elect(low_, {2, 4, 5});
  Propose(low_, 2, {ValueIn(1, 1)});
  EndTurn(1);
  EXPECT_EQ(Rule(), "prepared by a quorum");
}

TEST_F(PaxosJudgeGrid, Commit_ColumnHasAccepted_IsAllowed) {
  Elect(low_, {2, 3});
  Choose(low_, {2, 5}, {ValueIn(1, 1)});
  EXPECT_EQ(Rule(), "");
  EXPECT_EQ(judge_.committed(), Index(1));
}

TEST_F(PaxosJudgeGrid, Commit_MostHaveAcceptedAndNoColumn_BreaksTheRule) {
  Elect(low_, {2, 3});
  Choose(low_, {2, 1, 3}, {ValueIn(1, 1)});
  EXPECT_EQ(Rule(), "chosen by a quorum in one ballot");
}

}  // namespace
}  // namespace synod::sim
