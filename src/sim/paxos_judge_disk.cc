// What Multi-Paxos demands of an acceptor's disk: a log of accepts, in ballots that never fall, of
// which nothing is forgotten that no snapshot stands for.
#include <algorithm>
#include <numeric>
#include <optional>

#include "synod/core/configuration_codec.h"
#include "synod/paxos/accept_log.h"

#include "src/sim/paxos_judge.h"

namespace synod::sim {

void PaxosJudge::Perform(NodeId node, ShadowLog& log, const Persist& persist) {
  accepts_.clear();
  const Ballot bound = ReignOf(log.hard_state);
  PerformHardState(node, log, persist);
  if (!PerformSnapshot(node, log, persist)) return;
  if (persist.truncate_from || (persist.snapshot && persist.snapshot->resets_log)) {
    Fail("nothing accepted is forgotten", Name(node) + " truncates its log of accepts");
    return;
  }
  for (const Entry& entry : persist.entries) PerformEntry(node, log, entry, bound);
  PerformCompaction(node, log, persist);
}

void PaxosJudge::PerformEntry(NodeId node, ShadowLog& log, const Entry& entry,
                              const Ballot& bound) {
  if (entry.index != log.last() + 1) {
    Fail("no gaps", Name(node) + " appends " + Str(entry.index) + " after " + Str(log.last()));
    return;
  }
  log.slots.push_back({.term = entry.term, .chain = Chained(log.ChainAt(log.last()), entry)});
  if (entry.kind == EntryKind::kMark) return PerformMark(node, log, entry);
  const Index slot = log.next_slot;
  ++log.next_slot;
  const Ballot promised = ReignOf(log.hard_state);
  if (log.ballot < bound) {
    Fail("no accept below the promise", Name(node) + " accepts in slot " + Str(slot) + " in " +
                                            Name(log.ballot) + " after its promise of " +
                                            Name(bound));
  }
  if (log.ballot > promised || entry.term != log.ballot.round) {
    Fail("no accept above the promise", Name(node) + " accepts in slot " + Str(slot) + " in " +
                                            Name(log.ballot) + ", and has promised " +
                                            Name(promised));
  }
  accepts_.push_back({.slot = slot,
                      .ballot = log.ballot,
                      .value = ValueOf(entry),
                      .bytes = entry.kind == EntryKind::kCommand ? entry.Bytes() : 0});
  std::erase_if(log.changes, [&](const ShadowLog::InForce& change) {
    return change.since == slot && !slot.IsZero();
  });
  if (entry.kind == EntryKind::kConfiguration) {
    Entry in_slot = entry;
    in_slot.index = slot;
    NoteChange(node, log, in_slot);
  }
  if (slot <= log.snapshot.index) return;
  log.accepted[slot] = {
      .ballot = log.ballot, .value = accepts_.back().value, .position = entry.index};
  // Before a higher ballot takes the place of what was accepted in this one.
  if (&log == &At(node).durable) Reach(At(node), log.ballot);
}

void PaxosJudge::PerformMark(NodeId node, ShadowLog& log, const Entry& entry) {
  const std::optional<Mark> mark = DecodeMark(entry.term, entry.payload.view());
  if (!mark) {
    Fail("a mark can be read", Name(node) + " writes a mark that is none");
    return;
  }
  if (mark->ballot < log.ballot) {
    Fail("ballots never fall along the log",
         Name(node) + " goes on in " + Name(mark->ballot) + " after " + Name(log.ballot));
  }
  for (Index slot = log.chosen + 1; slot <= std::min(mark->chosen, committed()); ++slot) {
    if (HoldsCommitted(log, slot)) continue;
    Fail("what is noted as chosen is held",
         Name(node) + " notes that slot " + Str(slot) + " is chosen, and does not have what is");
  }
  log.ballot = mark->ballot;
  log.next_slot = mark->slot;
  log.chosen = std::max(log.chosen, mark->chosen);
}

void PaxosJudge::PerformCompaction(NodeId node, ShadowLog& log, const Persist& persist) {
  log.accepted.erase(log.accepted.begin(), log.accepted.upper_bound(log.snapshot.index));
  if (!persist.compact_to) return;
  for (const auto& [slot, accepted] : log.accepted) {
    if (accepted.position > *persist.compact_to) continue;
    Fail("nothing accepted is forgotten", Name(node) + " drops what it has accepted in slot " +
                                              Str(slot) + ", and its snapshot is of " +
                                              Str(log.snapshot.index));
    return;
  }
  while (log.base < *persist.compact_to && !log.slots.empty()) {
    ++log.base;
    log.base_term = log.slots.front().term;
    log.base_chain = log.slots.front().chain;
    log.slots.pop_front();
  }
}

void PaxosJudge::CheckWrite(NodeId node, Node& self, const Persist& /*persist*/) {
  size_t& bytes = self.proposed_bytes.emplace_back();
  for (const Accept& accept : accepts_) {
    if (accept.ballot.node == node && accept.ballot.incarnation == self.own) {
      Propose(node, accept.slot, accept.ballot, accept.value);
      if (IsFirst(accept.slot, accept.ballot)) bytes += accept.bytes;
      continue;
    }
    const Proposed* const proposed = FindProposed(accept.slot, accept.ballot);
    if (proposed != nullptr && proposed->value == accept.value) continue;
    Fail("what is accepted was proposed", Name(node) + " accepts in slot " + Str(accept.slot) +
                                              " what was not proposed in " + Name(accept.ballot));
  }
  CheckBoundedWrites(node, self);
}

void PaxosJudge::CheckBoundedWrites(NodeId node, const Node& self) {
  const std::deque<size_t>& writes = self.proposed_bytes;
  const size_t bytes = std::accumulate(writes.begin(), writes.end(), size_t{0});
  if (bytes <= self.engine.max_uncommitted_bytes) return;
  Fail("bounded writes",
       Name(node) + " has taken " + std::to_string(bytes) + " bytes that its disk has not written");
}

void PaxosJudge::CheckDurable(NodeId /*node*/, Node& self, const Reign& /*before*/) {
  Reach(self, ReignOf(self.durable.hard_state));
}

void PaxosJudge::CheckLoad(NodeId node, Node& self) {
  Reach(self, ReignOf(self.durable.hard_state));
  fresh_[node].clear();
}

void PaxosJudge::FinishWrite(NodeId node) {
  Node& self = At(node);
  const Persist persist = std::move(self.under_way.front());
  self.under_way.pop_front();
  self.proposed_bytes.pop_front();
  Perform(node, self.durable, persist);
  for (const Accept& accept : accepts_) {
    Proposed* const proposed = FindProposed(accept.slot, accept.ballot);
    if (proposed != nullptr) proposed->accepted_by.push_back(self.own);
    // What is chosen, and has gone from this disk by that, must be left on enough others (I5).
    // Those who govern by now may not have it all yet, and those who chose it not any more.
    const bool takes_away =
        accept.slot <= committed() && accept.value != committed_[accept.slot.value() - 1].value;
    if (!takes_away || IsDurableOnQuorum(accept.slot, *changes_.back().members)) continue;
    CheckDurableOnQuorum(accept.slot, *Governing(accept.slot).members);
  }
}

bool PaxosJudge::HoldsCommitted(const ShadowLog& disk, Index index) const {
  if (index <= disk.snapshot.index) return true;
  const auto accepted = disk.accepted.find(index);
  return accepted != disk.accepted.end() &&
         accepted->second.value == committed_[index.value() - 1].value;
}

Index PaxosJudge::Reach(Node& self, const Ballot& ballot) {
  const ShadowLog& disk = self.durable;
  Index& reached = self.reached[ballot];
  reached = std::max({reached, disk.snapshot.index, disk.chosen});
  while (true) {
    const auto accepted = disk.accepted.find(reached + 1);
    if (accepted == disk.accepted.end()) return reached;
    const bool is_of_ballot = accepted->second.ballot == ballot;
    if (!is_of_ballot && !(reached < committed() && HoldsCommitted(disk, reached + 1))) {
      return reached;
    }
    ++reached;
  }
}

}  // namespace synod::sim
