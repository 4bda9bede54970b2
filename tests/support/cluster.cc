#include "tests/support/cluster.h"

#include <algorithm>
#include <utility>

#include "tests/support/describe.h"

namespace synod::test {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

}  // namespace

Cluster::Cluster(uint64_t seed, bool traces)
    : seed_(seed),
      traces_(traces),
      rng_(seed),
      swarm_(DrawSwarm(rng_)),
      ledger_(verdict_, coverage_),
      replicas_(swarm_.raft.size()),
      oracles_(replicas_, ledger_, verdict_, coverage_),
      nodes_(replicas_.size()),
      cut_(std::make_unique<bool[]>(replicas_.size() * replicas_.size())),
      now_(std::chrono::seconds(1)) {
  std::vector<NodeId> members;
  for (size_t i = 0; i < size(); ++i) members.emplace_back(i + 1);
  for (NodeId id : members) {
    node(id).options = swarm_.raft[id.value() - 1];
    node(id).clock_rate = swarm_.clock_rates[id.value() - 1];
    replicas_[id.value() - 1] = std::make_unique<TestReplica>(
        node(id).options,
        TestReplica::Identity{.node = id,
                              .incarnation = Incarnation(rng_.Next() | 1),
                              .members = Configuration::Of(members)},
        rng_.Next(), LocalTime(id));
    oracles_.OnStart(replica(id), node(id).options, LocalTime(id));
  }
  for (NodeId id : members) Collect(id);
  Schedule(DrawDuration(rng_, swarm_.request_interval), NodeId(), 0, Request{});
  Schedule(DrawDuration(rng_, swarm_.fault_interval), NodeId(), 0, Trouble{});
}

std::string Cluster::Report() const {
  std::ostringstream text;
  text << "seed " << seed_ << ", event " << events_ << ": " << verdict_.violation();
  for (const std::string& line : trace_) text << "\n  " << line;
  return std::move(text).str();
}

void Cluster::Run(size_t events) {
  const size_t end = events_ + events;
  while (events_ < end && ok()) Next();
}

// --- The queue ---

void Cluster::Schedule(Duration delay, NodeId id, uint64_t life, Action action) {
  Push({.at = now_ + delay,
        .order = next_order_++,
        .node = id,
        .life = life,
        .action = std::move(action)});
}

static constexpr auto kLater = [](const auto& a, const auto& b) {
  return std::pair(a.at, a.order) > std::pair(b.at, b.order);
};

void Cluster::Push(Event event) {
  queue_.push_back(std::move(event));
  std::push_heap(queue_.begin(), queue_.end(), kLater);
}

Cluster::Event Cluster::Pop() {
  std::pop_heap(queue_.begin(), queue_.end(), kLater);
  Event event = std::move(queue_.back());
  queue_.pop_back();
  return event;
}

void Cluster::Next() {
  Event event = Pop();
  now_ = std::max(now_, event.at);
  if (event.node.IsZero()) {
    ++events_;
    Happen(event);
    return;
  }
  const Node& at = node(event.node);
  if (event.life != 0 && event.life != at.life) return;
  if (now_ < at.paused_until) {
    event.at = at.paused_until;
    Push(std::move(event));
    return;
  }
  ++events_;
  Happen(event);
  oracles_.AfterEvent(replica(event.node), node(event.node).ticked);
}

void Cluster::Happen(Event& event) {
  std::visit([&](auto& action) { On(event.node, action); }, event.action);
}

// --- Inputs ---

Instant Cluster::LocalTime(NodeId id) const {
  return Instant(now_.time_since_epoch() / 1000 * node(id).clock_rate);
}

TestReplica& Cluster::Enter(NodeId id) {
  node(id).ticked = LocalTime(id);
  replica(id).core().Tick(node(id).ticked);
  return replica(id);
}

// Several inputs may come before the output is taken.
void Cluster::Leave(NodeId id) {
  if (node(id).take_scheduled) return;
  if (is_troubled_ && rng_.Chance(static_cast<uint64_t>(swarm_.batching), 1000)) {
    node(id).take_scheduled = true;
    Schedule(DrawDuration(rng_, microseconds(200)), id, node(id).life, TakeOutput{});
  } else {
    Take(id);
  }
}

void Cluster::On(NodeId id, const TakeOutput&) {
  node(id).take_scheduled = false;
  Take(id);
}

void Cluster::On(NodeId id, Deliver& event) {
  if (!replica(id).IsUp()) return;
  Trace("deliver ", Describe(event.message));
  TestReplica& at = Enter(id);
  oracles_.OnDelivered(at, event.message, LocalTime(id));
  at.core().Step(std::move(event.message));
  Leave(id);
}

void Cluster::On(NodeId id, DeliverSnapshot& event) {
  const SnapshotTransfer& transfer = event.transfer;
  const bool arrives = replica(id).IsUp() && !IsCut(transfer.from, id);
  if (!event.is_copy && !IsCut(id, transfer.from)) {
    Schedule(DrawDuration(rng_, swarm_.message_delay), transfer.from, 0,
             SnapshotSent{.to = id, .term = transfer.term, .delivered = arrives});
  } else if (!event.is_copy) {
    // The sender gives up on what it hears nothing of.
    Schedule(node(transfer.from).options.election_timeout, transfer.from, 0,
             SnapshotSent{.to = id, .term = transfer.term, .delivered = false});
  }
  if (!arrives) return;
  TestReplica& at = Enter(id);
  const bool installs = at.ReceiveSnapshot(transfer);
  coverage_.Reached(installs ? Place::kSnapshotReceived : Place::kSnapshotUnneeded);
  Trace("node ", id, installs ? " installs" : " does not need", " the snapshot of ",
        transfer.meta.index, " from ", transfer.from, " term ", transfer.term);
  Leave(id);
}

void Cluster::On(NodeId id, const SnapshotSent& event) {
  if (!replica(id).IsUp()) return;
  Enter(id).core().SnapshotSendEnded(event.to, event.term, event.delivered);
  Leave(id);
}

void Cluster::On(NodeId id, const SnapshotWritten&) {
  const bool taken = Enter(id).FinishSnapshot();
  coverage_.Reached(taken ? Place::kSnapshotTaken : Place::kSnapshotUnneeded);
  Trace("node ", id, " has taken a snapshot", taken ? "" : " in vain", ", now ",
        replica(id).core().snapshot_index());
  Leave(id);
}

void Cluster::On(NodeId id, const WriteDone&) {
  node(id).write_scheduled = false;
  TestReplica& at = Enter(id);
  at.CompleteWrite();
  Trace("node ", id, " has written; its log is durable up to ", at.core().log().durable());
  CollectSent(id);
  ScheduleWrite(id);
  Leave(id);
}

void Cluster::On(NodeId id, const Wake& event) {
  if (event.due != node(id).wake_at) return;  // An earlier one was needed meanwhile.
  node(id).wake_at = kNever;
  Enter(id);
  Leave(id);
}

void Cluster::On(NodeId id, const Restart&) {
  Node& at = node(id);
  if (at.is_stopped || replica(id).IsUp()) return;
  if (swarm_.change_options && is_troubled_) {
    at.options = DrawRaftOptions(rng_, swarm_.snapshot_entries != 0);
  }
  at.ticked = LocalTime(id);
  replica(id).Restart(at.options, rng_.Next(), at.ticked);
  oracles_.OnStart(replica(id), at.options, at.ticked);
  Trace("node ", id, " restarts in term ", replica(id).core().term(), " with a log up to ",
        replica(id).core().log().last());
  Collect(id);
}

void Cluster::On(NodeId id, const FreeDisk&) {
  Enter(id).core().SetHasSpace(true);
  Leave(id);
}

void Cluster::On(NodeId, const Request&) {
  if (!is_troubled_) return;
  Schedule(DrawDuration(rng_, swarm_.request_interval), NodeId(), 0, Request{});
  NodeId id = AnyNode();
  // Mostly to a leader, since only that moves the log.
  for (size_t tries = 0; tries < size() && rng_.Chance(2, 3); ++tries) {
    if (replica(id).IsUp() && replica(id).core().IsLeader()) break;
    id = AnyNode();
  }
  if (!replica(id).IsUp() || now_ < node(id).paused_until) return;
  // While nobody leads most clients wait, since all they would get is refusals.
  if (replica(id).core().leader().IsZero() && rng_.Chance(3, 4)) return;
  TestReplica& at = Enter(id);
  const uint64_t kind = rng_.Below(100);
  if (kind < 75) {
    const size_t batch = rng_.Chance(1, 4) ? 1 + rng_.Below(6) : 1;
    for (size_t i = 0; i < batch; ++i) {
      std::string command;
      const RequestId request = ledger_.NewProposal(id, 12 + rng_.Below(250), command);
      Trace("propose ", request, " at node ", id);
      at.Propose(request, command);
    }
  } else if (kind < 97) {
    const RequestId request = ledger_.NewRead(id);
    Trace("read ", request, " at node ", id);
    at.core().Read(request);
  } else {
    const RequestId request = ledger_.NewTransfer(id);
    const NodeId to = AnyNode();
    Trace("transfer ", request, " at node ", id, " to ", to);
    at.core().Transfer(to, request);
  }
  Leave(id);
  oracles_.AfterEvent(at, node(id).ticked);
}

void Cluster::On(NodeId, const Trouble&) {
  if (!is_troubled_) return;
  Schedule(DrawDuration(rng_, swarm_.fault_interval), NodeId(), 0, Trouble{});
  int total = 0;
  for (int weight : swarm_.fault_weights) total += weight;
  auto left = static_cast<int>(rng_.Below(static_cast<uint64_t>(total)));
  for (size_t i = 0; i < kFaults; ++i) {
    left -= swarm_.fault_weights[i];
    if (left < 0) return Inflict(static_cast<Fault>(i));
  }
}

// --- Outputs ---

void Cluster::Take(NodeId id) {
  replica(id).Pump();
  Collect(id);
}

void Cluster::CollectSent(NodeId id) {
  for (Message& message : replica(id).sent) {
    oracles_.OnSent(replica(id), message);
    Transmit(std::move(message));
  }
  replica(id).sent.clear();
}

void Cluster::Collect(NodeId id) {
  TestReplica& from = replica(id);
  oracles_.OnPersist(from, from.last_persist());
  CollectSent(id);
  for (const SendSnapshot& request : from.snapshot_requests) SendSnapshotOf(id, request);
  from.snapshot_requests.clear();
  for (const Committed& committed : from.committed) oracles_.OnCommitted(from, committed);
  from.committed.clear();
  for (const ReadReady& ready : from.reads) ledger_.OnReadReady(id, ready, from.core().IsLeader());
  from.reads.clear();
  for (const Resolved& resolved : from.resolved) ledger_.OnResolved(id, resolved);
  from.resolved.clear();
  if (from.core().introduced()) node(id).was_introduced = true;
  ScheduleWrite(id);
  ScheduleWake(id);
  MaybeSnapshot(id);
  bool is_fatal = false;
  for (const Alert& alert : from.alerts) {
    oracles_.OnAlert(from, alert);
    is_fatal = is_fatal || alert.fatal;
  }
  from.alerts.clear();
  if (is_fatal) {
    Trace("node ", id, " stops for good");
    node(id).is_stopped = true;
    Crash(id);
  }
}

void Cluster::ScheduleWake(NodeId id) {
  const Instant deadline = replica(id).next_deadline();
  if (deadline == kNever) return;
  // Rounded up, so that it is due when the wake-up comes.
  const Duration true_time = deadline.time_since_epoch() / node(id).clock_rate * 1000;
  const Instant at = std::max(Instant(true_time) + microseconds(2), now_);
  if (at >= node(id).wake_at) return;
  node(id).wake_at = at;
  Schedule(at - now_, id, node(id).life, Wake{.due = at});
}

void Cluster::ScheduleWrite(NodeId id) {
  Node& at = node(id);
  if (at.write_scheduled || replica(id).disk().writes_in_flight() == 0) return;
  at.write_scheduled = true;
  const Duration stall = std::max(at.disk_stalled_until - now_, Duration::zero());
  Schedule(stall + DrawDuration(rng_, swarm_.write_time), id, at.life, WriteDone{});
}

void Cluster::MaybeSnapshot(NodeId id) {
  TestReplica& at = replica(id);
  const uint64_t applied = at.state_machine().applied().value();
  const bool is_due = at.core().WantsSnapshot() ||
                      applied >= at.core().snapshot_index().value() + swarm_.snapshot_entries;
  if (swarm_.snapshot_entries == 0 || !is_due || !at.BeginSnapshot()) return;
  Schedule(DrawDuration(rng_, milliseconds(5)), id, node(id).life, SnapshotWritten{});
}

void Cluster::SendSnapshotOf(NodeId id, const SendSnapshot& request) {
  std::optional<SnapshotTransfer> transfer = replica(id).OpenSnapshot(request);
  const Duration time = DrawDuration(rng_, 4 * swarm_.message_delay);
  if (!transfer || rng_.Chance(static_cast<uint64_t>(swarm_.loss), 1000)) {
    Schedule(time, id, node(id).life,
             SnapshotSent{.to = request.to, .term = request.term, .delivered = false});
    return;
  }
  if (rng_.Chance(static_cast<uint64_t>(swarm_.duplication), 1000)) {
    Schedule(DrawDuration(rng_, milliseconds(100)), request.to, 0,
             DeliverSnapshot{.transfer = *transfer, .is_copy = true});
  }
  Schedule(time, request.to, 0, DeliverSnapshot{.transfer = *std::move(transfer)});
}

void Cluster::Transmit(Message message) {
  const NodeId to = message.to;
  if (IsCut(message.from, to) || rng_.Chance(static_cast<uint64_t>(swarm_.loss), 1000)) {
    Trace("lose ", Describe(message));
    return;
  }
  if (rng_.Chance(static_cast<uint64_t>(swarm_.duplication), 1000)) {
    Schedule(DrawDuration(rng_, 4 * swarm_.message_delay), to, 0, Deliver{message});
  }
  Schedule(DrawDuration(rng_, swarm_.message_delay), to, 0, Deliver{std::move(message)});
}

}  // namespace synod::test
