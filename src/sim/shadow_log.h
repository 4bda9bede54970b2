// What a node's disk should hold, as far as it matters to the rules.
#ifndef SYNOD_SRC_SIM_SHADOW_LOG_H_
#define SYNOD_SRC_SIM_SHADOW_LOG_H_

#include <compare>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "synod/base/ids.h"
#include "synod/core/ballot.h"
#include "synod/core/configuration.h"
#include "synod/core/durable_state.h"
#include "synod/core/entry.h"

namespace synod::sim {

inline uint64_t Mixed(uint64_t a, uint64_t b) {
  a = (a ^ b) * 0x9e3779b97f4a7c15u;
  return a ^ (a >> 32);
}

inline uint64_t HashOf(std::string_view bytes) {
  uint64_t hash = bytes.size();
  while (bytes.size() >= 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    hash = Mixed(hash, word);
    bytes.remove_prefix(8);
  }
  uint64_t rest = 0;
  bytes.copy(reinterpret_cast<char*>(&rest), bytes.size());  // Of nothing, memcpy takes no null.
  return Mixed(hash, rest);
}

// The hash of a whole log that ends with this entry, given that of the log before it.
inline uint64_t Chained(uint64_t before, const Entry& entry) {
  uint64_t hash = Mixed(before, entry.term.value());
  hash = Mixed(hash, static_cast<uint64_t>(entry.kind));
  return Mixed(hash, HashOf(entry.payload.view()));
}

// By this logs are compared in an election (Raft §5.4.1).
struct LogEnd {
  Term term;
  Index index;

  friend auto operator<=>(const LogEnd&, const LogEnd&) = default;
};

// Logs share them.
using Members = std::shared_ptr<const Configuration>;
inline Members Shared(Configuration members) {
  return std::make_shared<Configuration>(std::move(members));
}

struct ShadowLog {
  struct Slot {
    Term term;
    uint64_t chain;
  };
  struct Accepted {  // In a slot of Multi-Paxos.
    Ballot ballot;
    uint64_t value;  // Its hash.
    Index position;  // In the log.
  };
  struct InForce {
    Index since;  // The entry that it is in; of the first here, or before.
    Members members;
  };

  Configuration initial;         // Of the group, as bootstrapped.
  std::vector<InForce> changes;  // Of the members: the newest is the last. Empty: nothing is known.
  HardState hard_state;
  SnapshotMeta snapshot;
  Index base;
  Term base_term;
  uint64_t base_chain = 0;
  std::deque<Slot> slots;  // Behind the base.
  // Of Multi-Paxos, whose log is one of accepts: what it comes to.
  std::map<Index, Accepted> accepted;  // In the slots that no snapshot stands for.
  Index chosen;                        // So much it says is chosen.
  Ballot ballot;                       // Of its newest mark.
  Index next_slot;                     // In which what comes next is accepted, without a mark.

  [[nodiscard]] Index last() const { return base + slots.size(); }
  [[nodiscard]] LogEnd end() const {
    return {.term = slots.empty() ? base_term : slots.back().term, .index = last()};
  }
  [[nodiscard]] bool Holds(Index index) const { return index > base && index <= last(); }
  [[nodiscard]] uint64_t ChainAt(Index index) const {
    return index == base ? base_chain : slots[index - base - 1].chain;
  }
  // Nothing outside of the log. The base's is known.
  [[nodiscard]] std::optional<Term> TermAt(Index index) const {
    if (index == base) return base_term;
    if (!Holds(index)) return std::nullopt;
    return slots[index - base - 1].term;
  }
  // In force at the log's end.
  [[nodiscard]] const Configuration& members() const { return *changes.back().members; }
  // Covered by the snapshot or in the log.
  [[nodiscard]] bool Covers(Index index) const {
    return index <= snapshot.index || index <= last();
  }
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_SHADOW_LOG_H_
