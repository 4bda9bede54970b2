// A disk that is replaced while a group is being set up. Rare in random runs, since it takes a
// message of the old life that arrives in the new one, so this schedule is written out.
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/test_replica.h"

namespace synod::test {
namespace {

// Three replicas whose messages go nowhere but where the test carries them.
class Introduction : public ::testing::Test {
 protected:
  Introduction() {
    for (uint64_t id = 1; id <= 3; ++id) {
      replicas_.push_back(std::make_unique<TestReplica>(
          options_,
          TestReplica::Identity{.node = id,
                                .incarnation = Incarnation(100 + id),
                                .members = Configuration::Of({1, 2, 3})},
          /*seed=*/id, now_));
    }
  }

  TestReplica& At(NodeId id) { return *replicas_[id.value() - 1]; }

  void Finish(TestReplica& replica) {
    replica.Pump();
    while (replica.CompleteWrite()) replica.Pump();
  }

  void Pass(NodeId id, Duration time) {
    now_ += time;
    At(id).core().Tick(now_);
    Finish(At(id));
  }

  // Everything that `from` has for `to`. The rest stays.
  std::vector<Message> TakeSent(NodeId from, NodeId to) {
    std::vector<Message>& sent = At(from).sent;
    std::vector<Message> taken;
    std::vector<Message> rest;
    for (Message& message : sent) (message.to == to ? taken : rest).push_back(std::move(message));
    sent = std::move(rest);
    return taken;
  }

  void Deliver(NodeId to, const std::vector<Message>& messages) {
    for (const Message& message : messages) {
      At(to).core().Tick(now_);
      At(to).core().Step(message);
      Finish(At(to));
    }
  }

  // Carries messages both ways until there are none.
  void Talk(NodeId a, NodeId b) {
    for (;;) {
      const std::vector<Message> there = TakeSent(a, b);
      const std::vector<Message> back = TakeSent(b, a);
      if (there.empty() && back.empty()) return;
      Deliver(b, there);
      Deliver(a, back);
    }
  }

  // Lets `candidate` campaign, in reach of `voter` alone, and commit if it can.
  void TryToLead(NodeId candidate, NodeId voter) {
    for (int i = 0; i < 10 && !At(candidate).core().IsLeader(); ++i) {
      Pass(candidate, options_.election_timeout);
      Talk(candidate, voter);
    }
    Talk(candidate, voter);
  }

  RaftOptions options_;
  Instant now_;
  std::vector<std::unique_ptr<TestReplica>> replicas_;
};

TEST_F(Introduction, DiskReplacedBeforeEveryMemberKnewIt_VotesForNobodyWhoLacksACommit) {
  for (uint64_t id = 1; id <= 3; ++id) Pass(id, options_.heartbeat_interval);
  const std::vector<Message> late = TakeSent(1, 3);  // Node 1's first words to node 3.
  Deliver(3, late);
  Talk(1, 2);
  Deliver(3, TakeSent(2, 3));
  TakeSent(3, 2);  // Lost: node 2 never hears of this disk of node 3.
  Talk(1, 3);

  TryToLead(1, 3);
  const Index committed = At(1).core().commit();

  At(3).Crash();
  At(3).Wipe(Incarnation(203));
  At(3).Restart(/*seed=*/9, now_);
  Pass(3, options_.heartbeat_interval);
  TakeSent(3, 1);
  Deliver(3, late);
  Talk(2, 3);
  TryToLead(2, 3);
  EXPECT_FALSE(At(2).core().IsLeader() && At(2).core().log().last() < committed + 1)
      << "What node 1 committed with the old disk of node 3 was lost by its new one.";
  EXPECT_FALSE(At(2).core().IsLeader() && At(1).core().IsLeader() &&
               At(2).core().term() == At(1).core().term())
      << "Node 3 voted twice in one term, once with each disk.";
}

TEST_F(Introduction, EveryMemberKnowsEveryOther_StaysCompleteThroughARestartAlone) {
  for (uint64_t id = 1; id <= 3; ++id) Pass(id, options_.heartbeat_interval);
  for (int i = 0; i < 3; ++i) {
    Talk(1, 2);
    Talk(1, 3);
    Talk(2, 3);
  }
  for (uint64_t id = 1; id <= 3; ++id) EXPECT_TRUE(At(id).core().introduced());
  At(2).Crash();
  At(2).Restart(/*seed=*/9, now_);
  EXPECT_TRUE(At(2).core().introduced()) << "A restart must not need every other member again.";
}

}  // namespace
}  // namespace synod::test
