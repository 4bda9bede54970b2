// Staying leader: heartbeats, check-quorum (Ongaro §6.2), and telling idle followers of the commit
// index.

namespace synod {

inline void Raft::TickLeader() {
  if (options_.check_quorum && !Mutated(Mutation::kNoCheckQuorum) && !HearsQuorum()) {
    Reached("leader steps down without a quorum");
    BecomeFollower(hard_state_.term, NodeId());
    return;
  }
  // A leader whose own disk hangs still commits through its followers, but it is one failure away
  // from a stall that nobody notices as long as heartbeats flow (F7).
  if (OwnDiskIsStalled()) {
    Reached("leader steps down with a stalled disk");
    BecomeFollower(hard_state_.term, NodeId());
    return;
  }
  auto& leader = std::get<Leader>(role_);
  if (leader.change && now_ >= leader.change->deadline) {
    Reached("newcomer out of time");
    EndChange(Outcome::Kind::kNotCommitted, Reason::kUnreachable);
  } else if (leader.change && now_ >= leader.change->next_introduction) {
    ContinueChange();
  }
  if (now_ >= leader.next_heartbeat) {
    BroadcastHeartbeat();
    leader.next_heartbeat = now_ + options_.heartbeat_interval;
  } else if (now_ >= leader.commit_notice) {
    for (Progress& peer : leader.peers) {
      if (peer.commit_sent < std::min(commit_, peer.match)) SendHeartbeat(peer);
    }
  }
  if (now_ >= leader.commit_notice) leader.commit_notice = kNever;
}

inline void Raft::BroadcastHeartbeat() {
  auto& leader = std::get<Leader>(role_);
  ++leader.round;
  for (Progress& peer : leader.peers) SendHeartbeat(peer);
}

inline void Raft::SendHeartbeat(Progress& peer) {
  const Index commit = Mutated(Mutation::kHeartbeatCommitUnverified)
                           ? commit_
                           : std::min(commit_, peer.match);  // I7
  peer.commit_sent = std::max(peer.commit_sent, commit);
  Send(peer.node,
       Heartbeat{.round = std::get<Leader>(role_).round, .commit = commit, .epoch = peer.epoch});
}

inline bool Raft::HearsQuorum() const {
  const auto& leader = std::get<Leader>(role_);
  return QuorumSystem(configuration()).Commits([&](NodeId node) {
    if (node == self_.node) return true;
    const Progress* peer = Leader::Find(leader, node);
    return peer != nullptr && now_ < peer->last_heard + options_.election_timeout;
  });
}

// A leader that goes on where no quorum can follow only fills its log with what cannot commit (F5).
inline bool Raft::QuorumHasSpace() const {
  const auto& leader = std::get<Leader>(role_);
  return QuorumSystem(configuration()).Commits([&](NodeId node) {
    if (node == self_.node) return has_space_;
    const Progress* peer = Leader::Find(leader, node);
    return peer != nullptr && peer->has_space;
  });
}

inline bool Raft::OwnDiskIsStalled() const {
  return oldest_write_ != kNever && now_ - oldest_write_ > 4 * options_.election_timeout;
}

inline void Raft::On(const Message& message, const Heartbeat& heartbeat) {
  if (IsLeader() || (!leader_.IsZero() && leader_ != message.from)) {
    Invalid(message);  // Two leaders in one term: not by any correct replica (Raft §5.2).
    return;
  }
  // The commit index is at most what this replica has acked in this term (I7), so the log must have
  // it.
  if (heartbeat.commit > log_.last()) {
    Invalid(message);
    return;
  }
  HeardFromLeader(message.from);
  NoteEpoch(heartbeat.epoch);
  verified_ = std::max(verified_, heartbeat.commit);
  CommitTo(heartbeat.commit);
  Send(message.from, HeartbeatReply{.round = heartbeat.round,
                                    .epoch = epoch_,
                                    .received = verified_,
                                    .has_space = has_space_});
}

inline void Raft::On(const Message& message, const HeartbeatReply& reply) {
  Progress* peer = FindPeer(message.from);
  if (peer == nullptr || !IsOfThisMembership(*peer, reply.epoch)) {
    ++counters_.stale_messages;
    return;
  }
  auto& leader = std::get<Leader>(role_);
  if (reply.round > leader.round || reply.received > log_.last()) {
    Invalid(message);
    return;
  }
  peer->last_heard = now_;
  peer->round = std::max(peer->round, reply.round);
  peer->received = std::max(peer->received, reply.received);
  if (std::exchange(peer->has_space, reply.has_space) != reply.has_space) {
    leader.quorum_has_space = QuorumHasSpace();
  }
  ConfirmReads();
  if (peer->state == Progress::State::kProbe) {
    // Reads make rounds as fast as they come; a probe may be large and must not follow each. One
    // that leads to a snapshot which the peer cannot take costs even more.
    const Duration pause =
        options_.heartbeat_interval * (1 << std::min(peer->snapshot_failures, 6u));
    if (now_ - peer->last_progress >= pause) peer->probe_sent = false;
  } else if (peer->state == Progress::State::kReplicate && !peer->inflight.empty() &&
             now_ - peer->last_progress > 2 * options_.heartbeat_interval) {
    // An append or its ack was lost, or the peer's disk is slow. Asking again from where it says it
    // is costs one message.
    Reached("lost append probed for");
    ++counters_.retransmissions;
    peer->BecomeProbe(std::max(peer->match, peer->received) + 1);
  }
}

}  // namespace synod
