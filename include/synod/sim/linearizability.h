// Two checkers for linearizability (Herlihy & Wing 1990): does every operation seem to take effect
// at one instant between its invocation and its return?
//
// CheckWitness takes the log's word for the order and checks it against clocks and answers: fast,
// and exact for a system that tells at which index each operation took effect. CheckLinearizable
// knows nothing of the system and searches for an order.
#ifndef SYNOD_SIM_LINEARIZABILITY_H_
#define SYNOD_SIM_LINEARIZABILITY_H_

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "synod/base/rng.h"
#include "synod/sim/history.h"

namespace synod::sim {

// What the object under test would do if it were used by one client at a time.
template <class M>
concept SequentialModel = requires(typename M::State state, const typename M::Operation operation) {
  // The state before the first operation.
  { M::Initial() } -> std::same_as<typename M::State>;
  // Does the operation; false if its recorded answer is not what the object answers in this state.
  // Of an operation that has not returned there is no answer, and any will do.
  { M::Step(state, operation) } -> std::same_as<bool>;
  // Equal states have equal hashes, and others hardly ever.
  { M::Hash(state) } -> std::convertible_to<uint64_t>;
};

// A model may tell which operations leave every state as it is. The search need not choose when
// these take effect: as soon as one fits it is placed, since nothing is gained by waiting.
template <class M>
concept KnowsReads = requires(const typename M::Operation operation) {
  { M::IsRead(operation) } -> std::same_as<bool>;
};

struct CheckResult {
  enum class Kind : uint8_t {
    kLinearizable,
    kViolation,
    kGaveUp,  // The search took more steps than it was allowed.
  };
  Kind kind = Kind::kLinearizable;
  // Of a violation: the operation (its position in the history) that fits nowhere, ...
  size_t culprit = 0;
  // ... and for people, why.
  std::string reason;

  [[nodiscard]] bool ok() const { return kind == Kind::kLinearizable; }
};

// --- With the log as the witness ---

namespace internal {

// A call by its place in the log, small enough that a million are sorted without looking at the
// calls themselves.
struct LogPlace {
  Index index;
  bool is_read;  // Behind the write of its index.
  size_t call;   // Its position in the history.

  friend auto operator<=>(const LogPlace&, const LogPlace&) = default;
};

}  // namespace internal

// Whether the order of the indexes explains the history: O(n log n). Every call that returned has
// an index; a call without a return has one if it turned out to be in the log, and is left out if
// not. Of calls of one index the first is the write, and the others are reads that saw it.
//
// `is_write(operation)`: whether an operation has an entry of its own.
template <SequentialModel Model, class IsWrite>
[[nodiscard]] CheckResult CheckWitness(std::span<const Call<typename Model::Operation>> history,
                                       IsWrite is_write) {
  const auto violation = [](size_t culprit, std::string reason) {
    return CheckResult{CheckResult::Kind::kViolation, culprit, std::move(reason)};
  };
  std::vector<internal::LogPlace> log;
  log.reserve(history.size());
  for (size_t i = 0; i < history.size(); ++i) {
    const Call<typename Model::Operation>& call = history[i];
    const bool is_read = !is_write(call.operation);
    if (call.index.IsZero() && call.HasReturned() && !is_read) {
      return violation(i, "a write returned, but is not in the log");
    }
    // A read without an index saw the state before the first entry.
    if (!call.index.IsZero() || call.HasReturned()) log.push_back({call.index, is_read, i});
  }
  std::sort(log.begin(), log.end());

  // The answers.
  auto state = Model::Initial();
  for (size_t k = 0; k < log.size(); ++k) {
    if (k > 0 && !log[k].is_read && log[k - 1].index == log[k].index) {
      return violation(log[k].call, "two writes are at one index");
    }
    if (!Model::Step(state, history[log[k].call].operation)) {
      return violation(log[k].call, "its answer is not what the log up to its index gives");
    }
  }

  // The clocks: whatever comes later in the log had not returned when this was invoked. Reads of
  // one index come in no order.
  Instant later_return = kNever;   // The first return of all behind this in the log, ...
  Instant higher_return = kNever;  // ... and of those at a higher index.
  for (size_t k = log.size(); k-- > 0;) {
    if (k + 1 < log.size() && log[k + 1].index != log[k].index) higher_return = later_return;
    const Call<typename Model::Operation>& call = history[log[k].call];
    if ((log[k].is_read ? higher_return : later_return) < call.invoked) {
      return violation(log[k].call,
                       "it took effect before one that had returned when it was invoked");
    }
    later_return = std::min(later_return, call.returned);
  }
  return {};
}

// --- Without a witness ---

namespace internal {

// The search of Wing & Gong (1993) as refined by Lowe (2017): operations are linearized one after
// another, each at the earliest place, taken back when nothing fits, and no set of linearized
// operations with the same state is tried twice. Reads are no choice (see KnowsReads). Sets are
// known by a 128-bit hash, so that a violation could be invented, or missed never, with a chance
// that need not be counted with.
template <SequentialModel Model>
class LinearizationSearch {
 public:
  using Operation = typename Model::Operation;

  explicit LinearizationSearch(std::span<const Call<Operation>> history) : history_(history) {
    struct Event {
      Instant at;
      bool is_return;
      size_t call;
    };
    std::vector<Event> events;
    for (size_t i = 0; i < history.size(); ++i) {
      events.push_back({history[i].invoked, false, i});
      if (history[i].HasReturned()) events.push_back({history[i].returned, true, i});
    }
    // At the same instant invocations come first: the calls count as concurrent.
    std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
      return std::tuple(a.at, a.is_return, a.call) < std::tuple(b.at, b.is_return, b.call);
    });
    nodes_.resize(events.size() + 2);  // The first and the last are the list's ends.
    return_of_.assign(history.size(), 0);
    for (size_t i = 0; i < nodes_.size(); ++i) {
      nodes_[i].next = i + 1;
      nodes_[i].previous = i - 1;
    }
    for (size_t i = 0; i < events.size(); ++i) {
      nodes_[i + 1].call = events[i].call;
      nodes_[i + 1].is_return = events[i].is_return;
      if (events[i].is_return) {
        return_of_[events[i].call] = i + 1;
        ++unplaced_;
      }
    }
    Rng rng(1);
    marks_.reserve(history.size());
    for (size_t i = 0; i < history.size(); ++i) marks_.emplace_back(rng.Next(), rng.Next());
  }

  CheckResult Run(uint64_t max_steps) {
    auto state = Model::Initial();
    size_t at = nodes_.front().next;
    const size_t end = nodes_.size() - 1;
    for (uint64_t steps = 0; unplaced_ > 0; ++steps) {
      if (steps >= max_steps) {
        return {CheckResult::Kind::kGaveUp, 0, "the search was given up"};
      }
      if (at != end && !nodes_[at].is_return) {
        at = TryToPlace(at, state) ? nodes_.front().next : nodes_[at].next;
        continue;
      }
      // A call returns that is not placed yet: an earlier choice was wrong.
      NoteObstacle(nodes_[at].call);
      while (!placed_.empty() && !placed_.back().before) TakeBack(state);
      if (placed_.empty()) {
        return {CheckResult::Kind::kViolation, culprit_,
                "no order of the operations explains its answer"};
      }
      at = TakeBack(state);
    }
    return {};
  }

 private:
  struct Node {
    size_t next = 0;
    size_t previous = 0;
    size_t call = 0;
    bool is_return = false;
  };
  struct Placed {
    size_t node;
    std::optional<typename Model::State> before;  // None: a read, which was no choice.
  };
  using Mark = std::pair<uint64_t, uint64_t>;

  static bool IsRead(const Operation& operation) {
    if constexpr (KnowsReads<Model>) {
      return Model::IsRead(operation);
    } else {
      return false;
    }
  }

  bool TryToPlace(size_t node, typename Model::State& state) {
    const size_t call = nodes_[node].call;
    const Operation& operation = history_[call].operation;
    if (IsRead(operation)) {
      if (!Model::Step(state, operation)) return false;
      Place(node, std::nullopt);
      return true;
    }
    auto next_state = state;
    if (!Model::Step(next_state, operation) || !IsNew(call, next_state)) return false;
    Place(node, std::exchange(state, std::move(next_state)));
    return true;
  }

  // Whether the set of placed operations and `call`, with this state, was not tried before.
  bool IsNew(size_t call, const typename Model::State& state) {
    const uint64_t hash = Model::Hash(state);
    const Mark key(set_.first ^ marks_[call].first ^ Rng(hash).Next(),
                   set_.second ^ marks_[call].second ^ Rng(~hash).Next());
    return tried_.insert(key).second;
  }

  void Place(size_t node, std::optional<typename Model::State> before) {
    const size_t call = nodes_[node].call;
    set_.first ^= marks_[call].first;
    set_.second ^= marks_[call].second;
    Unlink(node);
    if (return_of_[call] != 0) {
      Unlink(return_of_[call]);
      --unplaced_;
    }
    placed_.push_back({node, std::move(before)});
    deepest_ = std::max(deepest_, placed_.size());
  }

  // Returns where to go on: behind what was taken back.
  size_t TakeBack(typename Model::State& state) {
    const size_t node = placed_.back().node;
    if (placed_.back().before) state = *std::move(placed_.back().before);
    placed_.pop_back();
    const size_t call = nodes_[node].call;
    if (return_of_[call] != 0) {
      Link(return_of_[call]);
      ++unplaced_;
    }
    Link(node);
    set_.first ^= marks_[call].first;
    set_.second ^= marks_[call].second;
    return nodes_[node].next;
  }

  // What stood in the way when the most was placed is what a reader should look at.
  void NoteObstacle(size_t call) {
    if (placed_.size() >= deepest_) culprit_ = call;
  }

  void Unlink(size_t node) {
    nodes_[nodes_[node].previous].next = nodes_[node].next;
    nodes_[nodes_[node].next].previous = nodes_[node].previous;
  }
  // Undoes the last Unlink that is not undone.
  void Link(size_t node) {
    nodes_[nodes_[node].previous].next = node;
    nodes_[nodes_[node].next].previous = node;
  }

  const std::span<const Call<Operation>> history_;
  std::vector<Node> nodes_;        // Events in order of time, as a list.
  std::vector<size_t> return_of_;  // Of each call; 0: none.
  std::vector<Mark> marks_;        // Of each call; a set is the xor of its calls'.
  std::vector<Placed> placed_;     // In the order found so far.
  Mark set_;                       // Of what is placed.
  size_t unplaced_ = 0;            // Calls with a return that are not placed.
  size_t deepest_ = 0;
  size_t culprit_ = 0;
  absl::flat_hash_set<Mark> tried_;
};

}  // namespace internal

// Whether some order of the operations explains the history. The time that takes is exponential in
// the number of operations that are concurrent, and linear in that of those that are not;
// `max_steps` bounds it.
template <SequentialModel Model>
[[nodiscard]] CheckResult CheckLinearizable(
    std::span<const Call<typename Model::Operation>> history,
    uint64_t max_steps = uint64_t{1} << 28) {
  return internal::LinearizationSearch<Model>(history).Run(max_steps);
}

// For objects that consist of independent ones, such as the keys of a map: a history is
// linearizable if that of each is (locality), and each is much easier to search.
template <SequentialModel Model, class KeyOf>
[[nodiscard]] CheckResult CheckLinearizableByKey(
    std::span<const Call<typename Model::Operation>> history, KeyOf key_of,
    uint64_t max_steps = uint64_t{1} << 28) {
  using Key = std::decay_t<decltype(key_of(history[0].operation))>;
  std::map<Key, std::vector<size_t>> positions;
  for (size_t i = 0; i < history.size(); ++i) {
    positions[key_of(history[i].operation)].push_back(i);
  }
  CheckResult worst;
  for (const auto& [key, calls] : positions) {
    History<typename Model::Operation> part;
    part.reserve(calls.size());
    for (size_t i : calls) part.push_back(history[i]);
    CheckResult result = CheckLinearizable<Model>(part, max_steps);
    if (result.kind == CheckResult::Kind::kViolation) {
      result.culprit = calls[result.culprit];
      return result;
    }
    if (!result.ok()) worst = result;
  }
  return worst;
}

// --- A model that fits most key-value stores ---

// One key, as a register. Every write of a history writes another value, so that a read says which
// write it saw.
struct Register {
  struct Operation {
    std::string key;
    bool is_write = false;
    // Of a write, what it writes (empty: it deletes). Of a read that returned, what it saw (empty:
    // nothing).
    std::string value;
    bool answered = true;  // False: a read that has not returned.
  };
  using State = std::string;

  static State Initial() { return {}; }
  static bool Step(State& state, const Operation& operation) {
    if (operation.is_write) {
      state = operation.value;
      return true;
    }
    return !operation.answered || state == operation.value;
  }
  static uint64_t Hash(const State& state) { return std::hash<std::string>{}(state); }
  static bool IsRead(const Operation& operation) { return !operation.is_write; }
};

// Leaves out the writes without a return that no read has seen: they may as well never have taken
// effect, and each doubles the search. (A delete is seen by every read of nothing, and stays.)
[[nodiscard]] inline History<Register::Operation> WithoutUnseenWrites(
    History<Register::Operation> history) {
  std::map<std::string, absl::flat_hash_set<std::string>> seen;
  for (const auto& call : history) {
    if (!call.operation.is_write && call.operation.answered) {
      seen[call.operation.key].insert(call.operation.value);
    }
  }
  std::erase_if(history, [&](const Call<Register::Operation>& call) {
    return !call.HasReturned() &&
           (!call.operation.is_write || !seen[call.operation.key].contains(call.operation.value));
  });
  return history;
}

}  // namespace synod::sim

#endif  // SYNOD_SIM_LINEARIZABILITY_H_
