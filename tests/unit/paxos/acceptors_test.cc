// Voters that are nothing but acceptors, as the core sees them: they promise and accept, and
// nobody expects more of them. What they are asked by is synod::switch's business.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/paxos/fixture.h"

namespace synod::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using To = MemberChange::To;

// Replicas 1 to 3, acceptors 8 and 9.
Given Mixed(uint32_t alpha = 8) {
  Given given{.nodes = 3, .alpha = alpha};
  given.acceptors = {8, 9};
  return given;
}

MemberChange AsAcceptor(uint64_t node, uint64_t incarnation, std::string address) {
  return {.node = node,
          .to = To::kAcceptor,
          .incarnation = Incarnation(incarnation),
          .address = std::move(address)};
}

void AnswerHeartbeat(Core& core, uint64_t node, uint64_t round, bool has_space = true) {
  core.Receive(node, 1,
               AcceptReply{.ballot = BallotOf(1, 1),
                           .promised = BallotOf(1, 1),
                           .epoch = {},
                           .accepted = {},
                           .received = {},
                           .chosen = {},
                           .round = round,
                           .has_space = has_space});
}

TEST(Acceptors, NobodyIntroducesThem) {
  Given given = Mixed();
  given.is_introduced = false;
  Core core(given);
  EXPECT_THAT(core->Strangers(), ElementsAre(NodeId(2), NodeId(3)));
  core.Elapse(Duration(1));
  core.Take();
  EXPECT_THAT(core.SentTo<Introduce>(2), SizeIs(1));
  EXPECT_THAT(core.SentTo<Introduce>(8), IsEmpty());
}

TEST(Acceptors, WithOneReplicaAlone_NeedsNoIntroduction) {
  Given given{.nodes = 1};
  given.acceptors = {8, 9};
  given.is_introduced = false;
  EXPECT_TRUE(Core(given)->introduced());
}

// A quorum by numbers is not enough to elect: nobody of it may know what acceptors have forgotten.
TEST(Acceptors, ElectOnlyWithOneOfEveryMajorityOfTheReplicas) {
  Core core(Mixed());
  core.BecomeCandidate();
  core.Report(8, 1, {});
  core.Report(9, 1, {});
  EXPECT_EQ(core->role(), Role::kCandidate) << "1, 8 and 9 are three of five.";
  core.Report(2, 1, {});
  EXPECT_TRUE(core->IsLeader());
}

TEST(Acceptors, OfTwoReplicas_ElectTheOneThatIsLeft_WithWhatTheOtherHasChosen) {
  Given given{.nodes = 2};
  given.acceptors = {8};
  Core core(given);
  core.Receive(2, 2, PrepareRequest{.from = Index(1)});
  core.Take();
  core.Persisted();
  core.BecomeCandidate(3);
  core.Report(8, 3, {{.entry = Command(1, 2, "x"), .ballot = BallotOf(2, 2)}});
  EXPECT_TRUE(core->IsLeader());
  EXPECT_THAT(core.Slots(), ElementsAre("1@3 x"));
}

TEST(Acceptors, CommitWhatTheyKeep) {
  Core core(Mixed());
  core.Lead({2, 8});
  core.Propose(std::string(Configuration::kMaxAcceptorPayload, 'x'));
  core.Take();
  core.Persisted();
  core.Ack(8, 1, 1);
  EXPECT_EQ(core->commit(), Index()) << "Two of five.";
  core.Ack(9, 1, 1);
  EXPECT_EQ(core->commit(), Index(1));
}

// I10: if the leader were lost, so would be what the digests stand for.
TEST(Acceptors, CommitNoDigestThatAMajorityOfTheReplicasDoesNotHold) {
  Core core(Mixed());
  core.Lead({2, 8});
  core.Propose("a");
  core.Propose(std::string(Configuration::kMaxAcceptorPayload + 1, 'b'));
  core.Propose("c");
  core.Take();
  core.Persisted();
  core.Ack(8, 1, 3);
  core.Ack(9, 1, 3);
  EXPECT_EQ(core->commit(), Index(1));
  core.Ack(3, 1, 2);
  EXPECT_EQ(core->commit(), Index(3)) << "What is behind it needs no more than before.";
}

TEST(Acceptors, AreNeededWhereTheReplicasAreNoQuorum) {
  Core core(Mixed());
  core.Lead({2, 8});
  core.Propose("x");
  core.Take();
  core.Persisted();
  core.Ack(2, 1, 1);
  EXPECT_EQ(core->commit(), Index()) << "Two of five.";
  core.Ack(9, 1, 1);
  EXPECT_EQ(core->commit(), Index(1));
}

TEST(Acceptors, HearingThemAlone_TheLeaderGoesOn) {
  Core core(Mixed());
  core.Lead({2, 8});
  for (int i = 0; i < 12; ++i) {
    core.Elapse(kElectionTimeout / 10);
    core.Take();
    for (uint64_t node : {8, 9}) {
      const auto asked = core.SentTo<AcceptRequest>(node);
      if (asked.empty()) continue;
      AnswerHeartbeat(core, node, asked.back().round);
    }
  }
  EXPECT_TRUE(core->IsLeader()) << "With them it is three of five.";
}

// As many as commit: no other can have been elected without one of them.
TEST(Acceptors, ConfirmARead) {
  Core core(Mixed());
  core.Lead({2, 8});
  core->Read(RequestId(77));
  core.Take();
  const uint64_t round = core.SentTo<AcceptRequest>(8).back().round;
  const auto answer = [&](uint64_t node) {
    AnswerHeartbeat(core, node, round);
    return core.Take().reads.size();
  };
  EXPECT_EQ(answer(8), 0u);
  EXPECT_EQ(answer(9), 1u);
}

TEST(Acceptors, AreSentNothingThatIsChosen) {
  Core core(Mixed());
  core.Lead({2, 8});
  for (const char* text : {"a", "b", "c"}) core.Propose(text);
  core.Choose({2, 3, 8});
  ASSERT_EQ(core->commit(), Index(3));
  core.Propose("d");
  core.Take();
  const auto to_silent = core.SentTo<AcceptRequest>(9);
  ASSERT_THAT(to_silent, SizeIs(1));
  EXPECT_EQ(to_silent[0].first, Index(4));
  EXPECT_EQ(to_silent[0].commit, Index(3)) << "By which it acks what is before.";
}

// A log that is compacted away is no reason to send one a snapshot, nor one to keep it.
TEST(Acceptors, FarBehind_GetNoSnapshot) {
  Given given = Mixed();
  given.options.trailing_entries = 0;
  Core core(given);
  core.Lead({2, 8});
  for (int i = 0; i < 6; ++i) {
    core.Propose("x");
    core.Choose({2, 3, 8});
  }
  const SnapshotMeta meta{
      .index = Index(6), .term = Term(1), .configuration = core->ConfigurationAt(Index(6))};
  ASSERT_TRUE(core->SnapshotTaken(meta, StagedSnapshot(1)));
  core.Take();
  core.Persisted();
  ASSERT_EQ(core->extent().first, Index(7));
  core.Propose("y");
  core.Take();
  EXPECT_THAT(core.out.send_snapshots, IsEmpty());
  EXPECT_EQ(core.SentTo<AcceptRequest>(9).back().first, Index(7));
}

// I8: what a majority of the replicas has on its disks as chosen, and no more.
TEST(Acceptors, MayForget_WhatManyKnowToBeChosen) {
  Core core(Mixed());
  core.Lead({2, 8});
  for (const char* text : {"a", "b", "c"}) core.Propose(text);
  core.Choose({2, 3, 8});
  const auto forget = [&] {
    core.Elapse(kElectionTimeout / 10);
    core.Take();
    EXPECT_EQ(core.SentTo<AcceptRequest>(2).back().forget, Index()) << "It keeps what it has.";
    return core.SentTo<AcceptRequest>(8).back().forget;
  };
  EXPECT_EQ(forget(), Index()) << "Nobody has noted anything.";
  core.Ack(2, 1, 3, /*chosen=*/2);
  EXPECT_EQ(forget(), Index()) << "One of three.";
  core.Ack(3, 1, 3, /*chosen=*/3);
  EXPECT_EQ(forget(), Index(2));
}

// I8: what follows may have to wait for the room that acceptors make by forgetting.
TEST(Acceptors, MayForget_WhatIsChosenThoughNothingFollows) {
  Core leader(Mixed(/*alpha=*/2));
  leader.Lead({2, 8});
  for (const char* text : {"a", "b"}) leader.Propose(text);
  leader.Choose({2, 3, 8});
  leader.Ack(2, 1, 2, /*chosen=*/2);
  leader.Elapse(kElectionTimeout / 10);
  leader.Take();
  EXPECT_EQ(leader.SentTo<AcceptRequest>(8).back().forget, Index(2));

  Core follower(Mixed(/*alpha=*/2));
  follower.Receive(2, 1,
                   AcceptRequest{.first = Index(1),
                                 .commit = {},
                                 .epoch = {},
                                 .entries = {Command(1, 1, "a"), Command(2, 1, "b")}});
  follower.Take();
  follower.Persisted();
  follower.Receive(
      2, 1, AcceptRequest{.first = Index(3), .commit = Index(2), .epoch = {}, .entries = {}});
  follower.Take();
  EXPECT_FALSE(follower.out.persist.token.IsZero());
  EXPECT_EQ(follower.SentTo<AcceptReply>(2).back().chosen, Index(2));
}

// F5: they always have room, and hold nothing that is large.
TEST(Acceptors, AreNoRoomForWhatIsLarge) {
  Core core(Mixed());
  core.Lead({2, 8});
  core.Elapse(kElectionTimeout / 10);
  core.Take();
  const uint64_t round = core.SentTo<AcceptRequest>(2).back().round;
  const auto has_no_space = [&](uint64_t node) {
    AnswerHeartbeat(core, node, round, /*has_space=*/false);
    core.Propose("x");
    core.Take();
    return core.out.resolved.empty() ? Reason::kNone : core.out.resolved.back().reason;
  };
  EXPECT_EQ(has_no_space(2), Reason::kNone);
  EXPECT_EQ(has_no_space(3), Reason::kNoSpace);
}

TEST(Acceptors, AreNobodyToHandOverTo) {
  Core core(Mixed());
  core.Lead({2, 8});
  core->Transfer(8, RequestId(5));
  core.Take();
  ASSERT_THAT(core.out.resolved, SizeIs(1));
  EXPECT_EQ(core.out.resolved[0].reason, Reason::kNotVoter);
}

// What one reports of slots that no replica's report has is proposed again, as it may be needed.
TEST(Acceptors, ReportWhatTheyHave) {
  Core core(Mixed());
  core.Receive(3, 2, PrepareRequest{.from = Index(1)});
  core.Take();
  core.Persisted();
  core.BecomeCandidate(3);
  core.Report(8, 3, {{.entry = Command(1, 2, "x"), .ballot = BallotOf(2, 2)}});
  core.Report(2, 3, {{.entry = Command(1, 1, "w"), .ballot = BallotOf(1, 3)}});
  ASSERT_TRUE(core->IsLeader());
  EXPECT_THAT(core.Slots(), ElementsAre("1@3 x"));
}

// I8: those who let it forget may be members by a change of which nobody who is asked knows.
TEST(Acceptors, ThatHaveForgottenWhatTheCandidateDoesNotKnow_DoNotElectIt) {
  Given given{.nodes = 2};
  given.acceptors = {8};
  Core core(given);
  core.BecomeCandidate();
  core.Report(8, 1, {}, /*chosen=*/0, Index(1), /*first=*/Index(5));
  EXPECT_NE(core->role(), Role::kLeader);
}

TEST(Acceptors, OfAnotherIncarnation_CountForNothing) {
  Core core(Mixed());
  core.BecomeCandidate();
  core.Report(2, 1, {});
  core->Step({.group = 9,
              .from = 8,
              .to = 1,
              .incarnation = Incarnation(1),
              .term = Term(1),
              .body = PrepareReply{.ballot = BallotOf(1, 1),
                                   .promised = BallotOf(1, 1),
                                   .from = Index(1),
                                   .first = Index(1),
                                   .chosen = {},
                                   .next = {},
                                   .accepted = {}}});
  EXPECT_EQ(core->role(), Role::kCandidate);
  EXPECT_EQ(core->counters().unknown_incarnation_messages, 1u);
}

// --- Changes ---

struct Changing {
  Changing() { core.Lead({2, 3, 8}); }

  // Takes all that the change proposes to its end.
  void Settle() {
    for (int i = 0; i < 12; ++i) {
      core.Choose({2, 3, 8});
      core.Know({2, 3});
      for (uint64_t node : {8, 9}) {
        for (const auto& request : core.SentTo<PrepareRequest>(node)) {
          core.Report(node, 1, {}, 0, request.from);
        }
      }
    }
  }
  Core core = Core(Mixed(/*alpha=*/2));
};

TEST(AcceptorChange, ANewOne_DecidesUnderTheIncarnationThatIsNamed) {
  Changing changing;
  Core& core = changing.core;
  core.Reconfigure({AsAcceptor(7, 1007, "there")});
  changing.Settle();
  const Configuration& now = core->configuration();
  EXPECT_THAT(now.acceptors, ElementsAre(NodeId(7), NodeId(8), NodeId(9)));
  ASSERT_NE(now.RecordOf(7), nullptr);
  EXPECT_EQ(now.RecordOf(7)->incarnation, Incarnation(1007));
  EXPECT_EQ(now.RecordOf(7)->address, "there");
  EXPECT_EQ(now.RecordOf(8)->address, "switch") << "As it was from the beginning.";
}

// M3: what it has lost is not what it has, so under its name it goes and comes again.
TEST(AcceptorChange, ARebootedOne_IsReplacedUnderItsName) {
  Changing changing;
  Core& core = changing.core;
  const RequestId change = core.Reconfigure({AsAcceptor(9, 2009, "switch")});
  std::vector<size_t> acceptors;
  bool is_done = false;
  for (int i = 0; i < 24 && !is_done; ++i) {
    core.Choose({2, 3, 8});
    for (const Resolved& resolved : core.out.resolved) is_done |= resolved.request == change;
    core.Know({2, 3});
    core.Take();
    for (const Resolved& resolved : core.out.resolved) is_done |= resolved.request == change;
    const size_t count = core->configuration().acceptors.size();
    if (acceptors.empty() || acceptors.back() != count) acceptors.push_back(count);
  }
  EXPECT_TRUE(is_done);
  EXPECT_THAT(acceptors, ElementsAre(2, 1, 2));
  EXPECT_EQ(core->configuration().RecordOf(9)->incarnation, Incarnation(2009));
  EXPECT_GT(core->configuration().RecordOf(9)->epoch, Index());
}

TEST(AcceptorChange, WithoutWhatNobodyCouldAskFor_IsRefused) {
  Changing changing;
  Core& core = changing.core;
  const auto refusal = [&](MemberChange change) {
    core.Reconfigure({std::move(change)});
    core.Take();
    return core.out.resolved.empty() ? Reason::kNone : core.out.resolved[0].reason;
  };
  EXPECT_EQ(refusal(AsAcceptor(7, 0, "there")), Reason::kInvalidChange);
  EXPECT_EQ(refusal(AsAcceptor(7, 1007, "")), Reason::kInvalidChange);
  EXPECT_EQ(refusal(AsAcceptor(9, 2009, "")), Reason::kInvalidChange);
  EXPECT_EQ(refusal(AsAcceptor(2, 1002, "there")), Reason::kInvalidChange) << "It is a replica.";
  EXPECT_EQ(refusal({.node = 8, .to = To::kVoter}), Reason::kInvalidChange);
  EXPECT_EQ(refusal({.node = 8, .to = To::kLearner}), Reason::kInvalidChange);
}

TEST(AcceptorChange, WhatIsSoAlready_IsDoneAtOnce) {
  Changing changing;
  Core& core = changing.core;
  core.Reconfigure({AsAcceptor(8, 1008, "")});
  core.Take();
  ASSERT_THAT(core.out.resolved, SizeIs(1));
  EXPECT_EQ(core.out.resolved[0].kind, Outcome::Kind::kCommitted);
}

}  // namespace
}  // namespace synod::test
