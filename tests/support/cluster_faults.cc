// What can go wrong in a simulated cluster.

#include <algorithm>

#include "tests/support/cluster.h"

namespace synod::test {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRestartTime(30);  // These are averages.
constexpr milliseconds kPauseTime(80);
constexpr milliseconds kStallTime(150);
constexpr milliseconds kFullTime(150);

}  // namespace

void Cluster::Inflict(Fault fault) {
  const NodeId id = AnyNode();
  Trace("fault: ", Describe(fault), " (node ", id, ")");
  switch (fault) {
    case Fault::kCrash:
      return Crash(id);
    case Fault::kCrashAll:
      for (size_t i = 1; i <= size(); ++i) Crash(NodeId(i));
      return;
    case Fault::kPause:
      node(id).paused_until = now_ + DrawDuration(rng_, kPauseTime);
      return;
    case Fault::kIsolate:
      return Isolate(id);
    case Fault::kSplit:
      return Split(/*with_bridge=*/false);
    case Fault::kOneWay:
      for (size_t links = rng_.Below(size()) + 1; links > 0; --links) Cut(AnyNode(), AnyNode());
      return;
    case Fault::kBridge:
      return Split(/*with_bridge=*/true);
    case Fault::kHeal:
      return HealLinks();
    case Fault::kStallDisk:
      node(id).disk_stalled_until = now_ + DrawDuration(rng_, kStallTime);
      return;
    case Fault::kFillDisk:
      if (!replica(id).IsUp() || now_ < node(id).paused_until) return;
      Enter(id).core().SetHasSpace(false);
      Leave(id);
      oracles_.AfterEvent(replica(id), node(id).ticked);
      if (replica(id).IsUp()) {
        Schedule(DrawDuration(rng_, kFullTime), id, node(id).life, FreeDisk{});
      }
      return;
    case Fault::kReplaceDisk:
      return ReplaceDisk(id);
  }
}

void Cluster::Crash(NodeId id) {
  TestReplica& at = replica(id);
  if (!at.IsUp()) return;
  const size_t survivors = rng_.Below(at.disk().writes_in_flight() + 1);
  Trace("node ", id, " crashes; of ", at.disk().writes_in_flight(), " writes in flight ", survivors,
        " survive");
  coverage_.Reached(Place::kWriteSurvived, survivors);
  coverage_.Reached(Place::kWriteLost, at.disk().writes_in_flight() - survivors);
  at.Crash(survivors);
  ledger_.OnCrash(id);
  Node& state = node(id);
  ++state.life;
  state.wake_at = kNever;
  state.write_scheduled = false;
  state.take_scheduled = false;
  oracles_.AfterEvent(at, node(id).ticked);
  if (!state.is_stopped) Schedule(DrawDuration(rng_, kRestartTime), id, 0, Restart{});
}

// Only a minority may lose its disk: what a majority has forgotten is lost for good, rightly.
void Cluster::ReplaceDisk(NodeId id) {
  size_t wiped = 0;
  for (size_t i = 1; i <= size(); ++i) wiped += oracles_.WasWiped(NodeId(i)) ? 1 : 0;
  if (wiped + 1 > (size() - 1) / 2 || oracles_.WasWiped(id)) return;
  for (const Node& each : nodes_) may_never_start_ = may_never_start_ || !each.was_introduced;
  Crash(id);
  replica(id).Wipe(Incarnation(rng_.Next() | 1));
  oracles_.OnWipe(id);
}

void Cluster::Cut(NodeId from, NodeId to) {
  if (from != to) IsCut(from, to) = true;
}

void Cluster::Isolate(NodeId id) {
  for (size_t i = 1; i <= size(); ++i) {
    Cut(id, NodeId(i));
    Cut(NodeId(i), id);
  }
}

// A bridge belongs to both sides.
void Cluster::Split(bool with_bridge) {
  const uint64_t side = rng_.Next();
  const NodeId bridge = with_bridge ? AnyNode() : NodeId();
  for (size_t i = 1; i <= size(); ++i) {
    for (size_t j = 1; j <= size(); ++j) {
      const bool apart = ((side >> i) & 1) != ((side >> j) & 1);
      if (apart && NodeId(i) != bridge && NodeId(j) != bridge) Cut(NodeId(i), NodeId(j));
    }
  }
}

void Cluster::HealLinks() { std::fill_n(cut_.get(), size() * size(), false); }

}  // namespace synod::test
