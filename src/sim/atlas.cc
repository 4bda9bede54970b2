#include "src/sim/atlas.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace synod::sim {

bool Atlas::IsWhole(NodeId member, const Possibility& possibility) const {
  const std::vector<NodeId>& newcomers = possibility.newcomers;
  return (judge_.IsAcceptor(member) || !nodes_[member.value() - 1]->IsCorrupt()) &&
         (std::find(newcomers.begin(), newcomers.end(), member) != newcomers.end() ||
          judge_.IsOnKnownDisk(member, possibility.members));
}

template <class Has>
bool Atlas::HaveQuorums(const std::vector<Possibility>& all, Has has) const {
  return std::all_of(all.begin(), all.end(), [&](const Possibility& possibility) {
    const auto is_there = [&](NodeId voter) { return has(voter) && IsWhole(voter, possibility); };
    return Judge::IsQuorum(Phase::kElection, possibility.members, is_there) &&
           Judge::IsQuorum(Phase::kCommit, possibility.members, is_there) &&
           Judge::IsHeld(possibility.members, is_there);
  });
}

// A disk that replaces another comes once that has gone.
void Atlas::Extend(const std::vector<MemberChange>& changes, std::vector<Possibility>& all) {
  std::vector<MemberChange> removals;
  std::vector<NodeId> replaced;
  for (const MemberChange& change : changes) {
    if (change.incarnation.IsZero()) continue;
    removals.push_back({.node = change.node, .to = MemberChange::To::kNone});
    replaced.push_back(change.node);
  }
  for (size_t i = all.size(); i > 0; --i) {
    const Possibility before = all[i - 1];
    const Configuration settled = LeaveOf(before.members);
    if (!removals.empty()) all.push_back({Apply(removals, settled), before.newcomers});
    Possibility after{Apply(changes, settled), before.newcomers};
    after.newcomers.insert(after.newcomers.end(), replaced.begin(), replaced.end());
    for (const MemberChange& change : changes) {
      if (!settled.IsMember(change.node)) after.newcomers.push_back(change.node);
    }
    all.push_back(std::move(after));
  }
  Unite(all);
}

// Many changes may wait for the same leader. Each leads to somewhere from all to which the others
// lead, and most often to where one of them has led before.
void Atlas::Unite(std::vector<Possibility>& all) {
  // What of it matters.
  using Nodes = std::vector<NodeId>;
  using Key = std::tuple<Nodes, Nodes, Nodes, Nodes, std::vector<Incarnation>>;
  std::map<Key, Possibility> each;
  for (Possibility& possibility : all) {
    possibility.newcomers = Configuration::Of(std::move(possibility.newcomers)).voters;
    const Configuration& members = possibility.members;
    std::vector<Incarnation> disks;
    for (NodeId member : members.Members()) {
      const MemberRecord* const record = members.RecordOf(member);
      disks.push_back(record == nullptr ? Incarnation() : record->incarnation);
    }
    each.try_emplace(Key(members.voters, members.outgoing, members.learners, possibility.newcomers,
                         std::move(disks)),
                     std::move(possibility));
  }
  all.clear();
  for (auto& [key, possibility] : each) all.push_back(std::move(possibility));
}

std::vector<Atlas::Possibility> Atlas::Possible() const {
  std::vector<Possibility> all;
  for (const Members& members : judge_.Deciding()) all.push_back({*members, {}});
  for (const auto& [number, changes] : under_way_) Extend(changes, all);
  return all;
}

bool Atlas::IsEnough(std::span<const NodeId> nodes) const {
  return HaveQuorums(Possible(), [&](NodeId node) {
    return judge_.IsAcceptor(node) || std::find(nodes.begin(), nodes.end(), node) != nodes.end();
  });
}

bool Atlas::IsWithin() const {
  return HaveQuorums(Possible(), [](NodeId) { return true; });
}

bool Atlas::CanLose(NodeId lost) const {
  return HaveQuorums(Possible(), [&](NodeId node) { return node != lost; });
}

bool Atlas::CanMake(const std::vector<MemberChange>& changes) const {
  std::vector<Possibility> all = Possible();
  Extend(changes, all);
  return HaveQuorums(all, [](NodeId) { return true; });
}

bool Atlas::IsReplacing() const {
  return std::any_of(under_way_.begin(), under_way_.end(), [](const auto& each) {
    return std::any_of(each.second.begin(), each.second.end(),
                       [](const MemberChange& change) { return !change.incarnation.IsZero(); });
  });
}

uint64_t Atlas::Begin(std::vector<MemberChange> changes) {
  under_way_.emplace(++begun_, std::move(changes));
  return begun_;
}

}  // namespace synod::sim
