#include "src/peer_addresses.h"

#include <utility>

#include "src/concat.h"

namespace synod::internal {

absl::Status PeerAddresses::Check(const std::vector<MemberChange>& changes) const {
  for (const MemberChange& change : changes) {
    if (change.address.empty()) continue;
    if (absl::Status status = host_.CheckAddress(change.address); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void PeerAddresses::OnChange(const std::vector<MemberChange>& changes,
                             const Configuration& newest) {
  for (const MemberChange& change : changes) {
    if (change.to == MemberChange::To::kNone || newest.IsMember(change.node)) continue;
    invited_.insert(change.node);
    Tell(change.node, change.address);
  }
}

void PeerAddresses::OnChangeEnded() {
  has_others_ = has_others_ || !invited_.empty();
  invited_.clear();
}

void PeerAddresses::OnConfiguration(const Configuration& newest) {
  has_begun_ = true;
  has_others_ = true;
  for (NodeId member : newest.Members()) {
    const MemberRecord* record = newest.RecordOf(member);
    Tell(member, record == nullptr ? std::string() : record->address);
  }
}

void PeerAddresses::ForgetOthers(const Configuration& newest, const Configuration& committed,
                                 NodeId leader) {
  has_others_ = false;
  for (auto node = told_.begin(); node != told_.end();) {
    if (newest.IsMember(*node) || invited_.contains(*node)) {
      ++node;
    } else if (committed.IsMember(*node) || *node == leader) {
      has_others_ = true;
      ++node;
    } else {
      host_.ForgetPeer(group_, *node);
      node = told_.erase(node);
    }
  }
}

// What a leader could take is in the log for all, whether or not this host can.
void PeerAddresses::Tell(NodeId node, const std::string& address) {
  if (node == host_.identity().node) return;
  told_.insert(node);
  const absl::Status status = host_.SetPeer(group_, node, address);
  if (status.ok()) return;
  host_.Log(Severity::kError, host_.NameOf(group_) + Concat("cannot take node ", node,
                                                            "'s address: ", status.message()));
}

}  // namespace synod::internal
