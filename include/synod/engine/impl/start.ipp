// How a replica begins: from what its store holds.

namespace synod {

namespace internal {

// FNV-1a over the members in canonical order: equal on members that were bootstrapped alike. 0 for
// none.
inline uint64_t HashOf(const Configuration& configuration) {
  if (configuration.voters.empty()) return 0;
  uint64_t hash = 0xcbf29ce484222325u;
  const auto add = [&hash](uint64_t value) {
    for (int byte = 0; byte < 8; ++byte) {
      hash = (hash ^ ((value >> (8 * byte)) & 0xff)) * 0x100000001b3u;
    }
  };
  for (const auto* list : {&configuration.voters, &configuration.outgoing, &configuration.learners,
                           &configuration.acceptors}) {
    add(list->size());
    for (NodeId node : *list) add(node.value());
  }
  for (const MemberRecord& record : configuration.records) {  // Of acceptors.
    add(record.incarnation.value());
    for (char c : record.address) add(static_cast<unsigned char>(c));
  }
  const QuorumRule& rule = configuration.quorums;
  for (uint32_t value :
       {static_cast<uint32_t>(rule.kind), rule.election, rule.commit, rule.columns}) {
    add(value);
  }
  for (const QuorumRule::Weight& weight : rule.weights) {
    add(weight.node.value());
    add(weight.weight);
  }
  add(static_cast<uint64_t>(configuration.protocol));
  add(configuration.alpha);
  return hash;
}

}  // namespace internal

inline absl::Status Engine::ValidateBy(Protocol protocol, const DurableState& state) {
  const bool is_joiner = state.initial_configuration.Members().empty();
  if ((!is_joiner && !CanDecideBy(protocol, state.initial_configuration)) ||
      (!state.snapshot.index.IsZero() && !CanDecideBy(protocol, state.snapshot.configuration))) {
    return absl::DataLossError(
        "a stored configuration does not have 1 to 15 voters in order, whose quorums meet");
  }
  const std::vector<KnownPeer>& peers = state.hard_state.peers;
  const auto out_of_order = [](const KnownPeer& a, const KnownPeer& b) { return a.node >= b.node; };
  if (std::adjacent_find(peers.begin(), peers.end(), out_of_order) != peers.end()) {
    return absl::DataLossError("the stored peers are not in order");
  }
  if (state.hard_state.term > kMaxTerm) {
    return absl::DataLossError("the stored term is beyond what any replica reaches");
  }
  if (state.snapshot.index.IsZero() != state.snapshot.term.IsZero()) {
    return absl::DataLossError("the stored snapshot has an index without a term, or the reverse");
  }
  return absl::OkStatus();
}

inline Engine::Engine(const EngineOptions& options, const Identity& identity,
                      const Configuration& initial, HardState hard_state,
                      const SnapshotMeta& snapshot, uint64_t seed, Instant now)
    : options_(options),
      self_(identity),
      configuration_hash_(internal::HashOf(initial)),
      rng_(seed),
      now_(now),
      hard_state_(std::move(hard_state)),
      snapshot_(snapshot),
      configurations_(snapshot.index, snapshot.index.IsZero() ? initial : snapshot.configuration),
      leader_heard_(now - options.election_timeout),
      commit_(snapshot.index),
      next_introduction_(now),
      next_context_(rng_.Next()) {
  // Nobody has to be introduced to itself, nor a newcomer, which the others take in.
  introduced_ = IsJoiner() || Introduced(self_.node) == self_.incarnation ||
                (initial.IsVoter(self_.node) && initial.learners.empty() &&
                 initial.voters.size() == initial.acceptors.size() + 1);
}

inline void Engine::FinishStart() {
  const MemberRecord* own = configuration().RecordOf(self_.node);
  if (own != nullptr && own->incarnation == self_.incarnation) introduced_ = true;
  if (!configuration().records.empty()) output_.configuration = configuration();
  ResetElectionTimer();
  // The log may have been kept under other limits. Were it too large for these, proposals would be
  // refused, and without proposals no newer snapshot would ever relieve it.
  if (WantsSnapshot()) CompactLog();
  has_output_ = HasUnwritten() || output_.configuration;
}

}  // namespace synod
