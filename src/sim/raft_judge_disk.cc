// What Raft demands of disks: a log without gaps that matches all others.
#include <algorithm>

#include "src/sim/raft_judge.h"

namespace synod::sim {

void RaftJudge::Perform(NodeId node, ShadowLog& log, const Persist& persist) {
  PerformHardState(node, log, persist);
  if (!PerformSnapshot(node, log, persist)) return;
  if (persist.snapshot) {
    const SnapshotMeta& meta = persist.snapshot->meta;
    if (meta.term != committed_[meta.index.value() - 1].term) {
      Fail("committed prefix", Name(node) + " installs a snapshot of " + Str(meta.index) +
                                   " of term " + Str(meta.term) +
                                   ", and committed is one of term " +
                                   Str(committed_[meta.index.value() - 1].term));
    }
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
void RaftJudge::CheckMatching(NodeId node, const ShadowLog& log, const Persist& persist) {
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

void RaftJudge::CheckWrite(NodeId node, Node& self, const Persist& persist) {
  if (persist.truncate_from) {
    ++counts_.truncations;
    world_.Note(Story::What::kTruncates, node, persist.truncate_from->value());
  }
  if (persist.truncate_from && *persist.truncate_from <= self.commit) {
    Fail("committed prefix", Name(node) + " truncates from " + Str(*persist.truncate_from) +
                                 ", and has committed " + Str(self.commit));
  }
  CheckMatching(node, self.latest, persist);
  CheckBoundedWrites(node);
}

// Of a leader: what it has proposed itself, and its disk has not written.
void RaftJudge::CheckBoundedWrites(NodeId node) {
  const Node& self = At(node);
  const Term term = self.latest.hard_state.term;
  const auto leader = leaders_.find(ReignOf(term));
  if (leader == leaders_.end() || leader->second.first != node) return;
  size_t bytes = 0;
  for (auto write = self.under_way.rbegin(); write != self.under_way.rend(); ++write) {
    for (const Entry& entry : write->entries) {
      if (entry.term == term && entry.kind == EntryKind::kCommand) bytes += entry.Bytes();
    }
  }
  if (bytes > self.engine.max_uncommitted_bytes) {
    Fail("bounded writes", Name(node) + " has taken " + std::to_string(bytes) +
                               " bytes that its disk has not written");
  }
}

void RaftJudge::CheckDurable(NodeId node, Node& self, const Reign& before) {
  NoteReach(self, before.round);
  const HardState& hard = self.durable.hard_state;
  CheckOneVote(node, {.candidate = hard.vote, .disk = hard.vote_incarnation}, hard.term);
}

// What the oldest write under way takes of the committed log from the disk must be left on enough
// others (I5).
void RaftJudge::FinishWrite(NodeId node) {
  Node& self = At(node);
  const Persist persist = std::move(self.under_way.front());
  self.under_way.pop_front();
  const bool takes_away = persist.truncate_from || persist.snapshot;
  const Index held = takes_away ? LastHeld(self.durable) : Index();
  Perform(node, self.durable, persist);
  if (!HoldsCommitted(self.durable, held)) CheckDurableOnQuorum(held, *MembersAt(committed()));
}

// One write may end several terms: what was acked in each of them is durable with it.
void RaftJudge::NoteReach(Node& self, Term since) {
  const ShadowLog& log = self.durable;
  for (Term term = std::max(since, log.end().term); term <= log.hard_state.term; ++term) {
    Index& reached = self.reached[ReignOf(term)];
    reached = std::max({reached, log.last(), log.snapshot.index});
  }
}

// By chains: if it holds that entry, it holds all before it.
bool RaftJudge::HoldsCommitted(const ShadowLog& disk, Index index) const {
  return index <= disk.snapshot.index ||
         (disk.Holds(index) && disk.ChainAt(index) == ChainAt(index));
}

Index RaftJudge::LastHeld(const ShadowLog& disk) const {
  Index index = std::min(committed(), disk.last());
  while (disk.Holds(index) && !HoldsCommitted(disk, index)) index = index - 1;
  return std::max(index, disk.snapshot.index);
}

}  // namespace synod::sim
