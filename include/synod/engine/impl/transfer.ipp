// Leadership transfer (Ongaro §3.10): stop proposals, wait until the target has the whole log, tell
// it to campaign.

namespace synod {

inline void Engine::Transfer(NodeId to, RequestId request) {
  const InvariantGuard guard{*this};
  has_output_ = true;
  const auto refuse = [&](Reason reason) {
    Resolve(request, Outcome::Kind::kNotCommitted, reason);
  };
  if (!IsLeader()) return refuse(Reason::kNotLeader);
  if (transfer_) return refuse(Reason::kTransferring);
  const bool can_lead = configuration().IsVoter(to) && !configuration().IsAcceptor(to);
  if (!can_lead) return refuse(Reason::kNotVoter);
  if (to == self_.node) return Resolve(request, Outcome::Kind::kCommitted, Reason::kNone);
  // It ends by itself, so that a leader that is cut off meanwhile does not refuse writes for ever
  // (X7).
  transfer_ =
      LeaderTransfer{.to = to, .request = request, .deadline = now_ + options_.election_timeout};
}

inline void Engine::MaybeAskTransferTarget() {
  if (!transfer_ || transfer_->asked) return;
  const Progress* target = FindPeer(transfer_->to);
  if (target == nullptr || target->match != extent().last) return;
  transfer_->asked = true;
  Send(transfer_->to, TimeoutNow{});
}

// Either its time is over, or a new leader has shown itself.
inline void Engine::ConcludeTransfer(bool timed_out) {
  const LeaderTransfer transfer = *std::exchange(transfer_, std::nullopt);
  if (timed_out) Reached("transfer out of time");
  if (timed_out && transfer.asked) {
    // It may yet campaign, and win.
    Resolve(transfer.request, Outcome::Kind::kUnknown, Reason::kDeadline);
  } else if (timed_out) {
    Resolve(transfer.request, Outcome::Kind::kNotCommitted, Reason::kUnreachable);
  } else if (leader_ != transfer.to) {
    Resolve(transfer.request, Outcome::Kind::kNotCommitted, Reason::kLeadershipLost);
  } else {
    Resolve(transfer.request, Outcome::Kind::kCommitted, Reason::kNone);
  }
}

inline void Engine::On(const Message& message, const TimeoutNow&) {
  // A late request, from a leader that has been replaced since, has an older term and does not come
  // here (E9).
  const bool asked = message.from == leader_ || Mutated(Mutation::kTimeoutNowOfAnyTerm);
  if (IsLeader() || !asked || !MayCampaign()) {
    ++counters_.stale_messages;
    return;
  }
  BecomeCandidate(/*by_transfer=*/true);
}

}  // namespace synod
