// Introductions: nobody votes before it has durably recorded every other initial member's
// incarnation, has seen an equal hash of the initial configuration, and has heard from each of them
// that it is recorded there too. Otherwise a member whose disk was wiped between bootstrap and the
// first election could vote twice in one term, once in each life, and two halves of a cluster could
// each elect a leader. With it, two disks of one member would both have to be recorded by all the
// others, who record only one.

namespace synod {

// What the hard state says, which holds from the beginning until the members change.
inline Incarnation Engine::Introduced(NodeId peer) const {
  const std::vector<KnownPeer>& peers = hard_state_.peers;
  const auto at = std::lower_bound(peers.begin(), peers.end(), peer,
                                   [](const KnownPeer& p, NodeId node) { return p.node < node; });
  return at != peers.end() && at->node == peer ? at->incarnation : Incarnation();
}

// The one disk that counts under the name, as far as is known here.
inline Incarnation Engine::Recorded(NodeId peer) const {
  return RecordedBy(MembershipOf(peer), peer);
}

inline Incarnation Engine::RecordedBy(const Configuration& members, NodeId peer) const {
  if (const MemberRecord* record = members.RecordOf(peer)) return record->incarnation;
  return members.HasRecords() ? Incarnation() : Introduced(peer);
}

inline void Engine::Record(NodeId node, Incarnation incarnation) {
  std::vector<KnownPeer>& peers = hard_state_.peers;
  const auto at = std::lower_bound(peers.begin(), peers.end(), node,
                                   [](const KnownPeer& p, NodeId id) { return p.node < id; });
  peers.insert(at, {node, incarnation});
  hard_state_changed_ = true;
}

inline bool Engine::IsKnownBothWays(NodeId peer) const {
  return !Introduced(peer).IsZero() &&
         std::find(recorded_at_.begin(), recorded_at_.end(), peer) != recorded_at_.end();
}

// Recording itself, last of all, is how a replica remembers that its introduction is complete:
// after a restart it must not need every other member again.
inline void Engine::MaybeCompleteIntroduction() {
  if (introduced_ || !introduction_token_.IsZero()) return;
  if (!Strangers().empty()) return;
  Record(self_.node, self_.incarnation);
  introduction_token_ = AllWrites();
}

inline void Engine::On(const Message& message, const Introduce& introduce) {
  const bool is_joining = IsJoiner() || introduce.configuration_hash == 0;
  if (!is_joining && introduce.configuration_hash != configuration_hash_) {
    ++counters_.invalid_messages;
    RaiseAlert(Alert::Kind::kConfigurationMismatch, message.from, /*fatal=*/false);
    if (introduce.wants_reply) SendIntroduction(message.from, /*wants_reply=*/false, {});
    return;
  }
  if (!introduce.recorded.IsZero() && introduce.recorded != self_.incarnation &&
      !Mutated(Mutation::kIgnoreSelfWiped)) {
    // The peers hold promises of a disk that is not this one (M3). A change may make this one count
    // instead, and whoever has not heard of that yet is wrong about it.
    if (!IsJoiner() && Recorded(self_.node) != self_.incarnation) {
      Reached("replaced disk stops");
      RaiseAlert(Alert::Kind::kSelfWiped, message.from, /*fatal=*/true);
      return;
    }
  }
  const Incarnation recorded = Recorded(message.from);
  if (recorded.IsZero()) {
    if (!introduced_ && IsMember(message.from)) {
      Record(message.from, message.incarnation);
    }
  } else if (recorded != message.incarnation) {
    RaiseAlert(Alert::Kind::kPeerWiped, message.from, /*fatal=*/false);
  }
  // Only the word of the disk that is recorded here counts.
  if (introduce.recorded == self_.incarnation && Introduced(message.from) == message.incarnation &&
      !IsKnownBothWays(message.from)) {
    recorded_at_.push_back(message.from);
  }
  if (introduce.is_settled && introduce.recorded == self_.incarnation && !introduced_) {
    Reached("introduced by a change");
    introduced_ = true;
  }
  MaybeCompleteIntroduction();
  if (introduce.wants_reply) {
    SendIntroduction(message.from, /*wants_reply=*/false, AllWrites(), introduce.question);
  } else {
    Welcome(message, introduce);
  }
}

// A newcomer has said which disk it is, if that is its answer to this very change: what it said
// before may have been another disk's, which has gone since, and would be a voter that never comes.
inline void Engine::Welcome(const Message& message, const Introduce& introduce) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr || !leader->change) return;
  if (introduce.question != leader->change->question) {
    if (introduce.question != 0) Reached("newcomer answers an older change");
    return;
  }
  for (MemberChange& change : leader->change->changes) {
    if (change.node != message.from || !IsStranger(change)) continue;
    change.incarnation = message.incarnation;
    ContinueChange();
    return;
  }
}

inline void Engine::SendIntroduction(NodeId to, bool wants_reply, PersistToken after,
                                     uint64_t question) {
  Send(to,
       Introduce{.configuration_hash = configuration_hash_,
                 .recorded = Recorded(to),
                 .wants_reply = wants_reply,
                 .is_settled = MembershipOf(to).RecordOf(to) != nullptr,
                 .question = question},
       after);
}

inline std::vector<NodeId> Engine::Strangers() const {
  std::vector<NodeId> strangers;
  if (introduced_) return strangers;
  for (NodeId member : configuration().Members()) {
    if (member == self_.node || configuration().IsAcceptor(member)) continue;
    if (!IsKnownBothWays(member)) strangers.push_back(member);
  }
  return strangers;
}

inline void Engine::IntroduceToStrangers() {
  for (NodeId stranger : Strangers()) {
    SendIntroduction(stranger, /*wants_reply=*/true, AllWrites());
  }
  next_introduction_ = now_ + options_.heartbeat_interval;
}

// A change may have made this peer a member, or its disk the one that counts, and may have settled
// who this replica is.
inline void Engine::AskWhoIsWhom(NodeId peer) {
  if (!introduced_) SendIntroduction(peer, /*wants_reply=*/true, {});
}

// Tells a peer under which incarnation it is known here, so that it can find out that its disk was
// replaced.
inline void Engine::RefuseIncarnation(NodeId peer) {
  if (Recorded(peer).IsZero() || now_ < next_introduction_) return;
  RaiseAlert(Alert::Kind::kPeerWiped, peer, /*fatal=*/false);
  SendIntroduction(peer, /*wants_reply=*/false, AllWrites());
  next_introduction_ = now_ + options_.heartbeat_interval;
}

}  // namespace synod
