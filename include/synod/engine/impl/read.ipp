// Linearizable reads without a log entry (ReadIndex, Ongaro §6.4; I11).

namespace synod {

inline bool Engine::MayTakeRead(size_t pending) const {
  return pending < options_.max_pending_reads || Mutated(Mutation::kNoReadBound);
}

inline void Engine::Read(RequestId request) {
  const InvariantGuard guard{*this};
  has_output_ = true;
  if (auto* leader = std::get_if<Leader>(&role_)) {
    if (Mutated(Mutation::kOwnReadWithoutRound)) {
      output_.reads.push_back({.request = request, .index = commit_});
    } else if (!MayTakeRead(leader->reads.size())) {
      Resolve(request, Outcome::Kind::kNotCommitted, Reason::kOverloaded);
    } else {
      leader->reads.push_back({.from = self_.node, .request = request, .index = {}, .round = 0});
    }
    return;
  }
  if (leader_.IsZero()) {
    Resolve(request, Outcome::Kind::kNotCommitted,
            introduced_ ? Reason::kNotLeader : Reason::kNoQuorum);
  } else if (!MayTakeRead(forwarded_reads_.size())) {
    Resolve(request, Outcome::Kind::kNotCommitted, Reason::kOverloaded);
  } else {
    next_context_ = next_context_ + 1;
    Send(leader_, ReadRequest{.context = next_context_});
    forwarded_reads_.push_back(
        {.request = request, .context = next_context_, .resend = now_ + options_.election_timeout});
  }
}

// Starts a heartbeat round for the reads that have none. A quorum answer counts only if it was
// asked for after the read arrived (D3), and before this term's first commit the leader does not
// know which entries are committed (D1).
inline void Engine::BeginReadRound() {
  auto& leader = std::get<Leader>(role_);
  const bool knows_commit = KnowsCommit() || Mutated(Mutation::kReadBeforeTermCommit);
  if (leader.reads.empty() || leader.reads.back().round != 0) return;
  if (!knows_commit) {
    Reached("read waits for the first commit of the term");
    return;
  }
  if (!Mutated(Mutation::kReadJoinsOldRound) || leader.round == 0) BroadcastHeartbeat();
  for (auto read = leader.reads.rbegin(); read != leader.reads.rend() && read->round == 0; ++read) {
    read->index = commit_;
    read->round = leader.round;
  }
  ConfirmReads();
}

inline void Engine::ConfirmReads() {
  auto& leader = std::get<Leader>(role_);
  if (leader.reads.empty()) return;
  const auto round_of = [&](NodeId node) {
    if (node == self_.node || Mutated(Mutation::kReadWithoutQuorum)) return leader.round;
    const Progress* peer = Leader::Find(leader, node);
    return peer == nullptr ? 0 : peer->round;
  };
  const auto confirmed = ReachedByQuorum<uint64_t>(round_of);
  while (!leader.reads.empty() && leader.reads.front().round != 0 &&
         leader.reads.front().round <= confirmed) {
    FinishRead(leader.reads.front(), Reason::kNone);
    leader.reads.pop_front();
  }
}

inline void Engine::FinishRead(const PendingRead& read, Reason reason) {
  if (read.from != self_.node) {
    Send(read.from, ReadReply{.context = read.request, .index = read.index, .reason = reason});
  } else if (reason == Reason::kNone) {
    output_.reads.push_back({.request = read.request, .index = read.index});
  } else {
    Resolve(read.request, Outcome::Kind::kNotCommitted, reason);
  }
}

// The leader they were sent to leads no more, as far as is known here. Reads may always be retried.
inline void Engine::FailForwardedReads() {
  for (const ForwardedRead& read : forwarded_reads_) {
    Resolve(read.request, Outcome::Kind::kNotCommitted, Reason::kLeadershipLost);
  }
  forwarded_reads_.clear();
}

// Asks again where request or answer may have been lost. Repeating is harmless: the index can only
// be newer.
inline void Engine::TickForwardedReads() {
  while (!forwarded_reads_.empty() && now_ >= forwarded_reads_.front().resend) {
    ForwardedRead read = forwarded_reads_.front();
    forwarded_reads_.pop_front();
    read.resend = now_ + options_.election_timeout;
    Reached("read asked again");
    Send(leader_, ReadRequest{.context = read.context});
    forwarded_reads_.push_back(read);
  }
}

inline void Engine::On(const Message& message, const ReadRequest& request) {
  auto* leader = std::get_if<Leader>(&role_);
  const PendingRead read{.from = message.from, .request = request.context, .index = {}, .round = 0};
  if (leader == nullptr) {
    FinishRead(read, Reason::kNotLeader);
  } else if (!MayTakeRead(leader->reads.size())) {
    FinishRead(read, Reason::kOverloaded);
  } else {
    leader->reads.push_back(read);
  }
}

inline void Engine::On(const Message& message, const ReadReply& reply) {
  const auto read =
      std::find_if(forwarded_reads_.begin(), forwarded_reads_.end(),
                   [&](const ForwardedRead& r) { return r.context == reply.context; });
  if (read == forwarded_reads_.end() || message.from != leader_) {
    ++counters_.stale_messages;
    return;
  }
  if (reply.reason == Reason::kNone) {
    output_.reads.push_back({.request = read->request, .index = reply.index});
  } else {
    Resolve(read->request, Outcome::Kind::kNotCommitted, reply.reason);
  }
  if (!Mutated(Mutation::kAnsweredReadIsKept)) forwarded_reads_.erase(read);
}

}  // namespace synod
