// What the configurations in force decide together.

namespace synod {

inline bool Engine::Elects(Has has) const {
  return std::ranges::all_of(InForce(), [&](const ConfigurationChange& change) {
    return QuorumSystem(change.configuration).Elects(has);
  });
}

inline bool Engine::Commits(Has has) const {
  return std::ranges::all_of(InForce(), [&](const ConfigurationChange& change) {
    return QuorumSystem(change.configuration).Commits(has);
  });
}

inline bool Engine::Remember(Has has) const {
  return std::ranges::all_of(InForce(), [&](const ConfigurationChange& change) {
    return QuorumSystem(change.configuration).Remember(has);
  });
}

// The highest value that every member of some commit quorum has reached.
template <class Value, std::regular_invocable<NodeId> ValueOf>
Value Engine::ReachedByQuorum(ValueOf value_of) const {
  const std::span<const ConfigurationChange> all = InForce();
  Value reached = QuorumSystem(all.front().configuration).Reached<Value>(value_of);
  for (const ConfigurationChange& change : all.subspan(1)) {
    reached = std::min(reached, QuorumSystem(change.configuration).Reached<Value>(value_of));
  }
  return reached;
}

// Of all of them, each once, sorted.
inline std::vector<NodeId> Engine::Members() const {
  const std::span<const ConfigurationChange> all = InForce();
  std::vector<NodeId> members = all.front().configuration.Members();
  for (const ConfigurationChange& change : all.subspan(1)) {
    const std::vector<NodeId> more = change.configuration.Members();
    members.insert(members.end(), more.begin(), more.end());
  }
  return all.size() == 1 ? members : Configuration::Of(std::move(members)).voters;
}

inline bool Engine::IsVoter(NodeId node) const {
  return std::ranges::any_of(InForce(), [node](const ConfigurationChange& change) {
    return change.configuration.IsVoter(node);
  });
}

inline bool Engine::IsMember(NodeId node) const {
  return std::ranges::any_of(InForce(), [node](const ConfigurationChange& change) {
    return change.configuration.IsMember(node);
  });
}

// The newest of them that the node is a member of; of a node that is none, the newest.
inline const Configuration& Engine::MembershipOf(NodeId node) const {
  const std::span<const ConfigurationChange> all = InForce();
  for (auto change = all.rbegin(); change != all.rend(); ++change) {
    if (change->configuration.IsMember(node)) return change->configuration;
  }
  return all.back().configuration;
}

inline std::vector<NodeId> Engine::OtherVoters() const {
  std::vector<NodeId> voters = Members();
  std::erase_if(voters, [this](NodeId node) { return node == self_.node || !IsVoter(node); });
  return voters;
}

}  // namespace synod
