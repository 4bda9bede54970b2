// What a simulated run has shown.
#ifndef SYNOD_SIM_REPORT_H_
#define SYNOD_SIM_REPORT_H_

#include <cstdint>
#include <string>

#include "synod/base/time.h"

namespace synod::sim {

// How often things happened, so that a run that proves little can be told from one that proves
// much.
struct Counts {
  uint64_t messages_sent = 0;
  uint64_t messages_delivered = 0;
  uint64_t messages_lost = 0;
  uint64_t messages_cut = 0;
  uint64_t messages_repeated = 0;
  uint64_t messages_replayed = 0;
  uint64_t messages_garbled = 0;
  uint64_t crashes = 0;
  uint64_t stops = 0;
  uint64_t pauses = 0;
  uint64_t partitions = 0;
  uint64_t leaps = 0;
  uint64_t full_disks = 0;
  uint64_t failed_syncs = 0;
  uint64_t stalls = 0;
  uint64_t transfers = 0;
  uint64_t wipes = 0;
  uint64_t corruptions = 0;
  uint64_t starts = 0;
  uint64_t refused_starts = 0;  // A damaged disk was found out.
  uint64_t elections = 0;
  uint64_t committed = 0;  // Entries.
  uint64_t truncations = 0;
  uint64_t writes_lost = 0;            // Crashes that lost a write that was under way, ...
  uint64_t writes_kept_by_chance = 0;  // ... and that kept one though it was not done.
  uint64_t snapshots = 0;
  uint64_t restores = 0;
  uint64_t writes_answered = 0;
  uint64_t reads_answered = 0;
  uint64_t unknown_outcomes = 0;
  uint64_t refused = 0;
};

struct Violation {
  std::string rule;  // Its name: "election safety", "linearizability", …
  std::string what;
  Instant when;
  uint64_t event = 0;
};

struct Report {
  uint64_t seed = 0;
  uint64_t events = 0;
  uint64_t hash = 0;  // Of all events: equal for equal runs.
  Duration simulated = {};
  Counts counts;
  bool ok = true;
  Violation violation;  // If not ok: the first.
};

}  // namespace synod::sim

#endif  // SYNOD_SIM_REPORT_H_
