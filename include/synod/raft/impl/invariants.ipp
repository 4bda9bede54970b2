// What holds of one replica's state between any two inputs, beside what Engine says.

namespace synod {

inline void Raft::CheckInvariants() const {
  Engine::CheckInvariants();
  SYNOD_ASSERT(log_.last_term() <= hard_state_.term, "no entry is of a term to come (Raft §5.3)");
  SYNOD_ASSERT(verified_ <= log_.last(), "what agrees with the leader is in the log");
}

}  // namespace synod
