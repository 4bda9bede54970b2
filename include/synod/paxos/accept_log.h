// How an acceptor's memory becomes a log that only grows.
#ifndef SYNOD_PAXOS_ACCEPT_LOG_H_
#define SYNOD_PAXOS_ACCEPT_LOG_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "synod/base/ids.h"
#include "synod/core/ballot.h"
#include "synod/core/entry.h"

namespace synod {

// A store keeps a log without gaps whose terms never fall; slots are accepted out of order, and
// again in higher ballots. So the store's log is not of the slots but of the accepts, in the order
// in which they happened: along it ballots never fall, since nothing is accepted below a promise.
// What is found last for a slot is what holds.
//
// Most accepts follow one another in one ballot and slot by slot, and are stored as their values
// alone. A mark goes before every one that does not, and now and then before one that does: what is
// not known to be chosen after a restart is proposed again.
struct Mark {
  Ballot ballot;  // In which what follows was accepted,
  Index slot;     // from this slot on.
  Index chosen;   // So much was known to be chosen.

  friend bool operator==(const Mark&, const Mark&) = default;
};

inline std::string EncodeMark(const Mark& mark) {
  std::string bytes;
  for (uint64_t value : {mark.ballot.node.value(), mark.ballot.incarnation.value(),
                         mark.slot.value(), mark.chosen.value()}) {
    for (int i = 0; i < 8; ++i, value >>= 8) bytes.push_back(static_cast<char>(value & 0xff));
  }
  return bytes;
}

// Of an entry of kind kMark in `round`. Nothing if the bytes are none that EncodeMark writes.
inline std::optional<Mark> DecodeMark(Term round, std::string_view bytes) {
  if (bytes.size() != 4 * 8) return std::nullopt;
  const auto number = [&](size_t which) {
    uint64_t value = 0;
    for (size_t i = 8; i-- > 0;) {
      value = (value << 8) | static_cast<unsigned char>(bytes[8 * which + i]);
    }
    return value;
  };
  Mark mark{
      .ballot = {.round = round, .node = NodeId(number(0)), .incarnation = Incarnation(number(1))},
      .slot = Index(number(2)),
      .chosen = Index(number(3))};
  if (mark.ballot.node.IsZero() || mark.ballot.incarnation.IsZero() || mark.slot.IsZero()) {
    return std::nullopt;
  }
  return mark;
}

// The end of the store's log, and the marks in it.
class AcceptLog {
 public:
  // So many slots are worth a mark.
  static constexpr uint64_t kNewsOfChosen = 1024;

  // The position of the newest entry.
  [[nodiscard]] Index last() const { return last_; }

  // Puts what makes it durable that `entry` was accepted in `ballot` at the end of `out`, and
  // returns its position. `chosen` is what is known to be so.
  Index Append(const Entry& entry, const Ballot& ballot, Index chosen, std::vector<Entry>& out) {
    const bool follows = !marks_.empty() && ballot == ballot_ && entry.index == next_slot_;
    if (!follows || chosen >= chosen_ + kNewsOfChosen) {
      AppendMark({.ballot = ballot, .slot = entry.index, .chosen = chosen}, out);
    }
    Entry stored = entry;
    stored.index = ++last_;
    out.push_back(std::move(stored));
    ++next_slot_;
    return last_;
  }

  void AppendMark(const Mark& mark, std::vector<Entry>& out) {
    out.push_back({.index = ++last_,
                   .term = mark.ballot.round,
                   .kind = EntryKind::kMark,
                   .payload = Payload::Copy(EncodeMark(mark))});
    Note(mark, last_);
  }

  // What the store's log says, when it is read again from its first entry on. Calls
  // `accepted(entry, ballot, position)` for each accept; false if it is no log of accepts.
  template <class Accepted>
  bool Replay(std::vector<Entry> entries, Accepted accepted) {
    for (Entry& entry : entries) {
      last_ = entry.index;
      if (entry.kind == EntryKind::kMark) {
        const std::optional<Mark> mark = DecodeMark(entry.term, entry.payload.view());
        if (!mark || (!marks_.empty() && mark->ballot < ballot_)) return false;
        Note(*mark, last_);
        continue;
      }
      if (marks_.empty() || entry.term != ballot_.round) return false;
      entry.index = next_slot_;
      ++next_slot_;
      accepted(std::move(entry), ballot_, last_);
    }
    return true;
  }

  // What is known to be chosen by the marks.
  [[nodiscard]] Index chosen() const { return chosen_; }

  // The last position that can go if everything from `oldest` on is needed: what is needed keeps
  // the mark before it. 0: none can.
  [[nodiscard]] Index CutBefore(Index oldest) {
    while (marks_.size() > 1 && marks_[1] <= oldest) marks_.pop_front();
    return marks_.empty() ? Index() : marks_.front() - 1;
  }

 private:
  void Note(const Mark& mark, Index position) {
    ballot_ = mark.ballot;
    next_slot_ = mark.slot;
    chosen_ = std::max(chosen_, mark.chosen);
    marks_.push_back(position);
  }

  Index last_;
  Ballot ballot_;            // Of the newest mark.
  Index next_slot_;          // Of the next entry, if it needs no mark.
  Index chosen_;             // The highest of all marks.
  std::deque<Index> marks_;  // Their positions, from the oldest that is needed on.
};

}  // namespace synod

#endif  // SYNOD_PAXOS_ACCEPT_LOG_H_
