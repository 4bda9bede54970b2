#include "kv/member_plan.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include <synod/core/member_change.h>
#include <synod/core/quorum.h>

#include "kv/errors.h"
#include "kv/peer_url.h"

namespace synod_kv {

namespace {

using synod::MemberChange;
using synod::NodeId;
using To = MemberChange::To;

// A learner that is behind by more entries than this would hold up decisions as a voter. A few it
// always is while there are writes.
constexpr uint64_t kMaxLag = 1000;

const synod::ReplicaStatus::Peer* PeerOf(const synod::ReplicaStatus& leader, NodeId id) {
  const auto found =
      std::find_if(leader.peers.begin(), leader.peers.end(),
                   [id](const synod::ReplicaStatus::Peer& peer) { return peer.node == id; });
  return found == leader.peers.end() ? nullptr : &*found;
}

bool IsActive(const synod::ReplicaStatus& leader, NodeId id) {
  const synod::ReplicaStatus::Peer* peer = PeerOf(leader, id);
  return id == leader.node || (peer != nullptr && peer->active);
}

// What the members are once the node has become `to`.
synod::Configuration With(const synod::ReplicaStatus& leader, NodeId id, To to) {
  return synod::Apply({{.node = id, .to = to}}, leader.configuration);
}

// Whether those that answer can decide alone with these members.
bool HasActiveQuorum(const synod::ReplicaStatus& leader, const synod::Configuration& members) {
  const synod::QuorumSystem quorums(members);
  const auto is_active = [&leader](NodeId voter) { return IsActive(leader, voter); };
  return quorums.Elects(is_active) && quorums.Commits(is_active);
}

absl::StatusOr<PeerUrl> TheUrl(const google::protobuf::RepeatedPtrField<std::string>& urls) {
  if (urls.empty()) return BadUrlsError();
  if (urls.size() > 1) return OneUrlError();
  absl::StatusOr<PeerUrl> url = ParsePeerUrl(urls.Get(0));
  if (!url.ok()) return url;
  if (url->is_acceptor) return url;
  const size_t bytes = RecordedAddress(url->peer_address, url->client_address).size();
  if (bytes > synod::MemberRecord::kMaxAddressBytes) return BadUrlsError();
  return url;
}

// The member that is at the address; 0 if nobody is.
NodeId MemberAt(const std::string& peer_address, const synod::ReplicaStatus& leader,
                const Directory& directory) {
  for (const Directory::Listed& listed : directory.ListOf(leader.configuration)) {
    if (EndpointOf(listed.member.peer_address) == EndpointOf(peer_address)) {
      return listed.member.id;
    }
  }
  return {};
}

bool IsTaken(const std::string& peer_address, NodeId except, const synod::ReplicaStatus& leader,
             const Directory& directory) {
  const NodeId holder = MemberAt(peer_address, leader, directory);
  return !holder.IsZero() && holder != except;
}

NodeId NextId(const synod::Configuration& configuration) {
  return configuration.Members().back().value() + 1;
}

// A voter that ends, or is one no more: the rest has to be enough.
absl::Status CheckRest(const synod::ReplicaStatus& leader, NodeId id, To to) {
  const synod::Configuration rest = With(leader, id, to);
  if (rest.Replicas().empty()) return NotEnoughStartedError();
  return HasActiveQuorum(leader, rest) ? absl::OkStatus() : UnhealthyError();
}

// A voter that comes in empty is needed for decisions before it has anything: the others have to be
// enough. Alone they never are where there was one; it has all that is needed, and etcd allows it.
absl::Status CheckNewVoter(const synod::ReplicaStatus& leader, NodeId id, To to) {
  const synod::Configuration members = With(leader, id, to);
  if (members.voters.size() > synod::kMaxVoters) return TooManyVotersError();
  if (members.voters.size() == 2) return absl::OkStatus();
  return HasActiveQuorum(leader, members) ? absl::OkStatus() : UnhealthyError();
}

// A new one, or one that has lost what it had promised and comes back as another under its name.
absl::StatusOr<MemberChange> PlanOfAcceptor(const etcdserverpb::MemberAddRequest& request,
                                            const PeerUrl& url, const synod::ReplicaStatus& leader,
                                            const Directory& directory) {
  const synod::Configuration& members = leader.configuration;
  const NodeId id = url.id.IsZero() ? NextId(members) : url.id;
  if (members.protocol != synod::Protocol::kMultiPaxos) return NoAcceptorsError();
  if (url.incarnation.IsZero() || request.islearner()) return AcceptorUrlError();
  if (members.IsMember(id)) {
    if (!members.IsAcceptor(id)) return MemberExistsError();
    if (members.RecordOf(id)->incarnation == url.incarnation) return MemberExistsError();
  }
  if (IsTaken(url.peer_address, id, leader, directory)) return PeerUrlExistsError();
  if (absl::Status status = CheckNewVoter(leader, id, To::kAcceptor); !status.ok()) {
    return status;
  }
  return MemberChange{
      .node = id, .to = To::kAcceptor, .incarnation = url.incarnation, .address = url.peer_address};
}

}  // namespace

absl::StatusOr<MemberChange> PlanOf(const etcdserverpb::MemberAddRequest& request,
                                    const synod::ReplicaStatus& leader,
                                    const Directory& directory) {
  const absl::StatusOr<PeerUrl> url = TheUrl(request.peerurls());
  if (!url.ok()) return url.status();
  const synod::Configuration& members = leader.configuration;
  if (url->is_acceptor) return PlanOfAcceptor(request, *url, leader, directory);
  const NodeId id = url->id.IsZero() ? NextId(members) : url->id;
  if (members.IsMember(id)) {
    // The same disk again is no other member.
    const synod::MemberRecord* record = members.RecordOf(id);
    const bool is_other_disk = !url->incarnation.IsZero() &&
                               (record == nullptr || record->incarnation != url->incarnation);
    if (!is_other_disk || members.IsAcceptor(id)) return MemberExistsError();
    if (id == leader.node) return OwnDiskError();
  }
  if (IsTaken(url->peer_address, id, leader, directory)) return PeerUrlExistsError();
  if (request.islearner()) {
    if (members.learners.size() >= synod::kMaxLearners) return TooManyLearnersError();
    if (absl::Status status = CheckRest(leader, id, To::kLearner); !status.ok()) return status;
  } else if (absl::Status status = CheckNewVoter(leader, id, To::kVoter); !status.ok()) {
    return status;
  }
  return MemberChange{.node = id,
                      .to = request.islearner() ? To::kLearner : To::kVoter,
                      .incarnation = url->incarnation,
                      .address = RecordedAddress(url->peer_address, url->client_address)};
}

absl::StatusOr<MemberChange> PlanOf(const etcdserverpb::MemberRemoveRequest& request,
                                    const synod::ReplicaStatus& leader, const Directory&) {
  const NodeId id = request.id();
  const synod::Configuration& members = leader.configuration;
  if (!members.IsMember(id)) return MemberNotFoundError();
  if (members.IsVoter(id)) {
    if (absl::Status status = CheckRest(leader, id, To::kNone); !status.ok()) return status;
  }
  return MemberChange{.node = id, .to = To::kNone};
}

absl::StatusOr<MemberChange> PlanOf(const etcdserverpb::MemberUpdateRequest& request,
                                    const synod::ReplicaStatus& leader,
                                    const Directory& directory) {
  const absl::StatusOr<PeerUrl> url = TheUrl(request.peerurls());
  if (!url.ok()) return url.status();
  const NodeId id = request.id();
  const synod::Configuration& members = leader.configuration;
  if (!members.IsMember(id)) return MemberNotFoundError();
  if (url->is_acceptor != members.IsAcceptor(id)) return BadUrlsError();
  const bool is_other = !url->id.IsZero() && url->id != id;
  if (is_other || !url->incarnation.IsZero()) return OtherIdError();
  if (IsTaken(url->peer_address, id, leader, directory)) return PeerUrlExistsError();
  // An Announcer's, which may have waited for the change that moved the member.
  const bool is_announced = !url->client_address.empty();
  if (is_announced && MemberAt(url->peer_address, leader, directory) != id) {
    return MemberMovedError();
  }
  return MemberChange{.node = id,
                      .to = url->is_acceptor      ? To::kAcceptor
                            : members.IsVoter(id) ? To::kVoter
                                                  : To::kLearner,
                      .address = url->is_acceptor
                                     ? url->peer_address
                                     : RecordedAddress(url->peer_address, url->client_address)};
}

absl::StatusOr<MemberChange> PlanOf(const etcdserverpb::MemberPromoteRequest& request,
                                    const synod::ReplicaStatus& leader, const Directory&) {
  const NodeId id = request.id();
  const synod::Configuration& members = leader.configuration;
  if (!members.IsMember(id)) return MemberNotFoundError();
  if (members.IsVoter(id)) return NotLearnerError();
  const synod::ReplicaStatus::Peer* learner = PeerOf(leader, id);
  const bool is_in_sync = learner != nullptr && learner->active && !learner->snapshotting &&
                          !learner->match.IsZero() && learner->match + kMaxLag >= leader.last;
  if (!is_in_sync) return LearnerNotReadyError();
  if (absl::Status status = CheckNewVoter(leader, id, To::kVoter); !status.ok()) return status;
  return MemberChange{.node = id, .to = To::kVoter};
}

}  // namespace synod_kv
