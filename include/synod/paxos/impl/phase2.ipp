// Phase 2 ("Paxos Made Simple" §2.2): slots are accepted in any order, and applied in theirs. What
// a quorum has accepted in one ballot is chosen.

namespace synod {

// --- The proposer's side ---

// Proposes in the next slot, first of all to this replica's own acceptor.
inline void MultiPaxos::AppendOwn(EntryKind kind, Payload payload) {
  SYNOD_ASSERT(MayPropose(slots_.accepted() + 1),
               "no slot is proposed before it is known who decides there (§3)");
  Entry entry{.index = slots_.accepted() + 1,
              .term = hard_state_.term,
              .kind = kind,
              .payload = std::move(payload)};
  std::get<Leader>(role_).uncommitted_bytes += entry.Bytes();
  Accept(std::move(entry), promised());
}

inline bool MultiPaxos::SendAppend(Progress& peer) {
  // Nothing that is chosen, and no snapshot, is for who only accepts.
  if (peer.is_acceptor) peer.next = std::max(peer.next, commit_ + 1);
  if (!MayAppendTo(peer, slots_.accepted())) return false;
  const bool is_in_snapshot = peer.state == Progress::State::kProbe && peer.next <= snapshot_.index;
  if (peer.next < slots_.first() || (is_in_snapshot && Buggify("snapshot_for_append"))) {
    NeedSnapshot(peer);
    return false;
  }
  const Batch batch = NextBatch(peer, slots_, slots_.accepted());
  const Index commit = std::min(commit_, batch.last);
  AcceptRequest request{
      .first = peer.next, .commit = commit, .epoch = peer.epoch, .round = 0, .entries = {}};
  request.entries.reserve(batch.last + 1 - peer.next);
  for (Index i = peer.next; i <= batch.last; ++i) {
    // What was chosen in a lower ballot is proposed again in this one, which is bound to it.
    request.entries.push_back(slots_.At(i));
    request.entries.back().term = hard_state_.term;
  }
  Send(peer.node, std::move(request));
  return AppendSent(peer, batch, commit);
}

inline void MultiPaxos::SendHeartbeat(Progress& peer) {
  const Index commit = std::min(commit_, peer.match);  // I7
  peer.commit_sent = std::max(peer.commit_sent, commit);
  Send(peer.node, AcceptRequest{.first = peer.next,
                                .commit = commit,
                                .epoch = peer.epoch,
                                .round = std::get<Leader>(role_).round,
                                .forget = peer.is_acceptor ? Remembered() : Index(),
                                .entries = {}});
  // A voter of a configuration to come has not said yet what it has accepted.
  for (const Report& report : reports_) {
    if (report.node == peer.node && !report.next.IsZero() &&
        configurations_.newest_index() > prepared_) {
      // What one has compacted may be known here by now.
      const Index from = report.next == kNoReport ? commit_ + 1 : report.next;
      Prepare(report.node, from, /*by_transfer=*/false);
      break;
    }
  }
}

inline void MultiPaxos::On(const Message& message, const AcceptReply& reply) {
  const bool counts = reply.ballot == promised() || Mutated(Mutation::kCountAcksOfAnyBallot);
  if (!counts || !IsLeader()) {
    ++counters_.stale_messages;
    return;
  }
  if (reply.promised > reply.ballot) {
    Reached("paxos: leader hears of a higher ballot");
    highest_round_ = std::min(std::max(highest_round_, reply.promised.round), kMaxTerm - 1);
    BecomeFollower(NodeId());
    return;
  }
  Progress* peer = FindPeer(message.from);
  if (peer == nullptr || !IsOfThisMembership(*peer, reply.epoch)) {
    ++counters_.stale_messages;
    return;
  }
  if (reply.round > std::get<Leader>(role_).round) {
    Invalid(message);
    return;
  }
  peer->last_heard = now_;
  // It may know slots to be chosen that this leader has not proposed again yet.
  const Index received = std::min(reply.received, slots_.accepted());
  if (reply.round != 0) {
    OnSignOfLife(*peer, reply.round, received, reply.has_space);
    const bool is_news = peer->chosen < reply.chosen;
    peer->chosen = std::max(peer->chosen, reply.chosen);
    if (is_news) AdvanceCommitIndex();
    return;
  }
  NoteMatch(*peer, std::min(reply.accepted, slots_.accepted()));
  const bool log_reaches =
      peer->state == Progress::State::kSnapshot && peer->match + 1 >= slots_.first();
  if (log_reaches) Reached("paxos: snapshot overtaken by accepts");
  if (peer->state == Progress::State::kProbe || log_reaches) peer->BecomeReplicate();
  peer->chosen = std::max(peer->chosen, reply.chosen);
  AdvanceCommitIndex();
}

// I10: so many slots of those that a quorum has accepted are chosen, where a majority of the
// replicas holds all up to `held`. Behind that are only digests of what is large.
inline Index MultiPaxos::HeldUpTo(Index accepted, Index held) const {
  if (Mutated(Mutation::kDigestOnTooFew)) return accepted;
  for (Index i = std::max(commit_, held) + 1; i <= accepted; ++i) {
    if (slots_.At(i).payload.size() > Configuration::kMaxAcceptorPayload) return i - 1;
  }
  return accepted;
}

// What a quorum has accepted in this ballot is chosen, by whichever configuration governs each
// slot.
inline void MultiPaxos::AdvanceCommitIndex() {
  const auto& leader = std::get<Leader>(role_);
  const auto match_of = [&](NodeId node) {
    if (node == self_.node && Mutated(Mutation::kCountOwnUnsynced)) return slots_.accepted();
    if (node == self_.node) return slots_.durable();
    const Progress* peer = Leader::Find(leader, node);
    return peer == nullptr ? Index() : peer->match;
  };
  while (commit_ < slots_.accepted()) {
    const std::span<const ConfigurationChange> all = InForce();
    const QuorumSystem quorums(all.front().configuration);
    Index reached = quorums.Reached<Index>(match_of);
    if (!all.front().configuration.acceptors.empty()) {
      reached = HeldUpTo(reached, quorums.Remembered<Index>(match_of));
    }
    if (all.size() > 1) reached = std::min(reached, all[1].index + configuration().alpha - 1);
    if (reached <= commit_) break;
    if (reached > slots_.durable()) Reached("paxos: chosen ahead of the leader's disk");
    CommitTo(reached);
  }
  NoteChosen();
  ProposeRecovered();
  SettleConfiguration();
}

// --- The acceptor's and the learner's side ---

inline void MultiPaxos::Accept(Entry entry, const Ballot& ballot) {
  entry.term = ballot.round;
  const Index position = accept_log_.Append(entry, ballot, commit_, output_.persist.entries);
  slots_.Put({.entry = std::move(entry), .ballot = ballot, .position = position});
  slots_.Advance(ballot);
}

// Whether there is room for it. A slot that is taken anyway costs little to take again, and without
// that a new leader could choose nothing, so that no snapshot would ever make room (F5). Where none
// could as it is, the next slot is taken alone.
inline bool MultiPaxos::MayHold(const Entry& entry) const {
  return HasRoom() || entry.kind != EntryKind::kCommand || slots_.Find(entry.index) != nullptr ||
         (!MayCompact() && entry.index == commit_ + 1);
}

inline void MultiPaxos::On(const Message& message, AcceptRequest& request) {
  const Ballot ballot = BallotOf(message);
  if (ballot < promised() && !Mutated(Mutation::kAcceptIgnoresPromise)) {
    Reached("paxos: accept refused below the promise");
    Send(message.from, Refusal<AcceptReply>(ballot));
    return;
  }
  Index expected = request.first;
  for (const Entry& entry : request.entries) {
    if (entry.index != expected || entry.term != message.term || !IsReadable(entry)) {
      Invalid(message);
      return;
    }
    ++expected;
  }
  if (ballot > promised()) {
    BecomeFollower(NodeId());
    Promise(ballot);
  }
  HeardFromLeader(message.from);
  NoteEpoch(request.epoch);
  if (!AcceptAll(message, request.entries)) return;
  // Only what is accepted in this very ballot is what the leader means.
  CommitTo(std::max(commit_, std::min(request.commit, slots_.accepted())));
  const bool is_news = NoteChosen();
  if (request.round == 0 || is_news) Acknowledge(message.from, ballot);
  if (request.round == 0) return;
  Send(message.from, AcceptReply{.ballot = ballot,
                                 .promised = ballot,
                                 .epoch = epoch_,
                                 .accepted = Index(),
                                 .received = slots_.accepted(),
                                 .chosen = slots_.durably_chosen(),
                                 .round = request.round,
                                 .has_space = has_space_});
}

// False if a chosen value would have to go (R10).
inline bool MultiPaxos::AcceptAll(const Message& message, std::vector<Entry>& entries) {
  const Ballot ballot = BallotOf(message);
  const uint64_t most_ahead = std::max<uint64_t>(configuration().alpha, kLeastAhead);
  for (Entry& entry : entries) {
    const Slot* slot = slots_.Find(entry.index);
    const bool is_same =
        slot != nullptr && slot->entry.kind == entry.kind && slot->entry.payload == entry.payload;
    if (entry.index <= commit_) {
      if (slot == nullptr || is_same) continue;
      RaiseAlert(Alert::Kind::kUnsafeTruncation, message.from, /*fatal=*/true);
      return false;
    }
    if (slot != nullptr && slot->ballot >= ballot) continue;
    // What is far ahead of a gap comes again when that is filled.
    if (entry.index > slots_.accepted() + most_ahead || !MayHold(entry)) {
      Reached("paxos: accept refused for want of space");
      if (!has_space_) ++counters_.refused_for_space;
      break;
    }
    if (slot != nullptr && !is_same) Reached("paxos: slot accepted with another value");
    if (entry.index > slots_.accepted() + 1) Reached("paxos: slot accepted ahead of a gap");
    Accept(std::move(entry), ballot);
  }
  return true;
}

// Promises the leader that every slot up to what it says is durable here (I5, I6), so it waits for
// every write there is (R9).
inline void MultiPaxos::Acknowledge(NodeId leader, const Ballot& ballot) {
  const PersistToken after = Mutated(Mutation::kAckBeforePersist) ? PersistToken() : AllWrites();
  if (!output_.messages.empty()) {
    // A newer ack of the same ballot says all that the one before it did.
    Outgoing& previous = output_.messages.back();
    auto* ack = std::get_if<AcceptReply>(&previous.message.body);
    if (ack != nullptr && ack->ballot == ballot && ack->round == 0 &&
        previous.message.to == leader) {
      ack->accepted = ack->received = slots_.accepted();
      ack->chosen = KnownChosen();
      previous.after = after;
      return;
    }
  }
  Send(
      leader,
      AcceptReply{.ballot = ballot,
                  .promised = ballot,
                  .epoch = epoch_,
                  .accepted = Mutated(Mutation::kAckAheadOfGap) ? slots_.last() : slots_.accepted(),
                  .received = slots_.accepted(),
                  .chosen = KnownChosen(),
                  .round = 0,
                  .has_space = has_space_},
      after);
}

}  // namespace synod
