#include "src/sim/judge.h"

#include <algorithm>
#include <utility>

namespace synod::sim {

Judge::Judge(World& world, const Options& options, Counts& counts)
    : world_(world),
      counts_(counts),
      founders_(options.nodes),
      nodes_(options.nodes + options.spares + 1),
      changes_{{.since = {}, .members = Shared(options.Founders())}} {}

void Judge::Fail(std::string_view rule, std::string what) {
  if (violation_) return;
  violation_ = Violation{.rule = std::string(rule),
                         .what = std::move(what),
                         .when = world_.Now(),
                         .event = world_.events()};
}

void Judge::Finish() {
  if (complaint_.IsZero()) return;
  Fail("no message is invalid", Name(complaint_) + " was sent what no correct node sends");
}

void Judge::OnTurn(NodeId node, const Moment& moment, const Raft& core) {
  Node& self = At(node);
  self.life = moment.life;
  self.is_up = true;
  if (core.term() < self.term) {
    Fail("term monotony", "the term of " + Name(node) + " falls from " + Str(self.term));
  }
  if (core.term() == self.term && !self.vote.IsZero() && core.vote() != self.vote) {
    Fail("one vote a term", Name(node) + " has voted in term " + Str(core.term()) + " for " +
                                Str(self.vote) + ", and takes it for " + Str(core.vote()));
  }
  CheckInForce(node, self, core);
  CheckToldReads(node, self, core.configuration());
  CheckCandidacy(node, self, core);
  CheckUpToDate(node, self, core);
  Listen(node, self, core);
  if (core.term() != self.term) world_.Note(Story::What::kEnters, node, core.term().value());
  self.term = core.term();
  self.vote = core.vote();
  CheckOwnDisk(node, self, core);
  // A replaced disk is told of what its predecessor had.
  if (core.counters().invalid_messages > 0 && self.own == self.first) complaint_ = node;
  if (self.is_told && !moment.is_stopped) {
    Fail("a replaced disk stops (M3)",
         Name(node) + " goes on, though others have told it that they know another disk of it");
  }
  if (core.IsLeader() && self.led != core.term()) CheckNewLeader(node, self, core, moment.now);
  CheckLogBound(node, self, core);
  if (core.commit() != self.commit) CheckCommit(node, self, core);
  NoteInForce(self, core.configuration(), moment.now);
  CheckChange(node, self, core);
  CheckToldChange(node, self);
  CheckReadBound(node, core);
  if (!core.IsLeader()) return;
  CheckProgress(node, self, core);
  CheckBounds(node, core);
  if (moment.leads && self.raft.check_quorum) CheckHearsQuorum(node, self, core, moment.now);
}

void Judge::CheckNewLeader(NodeId node, Node& self, const Raft& core, Instant now) {
  self.led = core.term();
  world_.Note(Story::What::kLeads, node, core.term().value(), core.log().last().value());
  self.led_since = now;
  self.joined.clear();
  ++counts_.elections;
  const auto [leader, is_new] = leaders_.try_emplace(core.term(), std::pair(node, self.life));
  if (!is_new && leader->second != std::pair(node, self.life)) {
    Fail("election safety",
         Name(leader->second.first) + " and " + Name(node) + " both lead term " + Str(core.term()));
  }
  const Configuration& members = core.configuration();
  const bool is_elected = IsQuorum(Phase::kElection, members, [&](NodeId voter) {
    const auto vote = votes_.find({Recorded(voter, members), core.term()});
    return vote != votes_.end() && vote->second.candidate == node &&
           (vote->second.disk.IsZero() || vote->second.disk == self.own);
  });
  if (!is_elected) {
    Fail("elected by a quorum", Name(node) + " leads term " + Str(core.term()) +
                                    " without the votes of a quorum of " + Describe(members));
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
      if (entry.kind == EntryKind::kConfiguration) NoteCommitted(entry);
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
  CheckCommittedBy(self, core.configuration());
}

// I5: what a node takes for durable is.
void Judge::CheckOwnDisk(NodeId node, const Node& self, const Raft& core) {
  const Index durable = core.log().durable();
  const auto here = core.log().TermAt(durable);
  const auto there = self.durable.TermAt(durable);
  if (durable > core.log().last() || !self.durable.Covers(durable) ||
      (here && there && *here != *there)) {
    Fail("own log is durable (I5)", Name(node) + " takes its log for durable up to " +
                                        Str(durable) + ", and its disk ends at " +
                                        Str(self.durable.last()));
  }
}

// I5, I6, I9: what a leader takes for replicated is durable there and equal: on the disk that
// counts, though it may be lost.
void Judge::CheckProgress(NodeId node, Node& self, const Raft& core) {
  for (const Progress& peer : core.progress()) {
    CheckMatch(node, self, peer, core.term());
    if (peer.next <= peer.match) {
      Fail("next is above match", Name(node) + " is about to send " + Name(peer.node) + " entry " +
                                      Str(peer.next) + " again, which it has");
    }
    if (peer.match.IsZero()) continue;
    const Incarnation incarnation = Recorded(peer.node, core.configuration());
    const auto acked = acks_.find({incarnation, node, peer.epoch});
    if (acked == acks_.end() || acked->second.term != core.term() ||
        acked->second.index < peer.match) {
      Fail("match is acked (I9)", Name(node) + " takes " + Str(peer.match) + " for replicated to " +
                                      Name(peer.node) + ", which has not said so in term " +
                                      Str(core.term()));
    }
    const ShadowLog& disk = DiskOf(peer.node, incarnation);
    if (disk.hard_state.term > core.term()) continue;
    const auto here = core.log().TermAt(peer.match);
    const auto there = disk.TermAt(peer.match);
    if (!disk.Covers(peer.match) || (here && there && *here != *there)) {
      Fail("match is durable (I5)", Name(node) + " takes " + Str(peer.match) +
                                        " for replicated to " + Name(peer.node) +
                                        ", whose disk does not hold it");
    }
  }
}

// R4: what a peer has acked to a leader it has for as long as it is this member and that one leads.
void Judge::CheckMatch(NodeId node, Node& self, const Progress& peer, Term term) {
  Match& known = self.matches[peer.node];
  if (known.term == term && known.epoch == peer.epoch && peer.match < known.index) {
    Fail("match monotony (R4)", Name(node) + " takes " + Str(peer.match) + " for replicated to " +
                                    Name(peer.node) + " after " + Str(known.index));
  }
  known = {.term = term, .epoch = peer.epoch, .index = peer.match};
}

void Judge::OnStart(NodeId node, const EngineOptions& raft, size_t max_pending_requests) {
  At(node).raft = raft;
  At(node).max_pending_requests = max_pending_requests;
}

// X3: nothing grows without bound. What is refused has been told so by then.
void Judge::OnTurnEnd(NodeId node, size_t pending_requests) {
  if (pending_requests <= At(node).max_pending_requests) return;
  Fail("bounded requests", Name(node) + " has taken " + std::to_string(pending_requests) +
                               " requests that have not ended");
}

void Judge::CheckReadBound(NodeId node, const Raft& core) {
  if (core.pending_reads() <= At(node).raft.max_pending_reads) return;
  Fail("bounded reads", Name(node) + " has taken " + std::to_string(core.pending_reads()) +
                            " reads that wait for a quorum");
}

// A leader takes a command of its own only while its log has room for it. A follower takes any that
// an append brings, but none while its log has no room: unless there was nothing that a snapshot
// could have taken from it, as of what was committed when the turn began. What is there already,
// and what is no command, costs nothing.
void Judge::CheckLogBound(NodeId node, Node& self, const Raft& core) {
  const RaftLog& log = core.log();
  const std::optional<size_t> before = std::exchange(self.log_bytes, log.bytes());
  size_t bytes = log.bytes();  // Up to the newest command; of a leader, of its own.
  for (Index index = log.last(); index >= log.first(); index = index - 1) {
    const Entry& entry = log.At(index);
    if (core.IsLeader() && entry.term != core.term()) return;
    if (entry.kind == EntryKind::kCommand) break;
    bytes -= entry.Bytes();
  }
  size_t most = self.raft.max_log_bytes;
  if (!core.IsLeader()) {
    const bool could_compact = self.commit > core.snapshot_index() && self.commit <= log.last() &&
                               core.MaySnapshotAt(self.commit);
    if (!before || !could_compact) return;
    const size_t append =
        std::max(self.raft.max_append_bytes, self.raft.max_entry_bytes + Entry::kHeaderBytes);
    most = std::max(most + append, *before);
  }
  if (bytes > most) {
    Fail("bounded log", Name(node) + " has taken commands until its log had " +
                            std::to_string(bytes) + " bytes, of " +
                            std::to_string(self.raft.max_log_bytes) + " that it may");
  }
}

void Judge::CheckBounds(NodeId node, const Raft& core) {
  const EngineOptions& raft = At(node).raft;
  for (const Progress& peer : core.progress()) {
    if (peer.inflight.empty()) continue;
    // The last append is sent while there is any room.
    if (peer.inflight.size() > raft.max_inflight_appends ||
        peer.inflight_bytes - peer.inflight.back().bytes >= raft.max_inflight_bytes) {
      Fail("bounded appends", Name(node) + " has " + std::to_string(peer.inflight.size()) +
                                  " appends of " + std::to_string(peer.inflight_bytes) +
                                  " bytes under way to " + Name(peer.node));
    }
  }
  size_t uncommitted = 0;
  for (Index index = core.log().last(); index > core.commit(); index = index - 1) {
    const Entry& entry = core.log().At(index);
    if (entry.term != core.term()) break;
    if (entry.kind == EntryKind::kCommand) uncommitted += entry.Bytes();
  }
  if (uncommitted > raft.max_uncommitted_bytes) {
    Fail("bounded proposals", Name(node) + " has taken " + std::to_string(uncommitted) +
                                  " bytes that wait for a quorum");
  }
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
  if (index > self.commit) {
    Fail("applied is committed", Name(node) + " applies " + Str(index) +
                                     ", and knows of none that is committed behind " +
                                     Str(self.commit));
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

void Judge::OnState(NodeId node, Index index, std::string_view digest, bool is_restored) {
  Node& self = At(node);
  if (is_restored) {
    ++counts_.restores;
    if (index < self.applied) {
      Fail("applied monotony",
           Name(node) + " restores " + Str(index) + " after " + Str(self.applied));
    }
    if (index > self.durable.snapshot.index) {
      Fail("restored is installed", Name(node) + " restores " + Str(index) +
                                        ", and its snapshot is of " +
                                        Str(self.durable.snapshot.index));
    }
    self.applied = index;
  }
  if (states_.Note(node, index, digest)) {
    self.equal = index;
    return;
  }
  const States::Seen& first = *states_.At(index);
  // Of a node that was looked at twice, its own state was the first there.
  const std::string other = first.node == node ? "itself" : Name(first.node);
  std::string what = Name(node) + " is in another state at " + Str(index) + " than " + other +
                     " was" + (is_restored ? ", after a snapshot" : "");
  if (first.text) what += Difference(Name(node), digest, other, *first.text);
  what += is_restored ? "\n    the snapshot was taken in the right state: it lacks something, or"
                        " Restore does not bring it back"
                      : CommandsBetween(self.equal, index);
  Fail("equal states", std::move(what));
}

// As many as are between two looks at the state at most.
std::string Judge::CommandsBetween(Index after, Index last) const {
  constexpr size_t kMost = 64;
  std::deque<std::string> lines;
  Index index = last;
  for (; index > after && lines.size() < kMost; index = index - 1) {
    if (!IsCommand(index)) continue;
    lines.push_front("\n      " + Str(index) + ": " + Excerpt(CommandAt(index)));
  }
  std::string text = "\n    commands applied since the states were equal at " + Str(after) +
                     (index > after ? ", the last of them" : "");
  for (const std::string& line : lines) text += line;
  return text;
}

}  // namespace synod::sim
