#include "src/sim/judge.h"

#include <algorithm>
#include <utility>

#include "src/sim/paxos_judge.h"
#include "src/sim/raft_judge.h"

namespace synod::sim {

std::unique_ptr<Judge> NewJudge(World& world, const Options& options, Counts& counts) {
  if (options.protocol == Protocol::kRaft) {
    return std::make_unique<RaftJudge>(world, options, counts);
  }
  return std::make_unique<PaxosJudge>(world, options, counts);
}

Judge::Judge(World& world, const Options& options, Counts& counts)
    : world_(world),
      counts_(counts),
      founders_(options.nodes),
      last_node_(options.AllNodes()),
      nodes_(options.AllNodes() + options.acceptors + 1),
      changes_{{.since = {}, .members = Shared(options.Founders())}} {}

std::string Judge::Name(const Reign& reign) {
  if (reign.node.IsZero()) return "term " + Str(reign.round);
  return "ballot " + Str(reign.round) + " of " + Name(reign.node);
}

bool Judge::AreQuorum(Phase phase, const QuorumRule& rule, const std::vector<NodeId>& voters,
                      absl::FunctionRef<bool(NodeId)> has) {
  const uint32_t asked = phase == Phase::kElection ? rule.election : rule.commit;
  const auto all = static_cast<size_t>(std::count_if(voters.begin(), voters.end(), has));
  switch (rule.kind) {
    case QuorumRule::Kind::kMajority:
      return all > voters.size() / 2;
    case QuorumRule::Kind::kFlexible:
      return all >= asked;
    case QuorumRule::Kind::kWeighted: {
      size_t sum = 0;
      for (const QuorumRule::Weight& weight : rule.weights) {
        const bool votes = std::count(voters.begin(), voters.end(), weight.node) > 0;
        if (votes && has(weight.node)) sum += weight.weight;
      }
      return sum >= asked;
    }
    case QuorumRule::Kind::kGrid:
      break;
  }
  // Voters fill the rows in order. A whole row elects, a whole column commits.
  const size_t columns = rule.columns;
  const bool elects = phase == Phase::kElection;
  const size_t lines = elects ? voters.size() / columns : columns;
  for (size_t line = 0; line < lines; ++line) {
    size_t missing = 0;
    for (size_t i = 0; i < voters.size(); ++i) {
      const bool is_in = (elects ? i / columns : i % columns) == line;
      if (is_in && !has(voters[i])) ++missing;
    }
    if (missing == 0) return true;
  }
  return false;
}

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

void Judge::OnTurn(NodeId node, const Moment& moment, const Engine& core) {
  Node& self = At(node);
  self.life = moment.life;
  self.is_up = true;
  const Reign reign = ReignOf(core);
  CheckPromise(node, self, core);
  CheckToldReads(node, self, core.configuration());
  CheckAnsweredReads(node, self, core);
  CheckCandidacy(node, self, core);
  CheckVotes(node, self, core);
  Listen(node, self, core);
  if (reign != self.reign) world_.Note(Story::What::kEnters, node, reign.round.value());
  self.reign = reign;
  self.vote = core.vote();
  CheckOwnDisk(node, self, core);
  // A disk that was bootstrapped in place of another is told of what that had.
  const bool is_legitimate = self.own == self.first || self.joins;
  if (core.counters().invalid_messages > 0 && is_legitimate) complaint_ = node;
  if (self.is_told && !moment.is_stopped) {
    Fail("a replaced disk stops (M3)",
         Name(node) + " goes on, though others have told it that they know another disk of it");
  }
  if (core.IsLeader() && self.led != reign) CheckNewLeader(node, self, core, moment.now);
  CheckLogBound(node, self, core);
  if (core.commit() != self.commit) CheckCommit(node, self, core);
  NoteInForce(self, core.configuration(), moment.now);
  CheckMembers(node, self, core);
  CheckToldChange(node, self);
  CheckReadBound(node, core);
  if (!core.IsLeader()) return;
  CheckProgress(node, self, core);
  CheckBounds(node, core);
  if (moment.leads && self.engine.check_quorum) CheckHearsQuorum(node, self, core, moment.now);
}

void Judge::CheckNewLeader(NodeId node, Node& self, const Engine& core, Instant now) {
  self.led = ReignOf(core);
  world_.Note(Story::What::kLeads, node, core.term().value(), core.extent().last.value());
  self.led_since = now;
  self.joined.clear();
  ++counts_.elections;
  const auto [leader, is_new] = leaders_.try_emplace(self.led, std::pair(node, self.life));
  if (!is_new && leader->second != std::pair(node, self.life)) {
    Fail("election safety",
         Name(leader->second.first) + " and " + Name(node) + " both lead " + Name(self.led));
  }
  CheckElected(node, self, core);
}

void Judge::CheckCommit(NodeId node, Node& self, const Engine& core) {
  if (core.commit() < self.commit) {
    Fail("commit monotony", "the commit index of " + Name(node) + " falls from " +
                                Str(self.commit) + " to " + Str(core.commit()));
    return;
  }
  const LogExtent log = core.extent();
  if (core.commit() > log.last) {
    Fail("commit within the log",
         Name(node) + " commits " + Str(core.commit()) + ", and its log ends at " + Str(log.last));
    return;
  }
  const Index known = committed();
  for (Index index = std::max(self.commit + 1, log.first); index <= core.commit(); ++index) {
    const Entry& entry = core.EntryAt(index);
    if (index > committed()) {
      if (index != committed() + 1) {
        Fail("committed prefix",
             Name(node) + " commits " + Str(index) + " right after " + Str(committed()));
        return;
      }
      committed_.push_back(Commit(node, entry, core));
      if (entry.kind == EntryKind::kConfiguration) NoteCommitted(entry);
      ++counts_.committed;
      continue;
    }
    const Decree& decree = committed_[index.value() - 1];
    if (!IsSame(decree, entry)) {
      Fail("committed prefix", Name(node) + " commits an entry " + Str(index) + " of term " +
                                   Str(entry.term) + ", and committed is another, in " +
                                   Name(decree.committed_in));
      return;
    }
  }
  self.commit = core.commit();
  if (core.IsLeader()) {
    world_.Note(Story::What::kCommits, node, core.term().value(), core.commit().value());
  }
  if (committed() != known) CheckCommittedBy(node, self, core);
}

// I5, I6, I9: what a leader takes for replicated it was told, by the disk that counts.
void Judge::CheckProgress(NodeId node, Node& self, const Engine& core) {
  const Reign reign = ReignOf(core);
  for (const Progress& peer : core.progress()) {
    CheckMatch(node, self, peer, reign);
    if (peer.next <= peer.match) {
      Fail("next is above match", Name(node) + " is about to send " + Name(peer.node) + " entry " +
                                      Str(peer.next) + " again, which it has");
    }
    if (peer.match.IsZero()) continue;
    const Incarnation incarnation = DiskOfPeer(peer.node, core.configuration());
    const auto acked = acks_.find({incarnation, node, peer.epoch});
    if (acked == acks_.end() || acked->second.reign != reign || acked->second.index < peer.match) {
      Fail("match is acked (I9)", Name(node) + " takes " + Str(peer.match) + " for replicated to " +
                                      Name(peer.node) + ", which has not said so in " +
                                      Name(reign));
    }
    CheckReplicated(node, self, peer, core);
  }
}

// R4: what a peer has acked to a leader it has for as long as it is this member and that one leads.
void Judge::CheckMatch(NodeId node, Node& self, const Progress& peer, const Reign& reign) {
  Match& known = self.matches[peer.node];
  if (known.reign == reign && known.epoch == peer.epoch && peer.match < known.index) {
    Fail("match monotony (R4)", Name(node) + " takes " + Str(peer.match) + " for replicated to " +
                                    Name(peer.node) + " after " + Str(known.index));
  }
  known = {.reign = reign, .epoch = peer.epoch, .index = peer.match};
}

void Judge::OnStart(NodeId node, const EngineOptions& options, size_t max_pending_requests) {
  At(node).engine = options;
  At(node).max_pending_requests = max_pending_requests;
}

// X3: nothing grows without bound. What is refused has been told so by then.
void Judge::OnTurnEnd(NodeId node, size_t pending_requests) {
  if (pending_requests <= At(node).max_pending_requests) return;
  Fail("bounded requests", Name(node) + " has taken " + std::to_string(pending_requests) +
                               " requests that have not ended");
}

void Judge::CheckReadBound(NodeId node, const Engine& core) {
  if (core.pending_reads() <= At(node).engine.max_pending_reads) return;
  Fail("bounded reads", Name(node) + " has taken " + std::to_string(core.pending_reads()) +
                            " reads that wait for a quorum");
}

void Judge::CheckBounds(NodeId node, const Engine& core) {
  const EngineOptions& engine = At(node).engine;
  for (const Progress& peer : core.progress()) {
    if (peer.inflight.empty()) continue;
    // The last append is sent while there is any room.
    if (peer.inflight.size() > engine.max_inflight_appends ||
        peer.inflight_bytes - peer.inflight.back().bytes >= engine.max_inflight_bytes) {
      Fail("bounded appends", Name(node) + " has " + std::to_string(peer.inflight.size()) +
                                  " appends of " + std::to_string(peer.inflight_bytes) +
                                  " bytes under way to " + Name(peer.node));
    }
  }
  const size_t uncommitted = UncommittedBytes(core);
  if (uncommitted > engine.max_uncommitted_bytes) {
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
  const bool is_its_own = first.node == node;
  const std::string other = is_its_own ? "itself" : Name(first.node);
  std::string what = Name(node) + " is in another state at " + Str(index) + " than " +
                     (is_its_own ? "it was itself" : other + " was") +
                     (is_restored ? ", after a snapshot" : "");
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
