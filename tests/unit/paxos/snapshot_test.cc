// Tests of paxos/impl/snapshot.ipp: a snapshot may come while this replica asks for promises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/paxos/fixture.h"

namespace synod::test {
namespace {

// Of five, that is asking in round 1 and has node 2's promise, and is sent a snapshot.
struct Asking {
  Asking() {
    core.BecomeCandidate();
    core.Report(2, 1, {});
    members = core->configuration();
    for (uint64_t node = 1; node <= 5; ++node) {
      members.records.push_back(
          {.node = node, .incarnation = Incarnation(1000 + node), .epoch = {}, .address = {}});
    }
  }
  bool Receive(const Configuration& configuration) {
    const SnapshotMeta meta{.index = Index(20), .term = Term(1), .configuration = configuration};
    return core->SnapshotReceived(4, Incarnation(1004), Term(1), meta, StagedSnapshot(7));
  }
  Core core = Core({.nodes = 5});
  Configuration members;
};

// What node 2 has promised is another disk's promise by that, and what was chosen with the new one
// is known to none of those who have reported.
TEST(Snapshot, OfOtherMembers_WhileAsking_PromisesCountNoMore) {
  Asking asking;
  asking.members.records[1].incarnation = Incarnation(2002);
  ASSERT_TRUE(asking.Receive(asking.members));
  asking.core.Report(3, 1, {}, 0, /*asked=*/Index(1));
  EXPECT_EQ(asking.core->role(), Role::kFollower);
}

TEST(Snapshot, OfTheSameMembers_WhileAsking_PromisesCount) {
  Asking asking;
  ASSERT_TRUE(asking.Receive(asking.core->configuration()));
  EXPECT_EQ(asking.core->role(), Role::kCandidate);
  asking.core.Report(3, 1, {}, 0, /*asked=*/Index(1));
  EXPECT_TRUE(asking.core->IsLeader());
}

}  // namespace
}  // namespace synod::test
