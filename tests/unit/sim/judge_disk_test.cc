// What the judge demands of the nodes' disks.
#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sim/judge_fixture.h"

namespace synod::sim {
namespace {

using test::Append;
using test::SnapshotAt;
using ::testing::HasSubstr;

// Of three nodes the first two have written two entries of term 1, which the second knows to be
// committed.
class JudgeDisk : public JudgeFixture {
 protected:
  JudgeDisk() {
    WriteLog(1);
    WriteLog(2);
    Core follower({.node = 2, .log = {1, 1}});
    follower.Receive(1, 1, Append(2, 1, {}, /*commit=*/2));
    Turn(2, follower);
    EXPECT_EQ(judge_.committed(), Index(2));
    EXPECT_EQ(Rule(), "");
  }

  void WriteLog(NodeId node) { JudgeFixture::WriteLog(node, {1, 1}); }
  // What is durable after WriteLog.
  static DurableState StateOf() { return Core::StateOf({.log = {1, 1}}); }
};

// --- What is committed stays durable on a quorum ---

TEST_F(JudgeDisk, Truncation_TakesACopyThatTheQuorumNeeds_BreaksTheRuleOnceItIsDurable) {
  Begin(1, TruncatingFrom(2));
  EXPECT_EQ(Rule(), "");
  judge_.OnDurable(1);
  EXPECT_EQ(Rule(), "durable on a quorum");
  EXPECT_THAT(What(),
              HasSubstr("entry 2 is committed, and durable on no quorum of 1 2 3, but on 2"));
}

TEST_F(JudgeDisk, Truncation_PutsAnotherEntryInItsPlace_BreaksTheRule) {
  Persist replacing = TruncatingFrom(2);
  replacing.entries = {EntryAt(2, 2)};
  Write(1, Writing({.term = Term(2), .vote = {}, .peers = {}}));
  Write(1, replacing);
  EXPECT_EQ(Rule(), "durable on a quorum");
}

TEST_F(JudgeDisk, Truncation_TheOthersHoldIt_IsAllowed) {
  WriteLog(3);
  Write(1, TruncatingFrom(2));
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeDisk, Truncation_OfWhatIsNotCommitted_IsAllowed) {
  Write(1, Appending({EntryAt(3, 1)}));
  Write(1, TruncatingFrom(3));
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeDisk, Truncation_BelowWhatTheNodeHasCommitted_BreaksThePrefix) {
  WriteLog(3);
  Begin(2, TruncatingFrom(2));
  EXPECT_EQ(Rule(), "committed prefix");
}

// The write was under way when the node died, and landed.
TEST_F(JudgeDisk, Truncation_FoundByANewLife_BreaksTheRule) {
  Begin(1, TruncatingFrom(2));
  DurableState state = StateOf();
  state.entries.pop_back();
  judge_.OnLoad(1, state);
  EXPECT_EQ(Rule(), "durable on a quorum");
}

TEST_F(JudgeDisk, Truncation_ADiskThatWasReplacedHeldIt_IsAllowed) {
  WriteLog(3);
  judge_.OnReplaced(3);
  judge_.OnBootstrap(3, Incarnation(77), Configuration::Of({1, 2, 3}));
  Write(1, TruncatingFrom(2));
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeDisk, Snapshot_TakesTheLogThatTheQuorumNeeds_BreaksTheRule) {
  Write(1, Installing(SnapshotAt(1, 1), /*resets_log=*/true));
  EXPECT_EQ(Rule(), "durable on a quorum");
}

TEST_F(JudgeDisk, Snapshot_HoldsWhatTheLogLoses_IsAllowed) {
  Write(1, Installing(SnapshotAt(2, 1), /*resets_log=*/true));
  EXPECT_EQ(Rule(), "");
}

// --- What a write may say ---

TEST_F(JudgeDisk, Snapshot_OfWhatIsNotCommitted_BreaksThePrefix) {
  Begin(1, Installing(SnapshotAt(3, 1)));
  EXPECT_EQ(Rule(), "committed prefix");
  EXPECT_THAT(What(), HasSubstr("a snapshot of 3, which is not committed"));
}

TEST_F(JudgeDisk, Snapshot_OfAnotherTermThanWasCommitted_BreaksThePrefix) {
  Begin(1, Installing(SnapshotAt(2, 2)));
  EXPECT_EQ(Rule(), "committed prefix");
}

TEST_F(JudgeDisk, Snapshot_ReplacesANewerOne_BreaksTheOrder) {
  Write(1, Installing(SnapshotAt(2, 1)));
  Begin(1, Installing(SnapshotAt(1, 1)));
  EXPECT_EQ(Rule(), "snapshot order");
}

TEST_F(JudgeDisk, Compaction_BeyondTheSnapshot_BreaksTheRule) {
  Write(1, Installing(SnapshotAt(1, 1)));
  Begin(1, CompactingTo(2));
  EXPECT_EQ(Rule(), "snapshot before compaction");
}

TEST_F(JudgeDisk, Append_LeavesAGap_BreaksTheRule) {
  Begin(1, Appending({EntryAt(4, 1)}));
  EXPECT_EQ(Rule(), "no gaps");
}

TEST_F(JudgeDisk, Append_OtherCommandOfTheSameTerm_BreaksLogMatching) {
  Entry other = EntryAt(1, 1);
  other.payload = Payload::Copy("other");
  Begin(3, Appending({other}));
  EXPECT_EQ(Rule(), "log matching");
}

TEST_F(JudgeDisk, HardState_OfAnOlderTerm_BreaksTermMonotony) {
  Begin(1, Writing(HardState{}));
  EXPECT_EQ(Rule(), "term monotony");
}

// --- What a new life finds ---

TEST_F(JudgeDisk, Load_FindsWhatWasDurable_IsAllowed) {
  Write(1, Installing(SnapshotAt(2, 1)));
  DurableState state = StateOf();
  state.snapshot = SnapshotAt(2, 1);
  judge_.OnLoad(1, state);
  EXPECT_EQ(Rule(), "");
  EXPECT_EQ(counts_.writes_lost, 0u);
  EXPECT_EQ(counts_.writes_kept_by_chance, 0u);
}

TEST_F(JudgeDisk, Load_FindsSomeOfTheWritesUnderWay_CountsThem) {
  Begin(1, Appending({EntryAt(3, 1)}));
  Begin(1, Appending({EntryAt(4, 1)}));
  judge_.OnLoad(1, Core::StateOf({.log = {1, 1, 1}}));
  EXPECT_EQ(Rule(), "");
  EXPECT_EQ(counts_.writes_lost, 1u);
  EXPECT_EQ(counts_.writes_kept_by_chance, 1u);
}

TEST_F(JudgeDisk, Repaired_AfterAStartThatWasRefused_HasItsWritesUnderWayAgain) {
  Begin(1, Appending({EntryAt(3, 1)}));
  judge_.OnDamaged(1);
  judge_.OnLoad(1, StateOf());  // And finds other damage behind that.
  judge_.OnRepaired(1);
  judge_.OnLoad(1, Core::StateOf({.log = {1, 1, 1}}));
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeDisk, Repaired_DamageThatNoStartFinds_IsTakenForNoneAnyMore) {
  judge_.OnDamaged(1);
  judge_.OnRepaired(1);
  judge_.OnLoad(1, Core::StateOf({.log = {1}}));
  EXPECT_EQ(Rule(), "durability");
}

TEST_F(JudgeDisk, Damaged_WritesAfterAll_CannotGoBackAnyMore) {
  judge_.OnDamaged(1);
  EXPECT_TRUE(judge_.CanBeRepaired(1));
  judge_.OnLoad(1, StateOf());
  Begin(1, Appending({EntryAt(3, 1)}));
  EXPECT_FALSE(judge_.CanBeRepaired(1));
}

struct Change {
  std::string name;
  std::function<void(DurableState&)> make;

  friend void PrintTo(const Change& change, std::ostream* out) { *out << change.name; }
};

// Each is all that differs from what was durable.
class JudgeDiskChange : public JudgeDisk, public ::testing::WithParamInterface<Change> {
 protected:
  JudgeDiskChange() {
    Write(1, Installing(SnapshotAt(1, 1)));
    state_ = StateOf();
    state_.snapshot = SnapshotAt(1, 1);
    GetParam().make(state_);
  }

  DurableState state_;
};

TEST_P(JudgeDiskChange, Load_FindsIt_BreaksDurability) {
  judge_.OnLoad(1, state_);
  EXPECT_EQ(Rule(), "durability");
}

TEST_P(JudgeDiskChange, Load_FindsItOnADamagedDisk_BreaksTheRuleOfDamage) {
  judge_.OnDamaged(1);
  judge_.OnLoad(1, state_);
  EXPECT_EQ(Rule(), "corrupt is not absent (F2)");
}

INSTANTIATE_TEST_SUITE_P(
    , JudgeDiskChange,
    ::testing::Values(
        Change{"SnapshotIndex", [](DurableState& state) { state.snapshot.index = Index(2); }},
        Change{"SnapshotTerm", [](DurableState& state) { state.snapshot.term = Term(2); }},
        Change{"SnapshotConfiguration",
               [](DurableState& state) { state.snapshot.configuration.voters.pop_back(); }},
        Change{"SnapshotSize", [](DurableState& state) { ++state.snapshot.size; }},
        Change{"SnapshotChecksum", [](DurableState& state) { ++state.snapshot.checksum; }},
        Change{"InitialConfiguration",
               [](DurableState& state) { state.initial_configuration.voters.pop_back(); }},
        Change{"Term", [](DurableState& state) { state.hard_state.term = Term(2); }},
        Change{"Vote", [](DurableState& state) { state.hard_state.vote = NodeId(3); }},
        Change{"Peers", [](DurableState& state) { state.hard_state.peers.pop_back(); }},
        Change{"NoFirstEntry",
               [](DurableState& state) { state.entries.erase(state.entries.begin()); }},
        Change{"NoLastEntry", [](DurableState& state) { state.entries.pop_back(); }},
        Change{"EntryTerm", [](DurableState& state) { state.entries[1].term = Term(2); }},
        Change{"EntryKind", [](DurableState& state) { state.entries[1].kind = EntryKind::kNoOp; }},
        Change{"EntryPayload",
               [](DurableState& state) { state.entries[1].payload = Payload::Copy("other"); }}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace synod::sim
