// What the judge demands of those who change the members, and of how they do it.
#include <gtest/gtest.h>

#include "tests/unit/sim/judge_fixture.h"

namespace synod::sim {
namespace {

using To = MemberChange::To;

// Node 1 of three leads term 1, and has committed its first entry. Two more wait.
class JudgeMembers : public JudgeFixture {
 protected:
  JudgeMembers() : JudgeFixture(/*founders=*/3, /*spares=*/2) {
    core_.BecomeLeader();
    WriteAllOf(1, core_);
    TurnElectedBy(3, 1, core_);
    EXPECT_EQ(Rule(), "");
  }

  // All have what the leader has, which is committed with that.
  void Commit() {
    for (uint64_t node : {2u, 3u}) Follow(node, 1, core_);
    const uint64_t last = core_->log().last().value();  // It may grow with the first ack.
    for (uint64_t node : {2u, 3u}) core_.Ack(node, last);
    core_.Take();
    Turn(1, core_);
  }
  // What the leader has written and does now is as the core has it.
  void Continue() {
    WriteAllOf(1, core_);
    core_.Persisted();
    Turn(1, core_);
  }
  // The leader's log gets this, whatever the core does.
  void Append(uint64_t index, const Configuration& members) {
    Write(1, Appending({ChangeAt(index, 1, members)}));
    Turn(1, core_);
  }

  [[nodiscard]] static Configuration Joint(std::vector<NodeId> to, std::vector<NodeId> from) {
    Configuration members = Configuration::Of(std::move(to));
    members.outgoing = Configuration::Of(std::move(from)).voters;
    return members;
  }

  Core core_;
};

// All that is legal in a change, step by step.
TEST_F(JudgeMembers, Change_StepByStep_IsAllowed) {
  Commit();
  core_.Reconfigure({{.node = 3, .to = To::kLearner}});
  core_.Take();
  Continue();
  EXPECT_EQ(Rule(), "");
  EXPECT_TRUE(core_->configuration().IsJoint());
  Commit();
  EXPECT_EQ(Rule(), "") << What();
  Continue();
  EXPECT_FALSE(core_->configuration().IsJoint());
  Commit();
  judge_.OnChanged(1, {{.node = 3, .to = To::kLearner}});
  Turn(1, core_);
  EXPECT_EQ(Rule(), "") << What();
  EXPECT_EQ(counts_.configurations, 2u);
}

TEST_F(JudgeMembers, Change_LeaderHasCommittedNothingOfItsTerm_BreaksTheRule) {
  Append(2, Joint({1, 2}, {1, 2, 3}));
  EXPECT_EQ(Rule(), "no change before the term's first commit (M1)");
}

TEST_F(JudgeMembers, Change_AnotherIsNotCommitted_BreaksTheRule) {
  Commit();
  Append(2, Joint({1, 2}, {1, 2, 3}));
  EXPECT_EQ(Rule(), "");
  Append(3, Configuration::Of({1, 2}));
  EXPECT_EQ(Rule(), "one change at a time (M2)");
}

TEST_F(JudgeMembers, Change_LeavesOutTheJointConfiguration_BreaksTheRule) {
  Commit();
  Append(2, Configuration::Of({1, 2}));
  EXPECT_EQ(Rule(), "configurations overlap (Raft 6)");
}

TEST_F(JudgeMembers, Change_JoinsOthersThanThereWere_BreaksTheRule) {
  Commit();
  Append(2, Joint({1, 4, 5}, {1, 2}));
  EXPECT_EQ(Rule(), "configurations overlap (Raft 6)");
}

TEST_F(JudgeMembers, Change_OfLearnersAlone_NeedsNoJointConfiguration) {
  Commit();
  Configuration members = options_.Founders();
  members.learners = {4};
  Append(2, members);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeMembers, Change_AnotherDiskUnderAMembersName_BreaksTheRule) {
  Commit();
  Configuration members = options_.Founders();
  members.records = {
      {1, IncarnationOf(1), {}, ""}, {2, Incarnation(77), {}, ""}, {3, IncarnationOf(3), {}, ""}};
  Append(2, members);
  EXPECT_EQ(Rule(), "one disk to a name (M3)");
}

TEST_F(JudgeMembers, Change_WritesDownWhoTheMembersAre_IsAllowed) {
  Commit();
  Configuration members = options_.Founders();
  members.records = {
      {1, IncarnationOf(1), {}, ""}, {2, IncarnationOf(2), {}, ""}, {3, IncarnationOf(3), {}, ""}};
  Append(2, members);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeMembers, Change_CannotBeRead_BreaksTheRule) {
  Commit();
  Entry entry = EntryAt(2, 1);
  entry.kind = EntryKind::kConfiguration;
  Write(1, Appending({entry}));
  EXPECT_EQ(Rule(), "a configuration can be read");
}

TEST_F(JudgeMembers, Change_SaidToBeDoneAndIsNot_BreaksTheRule) {
  Commit();
  judge_.OnChanged(1, {{.node = 4, .to = To::kVoter}});
  Turn(1, core_);
  EXPECT_EQ(Rule(), "a change that is done is committed");
}

TEST_F(JudgeMembers, Change_SaidToBeDoneWhenItsJointConfigurationIs_BreaksTheRule) {
  Commit();
  core_.Reconfigure({{.node = 3, .to = To::kLearner}});
  core_.Take();
  Continue();
  judge_.OnChanged(1, {{.node = 3, .to = To::kLearner}});
  Commit();
  EXPECT_EQ(Rule(), "a change that is done is committed");
}

TEST_F(JudgeMembers, Change_WasSoAlready_IsAllowed) {
  Commit();
  judge_.OnChanged(1, {{.node = 3, .to = To::kVoter}, {.node = 4, .to = To::kNone}});
  Turn(1, core_);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeMembers, Leader_IsNoVoterOfWhatIsCommitted_Leaves) {
  judge_.OnBootstrap(1, IncarnationOf(1), Configuration::Of({2, 3}));
  WriteTerm(1, 1, 1);
  Write(1, Appending({core_->log().At(Index(1))}));
  Begin(1, Appending({EntryAt(2, 1)}));  // Its core is not so far.
  Turn(1, core_);
  EXPECT_EQ(Rule(), "a removed leader leaves (M6)");
}

TEST_F(JudgeMembers, InForce_IsNotTheNewestInTheLog_BreaksTheRule) {
  Core core({.node = 2, .members = Configuration::Of({1, 2})});
  Turn(2, core);
  EXPECT_EQ(Rule(), "the newest configuration is in force (M5)");
}

TEST_F(JudgeMembers, InForce_IsTheNewestInTheLog_IsAllowed) {
  Core core({.node = 2});
  Turn(2, core);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeMembers, InForce_EntryThatMadeItSoWasTruncated_BreaksTheRule) {
  Core core({.node = 2, .members = Configuration::Of({1, 2})});
  Write(2, Appending({ChangeAt(1, 2, Configuration::Of({1, 2}))}));
  Write(2, TruncatingFrom(1));
  Turn(2, core);
  EXPECT_EQ(Rule(), "the newest configuration is in force (M5)");
}

TEST_F(JudgeMembers, Snapshot_NamesOthersThanThereWere_BreaksTheRule) {
  Commit();
  SnapshotMeta meta = test::SnapshotAt(1, 1);
  meta.configuration = Configuration::Of({1, 2});
  Write(2, Installing(meta));
  EXPECT_EQ(Rule(), "a snapshot names its members (M4)");
}

TEST_F(JudgeMembers, Snapshot_NamesThoseWhoCameLater_BreaksTheRule) {
  Commit();
  core_.Reconfigure({{.node = 3, .to = To::kLearner}});
  core_.Take();
  Continue();
  Commit();
  SnapshotMeta meta = test::SnapshotAt(1, 1);
  meta.configuration = core_->ConfigurationAt(Index(2));
  Write(2, Installing(meta));
  EXPECT_EQ(Rule(), "a snapshot names its members (M4)");
}

TEST_F(JudgeMembers, Snapshot_NamesThoseWhoWereThere_IsAllowed) {
  Commit();
  Write(2, Installing(test::SnapshotAt(1, 1)));
  EXPECT_EQ(Rule(), "");
}

// --- What a joint configuration commits ---

// Node 1 alone is the new half.
class JudgeJointCommit : public JudgeMembers {
 protected:
  JudgeJointCommit() {
    Commit();
    core_.Reconfigure({{.node = 2, .to = To::kNone}, {.node = 3, .to = To::kNone}});
    core_.Take();
    Continue();
    EXPECT_EQ(Rule(), "");
  }
};

TEST_F(JudgeJointCommit, Commit_MajorityOfTheNewHalfAloneHoldsIt_BreaksTheRule) {
  core_.Ack(2, 2);
  core_.Take();
  Turn(1, core_);
  EXPECT_EQ(Rule(), "durable on a quorum");
}

TEST_F(JudgeJointCommit, Commit_MajorityOfBothHalvesHoldsIt_IsAllowed) {
  Follow(2, 1, core_);
  core_.Ack(2, 2);
  core_.Take();
  Turn(1, core_);
  EXPECT_EQ(judge_.committed(), Index(2));
  EXPECT_EQ(Rule(), "") << What();
}

}  // namespace
}  // namespace synod::sim
