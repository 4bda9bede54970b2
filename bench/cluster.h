// Three replicas in three processes, with the load inside the leader's.
#ifndef SYNOD_BENCH_CLUSTER_H_
#define SYNOD_BENCH_CLUSTER_H_

#include <chrono>
#include <cstddef>
#include <string>

#include "synod/core/protocol.h"

namespace synod::bench {

struct Load {
  Protocol protocol = Protocol::kRaft;
  std::string directory = {};  // For the replicas' RocksDB logs; empty: logs in memory.
  int processor = -1;          // All three on this one; -1: anywhere.
  size_t outstanding = 1;      // Proposals under way at any time, of 256 bytes each.
  std::chrono::milliseconds duration = {};
};

struct Measured {
  double per_second = 0;     // Proposals whose outcome, after Apply, was kCommitted.
  double median_micros = 0;  // From Propose to the outcome.
  double p99_micros = 0;
};

// Exits with a message if anything fails: a proposal that does not commit, or logs that differ at
// the end.
Measured MeasureCluster(const Load& load);

}  // namespace synod::bench

#endif  // SYNOD_BENCH_CLUSTER_H_
