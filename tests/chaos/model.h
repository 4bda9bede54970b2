// The store as the checkers see it: reads, puts and compare-and-swaps of single keys. Every write
// of a history has a value of its own, so that an answer says which write it saw.
#ifndef SYNOD_TESTS_CHAOS_MODEL_H_
#define SYNOD_TESTS_CHAOS_MODEL_H_

#include <functional>
#include <map>
#include <string>

#include "synod/sim/history.h"

namespace synod::chaos {

struct Operation {
  enum class Kind : uint8_t { kRead, kPut, kSwap };
  Kind kind = Kind::kRead;
  std::string key = {};
  std::string value = {};     // Of a put and a swap: what it writes.
  std::string expected = {};  // Of a swap: what it replaces. Empty, here and below: nothing.
  // The answer. Of a swap without one nobody knows whether it found what it expected.
  bool answered = true;
  bool swapped = false;
  std::string seen = {};  // Of a read, and of a swap that found something else.

  [[nodiscard]] bool HasWritten() const {
    return kind == Kind::kPut || (kind == Kind::kSwap && answered && swapped);
  }
};

using Call = sim::Call<Operation>;
using History = sim::History<Operation>;

// One key.
struct KeyModel {
  using Operation = chaos::Operation;
  using State = std::string;

  static State Initial() { return {}; }
  static bool Step(State& state, const Operation& operation) {
    switch (operation.kind) {
      case Operation::Kind::kRead:
        return !operation.answered || state == operation.seen;
      case Operation::Kind::kPut:
        state = operation.value;
        return true;
      case Operation::Kind::kSwap: {
        const bool fits = state == operation.expected;
        if (operation.answered && operation.swapped != fits) return false;
        if (operation.answered && !fits) return state == operation.seen;
        if (fits) state = operation.value;
        return true;
      }
    }
    return false;
  }
  static uint64_t Hash(const State& state) { return std::hash<std::string>{}(state); }
};

// All keys together, for checking against the log, whose order is one for all of them.
struct StoreModel {
  using Operation = chaos::Operation;
  using State = std::map<std::string, std::string>;

  static State Initial() { return {}; }
  static bool Step(State& state, const Operation& operation) {
    return KeyModel::Step(state[operation.key], operation);
  }
  static uint64_t Hash(const State& state) {
    uint64_t hash = 0;
    for (const auto& [key, value] : state) hash ^= std::hash<std::string>{}(key + "=" + value);
    return hash;
  }
};

// Leaves out the writes without a return whose value nobody saw or may have replaced: they may as
// well never have taken effect, and each doubles the search.
[[nodiscard]] History WithoutUnseenWrites(History history);

}  // namespace synod::chaos

#endif  // SYNOD_TESTS_CHAOS_MODEL_H_
