// Which disks may be lost, and which changes of the members made, so that the group can go on.
#ifndef SYNOD_SRC_SIM_ATLAS_H_
#define SYNOD_SRC_SIM_ATLAS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "synod/core/configuration.h"
#include "synod/core/member_change.h"

#include "src/sim/judge.h"
#include "src/sim/node.h"

namespace synod::sim {

// Every configuration by which anything may yet be decided must keep a quorum of whole disks: those
// in the logs, and those to which changes that are under way lead.
class Atlas {
 public:
  Atlas(const Judge& judge, const std::vector<std::unique_ptr<Node>>& nodes)
      : judge_(judge), nodes_(nodes) {}

  // Whether a quorum of each is among these, with disks that are whole.
  [[nodiscard]] bool IsEnough(std::span<const NodeId> nodes) const;
  // Whether the disks that are whole are enough, ...
  [[nodiscard]] bool IsWithin() const;
  // ... would be without this one, ...
  [[nodiscard]] bool CanLose(NodeId node) const;
  // ... and with these changes.
  [[nodiscard]] bool CanMake(const std::vector<MemberChange>& changes) const;

  // The changes are asked for, and may be made until the end. Returns their name.
  uint64_t Begin(std::vector<MemberChange> changes);
  void End(uint64_t change) { under_way_.erase(change); }
  [[nodiscard]] size_t changes_under_way() const { return under_way_.size(); }
  // Whether one of them brings another disk under a member's name.
  [[nodiscard]] bool IsReplacing() const;

 private:
  struct Possibility {
    Configuration members;
    std::vector<NodeId> newcomers;  // Of the members: any disk of theirs is the right one.
  };

  [[nodiscard]] bool IsWhole(NodeId member, const Possibility& possibility) const;
  // Whether those that `has` are, with disks that are whole, a quorum of each.
  template <class Has>
  [[nodiscard]] bool HaveQuorums(const std::vector<Possibility>& all, Has has) const;
  [[nodiscard]] std::vector<Possibility> Possible() const;
  // Adds what the changes lead to from each of `all`.
  static void Extend(const std::vector<MemberChange>& changes, std::vector<Possibility>& all);
  // Leaves each of `all` once.
  static void Unite(std::vector<Possibility>& all);

  const Judge& judge_;
  const std::vector<std::unique_ptr<Node>>& nodes_;
  std::map<uint64_t, std::vector<MemberChange>> under_way_;
  uint64_t begun_ = 0;
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_ATLAS_H_
