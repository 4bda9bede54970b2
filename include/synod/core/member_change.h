// What is to become of a group's members.
#ifndef SYNOD_CORE_MEMBER_CHANGE_H_
#define SYNOD_CORE_MEMBER_CHANGE_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "synod/base/ids.h"
#include "synod/base/mutation.h"
#include "synod/core/configuration.h"

namespace synod {

// What one node is to be, whatever it is now: asking again for what is so already changes nothing.
struct MemberChange {
  enum class To : uint8_t {
    kVoter,
    kLearner,
    kNone,  // No member.
    // A voter that is nothing but an acceptor. Who has been another kind of member is removed
    // first, by a change of its own, and so the other way round.
    kAcceptor,
  };
  NodeId node;
  To to = To::kVoter;
  // The disk that is to count under the node's name. 0: a member's own, or of a newcomer the one
  // that answers. For a member another one than its own replaces its disk (M3). An acceptor answers
  // nobody who does not name it: of a new one it is said here, as its control plane has set it.
  Incarnation incarnation = {};
  // Where transports find the node. Empty: as before, or as each host was told at its start. Never
  // of a new acceptor, or one of another incarnation.
  std::string address = {};

  friend bool operator==(const MemberChange&, const MemberChange&) = default;
};

// The configuration, which is not joint, with `changes` made. Newcomers have no records yet, nor
// has anybody in an initial configuration.
inline Configuration Apply(const std::vector<MemberChange>& changes, Configuration configuration) {
  const auto put = [](std::vector<NodeId>& list, NodeId node, bool is_in) {
    const auto at = std::lower_bound(list.begin(), list.end(), node);
    const bool was_in = at != list.end() && *at == node;
    if (is_in && !was_in) list.insert(at, node);
    if (!is_in && was_in) list.erase(at);
  };
  for (const MemberChange& change : changes) {
    const bool is_acceptor = change.to == MemberChange::To::kAcceptor;
    put(configuration.voters, change.node, is_acceptor || change.to == MemberChange::To::kVoter);
    put(configuration.acceptors, change.node, is_acceptor);
    put(configuration.learners, change.node, change.to == MemberChange::To::kLearner);
  }
  return configuration;
}

// The configuration that leads from one set of voters to another: it takes quorums of both (Raft
// §6).
inline Configuration JoinOf(const Configuration& from, Configuration to) {
  if (to.voters != from.voters && !Mutated(Mutation::kNoJointConfiguration)) {
    to.outgoing = from.voters;
  }
  return to;
}

// The one behind it.
inline Configuration LeaveOf(Configuration joint) {
  joint.outgoing.clear();
  std::erase_if(joint.records,
                [&](const MemberRecord& record) { return !joint.IsMember(record.node); });
  return joint;
}

}  // namespace synod

#endif  // SYNOD_CORE_MEMBER_CHANGE_H_
