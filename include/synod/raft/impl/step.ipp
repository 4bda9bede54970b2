// How a message enters: what is acceptable at all, then the term rule, once, then one handler per
// message.

namespace synod {

inline void Raft::Step(Message message) {
  const InvariantGuard guard{*this};
  has_output_ = true;
  if (!IsAcceptable(message)) return;
  if (!PassesTermRule(message)) return;
  Dispatch(message);
}

// A message must be for this replica and from another. An answer counts only from a member, and
// from the disk that it is known by: one that was wiped has forgotten its promises, and may neither
// vote nor ack under its old name (I3, I9, M3). A request may come from anybody: a leader or
// candidate may be a member by a change that has not come here yet.
inline bool Raft::IsAcceptable(const Message& message) {
  if (message.group != self_.group || message.to != self_.node || message.from == self_.node ||
      message.from.IsZero() || message.incarnation.IsZero() || message.term > kMaxTerm) {
    Invalid(message);
    return false;
  }
  if (std::holds_alternative<Introduce>(message.body)) return true;
  // Before it is introduced it may be a wiped disk itself, which must not be taken in unnoticed.
  if (introduced_ && !IsCounted(message)) return true;
  if (!configuration().IsMember(message.from)) {
    ++counters_.stale_messages;
    AskWhoIsWhom(message.from);
    return false;
  }
  if (Recorded(message.from) != message.incarnation && !Mutated(Mutation::kNoIncarnationCheck)) {
    ++counters_.unknown_incarnation_messages;
    if (introduced_) RefuseIncarnation(message.from);
    AskWhoIsWhom(message.from);
    return false;
  }
  return true;
}

// Whether it is an answer that a quorum is made of.
inline bool Raft::IsCounted(const Message& message) {
  return std::holds_alternative<PreVoteReply>(message.body) ||
         std::holds_alternative<VoteReply>(message.body) ||
         std::holds_alternative<AppendReply>(message.body) ||
         std::holds_alternative<HeartbeatReply>(message.body);
}

// Raft §5.1: a newer term makes a follower, an older one is refused. False if the message ends
// here.
inline bool Raft::PassesTermRule(const Message& message) {
  // These claim nothing in the term they carry, neither for the sender nor for another.
  if (std::holds_alternative<Introduce>(message.body) ||
      std::holds_alternative<NotMember>(message.body) ||
      std::holds_alternative<PreVoteRequest>(message.body)) {
    return true;
  }
  // Nobody is elected in term 0, so nobody leads in it or asks for its votes; only a pre-vote can
  // be answered from there.
  if (message.term.IsZero() && !std::holds_alternative<PreVoteReply>(message.body)) {
    Invalid(message);
    return false;
  }
  if (message.term == hard_state_.term) return true;
  if (message.term < hard_state_.term) {
    // A replica of an older term may grant a pre-vote for the next one, and may ask to read.
    if (std::holds_alternative<PreVoteReply>(message.body) ||
        std::holds_alternative<ReadRequest>(message.body)) {
      return true;
    }
    const MessageBody& body = message.body;
    if (Mutated(Mutation::kCountStaleVotes) && std::holds_alternative<VoteReply>(body)) return true;
    if (Mutated(Mutation::kCountStaleAcks) && std::holds_alternative<AppendReply>(body)) {
      return true;
    }
    if (Mutated(Mutation::kAcceptStaleAppend) && std::holds_alternative<AppendRequest>(body)) {
      return true;
    }
    if (Mutated(Mutation::kTimeoutNowOfAnyTerm) && std::holds_alternative<TimeoutNow>(body)) {
      return true;
    }
    AnswerStale(message);
    return false;
  }
  if (const auto* vote = std::get_if<VoteRequest>(&message.body)) {
    // Whoever hears its leader does not help to depose it (Ongaro §6.2), unless the leader asked
    // for it.
    if (options_.check_quorum && LeaderIsAlive() && !vote->by_transfer &&
        !Mutated(Mutation::kVoteBesideLeader)) {
      Reached("vote request ignored beside a leader");
      ++counters_.stale_messages;
      TellIfRemoved(message);
      return false;
    }
  }
  const bool from_leader = std::holds_alternative<AppendRequest>(message.body) ||
                           std::holds_alternative<Heartbeat>(message.body);
  BecomeFollower(message.term, from_leader ? message.from : NodeId());
  return true;
}

// Tells the sender of an outdated request of the newer term, so that a leader that was cut off
// stands down and a candidate that fell behind catches up (E8).
inline void Raft::AnswerStale(const Message& message) {
  ++counters_.stale_messages;
  if (std::holds_alternative<AppendRequest>(message.body) ||
      std::holds_alternative<Heartbeat>(message.body)) {
    Send(message.from, AppendReply{.status = AppendReply::Status::kMismatch,
                                   .epoch = epoch_,
                                   .index = Index(),
                                   .hint_index = Index(),
                                   .hint_term = Term()});
  } else if (std::holds_alternative<VoteRequest>(message.body)) {
    TellIfRemoved(message);
    Send(message.from, VoteReply{.granted = false});
  }
}

inline void Raft::Dispatch(Message& message) {
  std::visit([&](auto& body) { On(message, body); }, message.body);
}

}  // namespace synod
