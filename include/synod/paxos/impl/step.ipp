// Which messages mean something in the ballot that this replica takes part in.

namespace synod {

inline bool MultiPaxos::Speaks(const MessageBody& body) const {
  return !std::holds_alternative<VoteRequest>(body) && !std::holds_alternative<VoteReply>(body) &&
         !std::holds_alternative<AppendRequest>(body) &&
         !std::holds_alternative<AppendReply>(body) && !std::holds_alternative<Heartbeat>(body) &&
         !std::holds_alternative<HeartbeatReply>(body);
}

// Requests carry their ballot, and answers the one they were asked in: they are compared where they
// are handled. What remains is said between a leader and its followers.
inline bool MultiPaxos::PassesTermRule(const Message& message) {
  const auto* promise = std::get_if<PrepareReply>(&message.body);
  const auto* accepted = std::get_if<AcceptReply>(&message.body);
  const Term told = promise != nullptr    ? promise->promised.round
                    : accepted != nullptr ? accepted->promised.round
                                          : Term();
  if (told > kMaxTerm) {
    Invalid(message);
    return false;
  }
  // One round is left for a candidacy of this replica's own.
  highest_round_ = std::min(std::max(highest_round_, message.term), kMaxTerm - 1);
  const auto* question = std::get_if<PreVoteRequest>(&message.body);
  if (question != nullptr && !WouldVote(*question)) OfferSnapshot(message.from);
  const bool needs_ballot = std::holds_alternative<PrepareRequest>(message.body) ||
                            std::holds_alternative<AcceptRequest>(message.body);
  if (needs_ballot && message.term.IsZero()) {
    Invalid(message);
    return false;
  }
  const bool is_of_this_round = (std::holds_alternative<TimeoutNow>(message.body) &&
                                 !Mutated(Mutation::kTimeoutNowOfAnyTerm)) ||
                                std::holds_alternative<ReadReply>(message.body);
  if (is_of_this_round && message.term != hard_state_.term) {
    ++counters_.stale_messages;
    return false;
  }
  return true;
}

inline void MultiPaxos::Dispatch(Message& message) {
  const auto handle = [&](auto& body) {
    if constexpr (requires { On(message, body); }) On(message, body);
  };
  std::visit(handle, message.body);
}

}  // namespace synod
