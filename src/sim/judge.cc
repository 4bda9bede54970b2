#include "src/sim/judge.h"

#include <algorithm>

namespace synod::sim {
namespace {

std::string Str(auto id) { return std::to_string(id.value()); }

}  // namespace

Judge::Judge(World& world, size_t nodes, Counts& counts)
    : world_(world), counts_(counts), voters_(nodes), nodes_(nodes + 1) {}

void Judge::Fail(std::string_view rule, std::string what) {
  if (violation_) return;
  violation_ = Violation{.rule = std::string(rule),
                         .what = std::move(what),
                         .when = world_.Now(),
                         .event = world_.events()};
}

// --- A node's disk ---

void Judge::OnBootstrap(NodeId node) {
  const bool was_lost = At(node).is_lost;
  At(node) = Node();
  At(node).is_lost = was_lost;
}

void Judge::OnLost(NodeId node) { At(node).is_lost = true; }

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
    if (meta.index > committed()) {
      Fail("committed prefix",
           Name(node) + " installs a snapshot of " + Str(meta.index) + ", which is not committed");
      return;
    }
    if (meta.index < log.snapshot) {
      Fail("snapshot order", Name(node) + " installs a snapshot of " + Str(meta.index) +
                                 " in place of one of " + Str(log.snapshot));
    }
    log.snapshot = meta.index;
    if (persist.snapshot->resets_log) {
      log.slots.clear();
      log.base = meta.index;
      log.base_term = meta.term;
      log.base_chain = ChainAt(meta.index);
    }
  }
  if (persist.truncate_from) {
    while (log.last() >= *persist.truncate_from && !log.slots.empty()) log.slots.pop_back();
  }
  if (persist.compact_to) {
    if (*persist.compact_to > log.snapshot) {
      Fail("snapshot before compaction", Name(node) + " compacts to " + Str(*persist.compact_to) +
                                             ", and its snapshot is of " + Str(log.snapshot));
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
}

void Judge::OnDurable(NodeId node) {
  Node& self = At(node);
  if (self.under_way.empty()) return;
  Perform(node, self.durable, self.under_way.front());
  self.under_way.pop_front();
  NoteReach(self);
  CheckOneVote(node, self.durable.hard_state.vote, self.durable.hard_state.term);
}

void Judge::NoteReach(Node& self) {
  Index& reached = self.reached[self.durable.hard_state.term];
  reached = std::max({reached, self.durable.last(), self.durable.snapshot});
}

bool Judge::IsEqual(const ShadowLog& log, const DurableState& state) const {
  if (!(log.hard_state == state.hard_state) || log.snapshot != state.snapshot.index) return false;
  const Index base =
      state.entries.empty() ? std::max(log.base, Index()) : state.entries.front().index - 1;
  if (base != log.base || log.slots.size() != state.entries.size()) return false;
  uint64_t chain = log.base_chain;
  for (size_t i = 0; i < state.entries.size(); ++i) {
    chain = Chained(chain, state.entries[i]);
    if (chain != log.slots[i].chain || state.entries[i].term != log.slots[i].term) return false;
  }
  return true;
}

void Judge::OnLoad(NodeId node, const DurableState& state) {
  Node& self = At(node);
  size_t kept = 0;
  const size_t under_way = self.under_way.size();
  while (!IsEqual(self.durable, state)) {
    if (self.under_way.empty()) {
      Fail("durability",
           Name(node) + " comes back in a state that is not what was durable, with any of the " +
               std::to_string(under_way) + " writes that were under way: its log ends at " +
               Str(state.entries.empty() ? state.snapshot.index : state.entries.back().index) +
               " in term " + Str(state.hard_state.term) + ", and should at " +
               Str(self.durable.last()) + " in term " + Str(self.durable.hard_state.term));
      break;
    }
    Perform(node, self.durable, self.under_way.front());
    self.under_way.pop_front();
    ++kept;
  }
  if (kept > 0) ++counts_.writes_kept_by_chance;
  if (kept < under_way) ++counts_.writes_lost;
  self.under_way.clear();
  NoteReach(self);
  self.latest = self.durable;
  self.commit = self.applied = Index();
  self.led = Term();
  self.term = state.hard_state.term;
  world_.Note(Story::What::kStarts, node, self.durable.last().value(), self.term.value());
}

// --- What a node does ---

void Judge::OnSend(const Message& message) {
  const Node& self = At(message.from);
  const HardState& durable = self.durable.hard_state;
  if (const auto* reply = std::get_if<AppendReply>(&message.body)) {
    if (reply->status == AppendReply::Status::kAccepted) CheckAck(message, *reply);
  } else if (const auto* vote = std::get_if<VoteReply>(&message.body)) {
    if (vote->granted) CheckVote(message.from, message.to, message.term);
  } else if (std::holds_alternative<VoteRequest>(message.body)) {
    CheckVote(message.from, message.from, message.term);
  } else if (const auto* append = std::get_if<AppendRequest>(&message.body)) {
    if (append->commit > append->prev_index + append->entries.size()) {
      Fail("commit within the append (I7)",
           Name(message.from) + " tells of commit " + Str(append->commit) + " beyond its append");
    }
    // A leader that restarts must not have forgotten that it led (E12).
    if (durable.term < message.term ||
        (durable.term == message.term && durable.vote != message.from)) {
      Fail("persist before send", Name(message.from) + " leads term " + Str(message.term) +
                                      ", and its disk does not know that it voted for itself");
    }
  }
}

// I5: what is acked is durable. I6: and equal to the leader's log.
void Judge::CheckAck(const Message& message, const AppendReply& reply) {
  const Node& self = At(message.from);
  const ShadowLog& disk = self.durable;
  if (disk.hard_state.term > message.term) {
    // It says what was so when that term ended for it; others may know better by now.
    const auto reached = self.reached.find(message.term);
    if (reached != self.reached.end() && reached->second >= reply.index) return;
  }
  if (!disk.Covers(reply.index) || disk.hard_state.term < message.term) {
    Fail("ack after sync (I5)", Name(message.from) + " acks " + Str(reply.index) + " in term " +
                                    Str(message.term) + ", and its disk ends at " +
                                    Str(disk.last()) + " in term " + Str(disk.hard_state.term));
    return;
  }
  if (disk.hard_state.term != message.term) return;
  const Node& leader = At(message.to);
  if (leader.led != message.term) return;
  const auto here = disk.TermAt(reply.index);
  const auto there = leader.latest.TermAt(reply.index);
  if (here && there && *here != *there) {
    Fail("ack of an equal log (I6)", Name(message.from) + " acks " + Str(reply.index) +
                                         ", where it has an entry of term " + Str(*here) +
                                         " and the leader of term " + Str(*there));
  }
}

// Raft §5.1: a vote leaves when it cannot be forgotten any more. §5.2: one a term.
void Judge::CheckVote(NodeId node, NodeId candidate, Term term) {
  if (candidate == node) {
    world_.Note(Story::What::kCampaigns, node, term.value());
  } else {
    world_.Note(Story::What::kVotes, node, term.value(), candidate.value());
  }
  const HardState& durable = At(node).durable.hard_state;
  // A later term in the same write forbids another vote in this one just as well.
  if (durable.term < term || (durable.term == term && durable.vote != candidate)) {
    Fail("vote after sync (I3)", Name(node) + " votes for " + Str(candidate) + " in term " +
                                     Str(term) + ", and its disk does not know it");
  }
  CheckOneVote(node, candidate, term);
}

void Judge::CheckOneVote(NodeId node, NodeId candidate, Term term) {
  if (candidate.IsZero()) return;
  const auto [vote, is_new] = votes_.try_emplace({node, term}, candidate);
  if (!is_new && vote->second != candidate && !At(node).is_lost) {
    Fail("one vote a term", Name(node) + " votes in term " + Str(term) + " for " +
                                Str(vote->second) + " and for " + Str(candidate));
  }
}

void Judge::OnTurn(NodeId node, uint64_t life, const Raft& core) {
  Node& self = At(node);
  self.life = life;
  if (core.term() < self.term && !self.is_lost) {
    Fail("term monotony", "the term of " + Name(node) + " falls from " + Str(self.term));
  }
  if (core.term() != self.term) world_.Note(Story::What::kEnters, node, core.term().value());
  self.term = core.term();
  if (core.IsLeader() && self.led != core.term()) CheckNewLeader(node, self, core);
  if (core.commit() != self.commit) CheckCommit(node, self, core);
  if (core.IsLeader()) CheckProgress(node, core);
}

void Judge::CheckNewLeader(NodeId node, Node& self, const Raft& core) {
  self.led = core.term();
  world_.Note(Story::What::kLeads, node, core.term().value(), core.log().last().value());
  ++counts_.elections;
  const auto [leader, is_new] = leaders_.try_emplace(core.term(), std::pair(node, self.life));
  if (!is_new && leader->second != std::pair(node, self.life)) {
    Fail("election safety",
         Name(leader->second.first) + " and " + Name(node) + " both lead term " + Str(core.term()));
  }
  // What leaders of later terms have committed in the meantime, it cannot have.
  Index last = committed();
  while (last > Index() && committed_[last.value() - 1].committed_in >= core.term()) {
    last = last - 1;
  }
  if (last.IsZero() || last < core.log().first()) return;
  if (core.log().TermAt(last) != committed_[last.value() - 1].term) {
    Fail("leader completeness", Name(node) + " leads term " + Str(core.term()) + " without entry " +
                                    Str(last) + ", committed in term " +
                                    Str(committed_[last.value() - 1].committed_in));
  }
}

void Judge::CheckCommit(NodeId node, Node& self, const Raft& core) {
  if (core.commit() < self.commit) {
    Fail("commit monotony", "the commit index of " + Name(node) + " falls from " +
                                Str(self.commit) + " to " + Str(core.commit()));
    return;
  }
  if (core.commit() > core.log().last()) {
    Fail("commit within the log", Name(node) + " commits " + Str(core.commit()) +
                                      ", and its log ends at " + Str(core.log().last()));
    return;
  }
  const Index known = committed();
  for (Index index = std::max(self.commit + 1, core.log().first()); index <= core.commit();
       ++index) {
    const Entry& entry = core.log().At(index);
    if (index > committed()) {
      if (index != committed() + 1) {
        Fail("committed prefix",
             Name(node) + " commits " + Str(index) + " right after " + Str(committed()));
        return;
      }
      committed_.push_back({.term = entry.term,
                            .chain = Chained(ChainAt(committed()), entry),
                            .committed_in = core.term(),
                            .kind = entry.kind,
                            .payload = entry.payload});
      ++counts_.committed;
      continue;
    }
    const Decree& decree = committed_[index.value() - 1];
    if (decree.term != entry.term || decree.kind != entry.kind ||
        (decree.payload.view().data() != entry.payload.view().data() &&
         decree.payload.view() != entry.payload.view())) {
      Fail("committed prefix", Name(node) + " commits an entry " + Str(index) + " of term " +
                                   Str(entry.term) + ", and committed is one of term " +
                                   Str(decree.term));
      return;
    }
  }
  self.commit = core.commit();
  if (core.IsLeader()) {
    world_.Note(Story::What::kCommits, node, core.term().value(), core.commit().value());
  }
  if (committed() == known) return;
  // Raft §5.4.2: by counting, a leader commits entries of its own term alone. It may have stepped
  // down since, in the same turn.
  if (committed_.back().term != core.term() && committed_.back().term != self.led) {
    Fail("own-term commit", Name(node) + " commits " + Str(committed()) + " of term " +
                                Str(committed_.back().term) + " in term " + Str(core.term()));
  }
  CheckDurableOnQuorum(committed());
}

// Every quorum of an election to come meets a disk that holds what is committed.
void Judge::CheckDurableOnQuorum(Index index) {
  const Decree& decree = committed_[index.value() - 1];
  size_t holders = 0;
  for (size_t node = 1; node < nodes_.size(); ++node) {
    const ShadowLog& disk = nodes_[node].durable;
    if (nodes_[node].is_lost) {
      ++holders;  // What was on the disk that it had, nobody knows.
    } else if (index <= disk.snapshot ||
               (disk.Holds(index) && disk.ChainAt(index) == decree.chain)) {
      ++holders;
    }
  }
  if (holders <= voters_ / 2) {
    Fail("durable on a quorum", "entry " + Str(index) + " is committed and durable on " +
                                    std::to_string(holders) + " of " + std::to_string(voters_));
  }
}

// I5, I6, I9: what a leader takes for replicated is durable there and equal.
void Judge::CheckProgress(NodeId node, const Raft& core) {
  for (const Progress& peer : core.progress()) {
    const Node& other = At(peer.node);
    if (peer.match.IsZero() || other.is_lost || other.durable.hard_state.term > core.term())
      continue;
    const auto here = core.log().TermAt(peer.match);
    const auto there = other.durable.TermAt(peer.match);
    if (!other.durable.Covers(peer.match) || (here && there && *here != *there)) {
      Fail("match is durable (I5)", Name(node) + " takes " + Str(peer.match) +
                                        " for replicated to " + Name(peer.node) +
                                        ", whose disk does not hold it");
    }
  }
}

bool Judge::AllAreIntroduced() const {
  return std::all_of(nodes_.begin() + 1, nodes_.end(), [this](const Node& node) {
    return node.is_lost || node.durable.hard_state.peers.size() == voters_;
  });
}

void Judge::OnApply(NodeId node, Index index, std::string_view command) {
  Node& self = At(node);
  if (index <= self.applied) {
    Fail("applied monotony", Name(node) + " applies " + Str(index) + " after " + Str(self.applied));
    return;
  }
  if (index > committed() || committed_[index.value() - 1].payload.view() != command) {
    Fail("applied is committed",
         Name(node) + " applies at " + Str(index) + " what is not committed there");
    return;
  }
  for (Index skipped = self.applied + 1; skipped < index; ++skipped) {
    if (committed_[skipped.value() - 1].kind == EntryKind::kCommand) {
      Fail("applied without gaps",
           Name(node) + " applies " + Str(index) + " without " + Str(skipped));
      return;
    }
  }
  self.applied = index;
}

void Judge::OnState(NodeId node, Index index, uint64_t digest, bool is_restored) {
  Node& self = At(node);
  if (is_restored) {
    ++counts_.restores;
    if (index < self.applied) {
      Fail("applied monotony",
           Name(node) + " restores " + Str(index) + " after " + Str(self.applied));
    }
    self.applied = index;
  }
  const auto [known, is_new] = states_.try_emplace(index.value(), digest);
  if (!is_new && known->second != digest) {
    Fail("equal states", Name(node) + " is in another state at " + Str(index) +
                             " than others were" + (is_restored ? ", after a snapshot" : ""));
  }
}

}  // namespace synod::sim
