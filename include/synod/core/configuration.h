// Who takes part in a group.
#ifndef SYNOD_CORE_CONFIGURATION_H_
#define SYNOD_CORE_CONFIGURATION_H_

#include <algorithm>
#include <vector>

#include "synod/base/ids.h"

namespace synod {

// Every list is sorted and free of repeats. While `outgoing` is not empty the configuration is
// joint (Raft §6): every decision needs a quorum of `voters` and one of `outgoing`. A learner
// receives entries and is never counted.
struct Configuration {
  std::vector<NodeId> voters;
  std::vector<NodeId> outgoing;
  std::vector<NodeId> learners;

  // A configuration of voters alone, in canonical order.
  static Configuration Of(std::vector<NodeId> members) {
    std::sort(members.begin(), members.end());
    members.erase(std::unique(members.begin(), members.end()), members.end());
    return {.voters = std::move(members), .outgoing = {}, .learners = {}};
  }

  [[nodiscard]] bool IsJoint() const { return !outgoing.empty(); }

  [[nodiscard]] bool IsVoter(NodeId node) const {
    return std::binary_search(voters.begin(), voters.end(), node) ||
           std::binary_search(outgoing.begin(), outgoing.end(), node);
  }

  [[nodiscard]] bool IsMember(NodeId node) const {
    return IsVoter(node) || std::binary_search(learners.begin(), learners.end(), node);
  }

  // Voters of both halves and learners, each once, sorted.
  [[nodiscard]] std::vector<NodeId> Members() const {
    std::vector<NodeId> all = voters;
    all.insert(all.end(), outgoing.begin(), outgoing.end());
    all.insert(all.end(), learners.begin(), learners.end());
    return Of(std::move(all)).voters;
  }

  friend bool operator==(const Configuration&, const Configuration&) = default;
};

}  // namespace synod

#endif  // SYNOD_CORE_CONFIGURATION_H_
