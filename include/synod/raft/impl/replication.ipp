// Log replication (Raft §5.3) and commitment (§5.4.2).

namespace synod {

inline void Raft::AppendOwn(EntryKind kind, Payload payload) {
  Entry entry{.index = log_.last() + 1,
              .term = hard_state_.term,
              .kind = kind,
              .payload = std::move(payload)};
  std::get<Leader>(role_).uncommitted_bytes += entry.Bytes();
  output_.persist.entries.push_back(entry);
  log_.Append(std::move(entry));
}

inline bool Raft::SendAppend(Progress& peer) {
  if (!MayAppendTo(peer, log_.last())) return false;
  const Index prev = peer.next - 1;
  const std::optional<Term> prev_term = log_.TermAt(prev);
  const bool is_in_snapshot = peer.state == Progress::State::kProbe && prev < snapshot_.index;
  if (!prev_term || (is_in_snapshot && Buggify("snapshot_for_append"))) {
    NeedSnapshot(peer);
    return false;
  }
  const Batch batch = NextBatch(peer, log_, log_.last());
  const Index commit =
      Mutated(Mutation::kCommitToLastIndex) ? commit_ : std::min(commit_, batch.last);  // I7
  AppendRequest request{.prev_index = prev,
                        .prev_term = *prev_term,
                        .commit = commit,
                        .epoch = peer.epoch,
                        .entries = {}};
  request.entries.reserve(batch.last - prev);
  for (Index i = prev + 1; i <= batch.last; ++i) request.entries.push_back(log_.At(i));
  Send(peer.node, std::move(request));
  return AppendSent(peer, batch, commit);
}

inline void Raft::On(const Message& message, const AppendReply& reply) {
  Progress* peer = FindPeer(message.from);
  if (peer == nullptr || !IsOfThisMembership(*peer, reply.epoch)) {
    ++counters_.stale_messages;
    return;
  }
  if (reply.index > log_.last() || reply.hint_index > log_.last()) {
    Invalid(message);
    return;
  }
  peer->last_heard = now_;
  if (reply.status == AppendReply::Status::kMismatch && !Mutated(Mutation::kRejectionIsAck)) {
    OnMismatch(*peer, reply);
    return;
  }
  NoteMatch(*peer, reply.index);
  const bool probe_answered =
      peer->state == Progress::State::kProbe && reply.index + 1 >= peer->next;
  const bool log_reaches =
      peer->state == Progress::State::kSnapshot && log_.TermAt(peer->match).has_value();
  if (log_reaches) Reached("raft: snapshot overtaken by appends");
  if (probe_answered || log_reaches) peer->BecomeReplicate();
  AdvanceCommitIndex();
}

// The peer's log differs at the request's previous entry: step back to where the logs can agree.
// Late rejections, overtaken by acks or by another probe, say nothing any more (R4).
inline void Raft::OnMismatch(Progress& peer, const AppendReply& reply) {
  ++counters_.append_mismatches;
  switch (peer.state) {
    case Progress::State::kSnapshot:
      return;
    case Progress::State::kReplicate:
      if (reply.index > peer.match) peer.BecomeProbe(peer.match + 1);
      return;
    case Progress::State::kProbe: {
      if (reply.index + 1 != peer.next) {
        Reached("raft: late mismatch ignored");
        return;
      }
      const Index agree = LastIndexAgreeing(reply.hint_index, reply.hint_term);
      if (agree + 1 < reply.index) Reached("raft: mismatch steps back over a term");
      const Index least = Mutated(Mutation::kNextBelowMatch) ? Index() : peer.match;
      const Index from = std::max(least, std::min(agree, reply.index - 1)) + 1;
      // No lower than what it acked: late, or from a disk that lost it. Asked again at once, such a
      // peer would refuse again at once, for ever; the next heartbeat is soon enough.
      if (from < peer.next) peer.BecomeProbe(from);
      return;
    }
  }
}

// The last index ≤ `index` where this log's term is ≤ `term`: above it, a log that has `term` at
// `index` cannot agree with this one. If compaction hides the answer, the base: the next step is a
// snapshot.
inline Index Raft::LastIndexAgreeing(Index index, Term term) const {
  Index agree = std::min(index, log_.last());
  while (log_.Contains(agree) && log_.At(agree).term > term) agree = agree - 1;
  return agree;
}

// The TLA+ action AdvanceCommitIndex.
inline void Raft::AdvanceCommitIndex() {
  const auto& leader = std::get<Leader>(role_);
  const auto match_of = [&](NodeId node) {
    if (node == self_.node && Mutated(Mutation::kCountOwnUnsynced)) return log_.last();
    if (node == self_.node) return log_.durable();
    const Progress* peer = Leader::Find(leader, node);
    if (peer == nullptr) return Index();
    const bool is_me = Mutated(Mutation::kCountSelfTwice) && peer == &leader.peers.front();
    return is_me ? log_.durable() : peer->match;
  };
  const Index reached = ReachedByQuorum<Index>(match_of);
  if (reached <= commit_) return;
  // An entry of an older term is never committed by counting: a majority may hold it and a later
  // leader may still overwrite it. It commits with the first entry of this term behind it (Raft
  // §5.4.2, figure 8).
  if (!Mutated(Mutation::kCommitOldTermByCount)) {
    if (reached < leader.term_start) {
      Reached("raft: commit waits for the own term");
      return;
    }
    SYNOD_ASSERT(log_.TermAt(reached) == hard_state_.term,
                 "a leader commits by counting only what is of its own term (Raft §5.4.2)");
  }
  if (reached > log_.durable()) Reached("raft: commit ahead of the leader's disk");
  CommitTo(reached);
  SettleConfiguration();
}

// Drops the first command that is too much, and what follows: they are not acked, so not counted,
// and come again (F5). What is there already costs nothing. Nor is a new leader's no-op refused:
// without it nothing would commit in its term, so that no snapshot could ever make room.
inline void Raft::CutToWhatFits(std::vector<Entry>& entries) const {
  if (HasRoom() || !MayCompact()) return;
  const auto is_too_much = [this](const Entry& entry) {
    return entry.kind == EntryKind::kCommand && entry.index >= log_.first() &&
           log_.TermAt(entry.index) != entry.term;
  };
  entries.erase(std::find_if(entries.begin(), entries.end(), is_too_much), entries.end());
}

inline void Raft::On(const Message& message, AppendRequest& request) {
  if (IsLeader() || (!leader_.IsZero() && leader_ != message.from)) {
    Invalid(message);  // Two leaders in one term: not by any correct replica (Raft §5.2).
    return;
  }
  Index expected = request.prev_index;
  Term term = std::max(request.prev_term, Term(1));
  for (const Entry& entry : request.entries) {
    if (entry.index != ++expected || entry.term < term || entry.term > message.term ||
        !IsReadable(entry)) {
      Invalid(message);
      return;
    }
    term = entry.term;
  }
  HeardFromLeader(message.from);
  NoteEpoch(request.epoch);
  if (!request.entries.empty()) {
    CutToWhatFits(request.entries);
    if (request.entries.empty()) {
      Reached("raft: append refused for want of space");
      if (!has_space_) ++counters_.refused_for_space;
      return;
    }
    expected = request.entries.back().index;
  }
  const bool agrees =
      request.prev_index < commit_ || log_.TermAt(request.prev_index) == request.prev_term ||
      (Mutated(Mutation::kNoPreviousEntryCheck) && request.prev_index <= log_.last());
  if (!agrees) {
    AnswerMismatch(message, request);
    return;
  }
  const Index had = log_.last();
  if (!AppendFrom(message, request)) return;
  // What is committed here is in the leader's log too (leader completeness, Raft §5.4.3), so a late
  // or repeated append is answered with all of that.
  verified_ = std::max({verified_, expected, commit_});
  const Index limit = Mutated(Mutation::kCommitToLastIndex) ? log_.last() : expected;
  const Index told = Mutated(Mutation::kCommitOnAppend) ? expected : request.commit;
  CommitTo(std::max(commit_, std::min(told, limit)));  // R2
  Acknowledge(message.from, Mutated(Mutation::kAckLastIndex) ? had : std::max(expected, commit_));
}

// Appends what is new. Only a real conflict truncates: a short old append after a long new one must
// not (R3). False if the request would overwrite what is committed.
inline bool Raft::AppendFrom(const Message& message, AppendRequest& request) {
  if (Mutated(Mutation::kTruncateAlways) && request.prev_index < log_.last() &&
      request.prev_index >= commit_) {
    TruncateFrom(request.prev_index + 1);
  }
  for (Entry& entry : request.entries) {
    if (entry.index + 1 < log_.first()) continue;  // Compacted, so committed.
    const std::optional<Term> ours = log_.TermAt(entry.index);
    const bool again =
        Mutated(Mutation::kTruncateCommitted) && entry.index == commit_ && commit_ >= log_.first();
    if (ours == entry.term && !again) continue;
    if (entry.index <= commit_ && !again) {
      RaiseAlert(Alert::Kind::kUnsafeTruncation, message.from, /*fatal=*/true);  // R10
      return false;
    }
    if (ours) {
      Reached("raft: conflict truncates the log");
      TruncateFrom(entry.index);
    }
    output_.persist.entries.push_back(entry);
    const bool is_configuration = entry.kind == EntryKind::kConfiguration;
    log_.Append(std::move(entry));
    if (is_configuration) {
      Adopt(log_.last(), *DecodeConfiguration(log_.At(log_.last()).payload.view()));
    }
  }
  return true;
}

inline void Raft::TruncateFrom(Index index) {
  SYNOD_ASSERT(index > commit_ || Mutated(Mutation::kTruncateCommitted),
               "a committed entry is never truncated (R10)");
  log_.TruncateFrom(index);
  if (configurations_.TruncateFrom(index)) {
    Reached("raft: configuration truncated");
    ConfigurationChanged();
  }
  Persist& persist = output_.persist;
  while (!persist.entries.empty() && persist.entries.back().index >= index) {
    persist.entries.pop_back();
  }
  persist.truncate_from = std::min(persist.truncate_from.value_or(index), index);
  if (Mutated(Mutation::kTruncationNotWritten)) persist.truncate_from.reset();
  verified_ = std::min(verified_, index - 1);
  VoidAcksFrom(index);
}

// Entries that are truncated before their write was handed over will never be durable, so acks of
// this very output that promised them must not leave (R5, R11).
inline void Raft::VoidAcksFrom(Index index) {
  std::erase_if(output_.messages, [index](const Outgoing& outgoing) {
    const auto* ack = std::get_if<AppendReply>(&outgoing.message.body);
    return ack != nullptr && ack->status == AppendReply::Status::kAccepted && ack->index >= index;
  });
}

// Promises the leader that the log is durable here and equal to its own up to `index` (I5, I6): so
// it waits for every write there is (R9).
inline void Raft::Acknowledge(NodeId leader, Index index) {
  const PersistToken after = Mutated(Mutation::kAckBeforePersist) ? PersistToken() : AllWrites();
  if (!output_.messages.empty()) {
    // A newer ack of the same term says all that the one before it did.
    Outgoing& previous = output_.messages.back();
    auto* ack = std::get_if<AppendReply>(&previous.message.body);
    if (ack != nullptr && ack->status == AppendReply::Status::kAccepted &&
        previous.message.to == leader && previous.message.term == hard_state_.term) {
      ack->index = std::max(ack->index, index);
      previous.after = after;
      return;
    }
  }
  Send(leader,
       AppendReply{.status = AppendReply::Status::kAccepted,
                   .epoch = epoch_,
                   .index = index,
                   .hint_index = Index(),
                   .hint_term = Term()},
       after);
}

// Says where the logs can agree at most, so that the leader skips whole terms instead of single
// entries.
inline void Raft::AnswerMismatch(const Message& message, const AppendRequest& request) {
  ++counters_.append_mismatches;
  Index hint = std::min(request.prev_index - 1, log_.last());
  if (!Buggify("mismatch_without_hint")) hint = LastIndexAgreeing(hint, request.prev_term);
  Send(message.from, AppendReply{.status = AppendReply::Status::kMismatch,
                                 .epoch = epoch_,
                                 .index = request.prev_index,
                                 .hint_index = hint,
                                 .hint_term = log_.TermAt(hint).value_or(Term())});
}

}  // namespace synod
