// What is demanded of a cluster after a storm.
#include "src/sim/calm.h"

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synod::sim {
namespace {

using ::testing::Contains;

using Passes = std::function<bool(const Message&)>;

// A short storm in which nothing goes wrong.
Scenario Quiet(size_t nodes, size_t clients) {
  return {.options = {.nodes = nodes,
                      .clients = clients,
                      .storm = std::chrono::seconds(3),
                      .think_time = std::chrono::milliseconds(20)}};
}

// A cluster, and what becomes of its messages.
class Stage {
 public:
  explicit Stage(Scenario scenario = Quiet(/*nodes=*/3, /*clients=*/2))
      : scenario_(std::move(scenario)) {}
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage() {
    clients_.Close();
    cluster_.End();
  }

  // The rule that is broken, if only those arrive that `passes` in the storm, and `then` in the
  // calm.
  std::string Run(Passes passes, Passes then) {
    cluster_.network().on_send = std::move(passes);
    cluster_.Start();
    clients_.Begin();
    storm_.Begin();
    World& world = cluster_.world();
    cluster_.RunUntil([&] { return world.Now() >= Instant() + scenario_.options.storm; });
    EXPECT_FALSE(cluster_.judge().HasFailed());
    cluster_.network().on_send = std::move(then);
    Calm calm(cluster_, clients_, storm_);
    calm.Run();
    return cluster_.judge().HasFailed() ? cluster_.judge().violation()->rule : "";
  }
  std::string Run(Passes then) {
    return Run([](const Message&) { return true; }, std::move(then));
  }

  [[nodiscard]] Cluster& cluster() { return cluster_; }

 private:
  const Scenario scenario_;
  const std::unique_ptr<Workload> workload_ = NewRegisterWorkload(1);
  const std::unique_ptr<StoreFactory> stores_ = NewWalFactory();
  Cluster cluster_{scenario_.options, *workload_, *stores_};
  Clients clients_{cluster_.world(), cluster_.options(), *workload_,
                   cluster_.nodes(), cluster_.judge(),   cluster_.counts()};
  Storm storm_{cluster_.world(), scenario_, cluster_};
};

template <class Body>
bool Holds(const Message& message) {
  return std::holds_alternative<Body>(message.body);
}

TEST(Calm, Messages_AllArrive_IsAllowed) {
  EXPECT_EQ(Stage().Run([](const Message&) { return true; }), "");
}

TEST(Calm, Votes_AreLost_BreaksLiveness) {
  const auto is_no_vote = [](const Message& message) {
    return !Holds<PreVoteReply>(message) && !Holds<VoteReply>(message);
  };
  EXPECT_EQ(Stage().Run(is_no_vote, is_no_vote), "liveness");
}

TEST(Calm, Appends_AreLost_BreaksLiveness) {
  EXPECT_EQ(Stage().Run([](const Message& message) { return !Holds<AppendRequest>(message); }),
            "liveness");
}

TEST(Calm, Elections_AreMany_BreaksStability) {
  Stage stage;
  EXPECT_EQ(stage.Run([&](const Message& message) {
    if (Holds<AppendRequest>(message)) ++stage.cluster().counts().elections;
    return true;
  }),
            "stable leadership");
}

TEST(Calm, Commit_IsNeverToldToWhoFollows_BreaksConvergence) {
  const auto is_no_commit = [](const Message& message) {
    const auto* append = std::get_if<AppendRequest>(&message.body);
    const auto* heartbeat = std::get_if<Heartbeat>(&message.body);
    return (append == nullptr || append->commit.IsZero()) &&
           (heartbeat == nullptr || heartbeat->commit.IsZero());
  };
  EXPECT_EQ(Stage(Quiet(/*nodes=*/2, /*clients=*/0)).Run(is_no_commit, is_no_commit),
            "convergence");
}

TEST(Calm, Power_IsLostAndNobodyIsElectedAfterwards_BreaksTheRule) {  // F8
  Stage stage;
  EXPECT_EQ(stage.Run([&](const Message& message) {
    const bool has_been_lost = stage.cluster().counts().crashes > 0;
    return !has_been_lost || !Holds<VoteReply>(message);
  }),
            "power returns (F8)");
}

TEST(Calm, Power_IsLostAndWhatWasSyncedWithIt_BreaksARule) {  // F8
  Stage stage;
  EXPECT_NE(stage.Run([&](const Message&) {
    for (const auto& node : stage.cluster().nodes()) node->disk().SetSyncsLie(true, true);
    return true;
  }),
            "");
}

// Node 3 is removed, and hears nothing of it. Seeds differ in whether it led, and in whether the
// calm leaves it out.
std::set<std::string> RulesBrokenIf(const Passes& then) {
  Scenario scenario = Quiet(/*nodes=*/3, /*clients=*/2);
  scenario.faults = {{.at = std::chrono::seconds(2), .kind = FaultKind::kChange, .nodes = {3}}};
  std::set<std::string> rules;
  for (scenario.options.seed = 1; scenario.options.seed <= 20; ++scenario.options.seed) {
    Stage stage(scenario);
    const auto may_hear = [&](const Message& message) {
      return message.to != NodeId(3) ||
             stage.cluster().world().Now() < Instant() + std::chrono::milliseconds(1900);
    };
    rules.insert(stage.Run(may_hear, then));
  }
  return rules;
}

TEST(Calm, Notices_OfARemovalArrive_IsAllowed) {
  EXPECT_EQ(RulesBrokenIf([](const Message&) { return true; }), (std::set<std::string>{""}));
}

TEST(Calm, Notices_OfARemovalAreLost_BreaksTheRule) {
  EXPECT_THAT(RulesBrokenIf([](const Message& message) { return !Holds<NotMember>(message); }),
              Contains("removed members are told (M7)"));
}

}  // namespace
}  // namespace synod::sim
