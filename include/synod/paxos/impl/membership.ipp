// Changes of the members ("Paxos Made Simple" §3): a configuration that is chosen in slot i governs
// from i + alpha on. Until then the one before it decides, so no slot is ever decided by two.
//
// The new members decide nothing before a commit quorum of theirs durably knows all that others
// have decided. So whoever learns that they have decided something knows that they can go on by
// themselves, and until then those before them go on campaigning: the new ones may not even have
// heard that they are members.

namespace synod {

// Those that govern slots which are not known to be chosen.
inline std::span<const ConfigurationChange> MultiPaxos::InForce() const {
  const uint64_t next = commit_.value() + 1;
  const uint64_t alpha = Mutated(Mutation::kGovernsAtOnce) ? 0 : configuration().alpha;
  return configurations_.From(Index(next > alpha ? next - alpha : 0));
}

inline bool MultiPaxos::OneGovernsBehind(Index index) const {
  const ConfigurationChange& set = configurations_.From(index).front();
  return set.index <= snapshot_.index || set.index + set.configuration.alpha <= index;
}

// Newcomers know the disks of those who leave, and decide for a while yet, from records alone. So
// the first change by which anybody leaves writes them before it is made.
inline Configuration MultiPaxos::StepTowards(Configuration target) const {
  const bool have_records = configuration().HasRecords();
  const bool all_stay = std::ranges::all_of(configuration().Members(),
                                            [&](NodeId member) { return target.IsMember(member); });
  return have_records || all_stay ? target : configuration();
}

// The configuration that decides in `slot`, which is above commit.
inline const ConfigurationChange& MultiPaxos::Governing(Index slot) const {
  const std::span<const ConfigurationChange> all = InForce();
  size_t i = all.size() - 1;
  while (i > 0 && all[i].index + configuration().alpha > slot) --i;
  return all[i];
}

// Only where it is known who decides, where they know it too, and where a quorum of theirs has
// promised to decide in no lower ballot.
inline bool MultiPaxos::MayPropose(Index slot) const {
  if (slot > commit_ + configuration().alpha && !Mutated(Mutation::kNoAlphaBound)) return false;
  if (slot > SettledAt() && !IsChangeOver() && !IsWidelyKnown()) return false;
  const ConfigurationChange& governing = Governing(slot);
  return governing.index <= prepared_ || IsPrepared(governing.configuration);
}

inline bool MultiPaxos::IsPrepared(const Configuration& configuration) const {
  return Mutated(Mutation::kUnpreparedQuorum) ||
         QuorumSystem(configuration).Elects([&](NodeId node) {
           return HasReported(node, configuration);
         });
}

// From the disk that counts there under its name.
inline bool MultiPaxos::HasReported(NodeId node, const Configuration& configuration) const {
  if (node == self_.node) return true;
  const Incarnation counts = RecordedBy(configuration, node);
  return std::ranges::any_of(reports_, [&](const Report& r) {
    return r.node == node && r.incarnation == counts && r.next.IsZero();
  });
}

// Whether the slots above commit are prepared, and nothing that was found there waits: else another
// leader may have had something chosen that is not known here.
inline bool MultiPaxos::KnowsCommit() const {
  return Engine::KnowsCommit() && recovered_.empty() && Governing(commit_ + 1).index <= prepared_;
}

// The log of a follower knows only what is chosen, so that it never has to take one back.
inline void MultiPaxos::OnConfigurationChosen(const Entry& entry) {
  if (entry.index > configurations_.newest_index() && !IsVoid(entry.index)) {
    Adopt(entry.index, *DecodeConfiguration(entry.payload.view()));
  }
}

// Whether a configuration in that slot changes nothing, wherever it is found: the one before it
// does not govern there, so whoever made it knew nothing of that (M2). Two leaders may have left
// one each, and a third has both chosen.
inline bool MultiPaxos::IsVoid(Index slot) const { return slot <= SettledAt(); }

// What a leader has proposed itself may be overtaken by another's (M5), and whoever is only in that
// is asked for nothing: they might not be there to answer.
inline void MultiPaxos::ForgetUnchosen() {
  if (!configurations_.TruncateFrom(commit_ + 1)) return;
  Reached("paxos: configuration not chosen");
  ConfigurationChanged();
}

// The last slot that others than the newest members decide; 0 if a snapshot stands for it.
inline Index MultiPaxos::SettledAt() const {
  const Index newest = configurations_.newest_index();
  return newest <= snapshot_.index ? Index() : newest + configuration().alpha - 1;
}

// The newest members have decided something.
inline bool MultiPaxos::IsChangeOver() const {
  if (Mutated(Mutation::kNewMembersUninformed)) return Engine::IsChangeOver();
  return SettledAt().IsZero() || commit_ > SettledAt();
}

// Notes in the log what is chosen where something waits for that: after a restart this replica must
// know whom to ask, though those who decided before the newest members may be gone (M9); and
// acceptors forget only what is noted (I8), so that nothing may follow that would note it. True if
// it has just done so.
inline bool MultiPaxos::NoteChosen() {
  const Index settled = SettledAt();
  const bool is_settled = commit_ >= settled && KnownChosen() < settled;
  const uint64_t room = std::min<uint64_t>(AcceptLog::kNewsOfChosen, configuration().alpha);
  const bool makes_room = !configuration().acceptors.empty() && commit_ >= KnownChosen() + room;
  if ((!is_settled && !makes_room) || promised().IsZero()) return false;
  accept_log_.AppendMark({.ballot = promised(), .slot = slots_.accepted() + 1, .chosen = commit_},
                         output_.persist.entries);
  return true;
}

// Whether so many have, durably, all that others than the newest members decide, that none of their
// election quorums is without one who does: then those who have left are not needed any more.
inline bool MultiPaxos::IsWidelyKnown() const {
  const auto& leader = std::get<Leader>(role_);
  const Index settled = SettledAt();
  if (Mutated(Mutation::kChangeDoneEarly)) return commit_ >= settled;
  return commit_ >= settled && QuorumSystem(configuration()).Remember([&](NodeId node) {
    if (node == self_.node) return slots_.durably_chosen() >= settled;
    const Progress* peer = Leader::Find(leader, node);
    return settled.IsZero() || (peer != nullptr && peer->chosen >= settled);
  });
}

// Everything up to it is chosen, and so many know that, durably, that a leader to come need not
// find out from the acceptors, which may forget it (I8). As every change hands this knowledge on
// before the new members decide anything, it holds for all that are to come.
inline Index MultiPaxos::Remembered() const {
  if (Mutated(Mutation::kTrimBeforeAgreed)) return commit_;
  const auto& leader = std::get<Leader>(role_);
  const auto chosen_of = [&](NodeId node) {
    if (node == self_.node) return slots_.durably_chosen();
    const Progress* peer = Leader::Find(leader, node);
    return peer == nullptr ? Index() : peer->chosen;
  };
  Index all = commit_;
  for (const ConfigurationChange& change : InForce()) {
    all = std::min(all, QuorumSystem(change.configuration).Remembered<Index>(chosen_of));
  }
  return all;
}

inline bool MultiPaxos::IsSettled() const { return Engine::IsSettled() && IsWidelyKnown(); }

// The commit index has risen, or a peer has: what is next?
inline void MultiPaxos::SettleConfiguration() {
  auto& leader = std::get<Leader>(role_);
  for (const ConfigurationChange& change : InForce()) {
    if (change.index > prepared_ && !IsPrepared(change.configuration)) break;
    prepared_ = std::max(prepared_, change.index);
  }
  // Some may have nothing to decide any more.
  if (in_force_ != InForce().size()) RefreshPeers();
  if (commit_ < configurations_.newest_index()) return;
  if (InForce().size() > 1) {
    // It is chosen. What must be decided before it governs, is: new commands, or nothing at all.
    const Index before = configurations_.newest_index() + configuration().alpha - 1;
    while (slots_.accepted() < before && recovered_.empty() && MayPropose(slots_.accepted() + 1)) {
      AppendOwn(EntryKind::kNoOp, Payload());
    }
    return;
  }
  LetNewMembersDecide();
  if (leader.change && leader.change->has_begun && IsWidelyKnown()) {
    ContinueChange();
    if (commit_ < configurations_.newest_index()) return;
  }
  if (!leader.change && !configuration().IsVoter(self_.node) && IsWidelyKnown()) LeaveOffice();
}

// The first that the new members decide tells everyone that they do.
inline void MultiPaxos::LetNewMembersDecide() {
  if (!IsChangeOver() && slots_.accepted() == SettledAt() && recovered_.empty() &&
      MayPropose(slots_.accepted() + 1)) {
    AppendOwn(EntryKind::kNoOp, Payload());
  }
}

inline void MultiPaxos::OnPeersChanged() {
  in_force_ = InForce().size();
  PrepareNewVoters();
}

// Asks those for their promises who have become voters since this ballot began.
inline void MultiPaxos::PrepareNewVoters() {
  for (NodeId voter : OtherVoters()) {
    const bool is_asked = std::ranges::any_of(reports_, [&](const Report& r) {
      return r.node == voter && r.incarnation == Recorded(voter);
    });
    if (!is_asked) Prepare(voter, commit_ + 1, /*by_transfer=*/false);
  }
}

}  // namespace synod
