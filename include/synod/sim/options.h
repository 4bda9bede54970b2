// All that decides how a simulated run goes, beside the state machine under test.
#ifndef SYNOD_SIM_OPTIONS_H_
#define SYNOD_SIM_OPTIONS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/probe.h"
#include "synod/base/time.h"
#include "synod/core/configuration.h"
#include "synod/core/options.h"
#include "synod/core/quorum_rule.h"

namespace synod::sim {

// Chances are in ten thousand. Times are means: each is drawn from [0, twice the mean].

// Of every directed link, if `spread` is 0.
struct NetworkOptions {
  Duration delay = std::chrono::microseconds(500);
  bool keeps_order = false;  // As one connection would.
  uint32_t lose = 0;
  uint32_t repeat = 0;
  uint32_t replay = 0;  // Sends one of the messages of long ago as well.
  uint32_t late = 0;    // Adds `lateness`.
  Duration lateness = std::chrono::milliseconds(300);
  uint32_t garble = 0;      // Flips one to three bits on the wire.
  uint32_t check_wire = 0;  // Encodes, decodes and compares: finds a faulty codec.
  size_t capacity = 4096;   // Messages under way; what exceeds it is lost.
  // Each link's own delay, and each of its chances of a fault, is up to so many times doubled or
  // halved; a chance does not rise above a half by it.
  uint32_t spread = 0;
};

struct DiskOptions {
  Duration sync = std::chrono::microseconds(300);
  uint64_t reserve_bytes = 64 * 1024;
};

// How often a fault begins, as the mean time between two of its kind over the whole cluster; zero:
// never.
struct FaultOptions {
  Duration crash = {};          // A process dies, maybe with its machine, and comes back.
  Duration cut_power = {};      // A machine goes down at a change to its disk, and comes back.
  Duration stop = {};           // One is shut down in an orderly way, and comes back.
  Duration pause = {};          // One stands still.
  Duration partition = {};      // Links are cut, in one of many shapes.
  Duration leap = {};           // A clock leaps ahead.
  Duration full_disk = {};      // A disk has no space for some time.
  Duration stall = {};          // A disk stands still.
  Duration fail_sync = {};      // A sync fails, and what it was to make durable is lost (F4).
  Duration fail_change = {};    // A change to a disk fails, of whatever kind.
  Duration blackout = {};       // All processes die at once, most with their machines (F8).
  Duration transfer = {};       // An operator moves leadership.
  Duration change = {};         // An operator changes who the members are.
  Duration wipe = {};           // A disk is replaced by an empty one, bootstrapped anew (M3).
  Duration corrupt = {};        // Some bits on a disk change while its process is down.
  Duration lose_write = {};     // A write never landed, though it was reported as durable (F3).
  Duration misdirect = {};      // A write landed in the place of another (F3).
  Duration repair = {};         // A disk that was found to be damaged becomes what it was.
  Duration flip_snapshot = {};  // A bit of a snapshot flips while its process runs.
  // An acceptor loses its power, with all that it had promised, and comes back as another.
  Duration acceptor_power = {};
  int64_t drift = 0;  // Clocks run faster or slower by up to so many millionths.
};

struct Options {
  uint64_t seed = 1;

  size_t nodes = 3;   // The founders of the group: its initial members.
  size_t spares = 0;  // More nodes, which wait to be made members.
  QuorumRule quorums = {};
  Protocol protocol = Protocol::kRaft;
  uint32_t alpha = 16 * 1024;  // Of Multi-Paxos: see Configuration.
  // Of Multi-Paxos: more initial voters, that are nothing but acceptors. They keep four times alpha
  // slots.
  size_t acceptors = 0;
  // The highest round for which they have room; 0: that of 32 bits. With ballots beyond it they
  // have no vote.
  uint32_t acceptor_rounds = 0;
  size_t clients = 3;
  Duration storm = std::chrono::seconds(20);  // How long faults happen, of simulated time.
  // Or until so much has happened: busy clusters show little more in what follows, and take long.
  uint64_t storm_events = 600'000;
  Duration think_time = std::chrono::milliseconds(50);  // Between an answer and the next request.
  Duration request_deadline = std::chrono::seconds(2);
  uint32_t stale_reads = 0;  // How many of the reads, in ten thousand, take what their node has.

  EngineOptions engine = {};
  // Each start of a node draws anew whether it pre-votes, and whether it checks its quorum (E7).
  bool mixed_elections = false;
  uint64_t snapshot_after_entries = 1000;
  uint64_t segment_bytes = 1024 * 1024;
  Duration turn = std::chrono::microseconds(20);       // Of a host's loop.
  Duration blocking = std::chrono::microseconds(500);  // Of a task on a thread that may block.
  bool apply_on_own_thread = false;
  size_t max_pending_requests = 64 * 1024;  // At each node.

  NetworkOptions network = {};
  DiskOptions disk = {};
  FaultOptions faults = {};
  // How often the code under test makes each unusual choice of kKnobs where it has that choice.
  std::array<uint32_t, kKnobCount> knobs = {};
  // Never more damaged copies than the protocol tolerates, so that the cluster must recover. False:
  // all may be damaged, and all but one replaced (if nobody remembers what was promised, nothing
  // can be demanded). The cluster may become unavailable, and only has to be never wrong.
  bool stays_recoverable = true;

  // Those that have a disk: not the acceptors.
  [[nodiscard]] size_t AllNodes() const { return nodes + spares; }
  // Of the acceptor number `which`, from 0 on.
  [[nodiscard]] NodeId AcceptorId(size_t which) const { return NodeId(AllNodes() + 1 + which); }
  [[nodiscard]] uint32_t AcceptorChunkSlots() const { return (alpha + 3) / 4; }
  // The initial configuration.
  [[nodiscard]] Configuration Founders() const;

  // A random subset of all of the above, at random strength; some seeds have no faults at all.
  [[nodiscard]] static Options Swarm(uint64_t seed, Protocol protocol = Protocol::kRaft);
  // What differs from the defaults, in one line: "seed=7 nodes=5 storm=3s network.lose=200".
  [[nodiscard]] std::string Describe() const;
  // The inverse. kInvalidArgument, naming the field.
  [[nodiscard]] static absl::StatusOr<Options> Parse(std::string_view described);
  // kInvalidArgument if no cluster could be run so, naming the field.
  [[nodiscard]] absl::Status Validate() const;
};

}  // namespace synod::sim

#endif  // SYNOD_SIM_OPTIONS_H_
