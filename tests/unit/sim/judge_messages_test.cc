// What the judge demands of messages: each of them promises something.
#include <functional>
#include <ostream>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "src/sim/network.h"
#include "tests/unit/sim/judge_fixture.h"

namespace synod::sim {
namespace {

class JudgeMessages : public JudgeFixture {};

// --- Introductions ---

TEST_F(JudgeMessages, Introduction_DiskDoesNotKnowTheOther_BreaksTheRule) {
  Write(1, Writing(HardState{}));
  Send(1, 2, 0, Introduce{.configuration_hash = 1, .recorded = IncarnationOf(2)});
  EXPECT_EQ(Rule(), "introduction after sync (I3)");
}

TEST_F(JudgeMessages, Introduction_RecordIsOnItsWayToTheDisk_BreaksTheRule) {
  Write(1, Writing(HardState{}));
  Begin(1, Writing(Hard(0)));
  Send(1, 2, 0, Introduce{.configuration_hash = 1, .recorded = IncarnationOf(2)});
  EXPECT_EQ(Rule(), "introduction after sync (I3)");
}

TEST_F(JudgeMessages, Introduction_NamesAnotherDiskThanTheFirst_BreaksTheRule) {
  Send(1, 2, 0, Introduce{.configuration_hash = 1, .recorded = Incarnation(77)});
  EXPECT_EQ(Rule(), "introduction after sync (I3)");
}

TEST_F(JudgeMessages, Introduction_DiskKnowsTheOther_IsAllowed) {
  Send(1, 2, 0, Introduce{.configuration_hash = 1, .recorded = IncarnationOf(2)});
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeMessages, Introduction_SettledByNoChange_BreaksTheRule) {
  Send(1, 2, 1,
       Introduce{.configuration_hash = 1, .recorded = Incarnation(77), .is_settled = true});
  EXPECT_EQ(Rule(), "introduction by a change (M3)");
}

TEST_F(JudgeMessages, Introduction_SettledByAChange_IsAllowed) {
  Configuration members = options_.Founders();
  members.records = {
      {1, IncarnationOf(1), {}, ""}, {2, Incarnation(77), {}, ""}, {3, IncarnationOf(3), {}, ""}};
  Write(1, Appending({ChangeAt(1, 1, members)}));
  Send(1, 2, 1,
       Introduce{.configuration_hash = 1, .recorded = Incarnation(77), .is_settled = true});
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeMessages, Vote_SomebodyHasNotRecordedTheVoter_BreaksTheRule) {
  Write(3, Writing(HardState{}));
  WriteTerm(2, 1, 1);
  Send(2, 1, 1, VoteReply{.granted = true});
  EXPECT_EQ(Rule(), "no vote before introductions (I3)");
}

TEST_F(JudgeMessages, Vote_SomebodyWhoHadRecordedTheVoterHasLostItsDisk_IsAllowed) {
  Replace(3, Incarnation(77));
  WriteTerm(2, 1, 1);
  Send(2, 1, 1, VoteReply{.granted = true});
  EXPECT_EQ(Rule(), "");
}

// --- Votes ---

TEST_F(JudgeMessages, Vote_DiskDoesNotKnowIt_BreaksTheRule) {
  Begin(2, Writing(Hard(1, 1)));
  Send(2, 1, 1, VoteReply{.granted = true});
  EXPECT_EQ(Rule(), "vote after sync (I3)");
}

TEST_F(JudgeMessages, Vote_DiskKnowsIt_IsAllowed) {
  WriteTerm(2, 1, 1);
  Send(2, 1, 1, VoteReply{.granted = true});
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeMessages, Vote_DiskKnowsALaterTerm_IsAllowed) {
  WriteTerm(2, 2);
  Send(2, 1, 1, VoteReply{.granted = true});
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeMessages, Vote_ForTwoInOneTerm_BreaksTheRule) {
  WriteTerm(2, 1, 1);
  WriteTerm(2, 1, 3);
  EXPECT_EQ(Rule(), "one vote a term");
}

TEST_F(JudgeMessages, Vote_ForTwoDisksOfOneName_BreaksTheRule) {
  HardState hard = Hard(1, 1);
  hard.vote_incarnation = IncarnationOf(1);
  Write(2, Writing(hard));
  EXPECT_EQ(Rule(), "");
  hard.vote_incarnation = Incarnation(77);
  Write(2, Writing(hard));
  EXPECT_EQ(Rule(), "one vote a term");
}

TEST_F(JudgeMessages, Vote_ForTwoInTwoTerms_IsAllowed) {
  WriteTerm(2, 1, 1);
  WriteTerm(2, 2, 3);
  EXPECT_EQ(Rule(), "");
}

// --- A disk that replaced another ---

struct Body {
  std::string name;
  MessageBody body;

  friend void PrintTo(const Body& its, std::ostream* out) { *out << its.name; }
};

class JudgeReplacedDisk : public JudgeMessages, public ::testing::WithParamInterface<Body> {};

TEST_P(JudgeReplacedDisk, Message_OfOneThatStandsInForTheFirst_BreaksTheRule) {
  Replace(2, Incarnation(77));
  Send(2, 1, 0, GetParam().body);
  EXPECT_EQ(Rule(), "a replaced disk has no vote (M3)");
}

TEST_P(JudgeReplacedDisk, Message_OfOneThatWasReplacedAndNamedByAChange_BreaksNotThisRule) {
  Configuration members = options_.Founders();
  members.records = {
      {1, IncarnationOf(1), {}, ""}, {2, Incarnation(77), {}, ""}, {3, IncarnationOf(3), {}, ""}};
  Write(1, Appending({ChangeAt(1, 1, members)}));
  Replace(2, Incarnation(77));
  Send(2, 1, 0, GetParam().body);
  EXPECT_NE(Rule(), "a replaced disk has no vote (M3)");
}

INSTANTIATE_TEST_SUITE_P(
    , JudgeReplacedDisk,
    ::testing::Values(Body{"VoteReply", VoteReply{.granted = true}},
                      Body{"PreVoteReply", PreVoteReply{.next_term = Term(1), .granted = true}},
                      Body{"PreVoteRequest", PreVoteRequest{}}, Body{"VoteRequest", VoteRequest{}},
                      Body{"AppendRequest", AppendRequest{}}, Body{"Heartbeat", Heartbeat{}}),
    [](const auto& instance) { return instance.param.name; });

TEST_F(JudgeMessages, ReplacedDisk_RefusesAVote_IsAllowed) {
  Replace(2, Incarnation(77));
  Send(2, 1, 0, VoteReply{.granted = false});
  Send(2, 1, 0, PreVoteReply{.next_term = Term(1), .granted = false});
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeMessages, ReplacedDisk_GoesOnOnceItIsTold_BreaksTheRule) {
  Replace(2, Incarnation(77));
  Core core({.node = 2});
  Turn(2, core);
  Deliver(1, 2, 0, Introduce{.configuration_hash = 1, .recorded = IncarnationOf(2)});
  Turn(2, core);
  EXPECT_EQ(Rule(), "a replaced disk stops (M3)");
}

TEST_F(JudgeMessages, ReplacedDisk_StopsOnceItIsTold_IsAllowed) {
  Replace(2, Incarnation(77));
  Core core({.node = 2});
  Turn(2, core);
  Deliver(1, 2, 0, Introduce{.configuration_hash = 1, .recorded = IncarnationOf(2)});
  Turn(2, core, /*is_stopped=*/true);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeMessages, ReplacedDisk_IsToldWithoutAName_IsAllowed) {
  Replace(2, Incarnation(77));
  Core core({.node = 2});
  Turn(2, core);
  Deliver(1, 2, 0, Introduce{.configuration_hash = 1, .recorded = {}});
  Turn(2, core);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeMessages, NewDiskThatWaitsToJoin_IsToldOfTheFirst_IsAllowed) {
  Replace(2, Incarnation(77), /*joins=*/true);
  Core core({.node = 2, .members = {}});
  Turn(2, core);
  Deliver(1, 2, 0, Introduce{.configuration_hash = 1, .recorded = IncarnationOf(2)});
  Turn(2, core);
  EXPECT_EQ(Rule(), "");
}

// --- What a leader says ---

TEST_F(JudgeMessages, Append_DiskDoesNotKnowItsOwnVote_BreaksTheRule) {
  Begin(1, Writing(Hard(1, 1)));
  Send(1, 2, 1, AppendRequest{});
  EXPECT_EQ(Rule(), "persist before send");
}

TEST_F(JudgeMessages, Heartbeat_DiskKnowsAVoteForAnother_BreaksTheRule) {
  WriteTerm(1, 1, 3);
  Send(1, 2, 1, Heartbeat{});
  EXPECT_EQ(Rule(), "persist before send");
}

// Neither has led to the end of a turn.
TEST_F(JudgeMessages, Heartbeat_AnotherHasSpokenAsLeaderOfTheTerm_BreaksElectionSafety) {
  WriteTerm(1, 1, 1);
  WriteTerm(2, 1, 2);
  Send(1, 3, 1, Heartbeat{});
  EXPECT_EQ(Rule(), "");
  Send(2, 3, 1, Heartbeat{});
  EXPECT_EQ(Rule(), "election safety");
}

TEST_F(JudgeMessages, Append_DiskKnowsItsOwnVote_IsAllowed) {
  WriteTerm(1, 1, 1);
  Send(1, 2, 1, AppendRequest{});
  Send(1, 2, 1, Heartbeat{});
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeMessages, Append_TellsOfACommitBeyondIt_BreaksTheRule) {
  WriteTerm(1, 1, 1);
  Send(1, 2, 1, test::Append(0, 0, {1}, /*commit=*/2));
  EXPECT_EQ(Rule(), "commit within the append (I7)");
}

TEST_F(JudgeMessages, Append_TellsOfItsLastEntry_IsAllowed) {
  WriteTerm(1, 1, 1);
  Send(1, 2, 1, test::Append(0, 0, {1}, /*commit=*/1));
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeMessages, Heartbeat_TellsOfACommitThatTheOtherLacks_BreaksTheRule) {
  WriteTerm(1, 1, 1);
  Write(1, Appending(EntriesOf({1})));
  Send(1, 2, 1, Heartbeat{.round = 1, .commit = Index(1)});
  EXPECT_EQ(Rule(), "commit within what is verified (I7)");
}

TEST_F(JudgeMessages, Heartbeat_TellsOfACommitThatTheOtherHasOtherwise_BreaksTheRule) {
  WriteTerm(1, 2, 1);
  Write(1, Appending(EntriesOf({2})));
  WriteLog(2, {1});
  Send(1, 2, 2, Heartbeat{.round = 1, .commit = Index(1)});
  EXPECT_EQ(Rule(), "commit within what is verified (I7)");
}

TEST_F(JudgeMessages, Heartbeat_TellsOfACommitThatTheOtherHas_IsAllowed) {
  WriteTerm(1, 1, 1);
  Write(1, Appending(EntriesOf({1})));
  WriteLog(2, {1});
  Send(1, 2, 1, Heartbeat{.round = 1, .commit = Index(1)});
  EXPECT_EQ(Rule(), "");
}

// --- Acks ---

TEST_F(JudgeMessages, Ack_DiskDoesNotHoldTheEntry_BreaksTheRule) {
  WriteTerm(2, 1);
  Begin(2, Appending(EntriesOf({1})));
  Send(2, 1, 1, test::Accepted(1));
  EXPECT_EQ(Rule(), "ack after sync (I5)");
}

TEST_F(JudgeMessages, Ack_DiskHoldsTheEntry_IsAllowed) {
  WriteLog(2, {1});
  Send(2, 1, 1, test::Accepted(1));
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeMessages, Ack_LeaderHasAnotherLog_BreaksTheRule) {
  Core core({.term = 1});
  core.BecomeLeader();
  WriteAllOf(1, core);
  TurnElectedBy(3, 1, core);
  WriteTerm(2, 2);
  Write(2, Appending(EntriesOf({1})));
  Send(2, 1, 2, test::Accepted(1));
  EXPECT_EQ(Rule(), "ack of an equal log (I6)");
}

// --- What a leader makes of them ---

class JudgeProgress : public JudgeMessages {
 protected:
  JudgeProgress() {
    core_.BecomeLeader();
    WriteAllOf(1, core_);
    TurnElectedBy(3, 1, core_);
    EXPECT_EQ(Rule(), "");
    WriteLogOf(2, core_);
    WriteLogOf(3, core_);
  }

  Core core_;
};

TEST_F(JudgeProgress, Match_PeerHasNotAcked_BreaksTheRule) {
  core_.Ack(2, 1);
  Turn(1, core_);
  EXPECT_EQ(Rule(), "match is acked (I9)");
}

TEST_F(JudgeProgress, Match_PeerHasAckedAsAnotherMember_BreaksTheRule) {
  AppendReply ack = test::Accepted(1);
  ack.epoch = Index(5);
  Send(2, 1, 1, ack);
  core_.Ack(2, 1);
  Turn(1, core_);
  EXPECT_EQ(Rule(), "match is acked (I9)");
}

TEST_F(JudgeProgress, Match_AnotherDiskUnderTheNameHasAcked_BreaksTheRule) {
  Replace(2, Incarnation(77));
  Write(2, Writing(HardState{.term = Term(1), .vote = {}, .peers = {}}));
  Write(2, Appending({core_->log().At(Index(1))}));
  Send(2, 1, 1, test::Accepted(1));
  core_.Ack(2, 1);
  Turn(1, core_);
  EXPECT_EQ(Rule(), "match is acked (I9)");
}

TEST_F(JudgeProgress, Match_PeerHasAcked_IsAllowed) {
  Send(2, 1, 1, test::Accepted(1));
  core_.Ack(2, 1);
  Turn(1, core_);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeProgress, Match_PeersDiskHoldsItNoMore_BreaksTheRule) {
  Send(2, 1, 1, test::Accepted(1));
  Write(2, TruncatingFrom(1));
  core_.Ack(2, 1);
  Turn(1, core_);
  EXPECT_EQ(Rule(), "match is durable (I5)");
}

TEST_F(JudgeProgress, Match_Falls_BreaksTheRule) {
  Send(2, 1, 1, test::Accepted(1));
  Send(3, 1, 1, test::Accepted(1));
  core_.AckAll();
  Turn(1, core_);
  EXPECT_EQ(Rule(), "");
  Core forgetful;
  forgetful.BecomeLeader();
  forgetful.Ack(3, 1);
  Turn(1, forgetful);
  EXPECT_EQ(Rule(), "match monotony (R4)");
}

TEST_F(JudgeProgress, OwnLog_DiskHoldsLess_BreaksTheRule) {
  core_.Propose("a");
  core_.Settle();
  Turn(1, core_);
  EXPECT_EQ(Rule(), "own log is durable (I5)");
}

TEST_F(JudgeMessages, Invalid_NobodyComplains_IsToldAtTheEnd) {
  Core core({.node = 2});
  core.Follow(1, 1);
  core.Receive(3, 1, Heartbeat{});  // A second leader of the term.
  Turn(2, core);
  EXPECT_EQ(Rule(), "");
  judge_.Finish();
  EXPECT_EQ(Rule(), "no message is invalid");
}

TEST_F(JudgeMessages, Invalid_Nothing_IsAllowed) {
  Core core({.node = 2});
  core.Follow(1, 1);
  Turn(2, core);
  judge_.Finish();
  EXPECT_EQ(Rule(), "");
}

// --- The wire ---

class JudgeWire : public JudgeMessages {
 protected:
  NetworkOptions wire_{.check_wire = 10'000};
  Network network_{world_, wire_, judge_, counts_};
};

TEST_F(JudgeWire, Message_CannotBeReadAgain_BreaksTheRule) {
  AppendReply reply = test::Accepted(1);
  reply.status = static_cast<AppendReply::Status>(7);
  network_.Inject(From(1, 2, 1, reply));
  EXPECT_EQ(Rule(), "wire");
}

TEST_F(JudgeWire, Message_IsTheSameWhenItIsReadAgain_IsAllowed) {
  network_.Inject(From(1, 2, 1, test::Append(0, 0, {1, 1})));
  EXPECT_EQ(Rule(), "");
}

}  // namespace
}  // namespace synod::sim
