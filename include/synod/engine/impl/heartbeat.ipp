// Staying leader: heartbeats, check-quorum (Ongaro §6.2), and telling idle followers of the commit
// index.

namespace synod {

inline void Engine::TickLeader() {
  if (options_.check_quorum && !Mutated(Mutation::kNoCheckQuorum) && !HearsQuorum()) {
    Reached("leader steps down without a quorum");
    ++counters_.quorums_lost;
    RaiseAlert(Alert::Kind::kQuorumLost, NodeId(), /*fatal=*/false);
    BecomeFollower(NodeId());
    return;
  }
  // A leader whose own disk hangs still commits through its followers, but it is one failure away
  // from a stall that nobody notices as long as heartbeats flow (F7).
  if (OwnDiskIsStalled()) {
    Reached("leader steps down with a stalled disk");
    ++counters_.disk_stalls;
    RaiseAlert(Alert::Kind::kDiskStalled, NodeId(), /*fatal=*/false);
    BecomeFollower(NodeId());
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
      if (LacksCommit(peer)) SendHeartbeat(peer);
    }
  }
  if (now_ >= leader.commit_notice) leader.commit_notice = kNever;
}

// Whether it could have heard of more. Who only accepts does nothing with it.
inline bool Engine::LacksCommit(const Progress& peer) const {
  return !peer.is_acceptor && peer.commit_sent < std::min(commit_, peer.match);
}

inline void Engine::BroadcastHeartbeat() {
  auto& leader = std::get<Leader>(role_);
  ++leader.round;
  for (Progress& peer : leader.peers) SendHeartbeat(peer);
}

inline bool Engine::HearsQuorum() const {
  const auto& leader = std::get<Leader>(role_);
  return Commits([&](NodeId node) {
    if (node == self_.node) return true;
    const Progress* peer = Leader::Find(leader, node);
    return peer != nullptr && now_ < peer->last_heard + options_.election_timeout;
  });
}

// A leader that goes on where no quorum can follow only fills its log with what cannot commit (F5).
// Acceptors always can, and hold nothing that is large (I10).
inline bool Engine::QuorumHasSpace() const {
  const auto& leader = std::get<Leader>(role_);
  const auto has_space = [&](NodeId node) {
    if (node == self_.node) return has_space_;
    const Progress* peer = Leader::Find(leader, node);
    return peer != nullptr && peer->has_space;
  };
  return Commits(has_space) && Remember(has_space);
}

inline bool Engine::OwnDiskIsStalled() const {
  return oldest_write_ != kNever &&
         now_ - oldest_write_ > kDiskPatience * options_.election_timeout;
}

// A peer has answered a heartbeat of this leader's.
inline void Engine::OnSignOfLife(Progress& peer, uint64_t round, Index received, bool has_space) {
  auto& leader = std::get<Leader>(role_);
  peer.last_heard = now_;
  peer.round = std::max(peer.round, round);
  peer.received = std::max(peer.received, received);
  if (std::exchange(peer.has_space, has_space) != has_space) {
    leader.quorum_has_space = QuorumHasSpace();
  }
  ConfirmReads();
  if (peer.state == Progress::State::kProbe) {
    // Reads make rounds as fast as they come; a probe may be large and must not follow each. One
    // that leads to a snapshot which the peer cannot take costs even more.
    const Duration pause =
        options_.heartbeat_interval * (1 << std::min(peer.snapshot_failures, 6u));
    if (now_ - peer.last_progress >= pause) peer.probe_sent = false;
  } else if (peer.state == Progress::State::kReplicate && !peer.inflight.empty() &&
             now_ - peer.last_progress > kAckPatience * options_.heartbeat_interval) {
    // An append or its ack was lost, or the peer's disk is slow. Asking again from where it says it
    // is costs one message.
    Reached("lost append probed for");
    ++counters_.retransmissions;
    peer.BecomeProbe(std::max(peer.match, peer.received) + 1);
  }
}

}  // namespace synod
