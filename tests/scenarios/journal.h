// The state machine of the scripts: it remembers every command, so that a lost, repeated or
// misplaced one shows.
#ifndef SYNOD_TESTS_SCENARIOS_JOURNAL_H_
#define SYNOD_TESTS_SCENARIOS_JOURNAL_H_

#include <memory>

#include "synod/sim/workload.h"

namespace synod::sim {

// A query is answered with all commands, a space behind each; so is the digest's.
[[nodiscard]] std::unique_ptr<Workload> NewJournalWorkload();

}  // namespace synod::sim

#endif  // SYNOD_TESTS_SCENARIOS_JOURNAL_H_
