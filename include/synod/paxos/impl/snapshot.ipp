// Snapshots from a leader, and the slots that they stand for.

namespace synod {

inline bool MultiPaxos::SnapshotReceived(NodeId from, Incarnation incarnation, Term term,
                                         const SnapshotMeta& meta, StagedSnapshot staged) {
  const InvariantGuard guard{*this};
  has_output_ = true;
  if (meta.index.IsZero() || meta.term.IsZero() || meta.term > term ||
      !CanDecide(meta.configuration)) {
    ++counters_.invalid_messages;
    RaiseAlert(Alert::Kind::kInvalidMessage, from, /*fatal=*/false);
    return false;
  }
  const Ballot ballot{term, from, incarnation};
  const bool is_known = !Recorded(from).IsZero() && Recorded(from) == incarnation;
  if ((!introduced_ && !is_known) || ballot < promised() || output_.persist.snapshot) {
    ++counters_.stale_messages;
    return false;
  }
  if (ballot > promised()) {
    BecomeFollower(NodeId());
    Promise(ballot);
  }
  HeardFromLeader(from);
  if (meta.index <= commit_ && !Mutated(Mutation::kInstallOlderSnapshot)) {  // S2
    Reached("snapshot behind what is chosen");
    Acknowledge(from, ballot);
    return false;
  }
  // What was accepted above it stays: a promise to choose nothing else there (I3).
  output_.persist.snapshot = InstallStaged{.staged = staged, .meta = meta, .resets_log = false};
  ReplaceState(meta);
  slots_.JumpTo(meta.index);
  slots_.Advance(ballot);
  DropLogTo(meta.index);
  Acknowledge(from, ballot);
  return true;
}

// The store's log is cut at a mark, so that what is left says by itself what it is.
inline void MultiPaxos::DropLogTo(Index index) {
  slots_.CompactTo(index);
  Persist& persist = output_.persist;
  accept_log_.AppendMark({.ballot = promised(), .slot = slots_.accepted() + 1, .chosen = commit_},
                         persist.entries);
  const Index cut = accept_log_.CutBefore(slots_.OldestPosition(accept_log_.last()));
  // What this very write brings is not there yet.
  const Index there = persist.entries.front().index - 1;
  if (!std::min(cut, there).IsZero()) persist.compact_to = std::min(cut, there);
}

}  // namespace synod
