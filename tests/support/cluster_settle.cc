// Liveness: what a cluster owes once its troubles are over.

#include <algorithm>

#include "tests/support/cluster.h"

namespace synod::test {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Far more than any cluster needs: two hundred election timeouts.
constexpr seconds kSettleTime(20);

}  // namespace

void Cluster::Settle() {
  if (!ok()) return;
  CalmDown();
  const Instant deadline = now_ + kSettleTime;
  while (ok() && !IsSettled()) {
    if (now_ > deadline) {
      if (may_never_start_) return;
      ledger_.AllAnswered();
      verdict_.Fail("no progress within ", kSettleTime.count(), " s after all faults have ended");
      return;
    }
    ProposeMarker();
    Next();
  }
}

void Cluster::CalmDown() {
  Trace("all faults end");
  is_troubled_ = false;
  swarm_.loss = 0;
  swarm_.duplication = 0;
  swarm_.message_delay = std::min<Duration>(swarm_.message_delay, milliseconds(1));
  swarm_.write_time = std::min<Duration>(swarm_.write_time, milliseconds(1));
  HealLinks();
  for (size_t i = 1; i <= size(); ++i) {
    const NodeId id(i);
    node(id).paused_until = now_;
    node(id).disk_stalled_until = now_;
    if (!replica(id).IsUp()) {
      Schedule(microseconds(1), id, 0, Restart{});
    } else {
      Schedule(microseconds(1), id, node(id).life, FreeDisk{});
    }
  }
  next_marker_ = now_;
}

// Whom everybody follows who still can; 0: nobody yet.
NodeId Cluster::AgreedLeader() const {
  NodeId leader;
  for (const auto& each : replicas_) {
    if (oracles_.WasWiped(each->node())) continue;
    if (!each->IsUp() || each->core().leader().IsZero()) return NodeId();
    if (!leader.IsZero() && leader != each->core().leader()) return NodeId();
    leader = each->core().leader();
  }
  // They may all still follow one that has lost its disk.
  return leader.IsZero() || oracles_.WasWiped(leader) ? NodeId() : leader;
}

bool Cluster::IsSettled() const {
  if (marker_.IsZero() || !ledger_.IsCommitted(marker_) || ledger_.AnyPending()) return false;
  const Index end(oracles_.chosen().size());
  return std::all_of(replicas_.begin(), replicas_.end(), [&](const auto& each) {
    return oracles_.WasWiped(each->node()) ||
           (each->IsUp() && each->state_machine().applied() == end);
  });
}

// A proposal that shows that the cluster works; again if it is refused.
void Cluster::ProposeMarker() {
  const bool is_under_way =
      !marker_.IsZero() && (ledger_.IsPending(marker_) || ledger_.IsCommitted(marker_));
  const NodeId leader = AgreedLeader();
  if (is_under_way || now_ < next_marker_ || leader.IsZero()) return;
  next_marker_ = now_ + milliseconds(5);
  std::string command;
  marker_ = ledger_.NewProposal(leader, 0, command);
  Trace("propose the marker at node ", leader);
  Enter(leader).Propose(marker_, command);
  Leave(leader);
  oracles_.AfterEvent(replica(leader), node(leader).ticked);
}

}  // namespace synod::test
