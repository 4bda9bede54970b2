// Heartbeats, which carry the commit index to followers that sit idle.

namespace synod {

inline void Raft::SendHeartbeat(Progress& peer) {
  const Index commit = Mutated(Mutation::kHeartbeatCommitUnverified)
                           ? commit_
                           : std::min(commit_, peer.match);  // I7
  peer.commit_sent = std::max(peer.commit_sent, commit);
  Send(peer.node,
       Heartbeat{.round = std::get<Leader>(role_).round, .commit = commit, .epoch = peer.epoch});
}

inline void Raft::On(const Message& message, const Heartbeat& heartbeat) {
  if (IsLeader() || (!leader_.IsZero() && leader_ != message.from)) {
    Invalid(message);  // Two leaders in one term: not by any correct replica (Raft §5.2).
    return;
  }
  // The commit index is at most what this node has acked in this term (I7), so the log must have
  // it, unless it was acked by the disk whose place this one is to take.
  if (heartbeat.commit > log_.last()) {
    if (IsJoiner()) {
      ++counters_.stale_messages;
    } else {
      Invalid(message);
    }
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
  OnSignOfLife(*peer, reply.round, reply.received, reply.has_space);
}

}  // namespace synod
