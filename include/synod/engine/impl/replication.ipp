// What is proposed, how much of it may be under way, and what is committed.

namespace synod {

inline Progress* Engine::FindPeer(NodeId node) {
  auto* leader = std::get_if<Leader>(&role_);
  return leader == nullptr ? nullptr : Leader::Find(*leader, node);
}

// --- The leader's side ---

inline Reason Engine::RefusalOf(const Proposal& proposal) const {
  const auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) return introduced_ ? Reason::kNotLeader : Reason::kNoQuorum;
  if (transfer_) return Reason::kTransferring;
  if (!has_space_ || !leader->quorum_has_space) return Reason::kNoSpace;
  const size_t size = proposal.command.size();
  if (size > options_.max_entry_bytes) return Reason::kTooLarge;
  const size_t bytes = size + Entry::kHeaderBytes;
  const bool waits_for_quorum = leader->uncommitted_bytes + bytes > options_.max_uncommitted_bytes;
  const LogExtent log = extent();
  // The others commit without it, and would go on to for as long as there is memory.
  const bool waits_for_own_disk = log.undurable_bytes + bytes > options_.max_uncommitted_bytes;
  if ((waits_for_quorum && !Mutated(Mutation::kNoUncommittedBound)) ||
      (waits_for_own_disk && !Mutated(Mutation::kNoUndurableBound)) ||
      log.bytes + bytes > options_.max_log_bytes) {
    if (!waits_for_quorum && waits_for_own_disk) Reached("proposal refused, own disk behind");
    return Reason::kOverloaded;
  }
  return RefusalToGrow();
}

inline void Engine::Propose(std::span<Proposal> proposals) {
  const InvariantGuard guard{*this};
  has_output_ = true;
  for (Proposal& proposal : proposals) {
    const Reason refusal = RefusalOf(proposal);
    if (refusal != Reason::kNone) {
      ++counters_.refused_proposals;
      if (refusal == Reason::kNoSpace) ++counters_.refused_for_space;
      Resolve(proposal.request, Outcome::Kind::kNotCommitted, refusal);
      if (!Mutated(Mutation::kRefusedIsAppended) || !IsLeader()) continue;
    }
    AppendOwn(EntryKind::kCommand, std::move(proposal.command));
    std::get<Leader>(role_).proposals.push_back({extent().last, proposal.request});
    if (!Mutated(Mutation::kCommittedAtAppend)) continue;
    Resolve(proposal.request, Outcome::Kind::kCommitted, Reason::kNone);
  }
}

// Sends every peer what it lacks and may be sent. Runs once per output, so that all inputs since
// the last share one append.
inline void Engine::Replicate() {
  auto& leader = std::get<Leader>(role_);
  for (Progress& peer : leader.peers) {
    while (SendAppend(peer)) {
    }
    if (LacksCommit(peer)) {
      leader.commit_notice =
          std::min(leader.commit_notice, now_ + options_.heartbeat_interval / kCommitNotices);
    }
  }
}

inline bool Engine::IsWindowFull(const Progress& peer) const {
  if (Mutated(Mutation::kNoInflightBound)) return false;
  if (peer.inflight.size() >= options_.max_inflight_appends ||
      peer.inflight_bytes >= options_.max_inflight_bytes) {
    Reached("window full");
    return true;
  }
  return !peer.inflight.empty() && Buggify("window_full");
}

// Whether the peer may be sent what it lacks of a log that ends with `last`.
inline bool Engine::MayAppendTo(const Progress& peer, Index last) const {
  switch (peer.state) {
    case Progress::State::kProbe:
      return !peer.probe_sent;
    case Progress::State::kReplicate:
      return peer.next <= last && !IsWindowFull(peer);
    case Progress::State::kSnapshot:
      break;
  }
  return false;
}

// So many entries as fit into one append, one at least.
template <class Log>
Engine::Batch Engine::NextBatch(const Progress& peer, const Log& log, Index last) const {
  const bool is_probe = peer.state == Progress::State::kProbe;
  size_t max_bytes = options_.max_append_bytes;
  if (Buggify("append_one_entry")) max_bytes = 1;
  if (is_probe && Buggify("probe_without_entries")) max_bytes = 0;
  Batch batch{.last = peer.next - 1};
  while (batch.last < last && batch.bytes < max_bytes) {
    const size_t more = log.At(batch.last + 1).Bytes();
    if (batch.bytes > 0 && batch.bytes + more > max_bytes) break;
    batch.bytes += more;
    ++batch.last;
  }
  return batch;
}

// With `commit`. False if nothing may follow before the answer: a probe is one alone.
inline bool Engine::AppendSent(Progress& peer, const Batch& batch, Index commit) {
  if (peer.state == Progress::State::kProbe) {
    peer.probe_sent = true;
    peer.last_progress = now_;
    return false;
  }
  // What a probe carries is not yet known to arrive on equal ground, so it tells an idle peer
  // nothing for sure.
  peer.commit_sent = std::max(peer.commit_sent, commit);
  peer.next = batch.last + 1;
  peer.Sent(batch.last, batch.bytes, now_);
  if (Mutated(Mutation::kMatchAtSend)) peer.match = batch.last;
  return true;
}

// The peer has all up to `match`, durable and equal.
inline void Engine::NoteMatch(Progress& peer, Index match) {
  peer.match = std::max(peer.match, match);
  peer.snapshot_failures = 0;
  peer.next = std::max(peer.next, peer.match + 1);
  peer.Acknowledged(peer.match, now_);
}

// Hands the entries up to `index` over for application. Ignored if they are already.
inline void Engine::CommitTo(Index index) {
  SYNOD_ASSERT(index <= extent().last, "only entries in the log are committed");
  auto* leader = std::get_if<Leader>(&role_);
  while (commit_ < index) {
    ++commit_;
    const Entry& entry = EntryAt(commit_);
    RequestId request;
    if (leader != nullptr) {
      leader->uncommitted_bytes -= entry.Bytes();
      if (!leader->proposals.empty() && leader->proposals.front().index == commit_) {
        request = leader->proposals.front().request;
        leader->proposals.pop_front();
      }
    }
    output_.committed.push_back({.entry = entry, .request = request});
    if (entry.kind == EntryKind::kConfiguration) OnConfigurationChosen(entry);
  }
}

// --- The follower's side ---

// Whether the log takes more of a leader's commands. A follower whose disk is nearly full, whose
// state machine is slow, or whose snapshots fail, must not grow without bound.
inline bool Engine::HasRoom() const {
  return has_space_ && extent().bytes <= options_.max_log_bytes;
}

// Whether there is something in it that a snapshot could replace: else only taking more leads on.
inline bool Engine::MayCompact() const {
  return commit_ != snapshot_.index && MaySnapshotAt(commit_);
}

}  // namespace synod
