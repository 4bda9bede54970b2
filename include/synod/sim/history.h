// What clients did and were told, and when: what a consistency checker needs to know of a run,
// whether simulated or real.
#ifndef SYNOD_SIM_HISTORY_H_
#define SYNOD_SIM_HISTORY_H_

#include <cstdint>
#include <vector>

#include "synod/base/ids.h"
#include "synod/base/time.h"

namespace synod::sim {

// One operation of one client. All times are of one clock that the whole history shares.
//
// An operation that ended without anybody knowing whether it took effect (a time-out, a lost
// connection, Outcome::Kind::kUnknown) has no return: it may take effect at any time after its
// invocation, or never. One that certainly did not take effect has no place in a history.
template <class Operation>
struct Call {
  uint64_t client = 0;
  Operation operation;  // With its answer, if it returned.
  Instant invoked;
  Instant returned = kNever;
  // Where in the log it took effect: of a write, its entry; of a read, the last entry that the
  // state it saw had. Only CheckWitness looks at it. 0: not known.
  Index index;

  [[nodiscard]] bool HasReturned() const { return returned != kNever; }
};

template <class Operation>
using History = std::vector<Call<Operation>>;

}  // namespace synod::sim

#endif  // SYNOD_SIM_HISTORY_H_
