// Creates a group in an empty store.
#include "synod/node/bootstrap.h"

#include <algorithm>
#include <cstdint>

#include "absl/status/statusor.h"
#include "synod/core/configuration.h"
#include "synod/core/durable_state.h"

#include "src/concat.h"
#include "src/entropy.h"

namespace synod {

namespace {

absl::Status Validate(const BootstrapOptions& options) {
  if (options.cluster.IsZero()) return absl::InvalidArgumentError("cluster must not be 0");
  if (options.node.IsZero()) return absl::InvalidArgumentError("node must not be 0");
  if (options.group.IsZero()) return absl::InvalidArgumentError("group must not be 0");
  if (options.protocol == Protocol::kMultiPaxos &&
      (options.alpha == 0 || options.alpha > Configuration::kMaxAlpha)) {
    return absl::InvalidArgumentError(
        internal::Concat("alpha must be from 1 to ", Configuration::kMaxAlpha));
  }
  const Configuration members = Configuration::Of(options.members);
  if (members.voters.size() != options.members.size()) {
    return absl::InvalidArgumentError("members must not name a node twice");
  }
  if (options.joins != members.voters.empty() || members.voters.size() > kMaxVoters) {
    return absl::InvalidArgumentError(
        internal::Concat("members must name 1 to ", kMaxVoters,
                         " nodes; or none, with joins, for a node that a "
                         "change is to make a member of a group that exists"));
  }
  if (options.joins) {
    if (options.quorums == QuorumRule()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "a node that joins learns the rule of quorums from the group");
  }
  if (members.voters.front().IsZero()) {
    return absl::InvalidArgumentError("members must not contain node 0");
  }
  if (!members.IsVoter(options.node)) {
    return absl::InvalidArgumentError(
        internal::Concat("members must contain this node, ", options.node));
  }
  return CheckQuorums(options.quorums, members.voters, ElectionsMustMeet(options.protocol));
}

}  // namespace

absl::Status Bootstrap(LogStore& store, const BootstrapOptions& options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  // The incarnation is the disk's, so a store that already has a group of this node keeps its own.
  absl::StatusOr<StoreIdentity> identity = store.Identity();
  if (absl::IsNotFound(identity.status())) {
    // Two lives of a disk must not meet in one incarnation (I3).
    const absl::StatusOr<uint64_t> drawn = internal::DrawEntropy();
    if (!drawn.ok()) return drawn.status();
    identity = StoreIdentity{.cluster = options.cluster,
                             .node = options.node,
                             .incarnation = Incarnation(std::max<uint64_t>(*drawn, 1))};
  } else if (!identity.ok()) {
    return identity.status();
  } else if (identity->cluster != options.cluster || identity->node != options.node) {
    return absl::FailedPreconditionError(internal::Concat(
        "the store belongs to node ", identity->node, " of cluster ", identity->cluster,
        ", not to node ", options.node, " of cluster ", options.cluster,
        ". Nothing was changed. Give the node a store of its own."));
  }
  Configuration initial = Configuration::Of(options.members);
  initial.quorums = options.quorums;
  initial.protocol = options.protocol;
  if (options.protocol == Protocol::kMultiPaxos) initial.alpha = options.alpha;
  absl::Status status = store.Bootstrap(*identity, options.group, initial);
  if (!absl::IsAlreadyExists(status)) return status;
  return absl::AlreadyExistsError(internal::Concat(
      status.message(),
      ". A store is bootstrapped once in its life, and afterwards started as it is."));
}

}  // namespace synod
