// Which sets of voters decide.
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

namespace synod {

// The quorums of one configuration: majorities, of both halves while it is joint. Any two of its
// quorums meet. Borrows the configuration.
class QuorumSystem {
 public:
  explicit QuorumSystem(const Configuration& configuration) : configuration_(configuration) {}

  // Is {v : has(v)} a superset of a quorum?
  template <std::predicate<NodeId> Has>
  [[nodiscard]] bool IsQuorum(Has has) const {
    return IsMajority(configuration_.voters, has) &&
           (!TakesBoth() || IsMajority(configuration_.outgoing, has));
  }

  // The highest value that every member of some quorum has reached, whatever the order of the
  // voters.
  template <class Value, std::regular_invocable<NodeId> ValueOf>
  [[nodiscard]] Value Reached(ValueOf value_of) const {
    Value reached = MajorityValue<Value>(configuration_.voters, value_of);
    if (TakesBoth()) {
      reached = std::min(reached, MajorityValue<Value>(configuration_.outgoing, value_of));
    }
    return reached;
  }

 private:
  [[nodiscard]] bool TakesBoth() const {
    return configuration_.IsJoint() && !Mutated(Mutation::kJointCountsNewHalf);
  }

  static size_t Majority(const std::vector<NodeId>& voters) {
    if (Mutated(Mutation::kQuorumOfHalf)) return std::max<size_t>(1, voters.size() / 2);
    return voters.size() / 2 + 1;
  }

  template <class Has>
  static bool IsMajority(const std::vector<NodeId>& voters, Has& has) {
    const auto count = static_cast<size_t>(std::count_if(voters.begin(), voters.end(), has));
    return count >= Majority(voters);
  }

  template <class Value, class ValueOf>
  static Value MajorityValue(const std::vector<NodeId>& voters, ValueOf& value_of) {
    SYNOD_ASSERT(!voters.empty() && voters.size() <= kMaxVoters,
                 "a configuration has 1 to 15 voters");
    std::array<Value, kMaxVoters> values;
    const auto end = std::transform(voters.begin(), voters.end(), values.begin(), value_of);
    const auto nth = values.begin() + static_cast<std::ptrdiff_t>(Majority(voters) - 1);
    std::nth_element(values.begin(), nth, end, std::greater<Value>());
    return *nth;
  }

  const Configuration& configuration_;
};

}  // namespace synod

#endif  // SYNOD_CORE_QUORUM_H_
