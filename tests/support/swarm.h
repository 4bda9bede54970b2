// What one seed makes of a run: how many replicas, under which limits, in which weather. Each seed
// turns on a random part of all faults (swarm testing), since a run that has all of them at once
// never gets far enough to see some of the bugs.
#ifndef SYNOD_TESTS_SUPPORT_SWARM_H_
#define SYNOD_TESTS_SUPPORT_SWARM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "synod/base/rng.h"
#include "synod/base/time.h"
#include "synod/raft/options.h"

namespace synod::test {

enum class Fault : uint8_t {
  kCrash,       // One replica, and it restarts.
  kCrashAll,    // Power is lost everywhere at once (F8).
  kPause,       // A replica stands still, and then sees all that has come meanwhile.
  kIsolate,     // One replica hears and reaches nobody.
  kSplit,       // The replicas fall into two parts.
  kOneWay,      // Some links carry nothing in one direction.
  kBridge,      // Two parts that only one replica connects (E4, E5).
  kHeal,        // All links work again.
  kStallDisk,   // A disk answers late.
  kFillDisk,    // A disk takes no entries for a while (F5).
  kReplaceDisk  // A replica loses its disk and comes back under a new incarnation (M3).
};
inline constexpr size_t kFaults = 11;

[[nodiscard]] std::string_view Describe(Fault fault);

struct Swarm {
  std::vector<RaftOptions> raft;  // One for each replica.
  std::vector<int> clock_rates;   // In thousandths of true time, one for each replica.
  bool change_options = false;    // Restarted replicas may run under other options (E7).

  Duration message_delay{};  // On average.
  int loss = 0;              // Of messages, in thousandths.
  int duplication = 0;       // Of messages, in thousandths.
  Duration write_time{};     // On average, of the disk.
  int batching = 0;          // Inputs after which the output is not taken at once, in thousandths.

  Duration request_interval{};               // On average, in the whole cluster.
  uint64_t snapshot_entries = 0;             // A replica takes a snapshot after so many; 0: never.
  Duration fault_interval{};                 // On average.
  std::array<int, kFaults> fault_weights{};  // 0: never.
};

[[nodiscard]] Swarm DrawSwarm(Rng& rng);

// One replica's options, with limits so small that they matter.
[[nodiscard]] RaftOptions DrawRaftOptions(Rng& rng, bool has_snapshots);

// Around `mean`, and now and then far above it.
[[nodiscard]] Duration DrawDuration(Rng& rng, Duration mean);

}  // namespace synod::test

#endif  // SYNOD_TESTS_SUPPORT_SWARM_H_
