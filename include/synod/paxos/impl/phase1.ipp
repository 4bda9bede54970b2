// Phase 1 ("Paxos Made Simple" §2.2), once for all slots above what the proposer knows to be chosen
// (§3): a quorum's promises keep every lower ballot from choosing anything more, and its reports
// say what one may have chosen.

namespace synod {

// --- The proposer's side ---

inline PreVoteRequest MultiPaxos::AskForPreVote() const {
  return {.next_term = highest_round_ + 1, .last_index = commit_, .last_term = Term()};
}

// A candidate whom only a snapshot could bring up to date gets that first.
inline bool MultiPaxos::WouldVote(const PreVoteRequest& request) const {
  return request.last_index + 1 >= slots_.first();
}

// Who has much to learn takes many messages for it, and would never come to the end if others, who
// hear no leader either, took its ballot from it.
inline bool MultiPaxos::IsElectingOtherThan(NodeId candidate) const {
  const bool goes_on = last_report_ && now_ < *last_report_ + options_.election_timeout;
  if (!goes_on || candidate == promised().node) return false;
  Reached("paxos: pre-vote refused beside a candidate");
  return true;
}

inline void MultiPaxos::BecomeCandidate(bool by_transfer) {
  SYNOD_ASSERT(!IsLeader(), "a leader does not campaign");
  SYNOD_ASSERT(introduced_, "nobody votes before all incarnations are recorded (I3)");
  if (!options_.pre_vote || by_transfer) ++counters_.elections_started;
  Promise({std::max(highest_round_, hard_state_.term) + 1, self_.node, self_.incarnation});
  role_ = Candidate{.ballots = {}, .own_vote = AllWrites()};
  SetLeader(NodeId());
  ResetElectionTimer();
  for (NodeId voter : OtherVoters()) Prepare(voter, commit_ + 1, by_transfer);
}

// Asks for the report from `from` on. It leaves when the ballot cannot be forgotten any more: a
// proposer that used it twice could propose two values in it.
inline void MultiPaxos::Prepare(NodeId acceptor, Index from, bool by_transfer) {
  const auto report = std::find_if(reports_.begin(), reports_.end(),
                                   [&](const Report& r) { return r.node == acceptor; });
  const Report asked{.node = acceptor, .incarnation = Recorded(acceptor), .next = from};
  if (report == reports_.end()) {
    reports_.push_back(asked);
  } else {
    *report = asked;
  }
  const auto* candidate = std::get_if<Candidate>(&role_);
  const bool may_leave = candidate == nullptr || Mutated(Mutation::kVoteBeforePersist);
  Send(acceptor, PrepareRequest{.from = from, .by_transfer = by_transfer},
       may_leave ? PersistToken() : candidate->own_vote);
}

inline void MultiPaxos::On(const Message& message, PrepareReply& reply) {
  const bool is_asking = IsLeader() || std::holds_alternative<Candidate>(role_);
  if (reply.ballot != promised() || !is_asking) {
    ++counters_.stale_messages;
    return;
  }
  if (reply.promised > reply.ballot) {
    Reached("paxos: candidate hears of a higher ballot");
    highest_round_ = std::min(std::max(highest_round_, reply.promised.round), kMaxTerm - 1);
    BecomeFollower(NodeId());
    return;
  }
  const auto report = std::find_if(reports_.begin(), reports_.end(),
                                   [&](const Report& r) { return r.node == message.from; });
  if (report == reports_.end() || report->incarnation != message.incarnation ||
      report->next.IsZero() || reply.from != report->next) {
    ++counters_.stale_messages;
    return;
  }
  Index least = reply.from;
  for (const AcceptedEntry& accepted : reply.accepted) {
    const Entry& entry = accepted.entry;
    const bool is_right = entry.index >= least && accepted.ballot < reply.ballot &&
                          !accepted.ballot.IsZero() && entry.term == accepted.ballot.round &&
                          IsReadable(entry);
    if (!is_right || (!reply.next.IsZero() && entry.index >= reply.next)) {
      Invalid(message);
      return;
    }
    least = entry.index + 1;
  }
  if (!reply.next.IsZero() && reply.next <= reply.from) {
    Invalid(message);
    return;
  }
  if (reply.first > commit_ + 1) {
    // It has forgotten slots of which this replica does not know what is chosen, and sends what
    // stands for them. Until that is here, others may have the slots themselves.
    Reached("paxos: candidate behind a compacted log");
    report->next = kNoReport;
    RecordReport(message.from, false);
    return;
  }
  ResetElectionTimer();
  last_report_ = now_;
  report->next = Mutated(Mutation::kPhase1OfOnePage) ? Index() : reply.next;
  const Index newest = configurations_.newest_index();
  const Index foreseen = IsLeader() ? Foreseen() : Index();
  for (AcceptedEntry& accepted : reply.accepted) {
    // Where a quorum of those who decide has reported, nothing else can have been chosen. What a
    // newcomer has left from an earlier membership would only come back, be it a change of the
    // members beside the one that is under way (M2).
    const Index slot = accepted.entry.index;
    if (slot <= foreseen && Governing(slot).index <= prepared_) continue;
    Consider(std::move(accepted), reply.chosen);
  }
  if (!IsLeader() && configurations_.newest_index() != newest) {
    EndCandidacy();
    return;
  }
  if (!reply.next.IsZero() && !Mutated(Mutation::kPhase1OfOnePage)) {
    Prepare(message.from, reply.next, /*by_transfer=*/false);
    KeepBallot();
    return;
  }
  RecordReport(message.from, true);
}

// Others decide than those who were asked.
inline void MultiPaxos::EndCandidacy() {
  Reached("paxos: candidate learns of other members");
  BecomeFollower(NodeId());
}

// The last slot of which this leader knows who decides there: behind it may be the members of a
// change that it has found, and not come to propose again: what they have accepted binds it as well
// (P2c).
inline Index MultiPaxos::Foreseen() const {
  for (const auto& [slot, found] : recovered_) {
    if (found.entry.kind != EntryKind::kConfiguration || IsVoid(slot)) continue;
    return slot + configuration().alpha - 1;
  }
  return kNoReport;
}

// As a report takes many messages, those whose own is complete would campaign for want of a leader,
// and all would begin anew. They hear that phase 1 goes on, and have no more to report.
inline void MultiPaxos::KeepBallot() {
  if (IsLeader()) return;
  for (const Report& report : reports_) {
    if (!report.next.IsZero()) continue;
    Reached("paxos: long phase 1 made known");
    Send(report.node, PrepareRequest{.from = kNoReport, .by_transfer = false});
  }
}

// An acceptor's report is complete, or will never be.
inline void MultiPaxos::RecordReport(NodeId acceptor, bool is_complete) {
  if (auto* candidate = std::get_if<Candidate>(&role_)) {
    candidate->ballots.Record(acceptor, is_complete);
    CountBallots();
    return;
  }
  // Where only those who have forgotten could promise, a snapshot of theirs must come first.
  const Configuration& next = Governing(commit_ + 1).configuration;
  const bool can_be_prepared = QuorumSystem(next).Elects([this](NodeId node) {
    return std::ranges::none_of(
        reports_, [node](const Report& r) { return r.node == node && r.next == kNoReport; });
  });
  if (!can_be_prepared && !MayPropose(commit_ + 1)) {
    BecomeFollower(NodeId());
    return;
  }
  ProposeRecovered();
  SettleConfiguration();
}

// What an acceptor has reported. What it knows to be chosen is so; of the rest only the value of
// the highest ballot can be.
inline void MultiPaxos::Consider(AcceptedEntry&& accepted, Index chosen) {
  const Index index = accepted.entry.index;
  if (index <= commit_ || (IsLeader() && index <= slots_.accepted())) return;
  if (index <= chosen && index == commit_ + 1 && !IsLeader()) {
    // Taking a chosen value in one's own ballot proposes what phase 1 would bind it to anyway.
    Reached("paxos: candidate learns what is chosen");
    recovered_.erase(index);
    Accept(std::move(accepted.entry), promised());
    CommitTo(index);
    return;
  }
  if (auto* leader = std::get_if<Leader>(&role_)) {
    leader->term_start = std::max(leader->term_start, index);
  }
  const auto [known, is_new] = recovered_.try_emplace(index, std::move(accepted));
  if (!is_new && (known->second.ballot < accepted.ballot || Mutated(Mutation::kPhase1PicksAny))) {
    known->second = std::move(accepted);
  }
}

// Everything that was accepted above commit is proposed again, in this ballot: in each slot the
// value of the highest ballot, which alone may have been chosen, and in a gap, where nothing can
// have been, a no-op. New values and reads come after it.
inline Index MultiPaxos::TakeOver() {
  prepared_ = configurations_.newest_index();
  in_force_ = InForce().size();
  for (Index i = commit_ + 1; i <= slots_.last(); ++i) {
    const Slot* own = slots_.Find(i);
    if (own == nullptr || own->ballot == promised()) continue;
    Consider({.entry = own->entry, .ballot = own->ballot}, Index());
  }
  const Index last = recovered_.empty() ? commit_ : recovered_.rbegin()->first;
  ProposeRecovered();
  // Alone there is no answer to wait for, and a log that is full takes nothing else.
  LetNewMembersDecide();
  return last;
}

// As far as it is known which configuration governs.
inline void MultiPaxos::ProposeRecovered() {
  while (!recovered_.empty() && MayPropose(slots_.accepted() + 1)) {
    const Index next = slots_.accepted() + 1;
    const auto first = recovered_.begin();
    if (first->first > next) {
      Reached("paxos: gap filled with a no-op");
      AppendOwn(EntryKind::kNoOp, Payload());
      continue;
    }
    Entry entry = std::move(first->second.entry);
    recovered_.erase(first);
    if (entry.index < next) continue;  // It was found to be chosen.
    const std::optional<Configuration> members = entry.kind == EntryKind::kConfiguration
                                                     ? DecodeConfiguration(entry.payload.view())
                                                     : std::nullopt;
    AppendOwn(entry.kind, std::move(entry.payload));
    if (members && !IsVoid(next)) Adopt(next, *members);
  }
}

inline Reason MultiPaxos::RefusalToGrow() const {
  const Index next = slots_.accepted() + 1;
  if (!recovered_.empty()) return Reason::kNotReady;
  const bool is_bounded = !Mutated(Mutation::kNoAlphaBound);
  if (next > commit_ + configuration().alpha && is_bounded) return Reason::kOverloaded;
  return MayPropose(next) ? Reason::kNone : Reason::kNotReady;
}

// --- The acceptor's side ---

inline void MultiPaxos::Promise(const Ballot& ballot) {
  SYNOD_ASSERT(ballot > promised(), "promises never fall");
  hard_state_.term = ballot.round;
  hard_state_.vote = ballot.node;
  hard_state_.vote_incarnation = ballot.incarnation;
  hard_state_changed_ = true;
  highest_round_ = std::max(highest_round_, ballot.round);
  slots_.BeginBallot(commit_);
  last_report_.reset();
  reports_.clear();
  recovered_.clear();
  // Every ack in this ballot will count what is chosen, so that must not be forgotten (I5).
  if (commit_ > KnownChosen() && !Mutated(Mutation::kChosenNotNoted)) {
    accept_log_.AppendMark({.ballot = ballot, .slot = commit_ + 1, .chosen = commit_},
                           output_.persist.entries);
  }
  ForgetUnchosen();
}

inline void MultiPaxos::On(const Message& message, const PrepareRequest& request) {
  TellIfRemoved(message);
  const Ballot ballot = BallotOf(message);
  if (ballot < promised()) {
    Reached("paxos: prepare refused below the promise");
    Send(message.from, Refusal<PrepareReply>(ballot));
    return;
  }
  if (!introduced_) {  // It may have accepted something in this ballot (I3).
    ++counters_.stale_messages;
    return;
  }
  if (ballot > promised()) {
    // Whoever hears its leader does not help to depose it (Ongaro §6.2), unless the leader asked
    // for it.
    if (options_.check_quorum && LeaderIsAlive() && !request.by_transfer &&
        !Mutated(Mutation::kVoteBesideLeader)) {
      Reached("paxos: prepare ignored beside a leader");
      ++counters_.stale_messages;
      return;
    }
    BecomeFollower(NodeId());
    Promise(ballot);
  }
  if (!IsLeader()) ResetElectionTimer();
  last_report_ = now_;
  if (request.from < slots_.first()) OfferSnapshot(message.from);
  PrepareReply reply{.ballot = ballot,
                     .promised = ballot,
                     .from = request.from,
                     .first = slots_.first(),
                     .chosen = commit_,
                     .next = {},
                     .accepted = {}};
  size_t bytes = 0;
  for (Index i = std::max(request.from, slots_.first()); i <= slots_.last(); ++i) {
    const Slot* slot = slots_.Find(i);
    if (slot == nullptr || slot->ballot >= ballot) continue;
    if (Mutated(Mutation::kPromiseReportsNothing)) break;
    const size_t more = slot->entry.Bytes() + AcceptedEntry::kBallotBytes;
    if (bytes > 0 && bytes + more > options_.max_append_bytes) {
      reply.next = i;
      break;
    }
    bytes += more;
    reply.accepted.push_back({.entry = slot->entry, .ballot = slot->ballot});
  }
  // The promise, and what is reported, must not be forgotten (I3).
  Send(message.from, std::move(reply),
       Mutated(Mutation::kVoteBeforePersist) ? PersistToken() : AllWrites());
}

}  // namespace synod
