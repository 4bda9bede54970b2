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

// Of three, that leads in round 2; node 3 may have proposed something in round 1.
Core LeaderOfRound2(uint32_t alpha) {
  Core core({.nodes = 3, .alpha = alpha});
  core.Receive(3, 1, PrepareRequest{.from = Index(1)});
  core.Take();
  core.Persisted();
  core.BecomeCandidate(2);
  core.Report(2, 2, {});
  core.Take();
  core.Persisted();
  return core;
}

// Seed 20378: a change that had never been chosen came back with one that it named, while another
// was under way.
TEST(NewMembers, HaveSomethingLeft_WhereOthersDecideItDoesNotComeBack) {
  Core core = LeaderOfRound2(/*alpha=*/8);
  core.Reconfigure({Join(4, 1004)});
  ASSERT_EQ(core->extent().last, Index(1));
  core.Report(4, 2, {{.entry = Command(5, 1, "x"), .ballot = BallotOf(1, 3)}}, 0, Index(1));
  EXPECT_EQ(core->extent().last, Index(1)) << "Until slot 8 the first three decide.";
  core.Propose("y");
  EXPECT_EQ(core->extent().last, Index(2)) << "There is nothing to recover.";
}

// Who decides behind a change that is found is known once it is proposed again. What is reported
// before that counts.
TEST(NewMembers, MayHaveChosenSomething_WhatIsReportedBeforeTheirChangeCounts) {
  Core core({.nodes = 3, .alpha = 2});
  core.Receive(2, 2, PrepareRequest{.from = Index(1)});
  core.Take();
  core.Persisted();
  core.BecomeCandidate(3);
  Configuration members = core->configuration();
  members.voters = {1, 3};
  Entry change = Command(3, 1, EncodeConfiguration(members));
  change.kind = EntryKind::kConfiguration;
  core.Report(2, 3,
              {{.entry = Command(1, 1, "a"), .ballot = BallotOf(1, 2)},
               {.entry = Command(2, 1, "b"), .ballot = BallotOf(1, 2)},
               {.entry = change, .ballot = BallotOf(1, 2)}});
  ASSERT_TRUE(core->IsLeader());
  ASSERT_EQ(core->extent().last, Index(2)) << "The third waits until one of them is chosen.";
  core.Report(3, 3, {{.entry = Command(5, 2, "y"), .ballot = BallotOf(2, 2)}}, 0, Index(1));
  for (int i = 0; i < 5; ++i) {
    core.Take();
    core.Persisted();
    const Index last = core->extent().last;
    for (uint64_t node : {2u, 3u}) core.Ack(node, 3, last.value(), core->commit().value());
  }
  ASSERT_GE(core->extent().last, Index(5));
  EXPECT_EQ(core->EntryAt(Index(5)).payload.view(), "y");
}

// Two leaders have left a change each, and neither knew of the other's.
struct TwoChanges {
  TwoChanges() {
    first.voters = {1, 2};
    second.voters = {1, 3};
    accepted = {{.entry = Change(1, 2, first), .ballot = BallotOf(2, 3)},
                {.entry = Command(2, 1, "a"), .ballot = BallotOf(1, 2)},
                {.entry = Change(3, 1, second), .ballot = BallotOf(1, 2)}};
  }
  static Entry Change(uint64_t slot, uint64_t round, const Configuration& members) {
    Entry entry = Command(slot, round, EncodeConfiguration(members));
    entry.kind = EntryKind::kConfiguration;
    return entry;
  }
  Core core;
  Configuration first = core->configuration();
  Configuration second = core->configuration();
  std::vector<AcceptedEntry> accepted;
};

TEST(Change, BesideAnother_IsProposedAgainAndChangesNothing) {
  TwoChanges changes;
  Core& core = changes.core;
  core.Receive(2, 2, PrepareRequest{.from = Index(1)});
  core.Take();
  core.Persisted();
  core.BecomeCandidate(3);
  core.Report(2, 3, changes.accepted);
  ASSERT_TRUE(core->IsLeader());
  core.Take();
  core.Persisted();
  for (uint64_t node : {2u, 3u}) core.Ack(node, 3, 3);
  ASSERT_EQ(core->commit(), Index(3));
  EXPECT_EQ(core->EntryAt(Index(3)).kind, EntryKind::kConfiguration) << "It may have been chosen.";
  EXPECT_EQ(core->configuration(), changes.first);
}

TEST(Change, BesideAnother_ChangesNothingForWhoLearnsThatItIsChosen) {
  TwoChanges changes;
  Core& core = changes.core;
  AcceptRequest request{
      .first = Index(1), .commit = Index(3), .epoch = {}, .round = 0, .entries = {}};
  for (AcceptedEntry& accepted : changes.accepted) {
    accepted.entry.term = Term(3);
    request.entries.push_back(accepted.entry);
  }
  core.Receive(2, 3, std::move(request));
  ASSERT_EQ(core->commit(), Index(3));
  EXPECT_EQ(core->configuration(), changes.first);
}

// One of round 1 had something chosen where the new members decide.
TEST(NewMembers, MayHaveChosenSomething_ReadsWaitForIt) {
  Core core = LeaderOfRound2(/*alpha=*/3);
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

TEST(NewMembers, AllHaveCompactedWhatTheLeaderLacks_ItStepsDown) {
  Core core({.nodes = 3, .alpha = 3});
  core.Lead({2});
  core.Reconfigure(
      {{.node = 2, .to = To::kNone}, {.node = 3, .to = To::kNone}, Join(4, 1004), Join(5, 1005)});
  core.Choose({2, 3});  // The disks' names,
  core.Choose({2, 3});  // and no-ops up to where these govern.
  core.Know({2, 3});
  core.Choose({2, 3});  // The first slot there, {1 4 5},
  core.Choose({2, 3});  // and no-ops up to where they decide.
  ASSERT_TRUE(core->IsLeader());
  ASSERT_EQ(core->commit(), Index(7));
  core.Report(4, 1, {}, 0, /*asked=*/Index(4), /*first=*/Index(16));
  EXPECT_TRUE(core->IsLeader()) << "The other may have the slots themselves.";
  core.Report(5, 1, {}, 0, /*asked=*/Index(4), /*first=*/Index(16));
  EXPECT_FALSE(core->IsLeader()) << "A snapshot must come first.";
}

TEST(NewMembers, OnNewDisksOfThoseWhoHadPromised_HaveNot) {
  Core core({.nodes = 5, .alpha = 1});
  core.Lead({2, 3});
  core.Reconfigure({{.node = 2, .to = To::kNone}, {.node = 3, .to = To::kNone}});
  core.Choose({2, 3, 4, 5});  // Their disks are named.
  core.Know({2, 3, 4, 5});
  core.Choose({2, 3, 4, 5});  // A no-op, and two are gone.
  core.Choose({2, 3, 4, 5});
  core.Report(4, 1, {}, 0, Index(1));  // Of {1 4 5} two have promised now.
  core.Know({4});
  core.Choose({4});  // A no-op, the first that they decide.
  ASSERT_EQ(core->commit(), Index(4));
  core.Reconfigure({Join(2, 2002), Join(3, 2003)});
  core.Choose({4});
  core.Know({4, 5});
  core.Propose("x");
  ASSERT_THAT(core.Take().resolved, SizeIs(1)) << "Of {1 2' 3' 4 5} no more than two have.";
  EXPECT_EQ(core->extent().last, Index(5));
  core.Report(5, 1, {}, 0, Index(1));
  EXPECT_EQ(core->extent().last, Index(6)) << "A no-op is proposed, in the one slot that may be.";
}

// A replica of a group of three, of whom `members` are left from slot 1 on: in slot 9 they decide.
Core Told(const Configuration& members) {
  Core core({.nodes = 3, .alpha = 8});
  AcceptRequest request = Accepts(1, 1, 1, /*commit=*/1);
  request.entries[0].kind = EntryKind::kConfiguration;
  request.entries[0].payload = Payload::Copy(EncodeConfiguration(members));
  core.Receive(2, 1, request);
  return core;
}

Configuration Without(uint64_t leaver) {
  Configuration rest{.voters = {}, .outgoing = {}, .learners = {}};
  rest.protocol = Protocol::kMultiPaxos;
  rest.alpha = 8;
  for (uint64_t node = 1; node <= 3; ++node) {
    if (node == leaver) continue;
    rest.voters.emplace_back(node);
    rest.records.push_back(
        {.node = node, .incarnation = Incarnation(1000 + node), .epoch = {}, .address = {}});
  }
  return rest;
}

// Seed 102: the one who led died before the new member had heard of anything.
TEST(OldMembers, CampaignUntilTheNewOnesHaveDecidedSomething) {
  Core core = Told(Without(1));
  core.Receive(2, 1, Accepts(1, 2, 8, /*commit=*/8));
  ASSERT_EQ(core->commit(), Index(8));
  EXPECT_TRUE(core->MayCampaign()) << "From slot 9 on it decides nothing, and may yet be needed.";
  core.Receive(2, 1, Accepts(1, 9, 9, /*commit=*/9));
  ASSERT_EQ(core->commit(), Index(9));
  EXPECT_FALSE(core->MayCampaign());
}

// A log that was full of no-ops took nothing else, and could not be cut before that.
TEST(NewMembers, AreOne_WhoLeadsDecidesAtOnce) {
  Configuration alone = Without(2);
  alone.voters = {1};
  alone.records.resize(1);
  Core core = Told(alone);
  core.Receive(2, 1, Accepts(1, 2, 8, /*commit=*/8));
  core.Take();
  core.Persisted();
  core.Elapse(2 * kElectionTimeout);
  core.Take();
  core.Persisted();
  ASSERT_TRUE(core->IsLeader());
  EXPECT_EQ(core->extent().last, Index(9));
}

// Its snapshot could not say who they were.
TEST(OldMembers, MayBeNeeded_NoSnapshotForgetsThem) {
  Core core = Told(Without(1));
  core.Receive(2, 1, Accepts(1, 2, 8, /*commit=*/8));
  EXPECT_FALSE(core->MaySnapshotAt(Index(8)));
  core.Receive(2, 1, Accepts(1, 9, 9, /*commit=*/9));
  EXPECT_TRUE(core->MaySnapshotAt(Index(9)));
}

// Seed 734: the ack that had said so was lost, and nothing was left to be acked.
TEST(NewMembers, TellOfWhatTheyKnow_WithEveryAnswerToAHeartbeat) {
  Growing growing;
  Core& core = growing.core;
  core.Report(4, 1, {}, 0, Index(1));
  core.Persisted();
  core.Elapse(std::chrono::milliseconds(60));
  core.Take();
  const std::vector<AcceptRequest> beats = core.SentTo<AcceptRequest>(2);
  ASSERT_THAT(beats, testing::Not(IsEmpty()));
  ASSERT_EQ(core->extent().last, Index(3));
  for (uint64_t node : {2u, 3u}) {
    core.Receive(node, 1,
                 AcceptReply{.ballot = BallotOf(1, 1),
                             .promised = BallotOf(1, 1),
                             .epoch = {},
                             .accepted = {},
                             .received = Index(3),
                             .chosen = Index(3),
                             .round = beats.back().round,
                             .has_space = true});
  }
  EXPECT_EQ(core->extent().last, Index(4));
}

TEST(Heartbeat, IsAnsweredWithWhatIsDurablyKnownToBeChosen) {
  Core core = Told(Without(3));
  core.Receive(2, 1, Accepts(1, 2, 8, /*commit=*/8));  // All that others decide: it is noted.
  AcceptRequest beat;
  beat.first = Index(9);
  beat.commit = Index(8);
  beat.round = 1;
  const auto told = [&] {
    core.Receive(2, 1, beat);
    core.Take();
    return core.SentTo<AcceptReply>(2).back().chosen;
  };
  EXPECT_EQ(told(), Index()) << "It is not on the disk yet.";
  core.Persisted();
  EXPECT_EQ(told(), Index(8));
}

// Newcomers could not tell the disks of those who leave from others, and these decide for a while.
TEST(Change, ByWhichAnyoneLeaves_NamesTheDisksOfAllFirst) {
  Core core({.nodes = 3, .alpha = 1});
  core.Lead({2});
  const RequestId change = core.Reconfigure({{.node = 3, .to = To::kNone}});
  EXPECT_EQ(core->configuration().voters.size(), 3u);
  EXPECT_EQ(core->configuration().records.size(), 3u);
  core.Choose({2, 3});
  core.Know({2, 3});
  EXPECT_THAT(core.Take().resolved, IsEmpty());
  core.Choose({2, 3});
  EXPECT_EQ(core->configuration().voters.size(), 2u);
  core.Choose({2, 3});
  core.Know({2});
  core.Choose({2});  // A no-op, the first that the two decide.
  ASSERT_THAT(core.out.resolved, SizeIs(1));
  EXPECT_EQ(core.out.resolved[0].request, change);
  EXPECT_EQ(core.out.resolved[0].kind, Outcome::Kind::kCommitted);
}

// Each would be made of the one before, and both could be chosen (M2).
TEST(Change, AnotherLeadersDoesNotGovernYet_IsRefused) {
  Core core = Told(Without(3));
  core.Persisted();
  core.BecomeCandidate(2);
  core.Report(2, 2, {});
  ASSERT_TRUE(core->IsLeader());
  ASSERT_EQ(core->commit(), Index(1));
  core.Reconfigure({Join(4, 1004)});
  core.Take();
  ASSERT_THAT(core.out.resolved, SizeIs(1));
  EXPECT_EQ(core.out.resolved[0].reason, Reason::kChanging);
}

// Seed 31911: the leader died of it.
TEST(Change, WouldLeaveNoGridOnItsWay_IsRefused) {
  Core core({.nodes = 4, .quorums = QuorumRule::Grid(2)});
  core.Lead({2, 3});
  ASSERT_TRUE(core->IsLeader());
  const RequestId replace = core.Reconfigure({Join(4, 2004)});
  core.Take();
  ASSERT_THAT(core.out.resolved, SizeIs(1));
  EXPECT_EQ(core.out.resolved[0].request, replace);
  EXPECT_EQ(core.out.resolved[0].reason, Reason::kInvalidChange);
  core.Reconfigure({{.node = 4, .to = To::kNone}, Join(5, 1005)});
  core.Take();
  EXPECT_THAT(core.out.resolved, IsEmpty()) << "Another name may take its place.";
}

// A leader that asks for more than its own election quorum could answer would wait for ever.
TEST(Change, IsNotChosen_WhoeverStepsDownGoesByTheOneBefore) {
  Core core({.nodes = 3, .alpha = 4});
  core.Lead({2});
  core.Reconfigure({Join(4, 1004)});
  ASSERT_TRUE(core->configuration().IsVoter(4));
  core.Elapse(std::chrono::seconds(5));
  core.Take();
  ASSERT_FALSE(core->IsLeader());
  EXPECT_FALSE(core->configuration().IsVoter(4));
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
  Core core = Told(Without(3));
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
