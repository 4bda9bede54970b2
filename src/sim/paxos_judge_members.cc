// How members change in Multi-Paxos ("Paxos Made Simple" §3): what is chosen in slot i governs from
// i + alpha on.
#include <algorithm>

#include "synod/core/configuration_codec.h"

#include "src/sim/paxos_judge.h"

namespace synod::sim {

const ShadowLog::InForce& PaxosJudge::Governing(Index slot) const {
  size_t i = changes_.size() - 1;
  while (i > 0 && changes_[i].since + alpha_ > slot) --i;
  return changes_[i];
}

// The change before it does not govern there, so who made it did not know of that (M2).
bool PaxosJudge::IsVoid(Index slot) const {
  const Index last = changes_.back().since;
  return !last.IsZero() && slot < last + alpha_;
}

// Whoever is no member any more may decide for a while.
Incarnation PaxosJudge::DiskOfPeer(NodeId peer, const Configuration& newest) const {
  if (newest.IsMember(peer)) return Recorded(peer, newest);
  const auto last = std::find_if(
      changes_.rbegin(), changes_.rend(),
      [peer](const ShadowLog::InForce& change) { return change.members->IsMember(peer); });
  return Recorded(peer, last == changes_.rend() ? newest : *last->members);
}

// So many know all that others have decided, that no quorum of an election to come is without one.
bool PaxosJudge::IsSettled(const ShadowLog::InForce& change) const {
  if (change.since.IsZero()) return true;
  return IsRememberedBy(*change.members, change.since + alpha_ - 1);
}

// Those that are not settled, and those that are accepted somewhere and may yet be chosen.
std::vector<Members> PaxosJudge::Deciding() const {
  std::vector<Members> all;
  for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
    all.push_back(change->members);
    if (IsSettled(*change)) break;
  }
  for (size_t i = 1; i < nodes_.size(); ++i) {
    for (const ShadowLog* log : {&nodes_[i].durable, &nodes_[i].latest}) {
      for (const ShadowLog::InForce& change : log->changes) {
        if (change.since > changes_.back().since) all.push_back(change.members);
      }
    }
  }
  return all;
}

// M5: who does not lead goes by what is chosen, and by nothing else.
void PaxosJudge::CheckMembers(NodeId node, Node& self, const Engine& core) {
  CheckFresh(node, core);
  const ShadowLog::InForce& newest = *std::prev(std::upper_bound(
      changes_.begin(), changes_.end(), core.commit(),
      [](Index index, const ShadowLog::InForce& change) { return index < change.since; }));
  // A newcomer learns who began from the first change, or from a snapshot.
  const bool knows_nobody = newest.since.IsZero() && self.joins && core.snapshot_index().IsZero();
  const Configuration& known = knows_nobody ? self.latest.initial : *newest.members;
  if (core.IsLeader() || core.configuration() == known) return;
  Fail("the newest configuration is in force (M5)", Name(node) + " goes by " +
                                                        Describe(core.configuration()) +
                                                        ", and knows as chosen " + Describe(known));
}

// One that nobody has proposed there before.
void PaxosJudge::CheckNewConfiguration(NodeId node, Index slot, const Engine& core) {
  if (slot <= core.commit() || slot > core.extent().last || !IsFirst(slot, ReignOf(core))) return;
  const Entry& entry = core.EntryAt(slot);
  if (entry.kind != EntryKind::kConfiguration) return;
  const ShadowLog::InForce& before = changes_.back();
  if (before.since > core.commit() || Governing(core.commit() + 1).since != before.since) {
    Fail("one change at a time (M2)", Name(node) + " changes the members in slot " + Str(slot) +
                                          ", and the change in slot " + Str(before.since) +
                                          " does not govern yet");
  }
  for (Index other = core.commit() + 1; other < slot; ++other) {
    const std::vector<Proposed>& history = History(other);
    const bool may_be_chosen =
        std::any_of(history.begin(), history.end(), [&](const Proposed& proposed) {
          return proposed.ballot < ReignOf(core) &&
                 CanBeChosen(proposed, *Governing(other).members);
        });
    if (may_be_chosen) {
      Fail("no change before all that was chosen is known (M1)",
           Name(node) + " changes the members in slot " + Str(slot) +
               ", and does not know what others have proposed in " + Str(other) +
               " to be chosen, though it may be");
    }
    if (core.EntryAt(other).kind != EntryKind::kConfiguration) continue;
    Fail("one change at a time (M2)", Name(node) + " changes the members in slot " + Str(slot) +
                                          ", and does not know the change in slot " + Str(other) +
                                          " to be chosen");
  }
  const std::optional<Configuration> members = DecodeConfiguration(entry.payload.view());
  if (members) CheckOneDisk(node, *before.members, *members);
}

void PaxosJudge::CheckSettled(NodeId node, const ShadowLog::InForce& change) {
  if (IsSettled(change)) return;
  Fail("a change that is done needs no others (M9)",
       Name(node) + " says that the members are " + Describe(*change.members) +
           ", and no quorum of theirs knows all that was decided before");
}

}  // namespace synod::sim
