// The log in memory: everything behind the newest snapshot (and a tail before it), and how much of
// it is durable.
#ifndef SYNOD_RAFT_LOG_H_
#define SYNOD_RAFT_LOG_H_

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "synod/base/assert.h"
#include "synod/base/ids.h"
#include "synod/base/mutation.h"
#include "synod/base/probe.h"
#include "synod/core/durable_state.h"
#include "synod/core/entry.h"

namespace synod {

class RaftLog {
 public:
  // `base` is the position just before the first entry: what a snapshot or compaction has replaced.
  RaftLog(Index base, Term base_term, std::vector<Entry> entries)
      : base_(base), base_term_(base_term), entries_(std::move(entries)), durable_(last()) {
    for (const Entry& entry : entries_) bytes_ += entry.Bytes();
  }

  [[nodiscard]] Index first() const { return base_ + 1; }
  [[nodiscard]] Index last() const { return base_ + (entries_.size() - dropped_); }
  [[nodiscard]] Term last_term() const {
    return entries_.size() == dropped_ ? base_term_ : entries_.back().term;
  }
  // Entries up to here are on this replica's disk. ≤ last().
  [[nodiscard]] Index durable() const { return durable_; }
  [[nodiscard]] size_t bytes() const { return bytes_; }
  // What this replica's disk has still to write, of what was dropped since too.
  [[nodiscard]] size_t undurable_bytes() const { return appended_bytes_ - written_bytes_; }

  [[nodiscard]] bool Contains(Index index) const { return index > base_ && index <= last(); }

  // Precondition: Contains(index).
  [[nodiscard]] const Entry& At(Index index) const {
    SYNOD_ASSERT(Contains(index), "an entry is read where the log has one");
    return entries_[PositionOf(index)];
  }

  // The term of the entry at `index`; nothing if it is compacted away or not there yet. The base's
  // is known.
  [[nodiscard]] std::optional<Term> TermAt(Index index) const {
    if (index == base_) return base_term_;
    if (!Contains(index)) return std::nullopt;
    return entries_[PositionOf(index)].term;
  }

  void Append(Entry entry) {
    SYNOD_ASSERT(entry.index == last() + 1, "the log has no gaps");
    SYNOD_ASSERT(entry.term >= last_term(), "terms never fall along the log (Raft §5.3)");
    bytes_ += entry.Bytes();
    appended_bytes_ += entry.Bytes();
    entries_.push_back(std::move(entry));
  }

  // Drops the entries at and above `from`. What was durable above it counts no more, nor do writes
  // still under way (R5, R6).
  void TruncateFrom(Index from) {
    SYNOD_ASSERT(from > base_, "what a snapshot covers is never truncated");
    while (last() >= from) {
      bytes_ -= entries_.back().Bytes();
      entries_.pop_back();
    }
    durable_ = std::min(durable_, last());
    if (!writing_.empty() && writing_.back().last > last()) {
      Reached("raft: truncation overtakes a write");
    }
    if (Mutated(Mutation::kAbaCompletion)) return;
    for (Writing& writing : writing_) writing.last = std::min(writing.last, last());
  }

  // Drops the entries up to and including `index`.
  void CompactTo(Index index) {
    SYNOD_ASSERT(index <= last(), "compaction stays within the log");
    if (index <= base_) return;
    base_term_ = *TermAt(index);
    while (base_ < index) {
      Entry& entry = entries_[dropped_++];
      bytes_ -= entry.Bytes();
      entry.payload = Payload();
      ++base_;
    }
    // Moving the rest to the front is put off until there is no more of it than there was to drop.
    if (dropped_ >= entries_.size() - dropped_) {
      entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(dropped_));
      dropped_ = 0;
    }
  }

  // Replaces the whole log by a snapshot. Nothing of it is durable until its own write is.
  void Reset(Index base, Term base_term) {
    entries_.clear();
    dropped_ = 0;
    bytes_ = 0;
    base_ = base;
    base_term_ = base_term;
    durable_ = Index();
    writing_.clear();
    written_bytes_ = appended_bytes_;
  }

  // A write has been asked for that makes the log as it is now durable.
  void WriteBegan(PersistToken token) { writing_.push_back({token, last(), appended_bytes_}); }

  // The writes up to `token` are done.
  void WriteDone(PersistToken token) {
    while (!writing_.empty() && writing_.front().token <= token) {
      durable_ = std::max(durable_, writing_.front().last);
      written_bytes_ = writing_.front().appended_bytes;
      writing_.pop_front();
    }
  }

 private:
  // A write under way, and the last of its entries that is still in the log.
  struct Writing {
    PersistToken token;
    Index last;
    size_t appended_bytes;  // When it began.
  };

  [[nodiscard]] size_t PositionOf(Index index) const { return dropped_ + (index - base_ - 1); }

  Index base_;      // The last index before the entries.
  Term base_term_;  // Its term.
  std::vector<Entry> entries_;
  size_t dropped_ = 0;           // So many at the front of entries_ are compacted away.
  size_t bytes_ = 0;             // Sum of Entry::Bytes.
  size_t appended_bytes_ = 0;    // Since the start,
  size_t written_bytes_ = 0;     // and how many of them are on the disk.
  Index durable_;                // ≤ last(). Falls only by truncation.
  std::deque<Writing> writing_;  // In token order; `last` never rises along it above last().
};

}  // namespace synod

#endif  // SYNOD_RAFT_LOG_H_
