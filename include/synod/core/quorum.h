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
// Where some voters are nothing but acceptors, a quorum of either kind has a majority of the
// replicas besides. Of a large value an acceptor has a digest alone, so what it stands for must be
// on f + 1 of 2f + 1 replicas (I10); and whoever is elected hears from as many, and finds it there.
// So of what they report nothing else can have been chosen, and a digest that none of them has
// the payload of never was.
class QuorumSystem {
 public:
  explicit QuorumSystem(const Configuration& configuration) : configuration_(configuration) {}

  // Is {v : has(v)} a superset of an election quorum, ...
  template <std::predicate<NodeId> Has>
  [[nodiscard]] bool Elects(Has has) const {
    return IsQuorum(Mutated(Mutation::kElectByCommitQuorum) ? Phase::kCommit : Phase::kElection,
                    has);
  }
  // ... or of one that commits? It meets every election quorum, so that its word is also enough to
  // know that no other leader has been elected.
  template <std::predicate<NodeId> Has>
  [[nodiscard]] bool Commits(Has has) const {
    return IsQuorum(Phase::kCommit, has);
  }

  // Will whoever is elected hear from one that knows something, if {v : has(v)} know it? It hears
  // from a majority of the replicas; acceptors know nothing but their slots.
  template <std::predicate<NodeId> Has>
  [[nodiscard]] bool Remember(Has has) const {
    return configuration_.acceptors.empty() ? Commits(has) : IsHeld(has);
  }

  // The highest value that every member of some commit quorum has reached, whatever the order of
  // the voters.
  template <class Value, std::regular_invocable<NodeId> ValueOf>
  [[nodiscard]] Value Reached(ValueOf value_of) const {
    Value reached = ReachedBy<Value>(configuration_.voters, value_of);
    if (TakesBoth()) {
      reached = std::min(reached, ReachedBy<Value>(configuration_.outgoing, value_of));
    }
    if (configuration_.acceptors.empty()) return reached;
    return std::min(reached, Held<Value>(value_of));
  }

  // The highest value that enough have reached to Remember it.
  template <class Value, std::regular_invocable<NodeId> ValueOf>
  [[nodiscard]] Value Remembered(ValueOf value_of) const {
    return configuration_.acceptors.empty() ? Reached<Value>(value_of) : Held<Value>(value_of);
  }

 private:
  [[nodiscard]] bool TakesBoth() const {
    return configuration_.IsJoint() && !Mutated(Mutation::kJointCountsNewHalf);
  }

  template <class Has>
  [[nodiscard]] bool IsQuorum(Phase phase, Has& has) const {
    const QuorumRule& rule = configuration_.quorums;
    return rule.IsQuorum(phase, configuration_.voters, has) &&
           (!TakesBoth() || rule.IsQuorum(phase, configuration_.outgoing, has)) && IsHeld(has);
  }

  // So many replicas hold what a digest stands for, where there are acceptors.
  [[nodiscard]] size_t Holders() const {
    return (configuration_.voters.size() - configuration_.acceptors.size()) / 2 + 1;
  }

  template <class Has>
  [[nodiscard]] bool IsHeld(Has& has) const {
    if (configuration_.acceptors.empty()) return true;
    const auto holds = [&](NodeId node) { return !configuration_.IsAcceptor(node) && has(node); };
    const std::vector<NodeId>& voters = configuration_.voters;
    return static_cast<size_t>(std::count_if(voters.begin(), voters.end(), holds)) >= Holders();
  }

  // The highest value that so many replicas have reached. A configuration with acceptors is not
  // joint.
  template <class Value, class ValueOf>
  [[nodiscard]] Value Held(ValueOf& value_of) const {
    std::vector<Value> values;
    for (NodeId node : configuration_.voters) {
      if (!configuration_.IsAcceptor(node)) values.push_back(value_of(node));
    }
    const auto nth = values.begin() + static_cast<std::ptrdiff_t>(Holders() - 1);
    std::nth_element(values.begin(), nth, values.end(), std::greater<Value>());
    return *nth;
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
