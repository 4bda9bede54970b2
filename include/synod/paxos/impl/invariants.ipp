// What holds of one replica's state between any two inputs, beside what Engine says.

namespace synod {

inline void MultiPaxos::CheckInvariants() const {
  Engine::CheckInvariants();
  // What is chosen was looked at before it was. There may be much of it.
  for (Index i = std::max(slots_.first(), commit_); i <= slots_.last(); ++i) {
    const Slot* slot = slots_.Find(i);
    if (slot == nullptr) {
      SYNOD_ASSERT(i > slots_.accepted(), "no gap lies within what is acked (I6)");
      continue;
    }
    SYNOD_ASSERT(slot->ballot <= promised(), "nothing is accepted above the promise");
    SYNOD_ASSERT(slot->entry.index == i && slot->entry.term == slot->ballot.round,
                 "a slot's value knows its slot and ballot");
    const bool counts = i > commit_ && i <= slots_.accepted();
    SYNOD_ASSERT(!counts || slot->ballot == promised(), "acks are of one ballot (I9)");
  }
  if (!IsLeader()) return;
  for (const auto& [index, accepted] : recovered_) {
    SYNOD_ASSERT(index > slots_.accepted(), "what is proposed again waits for that no more");
    SYNOD_ASSERT(accepted.ballot < promised(), "what was found is of a lower ballot");
  }
}

}  // namespace synod
