// Votes (Raft §5.2) and the election restriction (§5.4.1).

namespace synod {

// A newer term makes a follower of everyone (Raft §5.1).
inline void Raft::AdoptTerm(Term term) {
  SYNOD_ASSERT(term > hard_state_.term, "terms never fall (Raft §5.1)");
  BecomeFollower(NodeId());
  // The vote belongs to the term: it is forgotten with the term, and never within it (E3).
  hard_state_.term = term;
  if (!Mutated(Mutation::kVoteKeptInNewTerm)) ClearVote();
  hard_state_changed_ = true;
  verified_ = Index();
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
  for (NodeId voter : OtherVoters()) {
    Send(voter,
         VoteRequest{
             .last_index = log_.last(), .last_term = log_.last_term(), .by_transfer = by_transfer},
         after);
  }
}

inline void Raft::On(const Message& message, const VoteRequest& request) {
  TellIfRemoved(message);
  const bool is_its_own =
      hard_state_.vote == message.from && hard_state_.vote_incarnation == message.incarnation;
  const bool free = hard_state_.vote.IsZero() || is_its_own || Mutated(Mutation::kVoteTwice);
  const bool is_up_to_date = IsUpToDate(request.last_index, request.last_term);
  const bool granted = introduced_ && free && leader_.IsZero() && is_up_to_date;
  if (!granted) {
    if (!free) Reached("raft: vote refused, already given");
    if (!is_up_to_date) Reached("raft: vote refused, log behind");
    Send(message.from, VoteReply{.granted = false});
    return;
  }
  if (!is_its_own) {
    hard_state_.vote = message.from;
    hard_state_.vote_incarnation = message.incarnation;
    hard_state_changed_ = true;
  }
  if (!std::holds_alternative<Follower>(role_)) BecomeFollower(NodeId());
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

// Its appends announce the new leader, and the first of them is of its own term (Raft §8).
inline Index Raft::TakeOver() {
  auto& leader = std::get<Leader>(role_);
  for (Index i = commit_ + 1; i <= log_.last(); ++i) leader.uncommitted_bytes += log_.At(i).Bytes();
  AppendOwn(EntryKind::kNoOp, Payload());
  return log_.last();
}

inline PreVoteRequest Raft::AskForPreVote() const {
  return {
      .next_term = hard_state_.term + 1, .last_index = log_.last(), .last_term = log_.last_term()};
}

inline bool Raft::WouldVote(const PreVoteRequest& request) const {
  return IsUpToDate(request.last_index, request.last_term);
}

// Raft §5.4.1
inline bool Raft::IsUpToDate(Index last_index, Term last_term) const {
  if (Mutated(Mutation::kUpToDateByLength)) return last_index >= log_.last();
  if (Mutated(Mutation::kUpToDateByTerm)) return last_term >= log_.last_term();
  return last_term > log_.last_term() ||
         (last_term == log_.last_term() && last_index >= log_.last());
}

}  // namespace synod
