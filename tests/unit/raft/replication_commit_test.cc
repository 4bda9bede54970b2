// Tests of commitment in raft/impl/replication.ipp (Raft §5.4.2): when an entry counts as chosen.
#include <algorithm>
#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/raft/fixture.h"

namespace synod::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// R1, mutation 1: figure 8. Entry 2 of term 2 is on a majority, and yet a leader of term 3 may
// overwrite it; it commits only together with an entry of the leader's own term.
TEST(OwnTermCommit, EntryOfAnOlderTermOnAMajority_WaitsForOneOfItsOwnTerm) {
  Core core({.term = 3, .log = {1, 2}});
  core.BecomeLeader();
  ASSERT_EQ(core->term(), Term(4));
  core.Ack(2, 2);
  core.Ack(3, 2);
  EXPECT_EQ(core->commit(), Index());
  EXPECT_THAT(core.Take().committed, IsEmpty());
  core.Ack(2, 3);
  EXPECT_EQ(core->commit(), Index(3));
  core.Take();
  EXPECT_THAT(core.CommittedIndexes(), ElementsAre(Index(1), Index(2), Index(3)));
}

// R13: five voters in every order of equal and unequal match indexes.
TEST(Commit, FiveVotersInAnyOrder_IsWhatThreeHave) {
  std::array<uint64_t, 5> reached = {1, 2, 2, 3, 4};
  do {
    Core core({.members = Configuration::Of({1, 2, 3, 4, 5})});
    core.BecomeLeader();
    for (int i = 0; i < 3; ++i) {
      core.Propose("x");
      if (core->log().last() == Index(reached[0])) {
        core.Take();
        core.Persisted();
      }
    }
    // The first write, of the no-op, was done by BecomeLeader.
    ASSERT_EQ(core->log().durable(), Index(std::max<uint64_t>(reached[0], 1)));
    for (uint64_t node = 2; node <= 5; ++node) core.Ack(NodeId(node), reached[node - 1]);
    EXPECT_EQ(core->commit(), Index(2));
  } while (std::next_permutation(reached.begin(), reached.end()));
}

// The leader's own disk is one voter among others.
TEST(Commit, LeadersOwnWriteNotDone_DoesNotCountItself) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Propose("x");
  core.Take();
  core.Ack(2, 2);
  EXPECT_EQ(core->commit(), Index(1));
  core.Persisted();
  EXPECT_EQ(core->commit(), Index(2));
}

// R12: a slow leader disk and fast followers.
TEST(Commit, QuorumWithoutTheLeader_CommitsBeyondItsOwnDurableLog) {
  Core core;
  core.BecomeEstablishedLeader();
  core.Propose("x");
  core.Take();
  core.Ack(2, 2);
  core.Ack(3, 2);
  EXPECT_EQ(core->commit(), Index(2));
  EXPECT_EQ(core->log().durable(), Index(1));
  core.Take();
  EXPECT_THAT(core.CommittedIndexes(), ElementsAre(Index(2)));
  core.Persisted();
  EXPECT_THAT(core.Take().committed, IsEmpty()) << "Once is enough.";
}

TEST(Commit, AloneInItsGroup_FollowsItsOwnDisk) {
  Core core({.members = Configuration::Of({1})});
  core.ElapseElectionTimer();
  core.Take();
  core.Persisted();
  core.Take();
  EXPECT_EQ(core->commit(), Index());
  core.Persisted();
  EXPECT_EQ(core->commit(), Index(1));
}

// M11
TEST(Commit, LearnersAck_IsNeverCounted) {
  Core core({.members = {.voters = {1, 2, 3}, .outgoing = {}, .learners = {4}}});
  core.BecomeEstablishedLeader();
  core.Propose("x");
  core.Settle();
  ASSERT_EQ(core.PeerProgress(4).match, Index(1));
  core.Ack(4, 2);
  EXPECT_EQ(core.PeerProgress(4).match, Index(2));
  EXPECT_EQ(core->commit(), Index(1));
  core.Ack(2, 2);
  EXPECT_EQ(core->commit(), Index(2));
}

TEST(Commit, InJointConfiguration_NeedsBothHalves) {
  Core core({.members = {.voters = {1, 2, 3}, .outgoing = {3, 4, 5}, .learners = {}}});
  core.BecomeLeader();
  core.Ack(2, 1);
  core.Ack(4, 1);
  EXPECT_EQ(core->commit(), Index());
  core.Ack(3, 1);
  EXPECT_EQ(core->commit(), Index(1));
}

}  // namespace
}  // namespace synod::test
