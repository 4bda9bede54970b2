// Introductions: nobody votes before it has durably recorded every other initial member's
// incarnation, and an equal hash of the initial configuration. Otherwise a member whose disk was
// wiped between bootstrap and the first election could vote twice in one term, once in each life,
// and two halves of a cluster could each elect a leader.

namespace synod {

inline Incarnation Raft::Recorded(NodeId peer) const {
  const std::vector<KnownPeer>& peers = hard_state_.peers;
  const auto at = std::lower_bound(peers.begin(), peers.end(), peer,
                                   [](const KnownPeer& p, NodeId node) { return p.node < node; });
  return at != peers.end() && at->node == peer ? at->incarnation : Incarnation();
}

inline bool Raft::KnowsEveryPeer() const {
  const std::vector<NodeId> members = configuration_.Members();
  return std::all_of(members.begin(), members.end(), [this](NodeId member) {
    return member == self_.node || !Recorded(member).IsZero();
  });
}

inline void Raft::On(const Message& message, const Introduce& introduce) {
  if (introduce.configuration_hash != configuration_hash_) {
    RaiseAlert(Alert::Kind::kConfigurationMismatch, message.from, /*fatal=*/false);
    if (introduce.wants_reply) SendIntroduction(message.from, /*wants_reply=*/false, {});
    return;
  }
  if (!introduce.recorded.IsZero() && introduce.recorded != self_.incarnation) {
    // The peers hold promises of a disk that is not this one (M3).
    RaiseAlert(Alert::Kind::kSelfWiped, message.from, /*fatal=*/true);
    return;
  }
  const Incarnation recorded = Recorded(message.from);
  if (recorded.IsZero()) {
    std::vector<KnownPeer>& peers = hard_state_.peers;
    const auto at = std::lower_bound(peers.begin(), peers.end(), message.from,
                                     [](const KnownPeer& p, NodeId node) { return p.node < node; });
    peers.insert(at, {message.from, message.incarnation});
    hard_state_changed_ = true;
    if (KnowsEveryPeer()) introduction_token_ = AllWrites();
  } else if (recorded != message.incarnation) {
    RaiseAlert(Alert::Kind::kPeerWiped, message.from, /*fatal=*/false);
  }
  if (introduce.wants_reply) SendIntroduction(message.from, /*wants_reply=*/false, AllWrites());
}

inline void Raft::SendIntroduction(NodeId to, bool wants_reply, PersistToken after) {
  Send(to,
       Introduce{.configuration_hash = configuration_hash_,
                 .recorded = Recorded(to),
                 .wants_reply = wants_reply},
       after);
}

inline void Raft::IntroduceToStrangers() {
  for (NodeId member : configuration_.Members()) {
    if (member != self_.node && Recorded(member).IsZero()) {
      SendIntroduction(member, /*wants_reply=*/true, {});
    }
  }
  next_introduction_ = now_ + options_.heartbeat_interval;
}

// Tells a peer under which incarnation it is known here, so that it can find out that its disk was
// replaced.
inline void Raft::RefuseIncarnation(NodeId peer) {
  if (Recorded(peer).IsZero() || now_ < next_introduction_) return;
  RaiseAlert(Alert::Kind::kPeerWiped, peer, /*fatal=*/false);
  SendIntroduction(peer, /*wants_reply=*/false, AllWrites());
  next_introduction_ = now_ + options_.heartbeat_interval;
}

}  // namespace synod
