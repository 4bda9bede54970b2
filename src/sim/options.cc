// Draws options.
#include "synod/sim/options.h"

#include <initializer_list>

#include "src/sim/world.h"

namespace synod::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kSmallLog = 64 * 1024;

class Draw {
 public:
  explicit Draw(Rng dice) : dice_(dice) {}

  // One of them.
  template <class T>
  T Of(std::initializer_list<T> choices) {
    return choices.begin()[dice_.Below(choices.size())];
  }
  [[nodiscard]] uint64_t Between(uint64_t least, uint64_t most) {
    return least + dice_.Below(most - least + 1);
  }
  bool Chance(uint64_t numerator, uint64_t denominator) {
    return dice_.Chance(numerator, denominator);
  }
  // Half of the time nothing.
  template <class T>
  T Maybe(std::initializer_list<T> choices) {
    const T chosen = Of(choices);
    return Chance(1, 2) ? chosen : T{};
  }

 private:
  Rng dice_;
};

FaultOptions DrawFaults(Draw& draw) {
  FaultOptions faults;
  faults.crash = draw.Maybe<Duration>({seconds(1), seconds(6)});
  faults.stop = draw.Maybe<Duration>({seconds(2), seconds(8)});
  faults.pause = draw.Maybe<Duration>({milliseconds(300), seconds(1), seconds(5)});
  faults.partition = draw.Maybe<Duration>({milliseconds(300), seconds(1), seconds(5)});
  faults.leap = draw.Maybe<Duration>({seconds(2), seconds(10)});
  faults.full_disk = draw.Maybe<Duration>({seconds(3), seconds(10)});
  faults.stall = draw.Maybe<Duration>({seconds(1), seconds(5)});
  faults.fail_sync = draw.Maybe<Duration>({seconds(5), seconds(15)});
  faults.transfer = draw.Maybe<Duration>({milliseconds(200), seconds(1), seconds(5)});
  if (draw.Chance(1, 4)) faults.wipe = seconds(10);
  if (draw.Chance(1, 3)) faults.corrupt = draw.Of<Duration>({seconds(2), seconds(10)});
  if (draw.Chance(1, 4)) faults.lose_write = seconds(10);
  if (draw.Chance(1, 4)) faults.misdirect = seconds(10);
  faults.drift = draw.Maybe<int64_t>({200, 50'000});
  return faults;
}

// Half of the time the code has its usual way throughout.
void DrawKnobs(Draw draw, Options& options) {
  if (draw.Chance(1, 2)) return;
  for (uint32_t& chance : options.knobs) chance = draw.Maybe<uint32_t>({100, 1000, 5000});
}

// In some runs so few that requests are refused.
void DrawBounds(Draw draw, Options& options) {
  if (draw.Chance(3, 4)) return;
  options.engine.max_pending_reads = draw.Of<size_t>({1, 3});
  options.max_pending_requests = draw.Of<size_t>({1, 3, options.max_pending_requests});
}

// In some runs a log that is soon full, and wants a snapshot before anything else.
void DrawLog(Draw draw, EngineOptions& engine) {
  if (engine.max_uncommitted_bytes >= kSmallLog || draw.Chance(1, 2)) return;
  engine.max_log_bytes = draw.Of<size_t>({16 * 1024, kSmallLog});
}

// In some runs the links differ.
void DrawLinks(Draw draw, Options& options) {
  if (draw.Chance(1, 2)) options.network.spread = draw.Of<uint32_t>({1, 2, 4});
}

// In some runs disks are damaged again and again. So that more than the first few are, they are
// repaired.
void DrawDamage(Draw draw, FaultOptions& faults) {
  if (draw.Chance(1, 2)) return;
  faults.repair = draw.Of<Duration>({milliseconds(100), milliseconds(500)});
  faults.corrupt = draw.Maybe<Duration>({milliseconds(200), seconds(1)});
  faults.lose_write = draw.Maybe<Duration>({milliseconds(200), seconds(1)});
  faults.misdirect = draw.Maybe<Duration>({milliseconds(200), seconds(1)});
}

// Each by itself, so that one is not always taken for the other.
void DrawPower(Draw draw, FaultOptions& faults) {
  faults.cut_power = draw.Maybe<Duration>({seconds(1), seconds(6)});
  faults.fail_change = draw.Maybe<Duration>({seconds(5), seconds(15)});
}

// In some runs snapshots cannot be read as they were written.
void DrawSnapshots(Draw draw, FaultOptions& faults) {
  if (draw.Chance(3, 4)) return;
  faults.flip_snapshot = draw.Of<Duration>({milliseconds(200), seconds(1), seconds(5)});
}

// In half of the runs the members change.
void DrawMembers(Draw draw, Options& options) {
  if (draw.Chance(1, 2)) return;
  options.spares = draw.Of<size_t>({0, 1, 2, 3});
  options.faults.change = draw.Of<Duration>({milliseconds(200), seconds(1), seconds(4)});
}

// In some runs it takes more to elect than to commit. No voter commits alone: it would run away
// from the others, who could not answer reads in any time that can be told.
void DrawQuorums(Draw draw, Options& options) {
  if (options.nodes < 3 || draw.Chance(4, 5)) return;
  const bool has_weights = draw.Chance(1, 3);
  std::vector<QuorumRule::Weight> weights;
  uint32_t all = 0;
  uint32_t heaviest = 1;
  for (uint64_t node = 1; node <= options.nodes; ++node) {
    const uint32_t weight = has_weights ? draw.Of<uint32_t>({1, 2, 3}) : 1;
    weights.push_back({.node = NodeId(node), .weight = weight});
    all += weight;
    heaviest = std::max(heaviest, weight);
  }
  const uint32_t least = all / 2 + 1;
  if (least > all - heaviest) return;
  const auto election = static_cast<uint32_t>(draw.Between(least, all - heaviest));
  const uint32_t commit = all - election + 1;
  options.quorums = has_weights ? QuorumRule::Weighted(std::move(weights), election, commit)
                                : QuorumRule::Flexible(election, commit);
}

// Of Multi-Paxos: elections need not meet each other, and in some runs hardly anything may be under
// way. What is chosen after a change, before that governs, is no-ops for the most part: of many of
// them a run would see little else.
void DrawSlots(Draw draw, Options& options) {
  options.alpha = draw.Of<uint32_t>({1, 2, 8, 64, 256});
  if (options.nodes < 3 || draw.Chance(3, 4)) return;
  const auto voters = static_cast<uint32_t>(options.nodes);
  if (voters % 2 == 0 && draw.Chance(1, 2)) {
    options.quorums = QuorumRule::Grid(voters / 2);
    return;
  }
  const auto commit = static_cast<uint32_t>(draw.Between(2, voters - 1));
  options.quorums = QuorumRule::Flexible(voters - commit + 1, commit);
}

// In some runs of Multi-Paxos there are voters that are nothing but acceptors, and in some of these
// ballots become too large for them, so that too few are left to vote. They fit into no grid.
void DrawAcceptors(Draw draw, Options& options) {
  if (draw.Chance(2, 3)) return;
  options.acceptors = draw.Of<size_t>({1, 2, 2, 3});
  if (options.quorums != QuorumRule()) {
    const auto voters = static_cast<uint32_t>(options.nodes + options.acceptors);
    const auto commit = static_cast<uint32_t>(draw.Between(2, voters - 1));
    options.quorums = QuorumRule::Flexible(voters - commit + 1, commit);
  }
  if (!draw.Chance(1, 10)) return;
  options.acceptor_rounds = draw.Of<uint32_t>({3, 7, 31});
  options.stays_recoverable = false;
}

void DrawAcceptorFaults(Draw draw, Options& options) {
  if (options.acceptors == 0) return;
  options.faults.acceptor_power = draw.Maybe<Duration>({milliseconds(500), seconds(3)});
}

// How often leaders are heard, and how much may be under way.
void DrawFlow(Draw& draw, Options& options) {
  EngineOptions& engine = options.engine;
  engine.heartbeat_interval =
      draw.Of<Duration>({milliseconds(10), milliseconds(50), milliseconds(100)});
  engine.election_timeout = engine.heartbeat_interval * draw.Of({3, 5, 10});
  engine.max_append_bytes = draw.Of<size_t>({1, 100, 4096, 256 * 1024});
  engine.max_inflight_appends = draw.Of<size_t>({1, 2, 16, 256});
  engine.max_inflight_bytes = draw.Of<size_t>({1, 1024, 8 * 1024 * 1024});
  // So many clients could ask for more than is done in all the time there is.
  if (draw.Chance(1, 4) || options.clients > 8) {
    engine.max_entry_bytes = 6 * 1024;
    engine.max_uncommitted_bytes = engine.max_entry_bytes + Entry::kHeaderBytes;
  }
}

}  // namespace

Configuration Options::Founders() const {
  Configuration founders;
  founders.quorums = quorums;
  founders.protocol = protocol;
  if (protocol == Protocol::kMultiPaxos) founders.alpha = alpha;
  for (uint64_t node = 1; node <= nodes; ++node) founders.voters.emplace_back(node);
  for (size_t which = 0; which < acceptors; ++which) {
    constexpr uint64_t kIncarnations = 1'000'000;  // Each has as many, at most.
    const NodeId acceptor = AcceptorId(which);
    founders.voters.push_back(acceptor);
    founders.acceptors.push_back(acceptor);
    founders.records.push_back(
        {.node = acceptor,
         .incarnation = Incarnation((which + 1) * kIncarnations),
         .epoch = {},
         .address = "switch://10.0.0." + std::to_string(which + 1) + ":7400/7401"});
  }
  return founders;
}

Options Options::Swarm(uint64_t seed, Protocol protocol) {
  Options options;
  options.seed = seed;
  options.protocol = protocol;
  const World world(seed);
  DrawKnobs(Draw(world.Dice(Stream::kKnobs)), options);
  DrawBounds(Draw(world.Dice(Stream::kBounds)), options);
  DrawLinks(Draw(world.Dice(Stream::kLinks)), options);
  Draw draw(world.Dice(Stream::kOptions));
  options.nodes = draw.Of<size_t>({1, 2, 3, 3, 3, 3, 4, 5, 5, 7});
  if (Draw(world.Dice(Stream::kSize)).Chance(1, 20)) options.nodes = 6;
  DrawQuorums(Draw(world.Dice(Stream::kQuorums)), options);
  if (protocol == Protocol::kMultiPaxos) {
    DrawSlots(Draw(world.Dice(Stream::kSlots)), options);
    DrawAcceptors(Draw(world.Dice(Stream::kAcceptors)), options);
  }
  options.clients = draw.Of<size_t>({1, 2, 3, 5, 8, 32});
  options.think_time = draw.Of<Duration>({milliseconds(1), milliseconds(10), milliseconds(100)});
  options.request_deadline =
      draw.Of<Duration>({milliseconds(20), milliseconds(100), seconds(2), seconds(10)});

  options.stale_reads = Draw(world.Dice(Stream::kStaleReads)).Maybe<uint32_t>({1000, 5000});

  DrawFlow(draw, options);
  EngineOptions& engine = options.engine;
  DrawLog(Draw(world.Dice(Stream::kLog)), engine);
  engine.trailing_entries = draw.Of<uint64_t>({0, 1, 10, 1000, 10'000});
  options.snapshot_after_entries = draw.Of<uint64_t>({1, 10, 100, 1000, 100'000});
  options.segment_bytes = draw.Of<uint64_t>({1024, 16 * 1024, 1024 * 1024});
  options.turn = draw.Of<Duration>(
      {Duration(), microseconds(5), microseconds(50), engine.heartbeat_interval / 5});
  options.blocking = draw.Of<Duration>({microseconds(10), microseconds(500), milliseconds(50)});
  options.apply_on_own_thread = draw.Chance(1, 3);

  options.network.delay =
      draw.Of<Duration>({microseconds(20), microseconds(500), milliseconds(5), milliseconds(30)});
  options.network.keeps_order = draw.Chance(1, 2);
  options.network.check_wire = draw.Maybe<uint32_t>({100, 1000});
  options.network.capacity = draw.Of<size_t>({8, 64, 4096, 4096});
  options.disk.sync = draw.Of<Duration>({microseconds(10), microseconds(300), milliseconds(10)});
  if (draw.Chance(1, 10)) return options;  // Nothing goes wrong.

  options.network.lose = draw.Maybe<uint32_t>({10, 200, 2000});
  options.network.repeat = draw.Maybe<uint32_t>({10, 200, 2000});
  options.network.replay = draw.Maybe<uint32_t>({10, 200, 1000});
  options.network.late = draw.Maybe<uint32_t>({10, 200, 1000});
  options.network.garble = draw.Maybe<uint32_t>({10, 100});
  options.faults = DrawFaults(draw);
  DrawPower(Draw(world.Dice(Stream::kPower)), options.faults);
  DrawDamage(Draw(world.Dice(Stream::kDamage)), options.faults);
  DrawSnapshots(Draw(world.Dice(Stream::kSnapshots)), options.faults);
  DrawMembers(Draw(world.Dice(Stream::kMembers)), options);
  DrawAcceptorFaults(Draw(world.Dice(Stream::kAcceptorFaults)), options);
  if (!draw.Chance(1, 4)) return options;
  // Rarely, since they keep the rest from going far.
  options.mixed_elections = draw.Chance(1, 2);
  options.faults.blackout = draw.Maybe<Duration>({seconds(1), seconds(5)});
  // A log that is full wants a snapshot before anything else.
  if (engine.max_uncommitted_bytes < kSmallLog && draw.Chance(1, 2)) {
    engine.max_log_bytes = kSmallLog;
  }
  return options;
}

}  // namespace synod::sim
