// What the judge knows of who takes part: which disks count under which configuration (M3), and
// what is said of changes.
#include <algorithm>
#include <optional>

#include "synod/core/configuration_codec.h"

#include "src/sim/judge.h"

namespace synod::sim {

std::string Judge::Describe(const Configuration& members) {
  const auto list = [](const std::vector<NodeId>& nodes) {
    std::string text;
    for (NodeId node : nodes) text += (text.empty() ? "" : " ") + Str(node);
    return text;
  };
  std::string text = list(members.voters);
  if (members.IsJoint()) text += ", before " + list(members.outgoing);
  if (!members.learners.empty()) text += ", learning " + list(members.learners);
  if (!members.acceptors.empty()) text += ", accepting alone " + list(members.acceptors);
  return text;
}

Incarnation Judge::Recorded(NodeId member, const Configuration& members) const {
  const MemberRecord* const record = members.RecordOf(member);
  return record == nullptr ? At(member).first : record->incarnation;
}

const ShadowLog& Judge::DiskOf(NodeId node, Incarnation disk) const {
  static const ShadowLog kNone;
  if (At(node).own == disk) return At(node).durable;
  const auto lost = lost_.find(disk);
  return lost == lost_.end() ? kNone : lost->second;
}

bool Judge::IsStandIn(NodeId node) const {
  return At(node).own != At(node).first && !named_.contains(At(node).own);
}

const ShadowLog::InForce& Judge::ChangeAt(Index index) const {
  auto change = changes_.rbegin();
  while (change->since > index) ++change;
  return *change;
}

// A node's log has got an entry with a configuration.
void Judge::NoteChange(NodeId node, ShadowLog& log, const Entry& entry) {
  std::optional<Configuration> members = DecodeConfiguration(entry.payload.view());
  if (!members) {
    Fail("a configuration can be read",
         Name(node) + " appends " + Str(entry.index) + " as a configuration, and it is none");
    return;
  }
  for (const MemberRecord& record : members->records) named_.insert(record.incarnation);
  log.changes.push_back({.since = entry.index, .members = Shared(*std::move(members))});
}

void Judge::NoteCommitted(const Entry& entry) {
  std::optional<Configuration> members = DecodeConfiguration(entry.payload.view());
  if (!members || IsVoid(entry.index)) return;
  ++counts_.configurations;
  world_.Note(Story::What::kMembers, NodeId(), entry.index.value(), members->voters.size());
  changes_.push_back({.since = entry.index, .members = Shared(*std::move(members))});
}

void Judge::NoteInForce(Node& self, const Configuration& members, Instant now) {
  if (*self.in_force == members) return;
  for (NodeId member : members.Members()) {
    if (!self.in_force->IsMember(member)) self.joined[member] = now;
  }
  self.in_force = Shared(members);
  self.in_force_since = now;
}

// Under one name there is one disk.
void Judge::CheckOneDisk(NodeId node, const Configuration& from, const Configuration& to) {
  for (const MemberRecord& record : to.records) {
    if (!from.IsMember(record.node) || Recorded(record.node, from) == record.incarnation) continue;
    Fail("one disk to a name (M3)", Name(node) + " puts another disk under the name of " +
                                        Name(record.node) + ", which is a member");
  }
}

bool Judge::AllAreIntroduced() const {
  if (changes_.back().members->HasRecords()) return true;
  for (uint64_t founder = 1; founder <= founders_; ++founder) {
    const Node& node = nodes_[founder];
    const std::vector<KnownPeer>& peers = node.durable.hard_state.peers;
    if (node.own == node.first && peers.size() != founders_) return false;
  }
  return true;
}

// Only one change is made at a time: what is done is so until the next is committed. Who says it
// may not have heard of that yet.
void Judge::CheckToldChange(NodeId node, Node& self) {
  const ShadowLog::InForce& known = ChangeAt(self.commit);
  const Configuration& members = *known.members;
  for (const MemberChange& change : self.told_change) {
    const auto is_in = [&](const std::vector<NodeId>& list) {
      return std::binary_search(list.begin(), list.end(), change.node);
    };
    const bool is_so = change.to == MemberChange::To::kVoter      ? is_in(members.voters)
                       : change.to == MemberChange::To::kLearner  ? is_in(members.learners)
                       : change.to == MemberChange::To::kAcceptor ? is_in(members.acceptors)
                                                                  : !members.IsMember(change.node);
    if (is_so && !members.IsJoint()) continue;
    Fail("a change that is done is committed", Name(node) + " says that it has changed " +
                                                   Name(change.node) + ", and the members are " +
                                                   Describe(members));
  }
  if (!self.told_change.empty()) CheckSettled(node, known);
  self.told_change.clear();
}

}  // namespace synod::sim
