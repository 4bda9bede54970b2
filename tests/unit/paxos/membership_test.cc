// Tests of paxos/impl/membership.ipp: "Paxos Made Simple" §3. Who decides in a slot has promised
// the leader to decide in no lower ballot, and nobody is dispensable before the others have it all.
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/paxos/fixture.h"

namespace synod::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

using To = MemberChange::To;

MemberChange Join(uint64_t node, uint64_t incarnation) {
  return {.node = node, .to = To::kVoter, .incarnation = Incarnation(incarnation)};
}

// 1 to 3, of whom 1 and 2 have promised, make 4 a voter: three of four decide from slot 4 on. What
// is before that is chosen.
struct Growing {
  Growing() {
    core.Lead({2});
    change = core.Reconfigure({Join(4, 1004)});
    core.Choose({2, 3});  // The change itself,
    core.Choose({2, 3});  // and no-ops up to where it governs.
  }
  Core core = Core({.nodes = 3, .alpha = 3});
  RequestId change;
};

TEST(NewMembers, HaveNotPromised_NothingIsProposedWhereTheyDecide) {
  Growing growing;
  Core& core = growing.core;
  ASSERT_EQ(core->commit(), Index(3));
  core.Propose("x");
  ASSERT_THAT(core.Take().resolved, SizeIs(1));
  EXPECT_EQ(core.out.resolved[0].kind, Outcome::Kind::kNotCommitted);
  core.Report(4, 1, {}, 0, /*asked=*/Index(1));
  core.Persisted();
  core.Ack(2, 1, 3, /*chosen=*/3);
  core.Propose("x");
  ASSERT_THAT(core.Take().resolved, SizeIs(1)) << "Of {1 2 3 4} two know that they decide (M9).";
  core.Ack(3, 1, 3, /*chosen=*/3);
  EXPECT_EQ(core->extent().last, Index(4)) << "A no-op, by which all learn that they do.";
  core.Propose("x");
  EXPECT_EQ(core->extent().last, Index(5));
}

// A leader of round 2, before whom one of round 1 had something chosen where the new members
// decide.
TEST(NewMembers, MayHaveChosenSomething_ReadsWaitForIt) {
  Core core({.nodes = 3, .alpha = 3});
  core.Receive(3, 1, PrepareRequest{.from = Index(1)});
  core.Take();
  core.Persisted();
  core.BecomeCandidate(2);
  core.Report(2, 2, {});
  core.Take();
  core.Persisted();
  const auto choose = [&] {
    core.Take();
    core.Persisted();
    for (uint64_t node : {2u, 3u}) core.Ack(node, 2, core->extent().last.value());
    core.Take();
    core.Persisted();
  };
  core.Reconfigure({Join(4, 1004)});
  choose();
  choose();
  ASSERT_EQ(core->commit(), Index(3));
  const auto rounds = [&] {
    size_t count = 0;
    core.Take();
    for (const AcceptRequest& request : core.SentTo<AcceptRequest>(2)) count += request.round != 0;
    return count;
  };
  core->Read(RequestId(77));
  EXPECT_EQ(rounds(), 0u) << "None of them has said what it has accepted (I11).";
  core.Report(4, 2, {{.entry = Command(4, 1, "x"), .ballot = BallotOf(1, 3)}}, 0, Index(1));
  EXPECT_EQ(rounds(), 0u) << "It is not known whether x is chosen.";
  core.Persisted();
  for (uint64_t node : {2u, 3u}) core.Ack(node, 2, 3, /*chosen=*/3);
  EXPECT_EQ(rounds(), 0u) << "It is proposed again.";
  EXPECT_EQ(core->extent().last, Index(4));
  core.Persisted();
  for (uint64_t node : {2u, 3u}) core.Ack(node, 2, 4);
  ASSERT_EQ(core->commit(), Index(4));
  EXPECT_EQ(rounds(), 1u);
}

TEST(NewMembers, HaveCompactedWhatIsAsked_AreAskedFromCommitOn) {
  Growing growing;
  Core& core = growing.core;
  core.Report(4, 1, {}, 0, /*asked=*/Index(1), /*first=*/Index(9));
  core.Elapse(std::chrono::milliseconds(60));
  core.Take();
  const std::vector<PrepareRequest> again = core.SentTo<PrepareRequest>(4);
  for (const PrepareRequest& request : again) EXPECT_EQ(request.from, core->commit() + 1);
  // An empty report of the end of all slots says nothing of those in between.
  core.Report(4, 1, {}, 0, Index(std::numeric_limits<uint64_t>::max()), Index(2));
  core.Propose("x");
  ASSERT_THAT(core.Take().resolved, SizeIs(1));
}

TEST(NewMembers, OnNewDisksOfThoseWhoHadPromised_HaveNot) {
  Core core({.nodes = 5, .alpha = 1});
  core.Lead({2, 3});
  core.Reconfigure({{.node = 2, .to = To::kNone}, {.node = 3, .to = To::kNone}});
  core.Choose({2, 3, 4, 5});
  core.Report(4, 1, {}, 0, Index(1));  // Of {1 4 5} two have promised now.
  core.Ack(4, 1, 1, /*chosen=*/1);
  core.Choose({4});  // A no-op, the first that they decide.
  core.Reconfigure({Join(2, 2002), Join(3, 2003)});
  core.Choose({4});
  ASSERT_EQ(core->commit(), Index(3));
  core.Take();
  core.Persisted();
  for (uint64_t node : {4u, 5u}) core.Ack(node, 1, 3, /*chosen=*/3);
  core.Propose("x");
  ASSERT_THAT(core.Take().resolved, SizeIs(1)) << "Of {1 2' 3' 4 5} no more than two have.";
  EXPECT_EQ(core->extent().last, Index(3));
  core.Report(5, 1, {}, 0, Index(1));
  EXPECT_EQ(core->extent().last, Index(4)) << "A no-op is proposed, in the one slot that may be.";
}

TEST(Change, IsDoneOnceTheOthersHaveAllThatWasDecidedWithoutThem) {
  Growing growing;
  Core& core = growing.core;
  core.Report(4, 1, {}, 0, Index(1));
  core.Ack(4, 1, 3);
  EXPECT_THAT(core.Take().resolved, IsEmpty()) << "On no disk but this one is it known.";
  core.Ack(2, 1, 3, /*chosen=*/2);
  core.Ack(3, 1, 3, /*chosen=*/3);
  EXPECT_THAT(core.Take().resolved, IsEmpty());
  core.Ack(2, 1, 3, /*chosen=*/3);
  ASSERT_THAT(core.Take().resolved, SizeIs(1));
  EXPECT_EQ(core.out.resolved[0].kind, Outcome::Kind::kCommitted);
  EXPECT_EQ(core.out.resolved[0].request, growing.change);
}

TEST(Change, WhileItDoesNotGovern_ThoseWhoStillDecideAreNotToldThatTheyAreOut) {
  Core core({.nodes = 3, .alpha = 8});
  Configuration without = Configuration::Of({1, 2});
  without.protocol = Protocol::kMultiPaxos;
  without.alpha = 8;
  for (uint64_t node : {1u, 2u}) {
    without.records.push_back(
        {.node = node, .incarnation = Incarnation(1000 + node), .epoch = {}, .address = {}});
  }
  AcceptRequest request = Accepts(1, 1, 1, /*commit=*/1);
  request.entries[0].kind = EntryKind::kConfiguration;
  request.entries[0].payload = Payload::Copy(EncodeConfiguration(without));
  core.Receive(2, 1, request);
  ASSERT_EQ(core->commit(), Index(1));
  core.Receive(3, 1, PreVoteRequest{.next_term = Term(2), .last_index = Index(1), .last_term = {}});
  core.Take();
  EXPECT_THAT(core.SentTo<NotMember>(3), IsEmpty());
  core.Receive(2, 1, Accepts(1, 2, 8, /*commit=*/8));
  core.Receive(3, 1, PreVoteRequest{.next_term = Term(2), .last_index = Index(8), .last_term = {}});
  core.Take();
  EXPECT_THAT(core.SentTo<NotMember>(3), SizeIs(1)) << "From slot 9 on it decides nothing.";
}

TEST(Rounds, BeyondWhatAnyReplicaReaches_AreInvalid) {
  Core core({.nodes = 3});
  core.Lead({2});
  AcceptReply refusal;
  refusal.ballot = BallotOf(1, 1);
  refusal.promised = {.round = Term(std::numeric_limits<uint64_t>::max()),
                      .node = 2,
                      .incarnation = Incarnation(1002)};
  core.Receive(2, 1, refusal);
  EXPECT_EQ(core->counters().invalid_messages, 1u);
  EXPECT_TRUE(core->IsLeader());
}

}  // namespace
}  // namespace synod::test
