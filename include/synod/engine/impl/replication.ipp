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
