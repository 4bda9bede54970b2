// What the judge knows of the nodes' disks: what was written, what is durable, and what a new life
// must find.
#include <algorithm>

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

void Judge::Perform(NodeId node, ShadowLog& log, const Persist& persist) {
  if (persist.hard_state) {
    if (persist.hard_state->term < log.hard_state.term) {
      Fail("term monotony", Name(node) + " writes term " + Str(persist.hard_state->term) +
                                " after " + Str(log.hard_state.term));
    }
    log.hard_state = *persist.hard_state;
  }
  if (persist.snapshot) {
    const SnapshotMeta& meta = persist.snapshot->meta;
    if (meta.index > committed() || meta.index.IsZero()) {
      Fail("committed prefix",
           Name(node) + " installs a snapshot of " + Str(meta.index) + ", which is not committed");
      return;
    }
    if (meta.term != committed_[meta.index.value() - 1].term) {
      Fail("committed prefix", Name(node) + " installs a snapshot of " + Str(meta.index) +
                                   " of term " + Str(meta.term) +
                                   ", and committed is one of term " +
                                   Str(committed_[meta.index.value() - 1].term));
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
    if (persist.snapshot->resets_log) {
      log.changes = {{.since = meta.index, .members = MembersAt(meta.index)}};
      log.slots.clear();
      log.base = meta.index;
      log.base_term = meta.term;
      log.base_chain = ChainAt(meta.index);
    }
  }
  if (persist.truncate_from) {
    while (log.last() >= *persist.truncate_from && !log.slots.empty()) log.slots.pop_back();
    while (log.changes.back().since > log.last()) log.changes.pop_back();
  }
  if (persist.compact_to) {
    if (*persist.compact_to > log.snapshot.index) {
      Fail("snapshot before compaction", Name(node) + " compacts to " + Str(*persist.compact_to) +
                                             ", and its snapshot is of " + Str(log.snapshot.index));
    }
    while (log.base < *persist.compact_to && !log.slots.empty()) {
      ++log.base;
      log.base_term = log.slots.front().term;
      log.base_chain = log.slots.front().chain;
      log.slots.pop_front();
    }
  }
  for (const Entry& entry : persist.entries) {
    if (entry.index != log.last() + 1) {
      Fail("no gaps", Name(node) + " appends " + Str(entry.index) + " after " + Str(log.last()));
      return;
    }
    const uint64_t chain = Chained(log.ChainAt(log.last()), entry);
    log.slots.push_back({.term = entry.term, .chain = chain});
    if (entry.kind == EntryKind::kConfiguration) NoteChange(node, log, entry);
  }
}

// Raft §5.3, log matching: of one index and term there is one entry, behind one log.
void Judge::CheckMatching(NodeId node, const ShadowLog& log, const Persist& persist) {
  for (const Entry& entry : persist.entries) {
    if (!log.Holds(entry.index)) continue;
    const auto [known, is_new] = chains_.try_emplace(
        std::pair(entry.index.value(), entry.term.value()), log.ChainAt(entry.index));
    if (!is_new && known->second != log.ChainAt(entry.index)) {
      Fail("log matching", Name(node) + " has another log up to entry " + Str(entry.index) +
                               " of term " + Str(entry.term) + " than others have");
    }
  }
}

void Judge::OnWrite(NodeId node, const Persist& persist) {
  Node& self = At(node);
  if (persist.truncate_from) {
    ++counts_.truncations;
    world_.Note(Story::What::kTruncates, node, persist.truncate_from->value());
  }
  if (persist.snapshot) {
    ++counts_.snapshots;
    if (persist.snapshot->resets_log) {
      world_.Note(Story::What::kInstalls, node, persist.snapshot->meta.index.value());
    }
  }
  if (persist.truncate_from && *persist.truncate_from <= self.commit) {
    Fail("committed prefix", Name(node) + " truncates from " + Str(*persist.truncate_from) +
                                 ", and has committed " + Str(self.commit));
  }
  Perform(node, self.latest, persist);
  CheckMatching(node, self.latest, persist);
  self.under_way.push_back(persist);
  CheckBoundedWrites(node);
}

// Of a leader: what it has proposed itself, and its disk has not written.
void Judge::CheckBoundedWrites(NodeId node) {
  const Node& self = At(node);
  const Term term = self.latest.hard_state.term;
  const auto leader = leaders_.find(term);
  if (leader == leaders_.end() || leader->second.first != node) return;
  size_t bytes = 0;
  for (auto write = self.under_way.rbegin(); write != self.under_way.rend(); ++write) {
    for (const Entry& entry : write->entries) {
      if (entry.term == term && entry.kind == EntryKind::kCommand) bytes += entry.Bytes();
    }
  }
  if (bytes > self.raft.max_uncommitted_bytes) {
    Fail("bounded writes", Name(node) + " has taken " + std::to_string(bytes) +
                               " bytes that its disk has not written");
  }
}

void Judge::OnDurable(NodeId node) {
  Node& self = At(node);
  if (self.under_way.empty()) return;
  const Term since = self.durable.hard_state.term;
  FinishWrite(node);
  const ShadowLog& disk = self.durable;
  world_.Mix(Mixed(disk.ChainAt(disk.last()), disk.last().value()));
  world_.Mix(Mixed(disk.hard_state.term.value(), disk.hard_state.vote.value()));
  NoteReach(self, since);
  const HardState& hard = self.durable.hard_state;
  CheckOneVote(node, {.candidate = hard.vote, .disk = hard.vote_incarnation}, hard.term);
}

// What the oldest write under way takes of the committed log from the disk must be left on enough
// others (I5).
void Judge::FinishWrite(NodeId node) {
  Node& self = At(node);
  const Persist persist = std::move(self.under_way.front());
  self.under_way.pop_front();
  const bool takes_away = persist.truncate_from || persist.snapshot;
  const Index held = takes_away ? LastHeld(self.durable) : Index();
  Perform(node, self.durable, persist);
  if (!HoldsCommitted(self.durable, held)) CheckDurableOnQuorum(held, *MembersAt(committed()));
}

// One write may end several terms: what was acked in each of them is durable with it.
void Judge::NoteReach(Node& self, Term since) {
  const ShadowLog& log = self.durable;
  for (Term term = std::max(since, log.end().term); term <= log.hard_state.term; ++term) {
    Index& reached = self.reached[term];
    reached = std::max({reached, log.last(), log.snapshot.index});
  }
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
  self.is_damaged = false;
  NoteReach(self, self.durable.hard_state.term);
  CheckOneVote(node,
               {.candidate = state.hard_state.vote, .disk = state.hard_state.vote_incarnation},
               state.hard_state.term);
  self.latest = self.durable;
  self.in_force = self.latest.changes.back().members;
  self.checked_change = self.latest.changes.back().since;
  self.joined.clear();
  self.matches.clear();
  self.log_bytes.reset();
  self.told_reads.clear();
  self.commit = self.applied = self.equal = Index();
  self.led = Term();
  self.term = state.hard_state.term;
  self.leader = NodeId();
  self.is_up = self.is_told = false;
  self.word = {};
  self.vote = state.hard_state.vote;
  self.answers.clear();
  self.round = {};
  self.reads.clear();
  self.turn = {};
  world_.Note(Story::What::kStarts, node, self.durable.last().value(), self.term.value());
}

// By chains: if it holds that entry, it holds all before it.
bool Judge::HoldsCommitted(const ShadowLog& disk, Index index) const {
  return index <= disk.snapshot.index ||
         (disk.Holds(index) && disk.ChainAt(index) == ChainAt(index));
}

Index Judge::LastHeld(const ShadowLog& disk) const {
  Index index = std::min(committed(), disk.last());
  while (disk.Holds(index) && !HoldsCommitted(disk, index)) index = index - 1;
  return std::max(index, disk.snapshot.index);
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
  return IsQuorum(Phase::kCommit, members,
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
