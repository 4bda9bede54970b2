#include "src/peer_addresses.h"

#include <utility>

#include "src/concat.h"

namespace synod::internal {

absl::Status PeerAddresses::Check(const std::vector<MemberChange>& changes) const {
  for (const MemberChange& change : changes) {
    if (change.address.empty()) continue;
    absl::Status status = change.to == MemberChange::To::kAcceptor
                              ? host_.CheckAcceptorAddress(change.address)
                              : host_.CheckAddress(change.address);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void PeerAddresses::OnChange(const std::vector<MemberChange>& changes,
                             const Configuration& newest) {
  for (const MemberChange& change : changes) {
    // An acceptor is asked nothing before it is one.
    if (change.to == MemberChange::To::kAcceptor) continue;
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
    if (newest.IsAcceptor(member)) {
      TellAcceptor(*record);
      continue;
    }
    Tell(member, record == nullptr ? std::string() : record->address);
  }
}

void PeerAddresses::ForgetOthers(const Configuration& newest,
                                 absl::FunctionRef<bool(NodeId)> is_needed, NodeId leader) {
  has_others_ = false;
  for (auto node = told_.begin(); node != told_.end();) {
    if (newest.IsMember(*node) || invited_.contains(*node)) {
      ++node;
    } else if (is_needed(*node) || *node == leader) {
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
  LogRefusal(node, host_.SetPeer(group_, node, address));
}

void PeerAddresses::TellAcceptor(const MemberRecord& acceptor) {
  told_.insert(acceptor.node);
  LogRefusal(acceptor.node, host_.SetAcceptor(group_, acceptor));
}

void PeerAddresses::LogRefusal(NodeId node, const absl::Status& status) {
  if (status.ok()) return;
  host_.Log(Severity::kError, host_.NameOf(group_) + Concat("cannot take node ", node,
                                                            "'s address: ", status.message()));
}

}  // namespace synod::internal
