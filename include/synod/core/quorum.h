// What the quorums of a configuration decide.
#ifndef SYNOD_CORE_QUORUM_H_
#define SYNOD_CORE_QUORUM_H_

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <functional>
#include <vector>

#include "synod/base/assert.h"
#include "synod/base/ids.h"
#include "synod/base/mutation.h"
#include "synod/core/configuration.h"
#include "synod/core/quorum_rule.h"

namespace synod {

// The quorums of one configuration, by its rule: of both halves while it is joint. Borrows the
// configuration.
//
// Where some voters are nothing but acceptors, an election quorum has so many of the replicas
// besides that no majority of them is without one. Of a large value an acceptor has a digest alone,
// so that is chosen only with a majority of the replicas, which hold what it stands for (I10):
// whoever is elected hears from one of them, and a digest whose payload it does not hear of was
// never chosen.
class QuorumSystem {
 public:
  explicit QuorumSystem(const Configuration& configuration) : configuration_(configuration) {}

  // Is {v : has(v)} a superset of an election quorum, ...
  template <std::predicate<NodeId> Has>
  [[nodiscard]] bool Elects(Has has) const {
    const Phase phase = Mutated(Mutation::kElectByCommitQuorum) ? Phase::kCommit : Phase::kElection;
    return IsQuorum(phase, has) &&
           (configuration_.acceptors.empty() || ReplicasIn(has) > Replicas() - Majority());
  }
  // ... or of one that commits? It meets every election quorum, so that its word is also enough to
  // know that no other leader has been elected.
  template <std::predicate<NodeId> Has>
  [[nodiscard]] bool Commits(Has has) const {
    return IsQuorum(Phase::kCommit, has);
  }

  // Will whoever is elected hear from one that knows something, if {v : has(v)} know it? It hears
  // from one of every majority of the replicas; acceptors know nothing but their slots.
  template <std::predicate<NodeId> Has>
  [[nodiscard]] bool Remember(Has has) const {
    return configuration_.acceptors.empty() ? Commits(has) : ReplicasIn(has) >= Majority();
  }

  // The highest value that every member of some commit quorum has reached, whatever the order of
  // the voters.
  template <class Value, std::regular_invocable<NodeId> ValueOf>
  [[nodiscard]] Value Reached(ValueOf value_of) const {
    Value reached = ReachedBy<Value>(configuration_.voters, value_of);
    if (TakesBoth()) {
      reached = std::min(reached, ReachedBy<Value>(configuration_.outgoing, value_of));
    }
    return reached;
  }

  // The highest value that enough have reached to Remember it. What is too large for an acceptor is
  // chosen only up to there.
  template <class Value, std::regular_invocable<NodeId> ValueOf>
  [[nodiscard]] Value Remembered(ValueOf value_of) const {
    if (configuration_.acceptors.empty()) return Reached<Value>(value_of);
    std::array<Value, kMaxVoters> values;
    auto end = values.begin();
    for (NodeId node : configuration_.voters) {
      if (!configuration_.IsAcceptor(node)) *end++ = value_of(node);
    }
    const auto nth = values.begin() + static_cast<std::ptrdiff_t>(Majority() - 1);
    std::nth_element(values.begin(), nth, end, std::greater<Value>());
    return *nth;
  }

 private:
  [[nodiscard]] bool TakesBoth() const {
    return configuration_.IsJoint() && !Mutated(Mutation::kJointCountsNewHalf);
  }

  template <class Has>
  [[nodiscard]] bool IsQuorum(Phase phase, Has& has) const {
    const QuorumRule& rule = configuration_.quorums;
    return rule.IsQuorum(phase, configuration_.voters, has) &&
           (!TakesBoth() || rule.IsQuorum(phase, configuration_.outgoing, has));
  }

  // Of a configuration with acceptors, which is never joint.
  [[nodiscard]] size_t Replicas() const {
    return configuration_.voters.size() - configuration_.acceptors.size();
  }
  [[nodiscard]] size_t Majority() const { return Replicas() / 2 + 1; }

  template <class Has>
  [[nodiscard]] size_t ReplicasIn(Has& has) const {
    const std::vector<NodeId>& voters = configuration_.voters;
    return static_cast<size_t>(std::count_if(voters.begin(), voters.end(), [&](NodeId node) {
      return !configuration_.IsAcceptor(node) && has(node);
    }));
  }

  template <class Value, class ValueOf>
  [[nodiscard]] Value ReachedBy(const std::vector<NodeId>& voters, ValueOf& value_of) const {
    SYNOD_ASSERT(!voters.empty() && voters.size() <= kMaxVoters,
                 "a configuration has 1 to 15 voters");
    const QuorumRule& rule = configuration_.quorums;
    std::array<Value, kMaxVoters> values;
    const auto end = std::transform(voters.begin(), voters.end(), values.begin(), value_of);
    if (rule.Counts()) {
      const size_t count = rule.Count(Phase::kCommit, voters.size());
      const auto nth = values.begin() + static_cast<std::ptrdiff_t>(count - 1);
      std::nth_element(values.begin(), nth, end, std::greater<Value>());
      return *nth;
    }
    const auto is_enough = [&](const Value& value) {
      const auto has = [&](NodeId node) { return value_of(node) >= value; };
      return rule.IsQuorum(Phase::kCommit, voters, has);
    };
    auto reached = end;
    for (auto value = values.begin(); value != end; ++value) {
      if ((reached == end || *value > *reached) && is_enough(*value)) reached = value;
    }
    SYNOD_ASSERT(reached != end, "all voters together can commit");
    return *reached;
  }

  const Configuration& configuration_;
};

}  // namespace synod

#endif  // SYNOD_CORE_QUORUM_H_
