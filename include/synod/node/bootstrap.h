// The birth of a group, which is not the same as its start.
#ifndef SYNOD_NODE_BOOTSTRAP_H_
#define SYNOD_NODE_BOOTSTRAP_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "synod/base/ids.h"
#include "synod/core/configuration.h"
#include "synod/core/durable_state.h"
#include "synod/core/protocol.h"
#include "synod/core/quorum_rule.h"
#include "synod/port/log_store.h"

namespace synod {

struct BootstrapOptions {
  ClusterId cluster;  // The same on every member, and unlike every other cluster's.
  NodeId node;        // Whose store this is.
  GroupId group = 1;
  std::vector<NodeId> members = {};  // The group's initial voters, the same on every member.
  // The group exists already, and Replica::Reconfigure is to make this node a member of it. Then
  // `members` is empty: the node learns of them. So too where the node's old disk was lost.
  bool joins = false;
  // Which of the voters decide, for the group's whole life; the same on every member. Not for a
  // node that joins. Of a rule under which two leaders, or a leader and what was committed before
  // it, could miss each other, the error names two such quorums.
  QuorumRule quorums = {};
  // How the group decides, for its whole life; the same on every member, and on a node that joins.
  Protocol protocol = Protocol::kRaft;
  // Of Multi-Paxos: a change of the members takes effect so many slots after its own, and no more
  // than that are under way at once. 1 to Configuration::kMaxAlpha; the same on every member. Large
  // enough for all proposals that are to wait for a quorum together; small enough for a change,
  // which fills them with no-ops where there are no proposals.
  uint32_t alpha = 16 * 1024;
  // Of Multi-Paxos: voters besides `members` that are nothing but acceptors, such as a switch. Of
  // each its name among the members, the incarnation that its control plane has set, and the
  // address by which the transport knows such a one. The same on every member, and not for a node
  // that joins.
  std::vector<MemberRecord> acceptors = {};
};

// Writes the cluster, the members and a fresh random incarnation into a store that does not hold
// the group yet. Done once in the life of each member's disk: a replica that finds its store empty
// refuses to start, because an empty store may be one that was wiped. Durable at return; blocks.
//
// kAlreadyExists if the group is there (start it instead); kFailedPrecondition if the store belongs
// to another node or cluster; kInvalidArgument for options that fit no group.
[[nodiscard]] absl::Status Bootstrap(LogStore& store, const BootstrapOptions& options);

// Who the members are by what LogStore::Load returns, for who must know before there is a replica
// to ask: the newest configuration there, be it one that is not committed and may yet be gone.
// Empty for a node that joins.
[[nodiscard]] Configuration NewestConfiguration(const DurableState& state);

}  // namespace synod

#endif  // SYNOD_NODE_BOOTSTRAP_H_
