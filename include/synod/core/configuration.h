// Who takes part in a group, and by which rules they decide.
#ifndef SYNOD_CORE_CONFIGURATION_H_
#define SYNOD_CORE_CONFIGURATION_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "synod/base/ids.h"
#include "synod/core/protocol.h"
#include "synod/core/quorum_rule.h"

namespace synod {

// The most voters that one half of a configuration may have, and the most learners.
inline constexpr size_t kMaxVoters = 15;
inline constexpr size_t kMaxLearners = 64;

// What a change of the members has settled about one of them, for all to know.
struct MemberRecord {
  NodeId node;
  Incarnation incarnation;  // The one disk that counts under this name (M3).
  Index epoch;              // The entry that made it a member; 0: it was an initial one (I9).
  std::string address;      // Where transports find it; empty: as each host was told at its start.

  static constexpr size_t kMaxAddressBytes = 255;

  friend bool operator==(const MemberRecord&, const MemberRecord&) = default;
};

// Every list is sorted and free of repeats. While `outgoing` is not empty the configuration is
// joint (Raft §6): every decision needs a quorum of `voters` and one of `outgoing`. A learner
// receives entries and is never counted.
//
// Voters may be nothing but acceptors, of Multi-Paxos alone: a switch, or what stands for one. They
// keep a window of slots, and of what is large a digest alone; no log and no state. So they never
// lead, and never count where payloads must be held: see QuorumSystem. The other voters are
// replicas.
struct Configuration {
  std::vector<NodeId> voters;
  std::vector<NodeId> outgoing;
  std::vector<NodeId> learners;
  std::vector<NodeId> acceptors = {};  // A part of the voters, and not all.
  // One for each member, sorted by node. Until the members change for the first time there are none
  // but those of the acceptors, whom nobody introduces: initial members know each other by their
  // introductions.
  std::vector<MemberRecord> records = {};
  // These are the same for the group's whole life.
  QuorumRule quorums = {};  // Of each half.
  Protocol protocol = Protocol::kRaft;
  // Of Multi-Paxos: a configuration that is chosen in slot i governs from i + alpha on, so no slot
  // is proposed at alpha or more beyond what is chosen (Lamport, "Paxos Made Simple", §3). 0 in
  // Raft.
  uint32_t alpha = 0;

  static constexpr uint32_t kMaxAlpha = 1u << 20;
  // The largest payload of which an acceptor keeps more than a digest.
  static constexpr size_t kMaxAcceptorPayload = 32;
  // Where there are acceptors: a quarter of the slots that one keeps, since those behind what is
  // chosen are still there until many know that it is.
  static constexpr uint32_t kMaxAlphaOfAcceptors = 16 * 1024;
  // They have so much room for the name of who proposes, and for that of its group.
  static constexpr uint64_t kMaxIdBesideAcceptors = UINT32_MAX;

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

  // Whether it is nothing but an acceptor.
  [[nodiscard]] bool IsAcceptor(NodeId node) const {
    return std::binary_search(acceptors.begin(), acceptors.end(), node);
  }

  // The voters that are not.
  [[nodiscard]] std::vector<NodeId> Replicas() const {
    std::vector<NodeId> replicas = voters;
    std::erase_if(replicas, [this](NodeId node) { return IsAcceptor(node); });
    return replicas;
  }

  // Whether there are records of all members.
  [[nodiscard]] bool HasRecords() const { return records.size() > acceptors.size(); }

  // Voters of both halves and learners, each once, sorted.
  [[nodiscard]] std::vector<NodeId> Members() const {
    std::vector<NodeId> all = voters;
    all.insert(all.end(), outgoing.begin(), outgoing.end());
    all.insert(all.end(), learners.begin(), learners.end());
    return Of(std::move(all)).voters;
  }

  // Null if there is none of the node.
  [[nodiscard]] const MemberRecord* RecordOf(NodeId node) const {
    const auto at =
        std::lower_bound(records.begin(), records.end(), node,
                         [](const MemberRecord& record, NodeId id) { return record.node < id; });
    return at != records.end() && at->node == node ? &*at : nullptr;
  }

  // When the node became a member; 0: it was one from the beginning.
  [[nodiscard]] Index EpochOf(NodeId node) const {
    const MemberRecord* record = RecordOf(node);
    return record == nullptr ? Index() : record->epoch;
  }

  friend bool operator==(const Configuration&, const Configuration&) = default;
};

// Whether two quorums that elect have to meet. Of one term Raft has one leader (§5.2), and nothing
// but its one vote keeps a voter from electing another; ballots of Multi-Paxos are never shared.
constexpr bool ElectionsMustMeet(Protocol protocol) { return protocol == Protocol::kRaft; }

// Whether the rules fit the protocol, and make quorums of each half that meet as it needs (see
// CheckQuorums).
inline bool HasSafeRules(const Configuration& configuration) {
  const bool is_raft = configuration.protocol == Protocol::kRaft;
  if (is_raft ? configuration.alpha != 0
              : configuration.alpha == 0 || configuration.alpha > Configuration::kMaxAlpha ||
                    configuration.IsJoint()) {
    return false;
  }
  const auto is_safe = [&](const std::vector<NodeId>& voters) {
    return CheckQuorums(configuration.quorums, voters, ElectionsMustMeet(configuration.protocol))
        .ok();
  };
  return is_safe(configuration.voters) &&
         (!configuration.IsJoint() || is_safe(configuration.outgoing));
}

// Whether the acceptors are some of the voters, and are used as they can be.
inline bool HasSoundAcceptors(const Configuration& configuration) {
  const std::vector<NodeId>& acceptors = configuration.acceptors;
  if (acceptors.empty()) return true;
  return configuration.protocol == Protocol::kMultiPaxos &&
         configuration.alpha <= Configuration::kMaxAlphaOfAcceptors &&
         acceptors.size() < configuration.voters.size() &&
         configuration.voters.back().value() <= Configuration::kMaxIdBesideAcceptors &&
         std::includes(configuration.voters.begin(), configuration.voters.end(), acceptors.begin(),
                       acceptors.end());
}

// Whether there are records of all members, or of those alone who have them from the beginning.
inline bool HasSoundRecords(const Configuration& configuration) {
  const std::vector<NodeId> members =
      configuration.HasRecords() ? configuration.Members() : configuration.acceptors;
  return std::equal(members.begin(), members.end(), configuration.records.begin(),
                    configuration.records.end(), [](NodeId member, const MemberRecord& record) {
                      return record.node == member && !record.incarnation.IsZero() &&
                             record.address.size() <= MemberRecord::kMaxAddressBytes;
                    });
}

// Whether decisions can be taken under the configuration: each half has 1 to kMaxVoters voters (an
// absent second half none), whose quorums meet, nobody is both voter and learner, the acceptors are
// some of the voters, there are records of all members or of the acceptors alone, every list is in
// canonical order, and the protocol is safe under the rule of quorums. What comes from a disk or a
// peer is checked before it is used.
inline bool IsWellFormed(const Configuration& configuration) {
  for (const auto* list : {&configuration.voters, &configuration.outgoing, &configuration.learners,
                           &configuration.acceptors}) {
    if (!list->empty() && list->front().IsZero()) return false;
    if (std::adjacent_find(list->begin(), list->end(), std::greater_equal<>()) != list->end()) {
      return false;
    }
  }
  for (NodeId learner : configuration.learners) {
    if (std::binary_search(configuration.voters.begin(), configuration.voters.end(), learner)) {
      return false;
    }
  }
  return !configuration.voters.empty() && configuration.voters.size() <= kMaxVoters &&
         configuration.outgoing.size() <= kMaxVoters &&
         configuration.learners.size() <= kMaxLearners && HasSoundAcceptors(configuration) &&
         HasSoundRecords(configuration) && HasSafeRules(configuration);
}

}  // namespace synod

#endif  // SYNOD_CORE_CONFIGURATION_H_
