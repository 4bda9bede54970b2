// How effects are gathered and handed over.

namespace synod {

inline void Engine::Send(NodeId to, MessageBody body, PersistToken after) {
  output_.messages.push_back({.message = {.group = self_.group,
                                          .from = self_.node,
                                          .to = to,
                                          .incarnation = self_.incarnation,
                                          .term = hard_state_.term,
                                          .body = std::move(body)},
                              .after = after});
}

inline void Engine::Resolve(RequestId request, Outcome::Kind kind, Reason reason) {
  output_.resolved.push_back({.request = request, .kind = kind, .reason = reason});
}

inline void Engine::RaiseAlert(Alert::Kind kind, NodeId peer, bool fatal) {
  if (!fatal) {
    Instant& quiet_until = QuietUntil(kind, configuration().IsMember(peer) ? peer : NodeId());
    if (now_ < quiet_until) return;
    quiet_until = now_ + kAlertPause * options_.election_timeout;
  }
  output_.alerts.push_back({.kind = kind, .peer = peer, .fatal = fatal});
}

inline Instant& Engine::QuietUntil(Alert::Kind kind, NodeId peer) {
  for (QuietAlert& quiet : quiet_alerts_) {
    if (quiet.kind == kind && quiet.peer == peer) return quiet.until;
  }
  return quiet_alerts_.emplace_back(QuietAlert{.kind = kind, .peer = peer, .until = now_}).until;
}

inline void Engine::Invalid(const Message& message) {
  ++counters_.invalid_messages;
  RaiseAlert(Alert::Kind::kInvalidMessage, message.from, /*fatal=*/false);
}

inline bool Engine::HasUnwritten() const {
  return hard_state_changed_ || !output_.persist.IsEmpty();
}

// The write after which all that this replica knows now is durable; 0 if it is already.
inline PersistToken Engine::AllWrites() const {
  if (HasUnwritten()) return last_token_ + 1;
  return last_token_ == done_token_ ? PersistToken() : last_token_;
}

inline void Engine::Persisted(PersistToken token) {
  const InvariantGuard guard{*this};
  SYNOD_ASSERT(token <= last_token_, "only a write that was asked for can be done");
  has_output_ = true;
  if (token <= done_token_) return;
  done_token_ = token;
  oldest_write_ = done_token_ == last_token_ ? kNever : now_;
  WriteDone(token);
  if (!introduction_token_.IsZero() && introduction_token_ <= done_token_) introduced_ = true;
  if (IsLeader()) {
    AdvanceCommitIndex();
  } else if (auto* candidate = std::get_if<Candidate>(&role_)) {
    if (candidate->own_vote <= done_token_) {
      candidate->ballots.Record(self_.node, true);
      CountBallots();
    }
  }
}

inline void Engine::TakeOutput(Output& out) {
  const InvariantGuard guard{*this};
  if (IsLeader()) {
    BeginReadRound();
    Replicate();
    MaybeAskTransferTarget();
  }
  if (HasUnwritten()) {
    if (hard_state_changed_) output_.persist.hard_state = hard_state_;
    hard_state_changed_ = false;
    if (last_token_ == done_token_) oldest_write_ = now_;
    output_.persist.token = ++last_token_;
    WriteBegan(last_token_);
  }
  output_.next_deadline = NextDeadline();
  std::swap(out, output_);
  output_.Clear();
  has_output_ = false;
}

inline Instant Engine::NextDeadline() const {
  Instant deadline = transfer_ ? transfer_->deadline : kNever;
  if (const auto* leader = std::get_if<Leader>(&role_)) {
    if (leader->change) {
      deadline = std::min({deadline, leader->change->deadline, leader->change->next_introduction});
    }
    return std::min({deadline, leader->next_heartbeat, leader->commit_notice});
  }
  deadline = std::min(deadline, election_deadline_);
  if (IsIntroducing()) deadline = std::min(deadline, next_introduction_);
  if (!forwarded_reads_.empty()) deadline = std::min(deadline, forwarded_reads_.front().resend);
  return deadline;
}

inline void Engine::Tick(Instant now) {
  const InvariantGuard guard{*this};
  if (now < now_) return;
  now_ = now;
  if (now < NextDeadline()) return;
  has_output_ = true;
  if (transfer_ && now_ >= transfer_->deadline) ConcludeTransfer(/*timed_out=*/true);
  if (IsLeader()) {
    TickLeader();
    return;
  }
  if (now_ >= next_introduction_ && IsIntroducing()) IntroduceToStrangers();
  TickForwardedReads();
  if (now_ >= election_deadline_) Campaign();
}

inline std::span<const Progress> Engine::progress() const {
  const auto* leader = std::get_if<Leader>(&role_);
  return leader == nullptr ? std::span<const Progress>() : leader->peers;
}

inline size_t Engine::pending_proposals() const {
  const auto* leader = std::get_if<Leader>(&role_);
  return leader == nullptr ? 0 : leader->proposals.size();
}

inline size_t Engine::pending_reads() const {
  const auto* leader = std::get_if<Leader>(&role_);
  return leader == nullptr ? forwarded_reads_.size() : leader->reads.size();
}

}  // namespace synod
