// The slots in memory: what was accepted in each that no snapshot stands for yet, in which ballot,
// and how much of it is durable.
#ifndef SYNOD_PAXOS_SLOT_LOG_H_
#define SYNOD_PAXOS_SLOT_LOG_H_

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "synod/base/assert.h"
#include "synod/base/ids.h"
#include "synod/base/mutation.h"
#include "synod/core/ballot.h"
#include "synod/core/entry.h"

namespace synod {

// What was accepted in one slot: of all that was, the value of the highest ballot.
struct Slot {
  Entry entry;  // index 0: nothing was accepted.
  Ballot ballot;
  Index position;  // Where the store's log has it.

  [[nodiscard]] bool IsTaken() const { return !entry.index.IsZero(); }
};

class SlotLog {
 public:
  // A snapshot stands for the slots up to `base`.
  explicit SlotLog(Index base) : base_(base), accepted_(base), durable_(base), chosen_(base) {}

  [[nodiscard]] Index first() const { return base_ + 1; }
  // The last slot in which anything was accepted; before it there may be gaps.
  [[nodiscard]] Index last() const { return base_ + (slots_.size() - dropped_); }
  // Every slot up to here is chosen, or accepted in the ballot that this replica takes part in: its
  // word to the proposer of that ballot (I6).
  [[nodiscard]] Index accepted() const { return accepted_; }
  // The same, as far as it is on this replica's disk. ≤ accepted().
  [[nodiscard]] Index durable() const { return durable_; }
  // So much this replica will know to be chosen after a restart: it is noted on its disk.
  [[nodiscard]] Index durably_chosen() const { return chosen_; }
  [[nodiscard]] size_t bytes() const { return bytes_; }
  // What this replica's disk has still to write, of what was replaced since too.
  [[nodiscard]] size_t undurable_bytes() const { return appended_bytes_ - written_bytes_; }

  // Null if nothing was accepted there, or a snapshot stands for it.
  [[nodiscard]] const Slot* Find(Index index) const {
    if (index <= base_ || index > last()) return nullptr;
    const Slot& slot = slots_[PlaceOf(index)];
    return slot.IsTaken() ? &slot : nullptr;
  }

  // Precondition: something was accepted there.
  [[nodiscard]] const Entry& At(Index index) const {
    const Slot* slot = Find(index);
    SYNOD_ASSERT(slot != nullptr, "a slot is read in which something was accepted");
    return slot->entry;
  }

  // Takes the place of what was accepted there in a lower ballot.
  void Put(Slot slot) {
    SYNOD_ASSERT(slot.entry.index > base_, "what a snapshot stands for is settled");
    if (slot.entry.index <= last()) {
      in_order_ = std::max(in_order_, slot.entry.index + 1);
    } else {
      slots_.resize(PlaceOf(slot.entry.index) + 1);
    }
    Slot& place = slots_[PlaceOf(slot.entry.index)];
    if (place.IsTaken()) {
      SYNOD_ASSERT(slot.ballot >= place.ballot, "no slot goes back to a lower ballot");
      bytes_ -= place.entry.Bytes();
    }
    bytes_ += slot.entry.Bytes();
    appended_bytes_ += slot.entry.Bytes();
    place = std::move(slot);
  }

  // From here on this replica takes part in another ballot, in which nothing is accepted yet: only
  // what is chosen counts, and no write under way says anything (R5).
  void BeginBallot(Index chosen) {
    accepted_ = chosen;
    durable_ = chosen;
    for (Writing& writing : writing_) writing.accepted = std::min(writing.accepted, chosen);
  }

  // All that is there has come from the disk.
  void Loaded(Index chosen, const Ballot& promised) {
    BeginBallot(chosen);
    Advance(promised);
    durable_ = accepted_;
    chosen_ = chosen;
    written_bytes_ = appended_bytes_;
  }

  // Moves accepted() on over what is accepted in `ballot`.
  void Advance(const Ballot& ballot) {
    const auto counts = [&](const Slot* slot) {
      return slot != nullptr &&
             (slot->ballot == ballot || Mutated(Mutation::kChosenInMixedBallots));
    };
    while (counts(Find(accepted_ + 1))) ++accepted_;
  }

  // Drops the slots up to and including `index`.
  void CompactTo(Index index) {
    while (base_ < index && base_ < last()) {
      Slot& slot = slots_[dropped_++];
      if (slot.IsTaken()) bytes_ -= slot.entry.Bytes();
      slot.entry.payload = Payload();
      ++base_;
    }
    base_ = std::max(base_, index);
    // Moving the rest to the front is put off until there is no more of it than there was to drop.
    if (dropped_ >= slots_.size() - dropped_) {
      slots_.erase(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(dropped_));
      dropped_ = 0;
    }
  }

  // A snapshot that a peer has sent stands for the slots up to `index`. What it says is chosen, but
  // durable only with its own write.
  void JumpTo(Index index) {
    CompactTo(index);
    accepted_ = std::max(accepted_, index);
  }

  // The oldest position that holds anything of these slots; `none` if there is none.
  [[nodiscard]] Index OldestPosition(Index none) const {
    Index oldest = none;
    for (Index i = first(); i <= last(); ++i) {
      const Slot* slot = Find(i);
      if (slot == nullptr) continue;
      oldest = std::min(oldest, slot->position);
      if (i >= in_order_) break;
    }
    return oldest;
  }

  // A write has been asked for that makes the slots as they are now durable, and with them that
  // those up to `chosen` are chosen.
  void WriteBegan(PersistToken token, Index chosen) {
    writing_.push_back({token, accepted_, chosen, appended_bytes_});
  }

  // The writes up to `token` are done.
  void WriteDone(PersistToken token) {
    while (!writing_.empty() && writing_.front().token <= token) {
      durable_ = std::max(durable_, writing_.front().accepted);
      chosen_ = std::max(chosen_, writing_.front().chosen);
      written_bytes_ = writing_.front().appended_bytes;
      writing_.pop_front();
    }
  }

 private:
  // A write under way, and what will be durable with it.
  struct Writing {
    PersistToken token;
    Index accepted;
    Index chosen;
    size_t appended_bytes;  // When it began.
  };

  [[nodiscard]] size_t PlaceOf(Index index) const { return dropped_ + (index - base_ - 1); }

  Index base_;
  std::vector<Slot> slots_;  // From base_ + 1 on, behind those dropped. The last one is taken.
  size_t dropped_ = 0;       // So many at the front of slots_ are compacted away.
  Index in_order_;           // From here on each slot was accepted after those before it.
  Index accepted_;           // ≥ what is known to be chosen.
  Index durable_;
  Index chosen_;               // As noted on the disk.
  size_t bytes_ = 0;           // Sum of Entry::Bytes.
  size_t appended_bytes_ = 0;  // Since the start,
  size_t written_bytes_ = 0;   // and how many of them are on the disk.
  std::deque<Writing> writing_;
};

}  // namespace synod

#endif  // SYNOD_PAXOS_SLOT_LOG_H_
