// Changes of the members, one at a time.

namespace synod {

// --- On the leader ---

inline Reason Engine::RefusalOf(const std::vector<MemberChange>& changes) const {
  const auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) return introduced_ ? Reason::kNotLeader : Reason::kNoQuorum;
  // One that has been removed only sees to it that the others can do without it.
  if (transfer_ || !configuration().IsMember(self_.node)) return Reason::kTransferring;
  // Until something of its own term is committed, a leader may hold a configuration that another
  // leader's, which shares no quorum with the next, has overtaken (Ongaro's correction of 2015;
  // M1).
  if (!KnowsCommit() && !Mutated(Mutation::kChangeBeforeTermCommit)) {
    Reached("change refused, too early");
    return Reason::kNotReady;
  }
  const bool is_free = IsSettled() || Mutated(Mutation::kTwoChangesAtOnce);
  if (leader->change || !is_free) {  // M2
    Reached("change refused, another under way");
    return Reason::kChanging;
  }
  for (const MemberChange& change : changes) {
    const auto names_it = [&](const MemberChange& other) { return other.node == change.node; };
    if (std::count_if(changes.begin(), changes.end(), names_it) > 1 || !IsSound(change)) {
      return Reason::kInvalidChange;
    }
    // It would end with the removal, and nobody would lead on to the return.
    if (change.node == self_.node && !change.incarnation.IsZero() &&
        change.incarnation != self_.incarnation) {
      return Reason::kInvalidChange;
    }
  }
  const auto can_decide = [this](Configuration target) {
    target.records.clear();  // The change itself will write them.
    for (NodeId member : target.Members()) {
      target.records.push_back(
          {.node = member, .incarnation = Incarnation(1), .epoch = {}, .address = {}});
    }
    return CanDecide(target);
  };
  return can_decide(Apply(changes, configuration())) &&
                 can_decide(Apply(RemovalsFirst(changes), configuration()))
             ? Reason::kNone
             : Reason::kInvalidChange;
}

inline bool Engine::IsSound(const MemberChange& change) const {
  if (change.node.IsZero() || change.address.size() > MemberRecord::kMaxAddressBytes) return false;
  const bool to_acceptor = change.to == MemberChange::To::kAcceptor;
  const bool is_member = configuration().IsMember(change.node);
  const bool is_acceptor = configuration().IsAcceptor(change.node);
  if (is_member && is_acceptor != to_acceptor && change.to != MemberChange::To::kNone) return false;
  if (!to_acceptor) return true;
  if (self_.group.value() > Configuration::kMaxIdBesideAcceptors) return false;
  // Nobody could ask it who it is.
  const bool is_new =
      !is_acceptor || (!change.incarnation.IsZero() && change.incarnation != Recorded(change.node));
  return !is_new || (!change.incarnation.IsZero() && !change.address.empty());
}

// Under one name only one disk counts, so a disk that replaces another comes when that has gone.
inline std::vector<MemberChange> Engine::RemovalsFirst(
    const std::vector<MemberChange>& changes) const {
  std::vector<MemberChange> removals;
  for (const MemberChange& change : changes) {
    if (change.incarnation.IsZero() || change.incarnation == Recorded(change.node)) continue;
    if (configuration().IsMember(change.node) && !Mutated(Mutation::kReplaceDiskInPlace)) {
      removals.push_back({.node = change.node, .to = MemberChange::To::kNone});
    }
  }
  return removals;
}

inline void Engine::Reconfigure(std::vector<MemberChange> changes, RequestId request) {
  const InvariantGuard guard{*this};
  has_output_ = true;
  const Reason refusal = RefusalOf(changes);
  if (refusal != Reason::kNone) {
    return Resolve(request, Outcome::Kind::kNotCommitted, refusal);
  }
  std::get<Leader>(role_).change =
      PendingChange{.request = request,
                    .changes = std::move(changes),
                    .deadline = now_ + kIntroductionPatience * options_.election_timeout,
                    .next_introduction = now_,
                    .question = rng_.Next() | 1};
  ContinueChange();
}

inline bool Engine::IsStranger(const MemberChange& change) const {
  return change.to != MemberChange::To::kNone && change.incarnation.IsZero() &&
         !configuration().IsMember(change.node);
}

// Takes the pending change one step on: an introduction to the newcomers, the next configuration,
// or its end.
inline void Engine::ContinueChange() {
  auto& leader = std::get<Leader>(role_);
  PendingChange& pending = *leader.change;
  bool is_waiting = false;
  for (const MemberChange& change : pending.changes) {
    if (!IsStranger(change)) continue;
    is_waiting = true;
    if (now_ < pending.next_introduction) continue;
    SendIntroduction(change.node, /*wants_reply=*/true, {}, pending.question);
  }
  if (is_waiting) Reached("newcomer asked for its disk");
  if (is_waiting || RefusalToGrow() != Reason::kNone) {
    if (now_ >= pending.next_introduction) {
      pending.next_introduction = now_ + options_.heartbeat_interval;
    }
    return;
  }
  pending.next_introduction = kNever;
  pending.deadline = kNever;
  const std::vector<MemberChange> removals = RemovalsFirst(pending.changes);
  if (!removals.empty()) Reached("disk replaced under its name");
  const std::vector<MemberChange>& now = removals.empty() ? pending.changes : removals;
  const Configuration target = Apply(now, configuration());
  const bool are_others =
      target.voters != configuration().voters || target.learners != configuration().learners;
  Configuration next = StepTowards(target);
  WriteRecords(next, now);
  if (next == configuration() || (!are_others && IsInitialAgain(next))) {
    return EndChange(Outcome::Kind::kCommitted, Reason::kNone);
  }
  pending.has_begun = true;
  AppendConfiguration(std::move(next));
}

// Whether all that the records say of the initial members is known without them.
inline bool Engine::IsInitialAgain(const Configuration& next) const {
  if (configuration().HasRecords()) return false;
  const auto says_nothing = [this](const MemberRecord& record) {
    const MemberRecord* known = configuration().RecordOf(record.node);
    return known != nullptr ? *known == record : record.epoch.IsZero() && record.address.empty();
  };
  return std::all_of(next.records.begin(), next.records.end(), says_nothing);
}

// One for each member of `next`: what is known of it already, with what `changes` say.
inline void Engine::WriteRecords(Configuration& next,
                                 const std::vector<MemberChange>& changes) const {
  std::vector<MemberRecord> records;
  for (NodeId node : next.Members()) {
    MemberRecord record{.node = node, .incarnation = {}, .epoch = {}, .address = {}};
    if (const MemberRecord* known = configuration().RecordOf(node)) {
      record = *known;
    } else if (configuration().IsMember(node)) {
      record.incarnation = node == self_.node ? self_.incarnation : Recorded(node);
    } else {
      record.epoch = extent().last + 1;
    }
    for (const MemberChange& change : changes) {
      if (change.node != node) continue;
      if (!change.incarnation.IsZero()) record.incarnation = change.incarnation;
      if (!change.address.empty()) record.address = change.address;
    }
    records.push_back(std::move(record));
  }
  next.records = std::move(records);
}

inline bool Engine::CanDecideBy(Protocol protocol, const Configuration& configuration) {
  return configuration.protocol == protocol && IsWellFormed(configuration);
}

// Nothing of an earlier change is left to be done.
inline bool Engine::IsSettled() const {
  return InForce().size() == 1 && !configuration().IsJoint() &&
         configurations_.newest_index() <= commit_;
}

inline void Engine::AppendConfiguration(Configuration next) {
  SYNOD_ASSERT(CanDecide(next), "a leader appends only configurations that can decide");
  AppendOwn(EntryKind::kConfiguration, Payload::Copy(EncodeConfiguration(next)));
  Adopt(extent().last, std::move(next));
}

inline void Engine::EndChange(Outcome::Kind kind, Reason reason) {
  auto& leader = std::get<Leader>(role_);
  Resolve(leader.change->request, kind, reason);
  leader.change.reset();
}

// A leader that is no voter any more has led until that was committed, and no longer (M6). The one
// who has most of the log need not wait for an election timeout.
inline void Engine::LeaveOffice() {
  const Progress* heir = nullptr;
  for (const Progress& peer : progress()) {
    if (!configuration().IsVoter(peer.node) || peer.is_acceptor) continue;
    if (heir == nullptr || peer.match > heir->match) heir = &peer;
  }
  Reached("removed leader hands over");
  if (heir != nullptr) Send(heir->node, TimeoutNow{});
  BecomeFollower(NodeId());
}

// --- On everyone ---

// The log has got an entry with this configuration.
inline void Engine::Adopt(Index index, Configuration configuration) {
  configurations_.Append(index, std::move(configuration));
  ConfigurationChanged();
}

inline void Engine::ConfigurationChanged() {
  output_.configuration = configuration();
  // A leader can only have recorded a disk that had been introduced to it.
  if (const MemberRecord* own = configuration().RecordOf(self_.node)) {
    if (own->incarnation == self_.incarnation) introduced_ = true;
  }
  if (IsLeader()) RefreshPeers();
}

// Of a leader: follows those who are members now.
inline void Engine::RefreshPeers() {
  auto* leader = std::get_if<Leader>(&role_);
  std::vector<Progress> peers;
  for (NodeId member : Members()) {
    if (member == self_.node) continue;
    Progress* known = Leader::Find(*leader, member);
    Progress fresh = NewPeer(member);
    const bool is_known = known != nullptr && known->epoch == fresh.epoch;
    peers.push_back(std::move(is_known ? *known : fresh));
  }
  leader->peers = std::move(peers);
  leader->quorum_has_space = QuorumHasSpace();
  ConfirmReads();  // Those who have answered may be a quorum now.
  OnPeersChanged();
}

// Whether the payload is what the kind says, as far as a core can tell.
inline bool Engine::IsReadable(const Entry& entry) const {
  if (entry.kind != EntryKind::kConfiguration) return entry.kind < EntryKind::kConfiguration;
  const std::optional<Configuration> configuration = DecodeConfiguration(entry.payload.view());
  return configuration && CanDecide(*configuration);
}

// Nothing is known of it yet but its name.
inline Progress Engine::NewPeer(NodeId node) const {
  Progress peer;
  peer.node = node;
  peer.epoch = MembershipOf(node).EpochOf(node);
  peer.is_acceptor = MembershipOf(node).IsAcceptor(node);
  peer.next = extent().last + 1;
  peer.last_heard = now_;
  return peer;
}

// Whether an answer was not given as a member that has since been removed, and has come back.
inline bool Engine::IsOfThisMembership(const Progress& peer, Index epoch) {
  return epoch == peer.epoch || Mutated(Mutation::kNoEpochCheck);
}

// Whether the name is another disk's by this configuration.
inline bool Engine::IsReplaced(const Configuration& configuration) const {
  const MemberRecord* own = configuration.RecordOf(self_.node);
  return own != nullptr && own->incarnation != self_.incarnation;
}

// Whether the group may need it for a leader: as a voter or, until its removal is over, as one
// whose log no other's may come up to (Ongaro §4.2.2). All before the newest is committed (M2).
inline bool Engine::MayBeNeeded() const {
  if (IsReplaced(configuration())) return false;
  if (IsVoter(self_.node)) return true;
  if (Mutated(Mutation::kOnlyVotersCampaign)) return false;
  const Configuration& before = configurations_.previous();
  return !IsChangeOver() && before.IsVoter(self_.node) && !IsReplaced(before);
}

// Tells whoever campaigns though it is not a member any more (M7). A configuration that is not
// committed may yet be gone, and is no reason to tell anyone.
inline void Engine::TellIfRemoved(const Message& message) {
  const Configuration& committed = configurations_.At(commit_);
  if (committed.voters.empty() || Mutated(Mutation::kRemovedIsNotTold)) return;
  const bool decides_yet = InForce().size() > 1 && IsMember(message.from) &&
                           Recorded(message.from) == message.incarnation;
  if (decides_yet) return;
  const MemberRecord* record = committed.RecordOf(message.from);
  if (record == nullptr ? !committed.HasRecords() && committed.IsMember(message.from)
                        : record->incarnation == message.incarnation) {
    return;
  }
  Send(message.from, NotMember{.as_of = commit_, .incarnation = message.incarnation});
}

inline void Engine::On(const Message& message, const NotMember& notice) {
  // The candidate may have run on another disk than this one, and the sender may not have heard yet
  // that this replica is a member.
  if (IsLeader() || notice.incarnation != self_.incarnation ||
      notice.as_of < configurations_.newest_index() || configuration().voters.empty()) {
    ++counters_.stale_messages;
    return;
  }
  Reached("removed member told");
  RaiseAlert(Alert::Kind::kRemoved, message.from, /*fatal=*/false);
  removed_as_of_ = notice.as_of;
  if (!std::holds_alternative<Follower>(role_)) BecomeFollower(NodeId());
}

// A leader takes this replica for a member since `epoch`. Of a membership that had ended by the
// time of a notice that only says that the leader, or its message, is late.
inline void Engine::NoteEpoch(Index epoch) {
  epoch_ = epoch;
  if (removed_as_of_ && epoch > *removed_as_of_) removed_as_of_.reset();
}

inline bool Engine::removed() const {
  const bool is_settled = configurations_.newest_index() <= commit_;
  return removed_as_of_ ||
         (is_settled && !configuration().voters.empty() && !configuration().IsMember(self_.node));
}

}  // namespace synod
