// Snapshots from a leader (Raft §7), and the log behind them.

namespace synod {

inline bool Raft::SnapshotReceived(NodeId from, Incarnation incarnation, Term term,
                                   const SnapshotMeta& meta, StagedSnapshot staged) {
  const InvariantGuard guard{*this};
  has_output_ = true;
  if (meta.index.IsZero() || meta.term.IsZero() || meta.term > term || term > kMaxTerm ||
      !CanDecide(meta.configuration)) {
    ++counters_.invalid_messages;
    RaiseAlert(Alert::Kind::kInvalidMessage, from, /*fatal=*/false);
    return false;
  }
  const bool is_known = !Recorded(from).IsZero() && Recorded(from) == incarnation;
  if ((!introduced_ && !is_known) || term < hard_state_.term || output_.persist.snapshot) {
    ++counters_.stale_messages;
    return false;
  }
  if (term > hard_state_.term) AdoptTerm(term);
  if (IsLeader() || (!leader_.IsZero() && leader_ != from)) {
    // Two leaders in one term: not by any correct replica (Raft §5.2).
    ++counters_.invalid_messages;
    RaiseAlert(Alert::Kind::kInvalidMessage, from, /*fatal=*/false);
    return false;
  }
  HeardFromLeader(from);
  if (meta.index <= commit_ && !Mutated(Mutation::kInstallOlderSnapshot)) {  // S2
    Reached("raft: snapshot older than the commit index");
    Acknowledge(from, commit_);
    return false;
  }
  const bool conflicts =
      log_.TermAt(meta.index) != meta.term || Mutated(Mutation::kInstallOlderSnapshot);
  if (!conflicts) {
    // The log has all that the snapshot stands for: apply it from there, and keep what follows
    // (Raft §7).
    Reached("raft: snapshot already in the log");
    verified_ = std::max(verified_, meta.index);
    CommitTo(meta.index);
    Acknowledge(from, meta.index);
    return false;
  }
  if (log_.Contains(meta.index)) Reached("raft: snapshot replaces a conflicting log");
  InstallInPlaceOfLog(meta, staged);
  Acknowledge(from, meta.index);
  return true;
}

inline void Raft::InstallInPlaceOfLog(const SnapshotMeta& meta, StagedSnapshot staged) {
  VoidAcksFrom(commit_ + 1);
  Persist& persist = output_.persist;
  persist.entries.clear();
  persist.truncate_from.reset();
  persist.compact_to.reset();
  persist.snapshot = InstallStaged{.staged = staged, .meta = meta, .resets_log = true};
  if (Mutated(Mutation::kSnapshotKeepsLog)) persist.snapshot->resets_log = false;
  log_.Reset(meta.index, meta.term);
  ReplaceState(meta);
  verified_ = meta.index;
}

inline void Raft::DropLogTo(Index index) {
  log_.CompactTo(index);
  // The entry at the new base stays on disk: its term is needed when the log is loaded.
  output_.persist.compact_to = index == snapshot_.index ? index : index - 1;
}

}  // namespace synod
