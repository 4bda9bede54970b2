// Snapshots: taken here, needed by a peer. Their bytes are the runtime's business.

namespace synod {

inline bool Engine::SnapshotTaken(const SnapshotMeta& meta, StagedSnapshot staged) {
  const InvariantGuard guard{*this};
  SYNOD_ASSERT(meta.index <= commit_, "only applied entries are in a snapshot");
  if (meta.index <= snapshot_.index || output_.persist.snapshot) return false;
  if (!MaySnapshotAt(meta.index)) return false;  // It could not say who the members are (M4).
  has_output_ = true;
  SYNOD_ASSERT(meta.configuration == ConfigurationAt(meta.index) ||
                   Mutated(Mutation::kSnapshotOfNewestConfiguration),
               "a snapshot carries the configuration in force at its end (M4)");
  snapshot_ = meta;
  configurations_.CompactTo(meta.index);
  output_.persist.snapshot = InstallStaged{.staged = staged, .meta = meta, .resets_log = false};
  CompactLog();
  return true;
}

// Entries behind the snapshot are kept for followers that are a little late, as long as they are
// not too many or too large, and for those that are catching up: else a follower that takes longer
// to install a snapshot than the leader to take the next would need a snapshot for ever (S3).
inline void Engine::CompactLog() {
  Index compact_to =
      Index(snapshot_.index.value() - std::min(snapshot_.index.value(), options_.trailing_entries));
  for (const Progress& peer : progress()) {
    const bool is_alive = now_ < peer.last_heard + options_.election_timeout;
    const Index has = peer.state == Progress::State::kSnapshot ? peer.snapshot : peer.match;
    if (is_alive && !peer.is_acceptor && !has.IsZero()) compact_to = std::min(compact_to, has);
  }
  if (WantsSnapshot() || !has_space_ || Buggify("compact_all")) compact_to = snapshot_.index;
  if (Mutated(Mutation::kCompactToCommit)) compact_to = commit_;
  if (compact_to >= extent().first) DropLogTo(compact_to);
}

inline void Engine::NeedSnapshot(Progress& peer) {
  SYNOD_ASSERT(!snapshot_.index.IsZero(), "a log that was compacted has a snapshot");
  Reached("peer behind the log");
  ++counters_.snapshots_needed;
  peer.BecomeSnapshot(snapshot_.index);
  output_.send_snapshots.push_back({.to = peer.node, .term = hard_state_.term});
}

inline bool Engine::IsSnapshotWanted(NodeId to, Term term) const {
  if (!IsLeader() || term != hard_state_.term) return false;
  return std::ranges::any_of(progress(), [to](const Progress& peer) {
    return peer.node == to && peer.state == Progress::State::kSnapshot;
  });
}

inline void Engine::SnapshotSendEnded(NodeId to, Term term, bool delivered) {
  const InvariantGuard guard{*this};
  Progress* peer = term == hard_state_.term ? FindPeer(to) : nullptr;
  if (peer == nullptr || peer->state != Progress::State::kSnapshot) return;  // Overtaken (S6).
  has_output_ = true;
  // Its ack says how far the peer is; if that is lost, or nothing was delivered, a probe finds out,
  // and asks for another snapshot if need be: a while after the last, lest it be tried in a loop.
  peer->BecomeProbe(delivered ? std::max(peer->match, peer->snapshot) + 1 : peer->match + 1);
  if (delivered) return;
  ++peer->snapshot_failures;
  peer->probe_sent = true;
  peer->last_progress = now_;
}

// The snapshot that is installed with this output's write takes the place of all that was known.
inline void Engine::ReplaceState(const SnapshotMeta& meta) {
  snapshot_ = meta;
  configurations_.Reset(meta.index, meta.configuration);
  ConfigurationChanged();
  commit_ = meta.index;
  // What was to be applied in this output is in the image; the results of own proposals among it
  // are lost.
  for (const Committed& committed : output_.committed) {
    if (!committed.request.IsZero()) {
      Resolve(committed.request, Outcome::Kind::kUnknown, Reason::kLeadershipLost);
    }
  }
  output_.committed.clear();
  output_.restore = Restore{.meta = meta, .after = AllWrites()};
}

inline void Engine::SetHasSpace(bool has_space) {
  const InvariantGuard guard{*this};
  if (has_space_ == has_space) return;
  has_output_ = true;
  has_space_ = has_space;
  if (auto* leader = std::get_if<Leader>(&role_)) leader->quorum_has_space = QuorumHasSpace();
  // What is kept for others' convenience is the first to go.
  if (!has_space_ && !output_.persist.snapshot) CompactLog();
}

inline void Engine::On(const Message& message, const SnapshotChunk&) { Invalid(message); }
inline void Engine::On(const Message& message, const SnapshotChunkReply&) { Invalid(message); }

}  // namespace synod
