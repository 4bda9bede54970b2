// How a message enters.

namespace synod {

inline void Engine::Step(Message message) {
  const InvariantGuard guard{*this};
  has_output_ = true;
  if (!IsAcceptable(message)) return;
  if (!PassesTermRule(message)) return;
  Dispatch(message);
}

// A message must be for this replica and from another, and of a term that leaves others behind it:
// adopted, the last of all would be the end of this replica, on its disk as well.
inline bool Engine::IsPossible(const Message& message) const {
  return message.group == self_.group && message.to == self_.node && message.from != self_.node &&
         !message.from.IsZero() && !message.incarnation.IsZero() && message.term <= kMaxTerm;
}

inline bool Engine::AdmitsSnapshot(const Message& message) {
  const InvariantGuard guard{*this};
  has_output_ = true;
  if (!IsPossible(message)) {
    Invalid(message);
    return false;
  }
  if (!MayBringSnapshot(message.term)) {
    ++counters_.stale_messages;
    return false;
  }
  return true;
}

// An answer counts only from a member, and
// from the disk that it is known by: one that was wiped has forgotten its promises, and may neither
// vote nor ack under its old name (I3, I9, M3). A request may come from anybody: a leader or
// candidate may be a member by a change that has not come here yet.
inline bool Engine::IsAcceptable(const Message& message) {
  if (!IsPossible(message) || !Speaks(message.body)) {
    Invalid(message);
    return false;
  }
  if (std::holds_alternative<Introduce>(message.body)) return true;
  // Before it is introduced it may be a wiped disk itself, which must not be taken in unnoticed.
  if (introduced_ && !IsCounted(message)) return true;
  if (!IsMember(message.from)) {
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
inline bool Engine::IsCounted(const Message& message) {
  return std::holds_alternative<PreVoteReply>(message.body) ||
         std::holds_alternative<VoteReply>(message.body) ||
         std::holds_alternative<AppendReply>(message.body) ||
         std::holds_alternative<HeartbeatReply>(message.body) ||
         std::holds_alternative<PrepareReply>(message.body) ||
         std::holds_alternative<AcceptReply>(message.body);
}

}  // namespace synod
