// What is demanded of how requests of clients end.
#include <memory>

#include <gtest/gtest.h>

#include "synod/node/refusal.h"

#include "src/sim/client.h"
#include "src/sim/cluster.h"

namespace synod::sim {
namespace {

// One client, which asks once.
class JudgeClients : public ::testing::Test {
 protected:
  JudgeClients() {
    cluster_.Start();
    clients_.Begin();
  }
  ~JudgeClients() override {
    clients_.Close();
    cluster_.End();
  }

  // And waits.
  void Ask() {
    cluster_.RunUntil([this] { return !clients_.AllIdle(); });
  }
  void Refuse(Outcome::Kind kind, Reason reason) {
    if (clients_.AllIdle()) Ask();
    Answer(kind, reason);
  }
  void Answer(Outcome::Kind kind, Reason reason) {
    clients_.OnOutcome(0, 1, {.kind = kind, .reason = reason});
  }
  [[nodiscard]] std::string Rule() {
    return cluster_.judge().HasFailed() ? cluster_.judge().violation()->rule : "";
  }

  const std::unique_ptr<Workload> workload_ = NewRegisterWorkload(1);
  const std::unique_ptr<StoreFactory> stores_ = NewWalFactory();
  Cluster cluster_{Options{.clients = 1}, *workload_, *stores_};
  Clients clients_{cluster_.world(), cluster_.options(), *workload_,
                   cluster_.nodes(), cluster_.judge(),   cluster_.counts()};
};

TEST_F(JudgeClients, Request_EndsOnce_IsAllowed) {
  Refuse(Outcome::Kind::kUnknown, Reason::kDeadline);
  EXPECT_TRUE(clients_.AllIdle());
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeClients, Request_EndsTwice_BreaksTheRule) {
  Refuse(Outcome::Kind::kUnknown, Reason::kDeadline);
  Answer(Outcome::Kind::kUnknown, Reason::kDeadline);
  EXPECT_EQ(Rule(), "every request ends once");
}

TEST_F(JudgeClients, Request_AnotherThanTheLastEnds_BreaksTheRule) {
  Ask();
  clients_.OnAnswer(0, 2, absl::UnavailableError(""));
  EXPECT_EQ(Rule(), "every request ends once");
}

TEST_F(JudgeClients, StaleState_OfALaterLifeIsOlder_IsAllowed) {
  cluster_.RunUntil([this] { return cluster_.judge().committed() >= Index(1); });
  clients_.OnStaleState(1, 1, Index(1));
  clients_.OnStaleState(2, 1, Index(0));
  clients_.OnStaleState(1, 2, Index(0));
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeClients, StaleState_OfTheSameLifeIsOlder_BreaksTheRule) {
  cluster_.RunUntil([this] { return cluster_.judge().committed() >= Index(1); });
  clients_.OnStaleState(1, 1, Index(1));
  clients_.OnStaleState(1, 1, Index(0));
  EXPECT_EQ(Rule(), "stale reads");
}

TEST_F(JudgeClients, StaleState_OfMoreThanIsCommitted_BreaksTheRule) {
  clients_.OnStaleState(1, 1, Index(1));
  EXPECT_EQ(Rule(), "stale reads");
}

TEST_F(JudgeClients, Refusal_WithAReasonThatCanBe_IsAllowed) {
  Refuse(Outcome::Kind::kNotCommitted, Reason::kOverloaded);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeClients, Refusal_WithoutAReason_BreaksTheRule) {
  Refuse(Outcome::Kind::kNotCommitted, Reason::kNone);
  EXPECT_EQ(Rule(), "who is refused is told why");
}

TEST_F(JudgeClients, Refusal_WithTheReasonOfATransfer_BreaksTheRule) {
  Refuse(Outcome::Kind::kNotCommitted, Reason::kNotVoter);
  EXPECT_EQ(Rule(), "who is refused is told why");
}

// That it was too much says that it was never taken.
TEST_F(JudgeClients, Refusal_ForOverloadOfWhatMayHaveHappened_BreaksTheRule) {
  Refuse(Outcome::Kind::kUnknown, Reason::kOverloaded);
  EXPECT_EQ(Rule(), "who is refused is told why");
}

TEST_F(JudgeClients, Refusal_OfAReadInWordsThatAreNoReasons_BreaksTheRule) {
  Ask();
  clients_.OnAnswer(0, 1, absl::UnavailableError("it does not want to"));
  EXPECT_EQ(Rule(), "who is refused is told why");
}

TEST_F(JudgeClients, Refusal_OfAReadForPeopleAlone_BreaksTheRule) {
  Ask();
  clients_.OnAnswer(0, 1, absl::UnavailableError(std::string(Describe(Reason::kStopped))));
  EXPECT_EQ(Rule(), "who is refused is told why");
}

TEST_F(JudgeClients, Refusal_OfAReadForProgramsToo_IsAllowed) {
  Ask();
  clients_.OnAnswer(0, 1,
                    WithRefusal(absl::UnavailableError(std::string(Describe(Reason::kStopped))),
                                {.reason = Reason::kStopped, .leader = {}}));
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeClients, Refusal_ThoughALeaderStands_BreaksLiveness) {
  clients_.ExpectAnswers(1, {1, 2, 3});
  Refuse(Outcome::Kind::kUnknown, Reason::kDeadline);
  EXPECT_EQ(Rule(), "liveness");
}

TEST_F(JudgeClients, Refusal_OfWhatWasAskedBeforeALeaderStood_IsAllowed) {
  Ask();
  clients_.ExpectAnswers(1, {1, 2, 3});
  Refuse(Outcome::Kind::kUnknown, Reason::kDeadline);
  EXPECT_EQ(Rule(), "");
}

TEST_F(JudgeClients, Refusal_ForOverloadThoughALeaderStands_IsAllowed) {
  clients_.ExpectAnswers(1, {1, 2, 3});
  Refuse(Outcome::Kind::kNotCommitted, Reason::kOverloaded);
  EXPECT_EQ(Rule(), "");
}

}  // namespace
}  // namespace synod::sim
