#include "kv/directory.h"

#include <algorithm>
#include <utility>

namespace synod_kv {

namespace {

// Who is neither a member nor removed was made a member and has yet to hear of it, or hears of its
// removal before that is committed: so it remains what it was.
Standing StandingIn(const synod::Configuration& configuration, synod::NodeId self, bool removed,
                    Standing before) {
  if (removed) return Standing::kRemoved;
  if (configuration.IsVoter(self)) return Standing::kVoter;
  if (configuration.IsMember(self)) return Standing::kLearner;
  return before == Standing::kUnknown ? Standing::kNewcomer : before;
}

// Of a member that was told to move, the client address is settled by where it is started next.
bool IsUnannounced(const std::string& recorded, const ClusterMember& self) {
  const std::string client_address = ClientAddressOf(recorded);
  if (recorded.empty() || client_address == self.client_address) return false;
  return client_address.empty() || PeerAddressOf(recorded) == self.peer_address;
}

}  // namespace

Directory::Directory(synod::NodeId self, std::vector<ClusterMember> flagged)
    : self_(self), flagged_(std::move(flagged)) {
  for (const ClusterMember& member : flagged_) listed_.push_back({.member = member});
}

void Directory::OnMembers(const synod::Configuration& configuration, bool removed) {
  std::vector<Listed> listed = ListOf(configuration);
  std::optional<std::string> unannounced;
  const synod::MemberRecord* own = configuration.RecordOf(self_);
  const ClusterMember* self = Flagged(self_);
  if (!removed && own != nullptr && self != nullptr && IsUnannounced(own->address, *self)) {
    unannounced = PeerAddressOf(own->address);
  }
  const std::lock_guard lock(mutex_);
  listed_ = std::move(listed);
  unannounced_ = std::move(unannounced);
  standing_.store(StandingIn(configuration, self_, removed, standing()), std::memory_order_release);
}

std::vector<Directory::Listed> Directory::List() const {
  const std::lock_guard lock(mutex_);
  return listed_;
}

bool Directory::IsMember(synod::NodeId id) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(listed_.begin(), listed_.end(),
                     [id](const Listed& listed) { return listed.member.id == id; });
}

std::string Directory::ClientAddressOf(synod::NodeId id) const {
  {
    const std::lock_guard lock(mutex_);
    for (const Listed& listed : listed_) {
      if (listed.member.id == id) return listed.member.client_address;
    }
  }
  const ClusterMember* flagged = Flagged(id);
  return flagged == nullptr ? std::string() : flagged->client_address;
}

std::string Directory::ClientAddressAt(synod::NodeId id, const std::string& peer_address) const {
  {
    const std::lock_guard lock(mutex_);
    for (const Listed& listed : listed_) {
      const ClusterMember& member = listed.member;
      if (member.id == id && member.peer_address == peer_address) return member.client_address;
    }
  }
  const ClusterMember* flagged = Flagged(id);
  const bool is_there = flagged != nullptr && flagged->peer_address == peer_address;
  return is_there ? flagged->client_address : std::string();
}

std::optional<std::string> Directory::Unannounced() const {
  const std::lock_guard lock(mutex_);
  return unannounced_;
}

std::vector<Directory::Listed> Directory::ListOf(const synod::Configuration& configuration) const {
  std::vector<Listed> all;
  for (const synod::NodeId id : configuration.Members()) {
    Listed listed{.member = {.id = id, .peer_address = {}, .client_address = {}},
                  .is_learner = !configuration.IsVoter(id)};
    const ClusterMember* flagged = Flagged(id);
    const synod::MemberRecord* record = configuration.RecordOf(id);
    if (configuration.IsAcceptor(id)) {
      listed.is_acceptor = true;
      listed.member.peer_address = record->address;
    } else if (record != nullptr && !record->address.empty()) {
      listed.member.peer_address = PeerAddressOf(record->address);
      listed.member.client_address = synod_kv::ClientAddressOf(record->address);
    } else if (flagged != nullptr) {
      listed.member = *flagged;
    }
    // It has not moved, so the rest holds as well.
    if (listed.member.client_address.empty() && flagged != nullptr &&
        flagged->peer_address == listed.member.peer_address) {
      listed.member.client_address = flagged->client_address;
    }
    all.push_back(std::move(listed));
  }
  return all;
}

const ClusterMember* Directory::Flagged(synod::NodeId id) const {
  const auto found = std::find_if(flagged_.begin(), flagged_.end(),
                                  [id](const ClusterMember& member) { return member.id == id; });
  return found == flagged_.end() ? nullptr : &*found;
}

}  // namespace synod_kv
