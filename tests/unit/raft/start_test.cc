// Tests of raft/impl/start.ipp: how a replica begins, and what it refuses to begin from.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/raft/fixture.h"

namespace synod::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Start, EmptyStore_FollowsNobodyInTermZero) {
  Core core;
  EXPECT_EQ(core->role(), Role::kFollower);
  EXPECT_EQ(core->term(), Term());
  EXPECT_EQ(core->leader(), NodeId());
  EXPECT_EQ(core->log().last(), Index());
}

TEST(Start, StoredState_IsFoundAgain) {
  Core core({.term = 7, .vote = 3, .log = {2, 3}, .snapshot = SnapshotAt(4, 2)});
  EXPECT_EQ(core->term(), Term(7));
  EXPECT_EQ(core->vote(), NodeId(3));
  EXPECT_EQ(core->commit(), Index(4));
  EXPECT_EQ(core->snapshot_index(), Index(4));
  EXPECT_EQ(core->log().last(), Index(6));
  EXPECT_EQ(core->log().durable(), Index(6));
}

TEST(Start, EntriesBehindTheSnapshotAndBefore_AreAllUsable) {
  Core core;
  DurableState state = Core::StateOf({.log = {2, 2, 3, 3, 3}});
  state.entries.erase(state.entries.begin(), state.entries.begin() + 1);
  state.snapshot = SnapshotAt(4, 3);
  ASSERT_TRUE(Raft::Validate(state).ok());
  core.Start(std::move(state));
  EXPECT_EQ(core->log().TermAt(Index(2)), Term(2)) << "The oldest entry serves for its term.";
  EXPECT_EQ(core->log().first(), Index(3));
  EXPECT_EQ(core->commit(), Index(4));
  EXPECT_THAT(core.LogTerms(), ElementsAre(3, 3, 3));
}

TEST(Start, ConfigurationOfTheSnapshot_Governs) {
  SnapshotMeta snapshot = SnapshotAt(4, 2);
  snapshot.configuration = Configuration::Of({1, 2, 3, 4, 5});
  EXPECT_EQ(Core({.snapshot = snapshot})->configuration(), snapshot.configuration);
}

struct BadState {
  std::string message;
  DurableState state;
};

std::vector<BadState> BadStates() {
  const auto with = [](const Given& given, auto change) {
    DurableState state = Core::StateOf(given);
    change(state);
    return state;
  };
  const Given good = {.term = 3, .log = {2, 2, 3}, .snapshot = SnapshotAt(4, 2)};
  return {
      {"1 to 15 voters", with(good,
                              [](auto& s) {
                                s.initial_configuration = {};
                                s.initial_configuration.learners = {1};
                              })},
      {"cannot be read",
       with(good, [](auto& s) { s.entries[1].kind = EntryKind::kConfiguration; })},
      {"1 to 15 voters", with(good, [](auto& s) { s.snapshot.configuration = {}; })},
      {"quorums meet", with(good, [](auto& s) { s.initial_configuration = Flexible(5, 2, 4); })},
      {"quorums meet", with(good, [](auto& s) { s.snapshot.configuration = Flexible(5, 2, 4); })},
      {"cannot be read", with(good,
                              [](auto& s) {
                                s.entries[1].kind = EntryKind::kConfiguration;
                                s.entries[1].payload =
                                    Payload::Copy(EncodeConfiguration(Flexible(5, 2, 4)));
                              })},
      {"without a term", with(good, [](auto& s) { s.snapshot.term = Term(); })},
      {"has a gap", with(good, [](auto& s) { s.entries.erase(s.entries.begin() + 1); })},
      {"do not rise", with(good, [](auto& s) { s.entries[2].term = Term(1); })},
      {"do not rise", with(good, [](auto& s) { s.hard_state.term = Term(2); })},
      {"do not rise", with(good, [](auto& s) { s.entries[0].term = Term(); })},
      {"contradicts", with(good, [](auto& s) { s.snapshot.index = Index(7); })},
      {"do not rise", with(good, [](auto& s) { s.snapshot.term = Term(3); })},
      {"later term", with(good,
                          [](auto& s) {
                            s.entries.clear();
                            s.snapshot.term = Term(4);
                          })},
      {"does not meet", with(good, [](auto& s) { s.entries.erase(s.entries.begin()); })},
      {"does not meet", with(good, [](auto& s) { s.snapshot.index = Index(9); })},
      {"contradicts", with({.log = {1}}, [](auto& s) { s.entries[0].index = Index(); })},
      {"peers",
       with(good, [](auto& s) { std::swap(s.hard_state.peers[0], s.hard_state.peers[1]); })},
  };
}

TEST(Validate, StateThatCannotHaveBeenWritten_IsRefusedWithWhatIsWrong) {
  for (const BadState& bad : BadStates()) {
    const absl::Status status = Raft::Validate(bad.state);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(status.message()), HasSubstr(bad.message));
  }
}

TEST(Validate, WhatReplicasWrite_IsAccepted) {
  EXPECT_TRUE(Raft::Validate(Core::StateOf({})).ok());
  EXPECT_TRUE(Raft::Validate(Core::StateOf({.log = {1, 2, 2}})).ok());
  EXPECT_TRUE(Raft::Validate(Core::StateOf({.term = 2, .snapshot = SnapshotAt(4, 2)})).ok());
  EXPECT_TRUE(Raft::Validate(Core::StateOf({.log = {2}, .snapshot = SnapshotAt(4, 2)})).ok());
}

TEST(Options, Defaults_AreValid) { EXPECT_TRUE(EngineOptions().Validate().ok()); }

TEST(Options, OutOfRange_AreRefusedByName) {
  const auto message = [](auto change) {
    EngineOptions options;
    change(options);
    return std::string(options.Validate().message());
  };
  EXPECT_THAT(message([](auto& o) { o.heartbeat_interval = {}; }), HasSubstr("heartbeat_interval"));
  EXPECT_THAT(message([](auto& o) { o.election_timeout = 2 * o.heartbeat_interval; }),
              HasSubstr("election_timeout"));
  EXPECT_THAT(message([](auto& o) { o.max_inflight_appends = 0; }), HasSubstr("max_"));
  EXPECT_THAT(message([](auto& o) { o.max_log_bytes = o.max_uncommitted_bytes - 1; }),
              HasSubstr("max_log_bytes"));
}

// What Validate accepts must let the largest entry be proposed, its header included.
TEST(Options, UncommittedBytesBarelyEnough_TakeTheLargestEntry) {
  EngineOptions options{.max_entry_bytes = 100, .max_uncommitted_bytes = 100};
  EXPECT_THAT(std::string(options.Validate().message()), HasSubstr("max_uncommitted_bytes"));
  options.max_uncommitted_bytes = 100 + Entry::kHeaderBytes;
  ASSERT_TRUE(options.Validate().ok());
  Core core({.options = options});
  core.BecomeEstablishedLeader();
  core.Propose(std::string(100, 'x'));
  EXPECT_TRUE(core.Take().resolved.empty());
}

}  // namespace
}  // namespace synod::test
