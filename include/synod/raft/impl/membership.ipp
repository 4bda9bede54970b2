// Changes of the members by joint consensus alone (Raft §6), in force as soon as they are in the
// log.

namespace synod {

// The commit index has reached the newest configuration: what is next? A new leader asks the same,
// for the one that its predecessor left (Raft §6).
inline void Raft::SettleConfiguration() {
  const bool is_early = Mutated(Mutation::kJointLeftEarly) && configuration().IsJoint();
  if (commit_ < configurations_.newest_index() && !is_early) return;
  auto& leader = std::get<Leader>(role_);
  if (configuration().IsJoint()) {
    if (!leader.change) Reached("raft: predecessor's joint configuration left");
    AppendConfiguration(LeaveOf(configuration()));
    return;
  }
  if (leader.change && leader.change->has_begun) {
    ContinueChange();
    if (commit_ < configurations_.newest_index()) return;
  }
  if (!configuration().IsVoter(self_.node) && !Mutated(Mutation::kRemovedLeaderStays)) {
    LeaveOffice();
  }
}

inline std::span<const ConfigurationChange> Raft::InForce() const {
  return Mutated(Mutation::kConfigurationOnCommit)
             ? configurations_.From(commit_).first(1)
             : configurations_.From(configurations_.newest_index());
}

inline Configuration Raft::StepTowards(Configuration target) const {
  return JoinOf(configuration(), std::move(target));
}

}  // namespace synod
