// Tests of raft/impl/output.ipp: how effects are handed over, in which order, and when the next is
// due.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/raft/fixture.h"

namespace synod::test {
namespace {

using ::testing::IsEmpty;

TEST(Output, NothingToWrite_HasNoToken) {
  Core core;
  core.Take();
  EXPECT_TRUE(core.out.persist.token.IsZero());
  EXPECT_TRUE(core.out.persist.IsEmpty());
}

TEST(Output, Writes_AreNumberedInOrder) {
  Core core;
  core.Receive(2, 1, Append(0, 0, {1}));
  EXPECT_EQ(core.Take().persist.token, PersistToken(1));
  EXPECT_TRUE(core.Take().persist.token.IsZero());
  core.Receive(2, 1, Append(1, 1, {1}));
  EXPECT_EQ(core.Take().persist.token, PersistToken(2));
}

TEST(Output, HardState_IsWrittenOnlyWhenItChanged) {
  Core core;
  core.Receive(2, 1, Append(0, 0, {1}));
  EXPECT_TRUE(core.Take().persist.hard_state);
  core.Receive(2, 1, Append(1, 1, {1}));
  EXPECT_FALSE(core.Take().persist.hard_state);
}

TEST(Output, TakenIntoAUsedOne_DropsItsOldContent) {
  Core core;
  core.Receive(2, 1, Append(0, 0, {1}, 1));
  core.Take();
  ASSERT_FALSE(core.out.messages.empty());
  core.Take();
  EXPECT_THAT(core.out.messages, IsEmpty());
  EXPECT_THAT(core.out.committed, IsEmpty());
  EXPECT_TRUE(core.out.persist.IsEmpty());
}

TEST(Output, HasOutput_UntilItIsTaken) {
  Core core;
  core.Take();
  EXPECT_FALSE(core->HasOutput());
  core.Receive(2, 1, Heartbeat{});
  EXPECT_TRUE(core->HasOutput());
  core.Take();
  EXPECT_FALSE(core->HasOutput());
}

TEST(Output, CompletionsOutOfDate_AreIgnored) {
  Core core;
  core.Receive(2, 1, Append(0, 0, {1}));
  core.Take();
  core.Receive(2, 1, Append(1, 1, {1}));
  core.Take();
  core.Persisted(PersistToken(2));
  core.Persisted(PersistToken(1));
  EXPECT_EQ(core->log().durable(), Index(2));
}

TEST(OutputDeathTest, CompletionOfAWriteThatNobodyAskedFor_Aborts) {
  Core core;
  EXPECT_DEATH(core->Persisted(PersistToken(1)), "only a write that was asked for");
}

TEST(Deadline, Passed_IsFollowedByALaterOne) {
  Core core;
  core.Take();
  for (int i = 0; i < 10; ++i) {
    core.Elapse(core.out.next_deadline - core.now());
    core.Take();
    EXPECT_GT(core.out.next_deadline, core.now());
  }
  core.BecomeEstablishedLeader();
  for (int i = 0; i < 30; ++i) {
    core.Elapse(core.out.next_deadline - core.now());
    core.Take();
    EXPECT_GT(core.out.next_deadline, core.now());
  }
}

TEST(Deadline, TimeGoesBack_IsIgnored) {
  Core core;
  core.Elapse(std::chrono::milliseconds(100));
  core.Take();
  const Instant deadline = core.out.next_deadline;
  core.Elapse(-std::chrono::hours(1));
  core.Take();
  EXPECT_EQ(core.out.next_deadline, deadline);
}

// The same construction and the same calls give the same outputs, byte for byte.
TEST(Determinism, SameInputs_GiveEqualOutputs) {
  Core a({.log = {1, 2}, .seed = 7});
  Core b({.log = {1, 2}, .seed = 7});
  for (Core* core : {&a, &b}) {
    core->BecomeEstablishedLeader();
    core->Propose("x");
    core->Read();
    core->Take();
  }
  ASSERT_EQ(a.out.messages.size(), b.out.messages.size());
  for (size_t i = 0; i < a.out.messages.size(); ++i) {
    EXPECT_EQ(a.out.messages[i].message, b.out.messages[i].message);
    EXPECT_EQ(a.out.messages[i].after, b.out.messages[i].after);
  }
  EXPECT_EQ(a.out.next_deadline, b.out.next_deadline);
}

}  // namespace
}  // namespace synod::test
