// Snapshots from others, and the slots that they stand for.

namespace synod {

inline bool MultiPaxos::SnapshotReceived(NodeId from, Incarnation incarnation, Term /*term*/,
                                         const SnapshotMeta& meta, StagedSnapshot staged) {
  const InvariantGuard guard{*this};
  has_output_ = true;
  if (meta.index.IsZero() || meta.term.IsZero() || meta.term > kMaxTerm ||
      !CanDecide(meta.configuration)) {
    ++counters_.invalid_messages;
    RaiseAlert(Alert::Kind::kInvalidMessage, from, /*fatal=*/false);
    return false;
  }
  const bool is_known = !Recorded(from).IsZero() && Recorded(from) == incarnation;
  if ((!introduced_ && !is_known) || output_.persist.snapshot) {
    ++counters_.stale_messages;
    return false;
  }
  if (from == leader_) HeardFromLeader(from);
  const bool is_old = meta.index <= commit_ && !Mutated(Mutation::kInstallOlderSnapshot);  // S2
  if (is_old || IsLeader()) {
    Reached("paxos: snapshot behind what is chosen");
  } else {
    // What was accepted above it stays: a promise to choose nothing else there (I3).
    output_.persist.snapshot = InstallStaged{.staged = staged, .meta = meta, .resets_log = false};
    const bool others_decide = meta.configuration != configuration();
    ReplaceState(meta);
    if (others_decide && std::holds_alternative<Candidate>(role_)) EndCandidacy();
    slots_.JumpTo(meta.index);
    slots_.Advance(promised());
    DropLogTo(meta.index);
  }
  if (from == leader_) Acknowledge(from, promised());
  return !is_old && !IsLeader();
}

// Whoever is so far behind that no log can help it may be the only one left to lead. What is chosen
// is so whoever says it: the sender need not be the leader, nor the receiver its follower.
inline void MultiPaxos::OfferSnapshot(NodeId candidate) {
  const bool is_on_its_way =
      std::find(offered_.begin(), offered_.end(), candidate) != offered_.end();
  if (IsLeader() || is_on_its_way || snapshot_.index.IsZero() || !IsMember(candidate)) return;
  Reached("paxos: snapshot offered to a candidate");
  offered_.push_back(candidate);
  output_.send_snapshots.push_back({.to = candidate, .term = hard_state_.term});
}

inline bool MultiPaxos::IsSnapshotWanted(NodeId to, Term term) const {
  return Engine::IsSnapshotWanted(to, term) ||
         std::find(offered_.begin(), offered_.end(), to) != offered_.end();
}

inline void MultiPaxos::SnapshotSendEnded(NodeId to, Term term, bool delivered) {
  std::erase(offered_, to);
  Engine::SnapshotSendEnded(to, term, delivered);
}

// The store's log is cut at a mark, so that what is left says by itself what it is.
inline void MultiPaxos::DropLogTo(Index index) {
  slots_.CompactTo(index);
  if (promised().IsZero()) return;  // Nothing was ever accepted here.
  Persist& persist = output_.persist;
  accept_log_.AppendMark({.ballot = promised(), .slot = slots_.accepted() + 1, .chosen = commit_},
                         persist.entries);
  // What this very write brings is not there yet.
  const Index arriving = persist.entries.front().index;
  const Index oldest = slots_.OldestPosition(accept_log_.last());
  const bool keeps_all = !Mutated(Mutation::kAcceptedIsCompacted);
  const Index cut = accept_log_.CutBefore(keeps_all ? std::min(arriving, oldest) : arriving);
  if (!cut.IsZero()) persist.compact_to = cut;
}

}  // namespace synod
