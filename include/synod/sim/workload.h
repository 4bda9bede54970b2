// What a user brings to the simulator: the state machine under test, and what clients ask of it.
#ifndef SYNOD_SIM_WORKLOAD_H_
#define SYNOD_SIM_WORKLOAD_H_

#include <cstdint>
#include <memory>
#include <string>

#include "synod/base/rng.h"
#include "synod/port/state_machine.h"
#include "synod/sim/history.h"
#include "synod/sim/report.h"

namespace synod::sim {

struct Request {
  bool is_write = false;  // A command to replicate; else a query, read linearizably.
  std::string bytes;
  std::string answer = {};  // In a history: what came back.
};

// The simulator replicates the state machine, lets clients use it while everything goes wrong, and
// then compares every answer with that of one state machine that did the same alone.
class Workload {
 public:
  virtual ~Workload() = default;

  // A new, empty state machine, for one replica.
  [[nodiscard]] virtual std::unique_ptr<StateMachine> NewStateMachine() = 0;
  // What `client` asks next. No two commands of a run are equal (a number in each is enough): by
  // its bytes a command is found in the log, and one that is there twice breaks a rule.
  [[nodiscard]] virtual Request Next(uint64_t client, Rng& dice) = 0;
  // A query whose answer tells the whole state: equal states, and only those, answer alike.
  [[nodiscard]] virtual std::string DigestQuery() const = 0;
  // Looks at what the clients saw; a sentence on what is wrong with it, or nothing. For what the
  // workload knows better than a replay does. It may add to the report's counts of searches.
  [[nodiscard]] virtual std::string Judge(const History<Request>&, Counts&) const { return {}; }
};

// Registers under a few keys, written with unique values, read, and compared-and-set; judged once
// more by a checker that does not know the log.
[[nodiscard]] std::unique_ptr<Workload> NewRegisterWorkload(uint64_t keys);

}  // namespace synod::sim

#endif  // SYNOD_SIM_WORKLOAD_H_
