// Creates a group in an empty store.
#include "synod/node/bootstrap.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "synod/core/configuration.h"
#include "synod/core/configuration_codec.h"
#include "synod/core/durable_state.h"
#include "synod/core/entry.h"
#include "synod/core/protocol.h"
#include "synod/paxos/accept_log.h"

#include "src/concat.h"
#include "src/entropy.h"

namespace synod {

namespace {

// The same on all members.
Configuration Initial(const BootstrapOptions& options) {
  std::vector<NodeId> voters = options.members;
  std::vector<MemberRecord> acceptors = options.acceptors;
  std::sort(acceptors.begin(), acceptors.end(),
            [](const MemberRecord& a, const MemberRecord& b) { return a.node < b.node; });
  for (const MemberRecord& acceptor : acceptors) voters.push_back(acceptor.node);
  Configuration initial = Configuration::Of(std::move(voters));
  for (const MemberRecord& acceptor : acceptors) initial.acceptors.push_back(acceptor.node);
  initial.records = std::move(acceptors);
  initial.quorums = options.quorums;
  initial.protocol = options.protocol;
  if (options.protocol == Protocol::kMultiPaxos) initial.alpha = options.alpha;
  return initial;
}

absl::Status ValidateAcceptors(const BootstrapOptions& options) {
  if (options.acceptors.empty()) return absl::OkStatus();
  if (options.protocol != Protocol::kMultiPaxos) {
    return absl::InvalidArgumentError("acceptors are of Multi-Paxos alone");
  }
  if (options.joins) {
    return absl::InvalidArgumentError("a node that joins learns the acceptors from the group");
  }
  if (options.alpha > Configuration::kMaxAlphaOfAcceptors) {
    return absl::InvalidArgumentError(internal::Concat(
        "alpha must be at most ", Configuration::kMaxAlphaOfAcceptors,
        " where there are acceptors: they keep no more than four times as many slots"));
  }
  if (options.group.value() > Configuration::kMaxIdBesideAcceptors ||
      Initial(options).voters.back().value() > Configuration::kMaxIdBesideAcceptors) {
    return absl::InvalidArgumentError(internal::Concat(
        "where there are acceptors, the group and all voters must have ids of at most ",
        Configuration::kMaxIdBesideAcceptors, ": they have no room for more"));
  }
  for (const MemberRecord& acceptor : options.acceptors) {
    if (acceptor.incarnation.IsZero() || acceptor.address.empty() || !acceptor.epoch.IsZero()) {
      return absl::InvalidArgumentError(
          internal::Concat("acceptor ", acceptor.node,
                           " must have the incarnation that its control plane has set, an address, "
                           "and no epoch"));
    }
  }
  const Configuration initial = Initial(options);
  const bool are_apart = initial.voters.size() == Configuration::Of(options.members).voters.size() +
                                                      options.acceptors.size();
  if (!are_apart || !IsWellFormed(initial)) {
    return absl::InvalidArgumentError(internal::Concat(
        "acceptors must be nodes of their own, none of them 0, a member or named twice, with ",
        "addresses of at most ", MemberRecord::kMaxAddressBytes, " bytes, and with the members no ",
        "more than ", kMaxVoters));
  }
  return absl::OkStatus();
}

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
    if (options.quorums == QuorumRule()) return ValidateAcceptors(options);
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
  absl::Status status =
      CheckQuorums(options.quorums, Initial(options).voters, ElectionsMustMeet(options.protocol));
  return status.ok() ? ValidateAcceptors(options) : status;
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
  absl::Status status = store.Bootstrap(*identity, options.group, Initial(options));
  if (!absl::IsAlreadyExists(status)) return status;
  return absl::AlreadyExistsError(internal::Concat(
      status.message(),
      ". A store is bootstrapped once in its life, and afterwards started as it is."));
}

Configuration NewestConfiguration(const DurableState& state) {
  Configuration newest =
      state.snapshot.index.IsZero() ? state.initial_configuration : state.snapshot.configuration;
  const auto consider = [&](const Entry& entry) {
    if (entry.kind != EntryKind::kConfiguration || entry.index <= state.snapshot.index) return;
    // What cannot be read a start refuses.
    if (auto read = DecodeConfiguration(entry.payload.view())) newest = *std::move(read);
  };
  if (newest.protocol == Protocol::kRaft) {
    std::ranges::for_each(state.entries, consider);
  } else {
    // There entries have positions, and what stands there tells their slots.
    AcceptLog log;
    (void)log.Replay(state.entries, [&](const Entry& entry, const auto&...) { consider(entry); });
  }
  return newest;
}

}  // namespace synod
