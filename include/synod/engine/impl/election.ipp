// Elections, as far as every protocol holds them alike: when to ask, whom, and pre-vote (Ongaro
// §9.6). Become… are the only places where a role changes.

namespace synod {

inline void Engine::Ballots::Record(NodeId from, bool grant) {
  const auto has = [from](const std::vector<NodeId>& list) {
    return std::find(list.begin(), list.end(), from) != list.end();
  };
  if (has(granted) || has(refused)) return;
  (grant ? granted : refused).push_back(from);
}

// Only an introduced voter may ask for votes; one whose disk hangs could not lead, and one that was
// removed would disturb those who go on (M7).
inline bool Engine::MayCampaign() const {
  return introduced_ && MayBeNeeded() && !removed_as_of_ && !OwnDiskIsStalled() &&
         hard_state_.term < kMaxTerm;
}

// The election timer ran out. Who may not campaign, as a learner, knows no leader any more either:
// what it has passed on ends.
inline void Engine::Campaign() {
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

inline void Engine::BecomeFollower(NodeId leader) {
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
  if (Mutated(Mutation::kVoteClearedInTerm)) ClearVote();
  const bool led = IsLeader();
  if (led || std::holds_alternative<Candidate>(role_)) ResetElectionTimer();
  role_ = Follower{};
  SetLeader(leader);
  if (led) OnStepDown();
}

inline void Engine::ClearVote() {
  hard_state_.vote = NodeId();
  hard_state_.vote_incarnation = Incarnation();
  hard_state_changed_ = true;
}

inline void Engine::BecomePreCandidate() {
  SYNOD_ASSERT(!IsLeader(), "a leader does not campaign");
  ++counters_.elections_started;
  const PreVoteRequest request = AskForPreVote();
  role_ = PreCandidate{.ballots = {}, .next_term = request.next_term};
  SetLeader(NodeId());
  for (NodeId voter : OtherVoters()) Send(voter, request);
  std::get<PreCandidate>(role_).ballots.Record(self_.node, true);
  CountBallots();
}

inline void Engine::BecomeLeader() {
  SYNOD_ASSERT(std::holds_alternative<Candidate>(role_), "only an elected candidate leads");
  SYNOD_ASSERT(hard_state_.vote == self_.node, "a leader voted for itself");
  ++counters_.leaderships;
  Leader leader;
  for (NodeId member : Members()) {
    if (member != self_.node) leader.peers.push_back(NewPeer(member));
  }
  leader.next_heartbeat = now_ + options_.heartbeat_interval;
  FailForwardedReads();
  auto& leads = role_.emplace<Leader>(std::move(leader));
  leads.quorum_has_space = QuorumHasSpace();
  SetLeader(self_.node);
  leads.term_start = TakeOver();
}

inline void Engine::CountBallots() {
  const bool pre = std::holds_alternative<PreCandidate>(role_);
  const Ballots& ballots =
      pre ? std::get<PreCandidate>(role_).ballots : std::get<Candidate>(role_).ballots;
  const auto in = [](const std::vector<NodeId>& list, NodeId node) {
    return std::find(list.begin(), list.end(), node) != list.end();
  };
  if (Elects([&](NodeId node) { return in(ballots.granted, node); })) {
    if (pre) {
      BecomeCandidate(/*by_transfer=*/false);
    } else {
      BecomeLeader();
    }
  } else if (!Elects([&](NodeId node) { return !in(ballots.refused, node); })) {
    // Too many refused: this campaign cannot succeed.
    Reached("campaign lost to refusals");
    BecomeFollower(NodeId());
  }
}

inline void Engine::On(const Message& message, const PreVoteRequest& request) {
  TellIfRemoved(message);
  // Whether the candidate is a voter is for itself to know: its configuration may be the newer one,
  // and it counts the answers by that (Raft §6).
  const bool may_grant = introduced_ && request.next_term > hard_state_.term &&
                         WouldVote(request) && !IsElectingOtherThan(message.from);
  const bool granted = may_grant && (!LeaderIsAlive() || Mutated(Mutation::kPreVoteBesideLeader));
  if (may_grant && !granted) Reached("pre-vote refused beside a leader");
  Send(message.from, PreVoteReply{.next_term = request.next_term, .granted = granted});
}

inline void Engine::On(const Message& message, const PreVoteReply& reply) {
  auto* candidate = std::get_if<PreCandidate>(&role_);
  if (candidate == nullptr || reply.next_term != candidate->next_term) {
    ++counters_.stale_messages;
    return;
  }
  candidate->ballots.Record(message.from, reply.granted);
  CountBallots();
}

// A valid message of this term's leader has arrived.
inline void Engine::HeardFromLeader(NodeId leader) {
  if (!std::holds_alternative<Follower>(role_)) BecomeFollower(leader);
  SetLeader(leader);
  leader_heard_ = now_;
  ResetElectionTimer();
}

inline void Engine::SetLeader(NodeId leader) {
  if (leader == leader_) return;
  leader_ = leader;
  FailForwardedReads();
  if (!leader.IsZero() && transfer_) ConcludeTransfer(/*timed_out=*/false);
}

inline void Engine::ResetElectionTimer() {
  const auto timeout = static_cast<uint64_t>(options_.election_timeout.count());
  const uint64_t drawn = rng_.Below(timeout);
  const uint64_t more = Buggify("election_timeout_least") ? 0 : drawn;
  election_deadline_ = now_ + Duration(timeout + more);
}

inline bool Engine::LeaderIsAlive() const {
  if (IsLeader()) return true;  // Check-quorum deposes it soon enough if it is alone.
  return !leader_.IsZero() && now_ < leader_heard_ + options_.election_timeout;
}

}  // namespace synod
