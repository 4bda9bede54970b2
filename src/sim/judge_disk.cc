// What the judge knows of the nodes' disks: what was written, what is durable, and what a new life
// must find.
#include <algorithm>

#include "synod/base/assert.h"

#include "src/sim/judge.h"

namespace synod::sim {

void Judge::OnBootstrap(NodeId node, Incarnation incarnation, const Configuration& initial) {
  Node& self = At(node);
  const Incarnation first = self.first.IsZero() ? incarnation : self.first;
  self = Node();
  self.own = incarnation;
  self.first = first;
  self.joins = initial.voters.empty();
  self.durable.initial = initial;
  self.in_force = Shared(initial);
  self.durable.changes = {{.since = {}, .members = self.in_force}};
  self.latest = self.durable;
}

void Judge::OnReplaced(NodeId node) { lost_.emplace(At(node).own, std::move(At(node).durable)); }

uint64_t Judge::ChainAt(Index index) const {
  return index.IsZero() || index > committed() ? 0 : committed_[index.value() - 1].chain;
}

void Judge::PerformHardState(NodeId node, ShadowLog& log, const Persist& persist) {
  if (!persist.hard_state) return;
  const Reign before = ReignOf(log.hard_state);
  if (ReignOf(*persist.hard_state) < before) {
    Fail("term monotony",
         Name(node) + " writes " + Name(ReignOf(*persist.hard_state)) + " after " + Name(before));
  }
  log.hard_state = *persist.hard_state;
}

bool Judge::PerformSnapshot(NodeId node, ShadowLog& log, const Persist& persist) {
  if (!persist.snapshot) return true;
  const SnapshotMeta& meta = persist.snapshot->meta;
  if (meta.index > committed() || meta.index.IsZero()) {
    Fail("committed prefix",
         Name(node) + " installs a snapshot of " + Str(meta.index) + ", which is not committed");
    return false;
  }
  if (meta.index < log.snapshot.index) {
    Fail("snapshot order", Name(node) + " installs a snapshot of " + Str(meta.index) +
                               " in place of one of " + Str(log.snapshot.index));
  }
  if (meta.configuration != *MembersAt(meta.index)) {
    Fail("a snapshot names its members (M4)",
         Name(node) + " installs a snapshot of " + Str(meta.index) + " with " +
             Describe(meta.configuration) + " as members, and there were " +
             Describe(*MembersAt(meta.index)));
  }
  log.snapshot = meta;
  return true;
}

void Judge::OnWrite(NodeId node, const Persist& persist) {
  Node& self = At(node);
  self.undamaged.reset();
  if (persist.snapshot) {
    ++counts_.snapshots;
    if (persist.snapshot->resets_log) {
      world_.Note(Story::What::kInstalls, node, persist.snapshot->meta.index.value());
    }
  }
  Perform(node, self.latest, persist);
  self.under_way.push_back(persist);
  CheckWrite(node, self, persist);
}

void Judge::OnDurable(NodeId node) {
  Node& self = At(node);
  if (self.under_way.empty()) return;
  const Reign before = ReignOf(self.durable.hard_state);
  FinishWrite(node);
  const ShadowLog& disk = self.durable;
  world_.Mix(Mixed(disk.ChainAt(disk.last()), disk.last().value()));
  world_.Mix(Mixed(disk.hard_state.term.value(), disk.hard_state.vote.value()));
  CheckDurable(node, self, before);
}

// I5: what the store has said to be durable is, with any number of the writes that share its sync.
void Judge::OnImage(NodeId node, const absl::StatusOr<DurableState>& image) {
  const Node& self = At(node);
  ShadowLog log = self.durable;
  size_t more = 0;
  while (image.ok() && !IsEqual(log, *image)) {
    if (more == self.under_way.size()) break;
    Perform(node, log, self.under_way[more++]);
  }
  if (image.ok() && IsEqual(log, *image)) return;
  Fail("durable is on the disk (I5)",
       Name(node) + " takes its log for durable up to " + Str(self.durable.last()) +
           ", and had its power been cut it would " +
           (image.ok() ? "have found another state" : "not start: " + image.status().ToString()));
}

void Judge::OnDamaged(NodeId node) {
  Node& self = At(node);
  self.undamaged = static_cast<const Disk&>(self);
  self.is_damaged = true;
}

// What a start has found that was refused, such as that writes under way are lost, is void.
void Judge::OnRepaired(NodeId node) {
  Node& self = At(node);
  SYNOD_ASSERT(self.undamaged, "a disk is repaired before anything is written to it again");
  static_cast<Disk&>(self) = *std::exchange(self.undamaged, std::nullopt);
  self.is_damaged = false;
}

bool Judge::IsEqual(const ShadowLog& log, const DurableState& state) const {
  if (log.initial != state.initial_configuration || log.hard_state != state.hard_state ||
      log.snapshot != state.snapshot) {
    return false;
  }
  const Index base = state.entries.empty() ? log.base : state.entries.front().index - 1;
  if (base != log.base || log.slots.size() != state.entries.size()) return false;
  uint64_t chain = log.base_chain;
  for (size_t i = 0; i < state.entries.size(); ++i) {
    chain = Chained(chain, state.entries[i]);
    if (chain != log.slots[i].chain || state.entries[i].term != log.slots[i].term) return false;
  }
  return true;
}

// F2: what is damaged is found out, and never taken for something that was not there. A node whose
// damage hit nothing that counts is as good as before.
void Judge::FailLoad(NodeId node, const Node& self, const DurableState& state, size_t under_way) {
  Fail(self.is_damaged ? "corrupt is not absent (F2)" : "durability",
       Name(node) + " comes back in a state that is not what was durable, with any of the " +
           std::to_string(under_way) + " writes that were under way: its log ends at " +
           Str(state.entries.empty() ? state.snapshot.index : state.entries.back().index) +
           " in term " + Str(state.hard_state.term) + ", and should at " +
           Str(self.durable.last()) + " in term " + Str(self.durable.hard_state.term) +
           "; its snapshot is of " + Str(state.snapshot.index) + ", and should be of " +
           Str(self.durable.snapshot.index));
}

void Judge::OnLoad(NodeId node, const DurableState& state) {
  Node& self = At(node);
  size_t kept = 0;
  const size_t under_way = self.under_way.size();
  while (!IsEqual(self.durable, state)) {
    if (self.under_way.empty()) return FailLoad(node, self, state, under_way);
    FinishWrite(node);
    ++kept;
  }
  if (kept > 0) ++counts_.writes_kept_by_chance;
  if (kept < under_way) ++counts_.writes_lost;
  self.under_way.clear();
  self.proposed_bytes.clear();
  self.is_damaged = false;
  CheckLoad(node, self);
  self.latest = self.durable;
  self.in_force = self.latest.changes.back().members;
  self.checked_change = self.latest.changes.back().since;
  self.joined.clear();
  self.matches.clear();
  self.log_bytes.reset();
  self.told_reads.clear();
  self.answered_reads.clear();
  self.commit = self.applied = self.equal = Index();
  self.led = Reign();
  self.reign = ReignOf(state.hard_state);
  self.leader = NodeId();
  self.is_up = self.is_told = false;
  self.word = {};
  self.vote = state.hard_state.vote;
  self.answers.clear();
  self.round = {};
  self.reads.clear();
  self.turn = {};
  world_.Note(Story::What::kStarts, node, self.durable.last().value(), self.reign.round.value());
}

// What an entry is durable on: the disk that counts under the member's name. One that was lost
// counts with what it held until then: it may have acked that, and what replaces it takes no part
// (M3), so that no leader is elected that does not know it. That one would be judged by what it
// holds itself.
bool Judge::IsDurableOn(NodeId member, Index index, const Configuration& members) const {
  return HoldsCommitted(At(member).durable, index) ||
         HoldsCommitted(DiskOf(member, Recorded(member, members)), index);
}

bool Judge::IsDurableOnQuorum(Index index, const Configuration& members) const {
  return IsChosenBy(members, committed_[index.value() - 1].value,
                    [&](NodeId member) { return IsDurableOn(member, index, members); });
}

// Every quorum of an election to come meets a disk that holds what is committed.
void Judge::CheckDurableOnQuorum(Index index, const Configuration& members) {
  if (IsDurableOnQuorum(index, members)) return;
  std::string holders;
  for (NodeId member : members.Members()) {
    if (IsDurableOn(member, index, members)) holders += ' ' + Str(member);
  }
  Fail("durable on a quorum",
       "entry " + Str(index) + " is committed, and durable on no quorum of " + Describe(members) +
           ", but on" + (holders.empty() ? " none" : holders));
}

}  // namespace synod::sim
