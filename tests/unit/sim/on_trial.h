// What any judge can be shown: the disks of founders and of those who wait, messages and turns.
#ifndef SYNOD_TESTS_UNIT_SIM_ON_TRIAL_H_
#define SYNOD_TESTS_UNIT_SIM_ON_TRIAL_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "src/sim/judge.h"
#include "tests/unit/raft/fixture.h"

namespace synod::sim {

using test::IncarnationOf;

// Disks are empty at first, of incarnation IncarnationOf.
template <class OneJudge>
class OnTrial : public ::testing::Test {
 protected:
  explicit OnTrial(const Options& options) : options_(options) {
    for (uint64_t node = 1; node <= options_.AllNodes(); ++node) {
      judge_.OnBootstrap(node, IncarnationOf(node), Initial(node > options_.nodes));
    }
  }

  [[nodiscard]] Configuration Initial(bool joins) const {
    return joins ? Configuration() : options_.Founders();
  }

  // --- Disks ---

  // That knows all founders.
  [[nodiscard]] HardState HardOf(Term term, NodeId vote, Incarnation disk) const {
    HardState hard{.term = term, .vote = vote, .vote_incarnation = disk, .peers = {}};
    for (uint64_t node = 1; node <= options_.nodes; ++node) {
      hard.peers.push_back({.node = node, .incarnation = IncarnationOf(node)});
    }
    return hard;
  }
  void Begin(NodeId node, Persist persist) {
    persist.token = PersistToken(++writes_);
    for (const Entry& entry : persist.entries) last_[node] = entry.index;
    judge_.OnWrite(node, persist);
  }
  void Write(NodeId node, Persist persist) {
    Begin(node, std::move(persist));
    judge_.OnDurable(node);
  }
  void Replace(NodeId node, Incarnation incarnation, bool joins = false) {
    judge_.OnReplaced(node);
    judge_.OnBootstrap(node, incarnation, Initial(joins));
    incarnations_[node] = incarnation;
    last_[node] = Index();
  }

  // --- Messages ---

  [[nodiscard]] Message From(NodeId from, NodeId to, uint64_t term, MessageBody body) const {
    const auto replaced = incarnations_.find(from);
    return {.group = test::kGroup,
            .from = from,
            .to = to,
            .incarnation = replaced == incarnations_.end() ? IncarnationOf(from) : replaced->second,
            .term = Term(term),
            .body = std::move(body)};
  }
  void Send(NodeId from, NodeId to, uint64_t term, MessageBody body) {
    judge_.OnSend(From(from, to, term, std::move(body)));
  }
  void Deliver(NodeId from, NodeId to, uint64_t term, MessageBody body) {
    const Message message = From(from, to, term, std::move(body));
    judge_.OnDelivered(to, {&message, 1}, now_);
  }

  // --- Turns ---

  void TurnOf(NodeId node, const Engine& core, uint64_t life, bool is_stopped) {
    judge_.OnTurn(node,
                  {.life = life, .now = now_, .leads = core.IsLeader(), .is_stopped = is_stopped},
                  core);
  }

  // The first that was broken.
  [[nodiscard]] std::string Rule() const {
    return judge_.HasFailed() ? judge_.violation()->rule : "";
  }
  [[nodiscard]] std::string What() const {
    return judge_.HasFailed() ? judge_.violation()->what : "";
  }

  Options options_;
  World world_{1};
  Counts counts_;
  OneJudge judge_{world_, options_, counts_};
  Instant now_{std::chrono::seconds(100)};
  uint64_t writes_ = 0;
  std::map<NodeId, Index> last_;                // Of each log.
  std::map<NodeId, Incarnation> incarnations_;  // Of disks that replaced others.
};

}  // namespace synod::sim

#endif  // SYNOD_TESTS_UNIT_SIM_ON_TRIAL_H_
