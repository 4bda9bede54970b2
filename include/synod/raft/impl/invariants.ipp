// What holds of one replica's state between any two inputs, beside what Engine says.

namespace synod {

inline void Raft::CheckInvariants() const {
  Engine::CheckInvariants();
  SYNOD_ASSERT(log_.last_term() <= hard_state_.term, "no entry is of a term to come (Raft §5.3)");
  size_t undurable = 0;
  for (Index i = log_.last(); i > log_.durable() && log_.Contains(i); i = i - 1) {
    undurable += log_.At(i).Bytes();
  }
  SYNOD_ASSERT(undurable <= log_.undurable_bytes(), "what the disk lacks is counted (X3)");
  SYNOD_ASSERT(verified_ <= log_.last(), "what agrees with the leader is in the log");
}

}  // namespace synod
