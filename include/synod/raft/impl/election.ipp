// Leader election (Raft §5.2, §5.4.1) with pre-vote (Ongaro §9.6). Become… are the only places
// where a role changes.

namespace synod {

inline void Raft::Ballots::Record(NodeId from, bool grant) {
  const auto has = [from](const std::vector<NodeId>& list) {
    return std::find(list.begin(), list.end(), from) != list.end();
  };
  if (has(granted) || has(refused)) return;
  (grant ? granted : refused).push_back(from);
}

// Only an introduced voter may ask for votes; one whose disk hangs could not lead, and one that was
// removed would disturb those who go on (M7).
inline bool Raft::MayCampaign() const {
  return introduced_ && MayBeNeeded() && !removed_as_of_ && !OwnDiskIsStalled() &&
         hard_state_.term < kMaxTerm;
}

// The election timer ran out. Who may not campaign, as a learner, knows no leader any more either:
// what it has passed on ends.
inline void Raft::Campaign() {
  ResetElectionTimer();
  if (!MayCampaign()) {
    SetLeader(NodeId());
    return;
  }
  if (!configuration().IsVoter(self_.node)) Reached("voter campaigns on its way out");
  if (options_.pre_vote && !Mutated(Mutation::kNoPreVote)) {
    BecomePreCandidate();
  } else {
    BecomeCandidate(/*by_transfer=*/false);
  }
}

inline void Raft::BecomeFollower(Term term, NodeId leader) {
  SYNOD_ASSERT(term >= hard_state_.term, "terms never fall (Raft §5.1)");
  if (auto* state = std::get_if<Leader>(&role_)) {
    // Its entries may survive on others and commit under the next leader: nobody here can tell.
    if (!state->proposals.empty()) Reached("proposals left to the next leader");
    if (!state->reads.empty()) Reached("reads lost with the leadership");
    for (const PendingProposal& proposal : state->proposals) {
      Resolve(proposal.request,
              Mutated(Mutation::kNotCommittedAtStepDown) ? Outcome::Kind::kNotCommitted
                                                         : Outcome::Kind::kUnknown,
              Reason::kLeadershipLost);
    }
    for (const PendingRead& read : state->reads) FinishRead(read, Reason::kLeadershipLost);
    if (state->change) {
      EndChange(state->change->has_begun ? Outcome::Kind::kUnknown : Outcome::Kind::kNotCommitted,
                Reason::kLeadershipLost);
    }
  }
  if (term > hard_state_.term || Mutated(Mutation::kVoteClearedInTerm)) {
    // The vote belongs to the term: it is forgotten with the term, and never within it (E3).
    hard_state_.term = term;
    if (!Mutated(Mutation::kVoteKeptInNewTerm)) {
      hard_state_.vote = NodeId();
      hard_state_.vote_incarnation = Incarnation();
    }
    hard_state_changed_ = true;
    verified_ = Index();
  }
  if (IsLeader() || std::holds_alternative<Candidate>(role_)) ResetElectionTimer();
  role_ = Follower{};
  SetLeader(leader);
}

inline void Raft::BecomePreCandidate() {
  SYNOD_ASSERT(!IsLeader(), "a leader does not campaign");
  ++counters_.elections_started;
  role_ = PreCandidate{};
  SetLeader(NodeId());
  for (NodeId member : configuration().Members()) {
    if (member == self_.node || !configuration().IsVoter(member)) continue;
    Send(member, PreVoteRequest{.next_term = hard_state_.term + 1,
                                .last_index = log_.last(),
                                .last_term = log_.last_term()});
  }
  std::get<PreCandidate>(role_).ballots.Record(self_.node, true);
  CountBallots();
}

inline void Raft::BecomeCandidate(bool by_transfer) {
  SYNOD_ASSERT(!IsLeader(), "a leader does not campaign");
  SYNOD_ASSERT(introduced_, "nobody votes before all incarnations are recorded (I3)");
  if (!options_.pre_vote || by_transfer) ++counters_.elections_started;
  ++hard_state_.term;
  hard_state_.vote = self_.node;
  hard_state_.vote_incarnation = self_.incarnation;
  hard_state_changed_ = true;
  verified_ = Index();
  const auto* pre =
      Mutated(Mutation::kPreVotesAreVotes) ? std::get_if<PreCandidate>(&role_) : nullptr;
  role_ = Candidate{.ballots = pre ? pre->ballots : Ballots(), .own_vote = AllWrites()};
  SetLeader(NodeId());
  ResetElectionTimer();
  // A request that leaves before term and vote are durable could be forgotten, and the vote given
  // again (E11).
  const PersistToken after =
      Mutated(Mutation::kVoteBeforePersist) ? PersistToken() : std::get<Candidate>(role_).own_vote;
  for (NodeId member : configuration().Members()) {
    if (member == self_.node || !configuration().IsVoter(member)) continue;
    Send(member,
         VoteRequest{
             .last_index = log_.last(), .last_term = log_.last_term(), .by_transfer = by_transfer},
         after);
  }
}

inline void Raft::BecomeLeader() {
  SYNOD_ASSERT(std::holds_alternative<Candidate>(role_), "only an elected candidate leads");
  SYNOD_ASSERT(hard_state_.vote == self_.node, "a leader voted for itself in its term");
  ++counters_.leaderships;
  Leader leader;
  for (NodeId member : configuration().Members()) {
    if (member != self_.node) leader.peers.push_back(NewPeer(member));
  }
  leader.term_start = log_.last() + 1;
  leader.next_heartbeat = now_ + options_.heartbeat_interval;
  for (Index i = commit_ + 1; i <= log_.last(); ++i) leader.uncommitted_bytes += log_.At(i).Bytes();
  FailForwardedReads();
  auto& leads = role_.emplace<Leader>(std::move(leader));
  leads.quorum_has_space = QuorumHasSpace();
  SetLeader(self_.node);
  AppendOwn(EntryKind::kNoOp, Payload());  // Raft §8; its appends announce the new leader.
}

inline void Raft::CountBallots() {
  const bool pre = std::holds_alternative<PreCandidate>(role_);
  const Ballots& ballots =
      pre ? std::get<PreCandidate>(role_).ballots : std::get<Candidate>(role_).ballots;
  const auto in = [](const std::vector<NodeId>& list, NodeId node) {
    return std::find(list.begin(), list.end(), node) != list.end();
  };
  const QuorumSystem quorums(configuration());
  if (quorums.Elects([&](NodeId node) { return in(ballots.granted, node); })) {
    if (pre) {
      BecomeCandidate(/*by_transfer=*/false);
    } else {
      BecomeLeader();
    }
  } else if (!quorums.Elects([&](NodeId node) { return !in(ballots.refused, node); })) {
    // Too many refused: this campaign cannot succeed.
    Reached("campaign lost to refusals");
    BecomeFollower(hard_state_.term, NodeId());
  }
}

inline void Raft::On(const Message& message, const PreVoteRequest& request) {
  TellIfRemoved(message);
  // Whether the candidate is a voter is for itself to know: its configuration may be the newer one,
  // and it counts the answers by that (Raft §6).
  const bool may_grant = introduced_ && request.next_term > hard_state_.term &&
                         IsUpToDate(request.last_index, request.last_term);
  const bool granted = may_grant && (!LeaderIsAlive() || Mutated(Mutation::kPreVoteBesideLeader));
  if (may_grant && !granted) Reached("pre-vote refused beside a leader");
  Send(message.from, PreVoteReply{.next_term = request.next_term, .granted = granted});
}

inline void Raft::On(const Message& message, const PreVoteReply& reply) {
  auto* candidate = std::get_if<PreCandidate>(&role_);
  if (candidate == nullptr || reply.next_term != hard_state_.term + 1) {
    ++counters_.stale_messages;
    return;
  }
  candidate->ballots.Record(message.from, reply.granted);
  CountBallots();
}

inline void Raft::On(const Message& message, const VoteRequest& request) {
  TellIfRemoved(message);
  const bool is_its_own =
      hard_state_.vote == message.from && hard_state_.vote_incarnation == message.incarnation;
  const bool free = hard_state_.vote.IsZero() || is_its_own || Mutated(Mutation::kVoteTwice);
  const bool is_up_to_date = IsUpToDate(request.last_index, request.last_term);
  const bool granted = introduced_ && free && leader_.IsZero() && is_up_to_date;
  if (!granted) {
    if (!free) Reached("vote refused, already given");
    if (!is_up_to_date) Reached("vote refused, log behind");
    Send(message.from, VoteReply{.granted = false});
    return;
  }
  if (!is_its_own) {
    hard_state_.vote = message.from;
    hard_state_.vote_incarnation = message.incarnation;
    hard_state_changed_ = true;
  }
  if (!std::holds_alternative<Follower>(role_)) BecomeFollower(hard_state_.term, NodeId());
  ResetElectionTimer();
  Send(message.from, VoteReply{.granted = true},
       Mutated(Mutation::kVoteBeforePersist) ? PersistToken() : AllWrites());
}

inline void Raft::On(const Message& message, const VoteReply& reply) {
  auto* candidate = std::get_if<Candidate>(&role_);
  if (candidate == nullptr) {
    ++counters_.stale_messages;
    return;
  }
  candidate->ballots.Record(message.from, reply.granted);
  CountBallots();
}

// A valid message of this term's leader has arrived.
inline void Raft::HeardFromLeader(NodeId leader) {
  if (!std::holds_alternative<Follower>(role_)) BecomeFollower(hard_state_.term, leader);
  SetLeader(leader);
  leader_heard_ = now_;
  ResetElectionTimer();
}

inline void Raft::SetLeader(NodeId leader) {
  if (leader == leader_) return;
  leader_ = leader;
  FailForwardedReads();
  if (!leader.IsZero() && transfer_) ConcludeTransfer(/*timed_out=*/false);
}

inline void Raft::ResetElectionTimer() {
  const auto timeout = static_cast<uint64_t>(options_.election_timeout.count());
  const uint64_t drawn = rng_.Below(timeout);
  const uint64_t more = Buggify("election_timeout_least") ? 0 : drawn;
  election_deadline_ = now_ + Duration(timeout + more);
}

// Raft §5.4.1
inline bool Raft::IsUpToDate(Index last_index, Term last_term) const {
  if (Mutated(Mutation::kUpToDateByLength)) return last_index >= log_.last();
  if (Mutated(Mutation::kUpToDateByTerm)) return last_term >= log_.last_term();
  return last_term > log_.last_term() ||
         (last_term == log_.last_term() && last_index >= log_.last());
}

inline bool Raft::LeaderIsAlive() const {
  if (IsLeader()) return true;  // Check-quorum deposes it soon enough if it is alone.
  return !leader_.IsZero() && now_ < leader_heard_ + options_.election_timeout;
}

}  // namespace synod
