// Draws what goes wrong in a run, when, and for whom: all of it before the run begins.
#include <algorithm>
#include <utility>
#include <vector>

#include "synod/base/rng.h"
#include "synod/sim/scenario.h"

#include "src/sim/world.h"

namespace synod::sim {
namespace {

using std::chrono::seconds;

// To the microsecond, so that a transcript is easy to read.
Duration MicrosecondsUpTo(Rng& dice, Duration most) {
  const auto steps = static_cast<uint64_t>(most / std::chrono::microseconds(1));
  return std::chrono::microseconds(dice.Below(steps + 1));
}

// A cause of faults: a field of the options, and how those of its kind are drawn.
struct Cause {
  Duration FaultOptions::*interval;
  FaultKind kind;
  Duration longest;      // How long it lasts, at most.
  uint64_t largest = 0;  // Its amount is less.
};

constexpr uint64_t kAnywhere = uint64_t{1} << 32;

constexpr Cause kCauses[] = {
    {&FaultOptions::crash, FaultKind::kCrash, seconds(3), 20},
    {&FaultOptions::cut_power, FaultKind::kCutPower, seconds(3), 20},
    {&FaultOptions::stop, FaultKind::kStop, seconds(3)},
    {&FaultOptions::pause, FaultKind::kPause, seconds(2)},
    {&FaultOptions::partition, FaultKind::kPartition, seconds(4)},
    {&FaultOptions::leap, FaultKind::kLeap, seconds(5)},
    {&FaultOptions::full_disk, FaultKind::kFullDisk, seconds(5), 512 * 1024},
    {&FaultOptions::stall, FaultKind::kStall, seconds(2)},
    {&FaultOptions::fail_sync, FaultKind::kFailSync, seconds(0)},
    {&FaultOptions::fail_change, FaultKind::kFailChange, seconds(0), 50},
    {&FaultOptions::transfer, FaultKind::kTransfer, seconds(0)},
    {&FaultOptions::change, FaultKind::kChange, seconds(0)},
    {&FaultOptions::wipe, FaultKind::kWipe, seconds(3), 2},
    {&FaultOptions::corrupt, FaultKind::kCorrupt, seconds(1), kAnywhere},
    {&FaultOptions::lose_write, FaultKind::kLoseWrite, seconds(1), kAnywhere},
    {&FaultOptions::misdirect, FaultKind::kMisdirect, seconds(1), kAnywhere},
    {&FaultOptions::blackout, FaultKind::kBlackout, seconds(3), 20},
    {&FaultOptions::repair, FaultKind::kRepair, seconds(1)},
    {&FaultOptions::flip_snapshot, FaultKind::kFlipSnapshot, seconds(3), kAnywhere},
    {&FaultOptions::acceptor_power, FaultKind::kAcceptorPower, seconds(1)},
};

std::vector<NodeId> AllOf(size_t nodes) {
  std::vector<NodeId> all;
  for (uint64_t i = 1; i <= nodes; ++i) all.emplace_back(i);
  return all;
}

std::vector<NodeId> AnyOrder(Rng& dice, size_t nodes) {
  std::vector<NodeId> order = AllOf(nodes);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[dice.Below(i)]);
  return order;
}

std::vector<NodeId> AnyLinks(Rng& dice, size_t nodes) {
  std::vector<NodeId> ends;
  for (uint64_t from = 1; from <= nodes; ++from) {
    for (uint64_t to = 1; to <= nodes; ++to) {
      if (from == to || !dice.Chance(1, 3)) continue;
      ends.emplace_back(from);
      ends.emplace_back(to);
    }
  }
  return ends;
}

void DrawPartition(Rng& dice, const Options& options, Fault fault, std::vector<Fault>& faults) {
  const size_t nodes = options.AllNodes();
  // Ends soon, when the sides have just begun to differ, or late, when one is far ahead.
  if (dice.Chance(1, 2)) fault.lasts = MicrosecondsUpTo(dice, 3 * options.engine.election_timeout);
  fault.shape = static_cast<Shape>(dice.Below(static_cast<uint64_t>(Shape::kCount)));
  const bool strikes_leader = dice.Chance(1, 3) || fault.shape == Shape::kConstrained;
  const uint64_t first = 1 + dice.Below(nodes);
  if (fault.shape == Shape::kLinks) {
    fault.nodes = AnyLinks(dice, nodes);
  } else {
    fault.nodes = AnyOrder(dice, nodes);
    if (strikes_leader) fault.nodes.front() = NodeId();
  }
  if (fault.shape == Shape::kSplit) fault.amount = first;
  if (fault.shape == Shape::kConstrained) {
    // The one that shall take over misses something before.
    Fault before = fault;
    before.shape = Shape::kSevered;
    before.lasts = MicrosecondsUpTo(dice, seconds(1));
    fault.at += before.lasts;
    faults.push_back(std::move(before));
  }
  faults.push_back(std::move(fault));
}

// One to three nodes, of which more come in than go, so that the group does not wither away. Who
// has the most to lose is the leader.
void DrawChange(Rng& dice, const Options& options, Fault fault, std::vector<Fault>& faults) {
  if (dice.Chance(1, 4)) fault.kind = FaultKind::kLearn;
  fault.nodes = AnyOrder(dice, options.AllNodes());
  fault.nodes.resize(std::min<size_t>(fault.nodes.size(), 1 + dice.Below(3)));
  if (dice.Chance(1, 4)) fault.nodes.back() = NodeId();
  if (fault.kind == FaultKind::kChange) {
    for (size_t i = 0; i < fault.nodes.size(); ++i) fault.amount += dice.Chance(2, 3) ? 1 : 0;
  }
  faults.push_back(fault);
  // Who has just gone comes in again, maybe in the same term (M8).
  if (fault.kind != FaultKind::kChange || dice.Chance(2, 3)) return;
  fault.at += MicrosecondsUpTo(dice, 4 * options.engine.election_timeout);
  fault.amount = fault.nodes.size();
  faults.push_back(std::move(fault));
}

void DrawOne(const Cause& cause, Rng& dice, const Options& options, Instant at,
             std::vector<Fault>& faults) {
  Fault fault{.at = at - Instant(), .kind = cause.kind};
  fault.lasts = MicrosecondsUpTo(dice, cause.longest);
  if (cause.kind == FaultKind::kPartition) {
    return DrawPartition(dice, options, std::move(fault), faults);
  }
  if (cause.kind == FaultKind::kChange) {
    return DrawChange(dice, options, std::move(fault), faults);
  }
  if (cause.kind == FaultKind::kBlackout) {
    // Between two events, or between two changes to the leader's disk.
    fault.nodes = AllOf(options.AllNodes());
    if (dice.Chance(1, 2)) {
      fault.nodes.front() = NodeId();
      fault.amount = 1 + dice.Below(cause.largest);
    }
    return faults.push_back(std::move(fault));
  }
  if (cause.kind == FaultKind::kAcceptorPower) {
    if (options.acceptors == 0) return;
    fault.nodes = {NodeId(1 + dice.Below(options.acceptors))};
    return faults.push_back(std::move(fault));
  }
  fault.nodes = {NodeId(1 + dice.Below(options.AllNodes()))};
  // The leader is who has the most to lose.
  if (dice.Chance(1, 4) && cause.kind != FaultKind::kTransfer) fault.nodes = {NodeId()};
  fault.amount = dice.Below(cause.largest);
  faults.push_back(std::move(fault));
}

}  // namespace

Scenario Expand(const Options& options) {
  Scenario scenario{.options = options};
  scenario.options.faults = FaultOptions{.drift = options.faults.drift};
  const World world(options.seed);
  for (const Cause& cause : kCauses) {
    const Duration interval = options.faults.*cause.interval;
    if (interval <= Duration::zero()) continue;
    Rng dice = world.Dice(Stream::kFaults, static_cast<uint64_t>(cause.kind));
    const Instant end = Instant() + options.storm;
    for (Instant at = Instant() + MicrosecondsUpTo(dice, 2 * interval); at < end;
         at += MicrosecondsUpTo(dice, 2 * interval) + std::chrono::microseconds(1)) {
      DrawOne(cause, dice, options, at, scenario.faults);
    }
  }
  std::stable_sort(scenario.faults.begin(), scenario.faults.end(),
                   [](const Fault& a, const Fault& b) { return a.at < b.at; });
  return scenario;
}

}  // namespace synod::sim
