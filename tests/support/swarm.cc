#include "tests/support/swarm.h"

#include <initializer_list>
#include <iterator>

namespace synod::test {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

template <class T>
T OneOf(Rng& rng, std::initializer_list<T> choices) {
  return std::data(choices)[rng.Below(choices.size())];
}

}  // namespace

std::string_view Describe(Fault fault) {
  static constexpr std::array<std::string_view, kFaults> kNames = {
      "crash",  "crash all", "pause",      "isolate",   "split",       "one-way cut",
      "bridge", "heal",      "stall disk", "fill disk", "replace disk"};
  return kNames[static_cast<size_t>(fault)];
}

Duration DrawDuration(Rng& rng, Duration mean) {
  const auto nanoseconds = static_cast<uint64_t>(mean.count());
  const uint64_t tail = rng.Chance(1, 50) ? 10 : 1;
  return Duration(1 + tail * rng.Below(2 * nanoseconds));
}

RaftOptions DrawRaftOptions(Rng& rng, bool has_snapshots) {
  RaftOptions options;
  options.election_timeout = milliseconds(100);
  options.heartbeat_interval = milliseconds(OneOf(rng, {10, 20, 33}));
  options.pre_vote = rng.Chance(3, 4);
  options.check_quorum = rng.Chance(3, 4);
  options.max_entry_bytes = 256;
  options.max_append_bytes = OneOf<size_t>(rng, {1, 200, 1000, 64 * 1024});
  options.max_inflight_appends = OneOf<size_t>(rng, {1, 2, 8, 256});
  options.max_inflight_bytes = OneOf<size_t>(rng, {1, 500, 1024 * 1024});
  options.max_uncommitted_bytes = OneOf<size_t>(rng, {300, 2000, 1024 * 1024});
  // Without snapshots a log that is full stays full.
  options.max_log_bytes =
      has_snapshots && rng.Chance(1, 3) ? size_t{64} * 1024 : size_t{64} * 1024 * 1024;
  options.max_pending_reads = OneOf<size_t>(rng, {1, 4, 1000});
  options.trailing_entries = OneOf<uint64_t>(rng, {0, 1, 5, 50, 10'000});
  return options;
}

Swarm DrawSwarm(Rng& rng) {
  Swarm swarm;
  const auto replicas = OneOf<size_t>(rng, {1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 5});
  swarm.snapshot_entries = OneOf<uint64_t>(rng, {0, 0, 3, 20, 100});
  const RaftOptions common = DrawRaftOptions(rng, swarm.snapshot_entries != 0);
  const bool alike = rng.Chance(2, 3);
  const bool drift = rng.Chance(1, 3);
  for (size_t i = 0; i < replicas; ++i) {
    swarm.raft.push_back(alike ? common : DrawRaftOptions(rng, swarm.snapshot_entries != 0));
    swarm.clock_rates.push_back(drift ? 900 + static_cast<int>(rng.Below(200)) : 1000);
  }
  swarm.change_options = rng.Chance(1, 4);

  swarm.message_delay = OneOf<Duration>(
      rng, {microseconds(50), microseconds(500), milliseconds(3), milliseconds(20)});
  swarm.loss = OneOf(rng, {0, 0, 10, 50, 200});
  swarm.duplication = OneOf(rng, {0, 0, 20, 200});
  swarm.write_time =
      OneOf<Duration>(rng, {microseconds(50), milliseconds(1), milliseconds(10), milliseconds(60)});
  swarm.batching = OneOf(rng, {0, 200, 600});

  swarm.request_interval =
      OneOf<Duration>(rng, {milliseconds(2), milliseconds(10), milliseconds(40)});
  swarm.fault_interval =
      OneOf<Duration>(rng, {milliseconds(20), milliseconds(100), milliseconds(400)});
  for (int& weight : swarm.fault_weights) {
    weight = rng.Chance(1, 2) ? 1 + static_cast<int>(rng.Below(10)) : 0;
  }
  // Without healing a cut would last to the end.
  swarm.fault_weights[static_cast<size_t>(Fault::kHeal)] = 5 + static_cast<int>(rng.Below(10));
  return swarm;
}

}  // namespace synod::test
