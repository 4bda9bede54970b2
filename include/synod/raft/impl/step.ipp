// The term rule, once, then one handler per message.

namespace synod {

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
      Reached("raft: vote request ignored beside a leader");
      ++counters_.stale_messages;
      TellIfRemoved(message);
      return false;
    }
  }
  AdoptTerm(message.term);
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

inline bool Raft::Speaks(const MessageBody& body) const {
  return !std::holds_alternative<PrepareRequest>(body) &&
         !std::holds_alternative<PrepareReply>(body) &&
         !std::holds_alternative<AcceptRequest>(body) && !std::holds_alternative<AcceptReply>(body);
}

inline void Raft::Dispatch(Message& message) {
  const auto handle = [&](auto& body) {
    if constexpr (requires { On(message, body); }) On(message, body);
  };
  std::visit(handle, message.body);
}

}  // namespace synod
