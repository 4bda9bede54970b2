// What holds of one replica's state between any two inputs.

namespace synod {

inline void Engine::CheckInvariants() const {
  const LogExtent log = extent();
  SYNOD_ASSERT(commit_ <= log.last, "commit lies within the log");
  SYNOD_ASSERT(snapshot_.index <= commit_, "a snapshot holds committed entries only");
  SYNOD_ASSERT(log.first <= snapshot_.index + 1, "log and snapshot meet");
  SYNOD_ASSERT(log.durable <= log.last, "only entries in the log are durable");
  SYNOD_ASSERT(done_token_ <= last_token_, "writes are done after they were asked for");
  SYNOD_ASSERT(configurations_.newest_index() <= log.last,
               "a configuration in force is in the log, or was in the snapshot (M5)");
  for (const Outgoing& outgoing : output_.messages) {
    SYNOD_ASSERT(outgoing.after <= last_token_ + 1, "a message waits for a write that will be");
  }
  if (IsLeader()) CheckLeader();
}

inline void Engine::CheckLeader() const {
  const auto& leader = std::get<Leader>(role_);
  SYNOD_ASSERT(leader_ == self_.node, "a leader knows who leads");
  SYNOD_ASSERT(hard_state_.vote == self_.node, "a leader voted for itself (Raft §5.2)");
  SYNOD_ASSERT(forwarded_reads_.empty(), "a leader asks nobody for read indexes");
  std::vector<NodeId> others = Members();
  std::erase(others, self_.node);
  const bool are_all =
      std::equal(others.begin(), others.end(), leader.peers.begin(), leader.peers.end(),
                 [this](NodeId node, const Progress& peer) {
                   return peer.node == node && peer.epoch == MembershipOf(node).EpochOf(node);
                 });
  SYNOD_ASSERT(are_all, "a leader follows the progress of the members, and of nobody else");
  const LogExtent log = extent();
  for (const Progress& peer : leader.peers) {
    SYNOD_ASSERT(peer.match < peer.next, "what is acked is not sent again");
    SYNOD_ASSERT(peer.match <= log.last, "nobody acks what the leader does not have (I6)");
    SYNOD_ASSERT(peer.next <= log.last + 1, "nothing is sent that the leader does not have");
    size_t bytes = 0;
    for (const Progress::Inflight& inflight : peer.inflight) bytes += inflight.bytes;
    SYNOD_ASSERT(bytes == peer.inflight_bytes, "bytes in flight are the sum of the appends'");
    SYNOD_ASSERT(peer.inflight.size() <= options_.max_inflight_appends,
                 "appends in flight are bounded");
  }
  size_t uncommitted = 0;
  for (Index i = commit_ + 1; i <= log.last; ++i) uncommitted += EntryAt(i).Bytes();
  SYNOD_ASSERT(uncommitted == leader.uncommitted_bytes, "uncommitted bytes are the entries'");
  SYNOD_ASSERT(leader.quorum_has_space == QuorumHasSpace(),
               "a leader knows whether a quorum can store more (F5)");
  Index previous = commit_;
  for (const PendingProposal& proposal : leader.proposals) {
    SYNOD_ASSERT(proposal.index > previous, "pending proposals are above commit, in order");
    previous = proposal.index;
  }
}

}  // namespace synod
