// What the judge of Multi-Paxos demands of those who change the members, and of those who decide
// while they change.
#include <map>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sim/paxos_judge_fixture.h"

namespace synod::sim {
namespace {

using To = MemberChange::To;
using ::testing::SizeIs;

// Three founders; two more wait.
class PaxosJudgeMembers : public PaxosJudgeFixture {
 protected:
  PaxosJudgeMembers() : PaxosJudgeFixture(/*founders=*/3, /*spares=*/2) {}

  // These voters, on their first disks.
  [[nodiscard]] Configuration MembersOf(const std::vector<NodeId>& voters) const {
    Configuration members = options_.Founders();
    members.voters = voters;
    for (NodeId node : voters) {
      members.records.push_back(
          {.node = node, .incarnation = IncarnationOf(node), .epoch = {}, .address = {}});
    }
    return members;
  }
  [[nodiscard]] static Entry ChangeIn(uint64_t slot, const Configuration& members) {
    return ChangeAt(slot, 1, members);
  }
};

// --- A change, step by step ---

// Node 1 leads by the promise of node 2.
class PaxosJudgeChange : public PaxosJudgeMembers {
 protected:
  PaxosJudgeChange() {
    core_.Lead({2});
    Report(2, low_);
    Continue();
    EXPECT_EQ(Rule(), "");
  }

  // What the leader has written and does now is as the core has it.
  void Continue() {
    core_.Settle();
    WriteAllOf(1, core_);
    Turn(1, core_);
  }
  void Join() {
    core_.Reconfigure({{.node = 4, .to = To::kVoter, .incarnation = IncarnationOf(4)}});
    Continue();
    ASSERT_EQ(core_->extent().last, Index(1));
  }
  // The other founders accept all that the leader has proposed, and know what it knows.
  void Commit() {
    const Index last = core_->extent().last;
    const uint64_t chosen = core_->commit().value();
    for (uint64_t node : {2u, 3u}) {
      std::vector<Entry> entries;
      while (followed_[node] < last) entries.push_back(core_->EntryAt(++followed_[node]));
      Accept(node, low_, entries, chosen);
      Send(node, 1, 1, Acking(low_, last.value(), chosen));
    }
    for (uint64_t node : {2u, 3u}) core_.Ack(node, last.value(), chosen);
    Continue();
  }
  void SayThatItIsDone() {
    judge_.OnChanged(1, {{.node = 4, .to = To::kVoter, .incarnation = IncarnationOf(4)}});
    Turn(1, core_);
  }

  PaxosCore core_ = NewCore(1);
  std::map<uint64_t, Index> followed_;
};

TEST_F(PaxosJudgeChange, StepByStep_IsAllowed) {
  Join();
  Commit();
  EXPECT_EQ(core_->commit(), Index(1));
  Commit();
  ASSERT_EQ(core_->commit(), Index(kAlpha)) << "No-ops up to where the new members decide.";
  Report(4, low_);
  core_.Report(4, {}, /*asked=*/Index(1));
  Commit();
  SayThatItIsDone();
  EXPECT_EQ(Rule(), "") << What();
  Commit();
  EXPECT_EQ(core_->commit(), Index(kAlpha + 1)) << "By three of four.";
  EXPECT_EQ(Rule(), "") << What();
  EXPECT_EQ(counts_.configurations, 1u);
}

TEST_F(PaxosJudgeChange, IsSaidToBeDoneBeforeItIsChosen_BreaksTheRule) {
  Join();
  SayThatItIsDone();
  EXPECT_EQ(Rule(), "a change that is done is committed");
}

TEST_F(PaxosJudgeChange, IsSaidToBeDoneWhileOthersDecide_BreaksTheRule) {
  Join();
  Commit();
  SayThatItIsDone();
  EXPECT_EQ(Rule(), "a change that is done needs no others (M9)");
}

TEST_F(PaxosJudgeChange, IsSaidToBeDoneWhileOnlyTheLeaderKnowsWhatOthersDecided_BreaksTheRule) {
  Join();
  Commit();
  Commit();
  ASSERT_EQ(core_->commit(), Index(kAlpha));
  SayThatItIsDone();
  EXPECT_EQ(Rule(), "a change that is done needs no others (M9)");
}

TEST_F(PaxosJudgeChange, IsSaidToBeDoneOnceAQuorumHasNotedWhatOthersDecided_IsAllowed) {
  Join();
  Commit();
  Commit();
  for (uint64_t node : {2u, 3u}) NoteChosen(node, low_, kAlpha);
  SayThatItIsDone();
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeChange, IsSaidToBeDoneOnceOneTooFewHasNotedWhatOthersDecided_BreaksTheRule) {
  Join();
  Commit();
  Commit();
  NoteChosen(2, low_, kAlpha);
  NoteChosen(3, low_, kAlpha - 1);
  SayThatItIsDone();
  EXPECT_EQ(Rule(), "a change that is done needs no others (M9)");
}

// --- Changes that a leader makes ---

// Node 1 leads in round 2, and has taken what it proposes from the report of node 2. Nobody has
// proposed that before, as far as the judge knows, so it is the leader's own; but node 2 may have
// accepted something from node 3.
class PaxosJudgeProposedChange : public PaxosJudgeMembers {
 protected:
  void LeadWith(const std::vector<Entry>& entries, const std::vector<Entry>& chosen = {},
                const std::vector<Entry>& accepted = {}) {
    PaxosCore core = NewCore(1);
    if (chosen.empty()) {
      core.Receive(3, 1, PreVoteRequest{.next_term = Term(2), .last_index = {}, .last_term = {}});
    } else {
      core.Receive(3, 1, Proposing(chosen, chosen.back().index.value()));
    }
    core.BecomeCandidate();
    std::vector<AcceptedEntry> reported;
    reported.reserve(entries.size());
    for (const Entry& entry : entries) {
      reported.push_back({.entry = entry, .ballot = BallotBy(3, 1)});
    }
    core.Report(2, reported);
    ASSERT_EQ(core->promised(), next_);
    ASSERT_TRUE(core->IsLeader());
    Promise(1, next_);
    Promise(2, next_);
    PrepareReply reply = Reporting(next_);
    reply.from = core->commit() + 1;
    for (const Entry& entry : accepted) {
      reply.accepted.push_back({.entry = entry, .ballot = other_});
    }
    Send(2, 1, 2, reply);
    if (const uint64_t commit = core->commit().value(); commit > 0) {
      core.Settle();
      NoteChosen(2, next_, commit);
      Send(2, 1, 2, Acking(next_, commit, commit));
      core.Ack(2, commit, commit);
    }
    ASSERT_GE(core->extent().last, entries.back().index);
    Accept(1, next_, entries);
    Turn(1, core);
  }

  const Ballot next_ = BallotBy(1, 2);
  const Ballot other_ = BallotBy(3, 1);
};

TEST_F(PaxosJudgeProposedChange, One_IsAllowed) {
  LeadWith({ValueIn(1, 1), ChangeIn(2, MembersOf({1, 2}))});
  EXPECT_EQ(Rule(), "") << What();
}

TEST_F(PaxosJudgeProposedChange, WhatOthersProposedMayBeChosen_BreaksTheRule) {
  Elect(other_, {2});
  Accept(3, other_, {ValueIn(1, 1)});
  Propose(other_, 2, {ValueIn(1, 1)});
  Accept(2, other_, {ValueIn(1, 1)});
  LeadWith({ValueIn(1, 1), ChangeIn(2, MembersOf({1, 2}))}, {}, {ValueIn(1, 1)});
  EXPECT_EQ(Rule(), "no change before all that was chosen is known (M1)") << What();
}

TEST_F(PaxosJudgeProposedChange, WhatOthersProposedCannotBeChosen_IsAllowed) {
  Elect(other_, {2});
  Accept(3, other_, {ValueIn(1, 1, "lost")});
  EndTurn(3);
  LeadWith({ValueIn(1, 1), ChangeIn(2, MembersOf({1, 2}))});
  EXPECT_EQ(Rule(), "") << What();
}

TEST_F(PaxosJudgeProposedChange, AnotherIsNotChosen_BreaksTheRule) {
  LeadWith({ChangeIn(1, MembersOf({1, 2})), ChangeIn(2, MembersOf({1, 2, 3}))});
  EXPECT_EQ(Rule(), "one change at a time (M2)");
}

TEST_F(PaxosJudgeProposedChange, AnotherIsChosenAndDoesNotGovern_BreaksTheRule) {
  const Entry first = ChangeIn(1, MembersOf({1, 2}));
  Elect(low_, {2});
  Choose(low_, {2, 1}, {first});
  LeadWith({ChangeIn(2, MembersOf({1, 2, 3}))}, {first});
  EXPECT_EQ(Rule(), "one change at a time (M2)");
}

TEST_F(PaxosJudgeProposedChange, AnotherGoverns_IsAllowed) {
  std::vector<Entry> chosen = {ChangeIn(1, MembersOf({1, 2}))};
  for (uint64_t slot = 2; slot <= kAlpha; ++slot) chosen.push_back(ValueIn(slot, 1));
  Elect(low_, {2});
  Choose(low_, {2, 1}, chosen);
  LeadWith({ChangeIn(kAlpha + 1, MembersOf({1, 2, 3}))}, chosen);
  EXPECT_EQ(Rule(), "") << What();
}

TEST_F(PaxosJudgeProposedChange, AnotherDiskUnderAMembersName_BreaksTheRule) {
  Configuration members = MembersOf({1, 2, 3});
  members.records[1].incarnation = Incarnation(77);
  LeadWith({ChangeIn(1, members)});
  EXPECT_EQ(Rule(), "one disk to a name (M3)");
}

TEST_F(PaxosJudgeProposedChange, AnotherDiskUnderANameThatIsNoMembers_IsAllowed) {
  Configuration members = MembersOf({1, 2, 3, 4});
  members.records[3].incarnation = Incarnation(77);
  LeadWith({ChangeIn(1, members)});
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeMembers, Change_CannotBeRead_BreaksTheRule) {
  Entry entry = ValueIn(1, 1);
  entry.kind = EntryKind::kConfiguration;
  Elect(low_, {2});
  Accept(1, low_, {entry});
  EXPECT_EQ(Rule(), "a configuration can be read");
}

// --- Who decides ---

// Nodes 1, 4 and 5 are made the members in slot 1, and decide from slot 5 on.
class PaxosJudgeGoverning : public PaxosJudgeMembers {
 protected:
  PaxosJudgeGoverning() {
    for (uint64_t slot = 2; slot <= kAlpha; ++slot) chosen_.push_back(ValueIn(slot, 1));
    Elect(low_, {2});
    Choose(low_, {2, 1}, chosen_);
    EXPECT_EQ(judge_.committed(), Index(kAlpha));
    EXPECT_EQ(Rule(), "") << What();
  }
  // Of the proposer, which knows all that is chosen.
  void EndProposersTurn() {
    PaxosCore core = NewCore(1);
    core.Receive(3, 1, Proposing(chosen_, kAlpha));
    Turn(1, core);
  }

  std::vector<Entry> chosen_ = {ChangeIn(1, MembersOf({1, 4, 5}))};
  const Entry next_ = ValueIn(kAlpha + 1, 1);
};

TEST_F(PaxosJudgeGoverning, Proposal_QuorumOfThoseBeforeHasPromised_BreaksTheRule) {
  Propose(low_, 4, {next_});
  EndProposersTurn();
  EXPECT_EQ(Rule(), "prepared by a quorum");
}

TEST_F(PaxosJudgeGoverning, Proposal_QuorumOfTheNewOnesHasPromised_IsAllowed) {
  Report(4, low_);
  Propose(low_, 4, {next_});
  EndProposersTurn();
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeGoverning, Commit_QuorumOfThoseBeforeHasAccepted_BreaksTheRule) {
  Choose(low_, {2, 3, 1}, {next_});
  EXPECT_EQ(Rule(), "chosen by a quorum in one ballot");
}

TEST_F(PaxosJudgeGoverning, Commit_QuorumOfTheNewOnesHasAccepted_IsAllowed) {
  for (uint64_t node : {1u, 4u}) {
    if (node != 1) Propose(low_, node, {next_});
    Accept(node, low_, {next_});
  }
  Learn(2, low_, {next_});
  EXPECT_EQ(Rule(), "");
  EXPECT_EQ(judge_.committed(), Index(kAlpha + 1));
}

TEST_F(PaxosJudgeGoverning, InForce_NodeGoesByWhatItKnowsToBeChosen_IsAllowed) {
  PaxosCore behind = NewCore(3);
  Turn(3, behind);
  behind.Receive(1, 1, Proposing(chosen_, /*commit=*/1));
  Turn(3, behind);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeGoverning, InForce_NodeGoesByWhatItDoesNotKnowToBeChosen_BreaksTheRule) {
  PaxosCore core(3, MembersOf({1, 4, 5}));
  Turn(3, core);
  EXPECT_EQ(Rule(), "the newest configuration is in force (M5)");
}

TEST_F(PaxosJudgeMembers, InForce_NewcomerKnowsNobody_IsAllowed) {
  PaxosCore core(4, Configuration());
  Turn(4, core);
  EXPECT_EQ(Rule(), "");
}

TEST_F(PaxosJudgeMembers, InForce_FounderKnowsNobody_BreaksTheRule) {
  PaxosCore core(3, Configuration());
  Turn(3, core);
  EXPECT_EQ(Rule(), "the newest configuration is in force (M5)");
}

TEST_F(PaxosJudgeGoverning, Snapshot_NamesThoseBefore_BreaksTheRule) {
  Begin(2, Installing({.index = Index(1), .term = Term(1), .configuration = options_.Founders()}));
  EXPECT_EQ(Rule(), "a snapshot names its members (M4)");
}

TEST_F(PaxosJudgeGoverning, Snapshot_NamesThoseWhoseChangeItStandsFor_IsAllowed) {
  Begin(2, Installing({.index = Index(1), .term = Term(1), .configuration = MembersOf({1, 4, 5})}));
  EXPECT_EQ(Rule(), "");
}

// --- Who may yet be needed ---

TEST_F(PaxosJudgeGoverning, Deciding_AreThoseBeforeUntilTheNewOnesKnowWhatWasDecided) {
  EXPECT_THAT(judge_.Deciding(), SizeIs(2));
  NoteChosen(1, low_, kAlpha);
  EXPECT_THAT(judge_.Deciding(), SizeIs(2)) << "One of three.";
  Promise(4, low_);
  for (const Entry& entry : chosen_) Propose(low_, 4, {entry});
  Accept(4, low_, chosen_);
  NoteChosen(4, low_, kAlpha);
  ASSERT_THAT(judge_.Deciding(), SizeIs(1));
  EXPECT_EQ(*judge_.Deciding()[0], MembersOf({1, 4, 5}));
}

TEST_F(PaxosJudgeMembers, Deciding_AreThoseOfAChangeThatMayYetBeChosen) {
  EXPECT_THAT(judge_.Deciding(), SizeIs(1));
  Elect(low_, {2});
  Begin(1, Accepting(1, low_, {ChangeIn(1, MembersOf({1, 2}))}));
  EXPECT_THAT(judge_.Deciding(), SizeIs(2)) << "It is on its way to the disk.";
  judge_.OnDurable(1);
  const Ballot high = BallotBy(3, 2);
  Elect(high, {2});
  Propose(high, 1, {ValueIn(1, 2)});
  Accept(1, high, {ValueIn(1, 2)});
  EXPECT_THAT(judge_.Deciding(), SizeIs(1)) << "Another value has taken its place.";
}

TEST_F(PaxosJudgeMembers, MostToLearn_IsWhatOneHasAcceptedAndDoesNotKnowToBeChosen) {
  EXPECT_EQ(judge_.MostToLearn(), 0u);
  Elect(low_, {2});
  const std::vector<Entry> values = {ValueIn(1, 1), ValueIn(2, 1), ValueIn(3, 1)};
  Accept(1, low_, values);
  EXPECT_EQ(judge_.MostToLearn(), 3u);
  Choose(low_, {2, 3}, {values[0]});
  NoteChosen(1, low_, 1);
  EXPECT_EQ(judge_.MostToLearn(), 2u);
}

}  // namespace
}  // namespace synod::sim
