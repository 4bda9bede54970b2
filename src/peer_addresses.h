// Where a group's members are, as its host's transport is told.
#ifndef SYNOD_SRC_PEER_ADDRESSES_H_
#define SYNOD_SRC_PEER_ADDRESSES_H_

#include <set>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "synod/base/ids.h"
#include "synod/core/configuration.h"
#include "synod/core/member_change.h"

#include "src/host_services.h"

namespace synod::internal {

// Members are where the newest configuration says, whether or not it is committed: decisions need
// them there at once. If it is rolled back, so are the addresses. Those who are no members by it
// may still be needed: by the committed configuration, or by one that decides for a while yet.
class PeerAddresses {
 public:
  PeerAddresses(HostServices& host, GroupId group) : host_(host), group_(group) {}

  // kInvalidArgument if an address among them is none.
  [[nodiscard]] absl::Status Check(const std::vector<MemberChange>& changes) const;

  // This leader is about to ask the newcomers among them who they are. Members stay where they are
  // until the change is in the log: it may be refused.
  void OnChange(const std::vector<MemberChange>& changes, const Configuration& newest);
  // It is made, refused or given up.
  void OnChangeEnded();

  // The first are those of the start, from the oldest that counts on.
  void OnConfiguration(const Configuration& newest);
  [[nodiscard]] bool has_begun() const { return has_begun_; }

  // Whether ForgetOthers may have something to do.
  [[nodiscard]] bool has_others() const { return has_others_; }
  // The leader is none of them, whatever the configurations say: one that is behind hears from it
  // who belongs to the group now.
  void ForgetOthers(const Configuration& newest, absl::FunctionRef<bool(NodeId)> is_needed,
                    NodeId leader);

 private:
  void Tell(NodeId node, const std::string& address);
  void TellAcceptor(const MemberRecord& acceptor);
  void LogRefusal(NodeId node, const absl::Status& status);

  HostServices& host_;
  const GroupId group_;
  bool has_begun_ = false;
  std::set<NodeId> told_;     // Whom the transport was told of.
  std::set<NodeId> invited_;  // By the change that is under way.
  bool has_others_ = false;   // Some of told_ may be neither members nor invited.
};

}  // namespace synod::internal

#endif  // SYNOD_SRC_PEER_ADDRESSES_H_
