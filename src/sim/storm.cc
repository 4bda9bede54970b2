#include "src/sim/storm.h"

#include <algorithm>
#include <limits>

#include "src/sim/partition.h"

namespace synod::sim {
namespace {

constexpr uint64_t kIsOver = uint64_t{1} << 32;      // In an event: the fault's end.
constexpr uint64_t kIsAcceptor = uint64_t{1} << 33;  // An acceptor is to be replaced.
constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

}  // namespace

Storm::Storm(World& world, const Scenario& scenario, Cluster& cluster)
    : world_(world),
      scenario_(scenario),
      network_(cluster.network()),
      acceptors_(cluster.acceptors()),
      judge_(cluster.judge()),
      nodes_(cluster.nodes()),
      counts_(cluster.counts()),
      actor_(world.Add(*this)),
      atlas_(judge_, nodes_),
      replacements_left_(scenario.options.nodes - 1),
      capped_(scenario.options.AllNodes() + 1, kUnlimited),
      flipped_(scenario.options.AllNodes() + 1, kUnlimited) {
  acceptors_.on_return = [this](NodeId acceptor) { ReplaceAcceptor(acceptor); };
}

void Storm::Begin() {
  for (size_t i = 0; i < scenario_.faults.size(); ++i) {
    world_.Schedule(Instant() + scenario_.faults[i].at, actor_, i);
  }
}

void Storm::OnEvent(uint64_t what) {
  if (over_) return;
  if (what >= kIsAcceptor) return ReplaceAcceptor(NodeId(what - kIsAcceptor));
  const size_t number = what & (kIsOver - 1);
  if (what >= kIsOver) {
    EndOf(number);
  } else {
    Strike(number);
  }
}

std::vector<NodeId> Storm::NodesOf(const Fault& fault) const {
  std::vector<NodeId> named = fault.nodes;
  const auto is_missing = [&](NodeId node) {
    return std::find(named.begin(), named.end(), node) == named.end();
  };
  if (!is_missing(NodeId())) {
    const Node* const leader = Leader();
    if (leader == nullptr) return {};
    uint64_t other = 1;
    while (other < nodes_.size() && !is_missing(NodeId(other))) ++other;
    std::replace(named.begin(), named.end(), leader->id(), NodeId(other));
    std::replace(named.begin(), named.end(), NodeId(), leader->id());
  }
  // Of a cluster that has become smaller than it was when the fault was drawn.
  if (fault.shape == Shape::kLinks) return named;
  if (!named.empty() && named.front() > NodeId(nodes_.size())) return {};
  std::erase_if(named, [&](NodeId node) { return node > NodeId(nodes_.size()); });
  return named;
}

bool Storm::Fits(const Fault& fault, const Node& node) const {
  switch (fault.kind) {
    case FaultKind::kCrash:
    case FaultKind::kStop:
    case FaultKind::kPause:
    case FaultKind::kStall:
    case FaultKind::kFlipSnapshot:
      return node.IsUp();
    case FaultKind::kCutPower:
    case FaultKind::kFailSync:
    case FaultKind::kFailChange:
      return !node.IsRefused();  // Of one that is down it comes in its recovery.
    case FaultKind::kTransfer:
    case FaultKind::kChange:
    case FaultKind::kLearn:
      return Leader() != nullptr;
    case FaultKind::kBlackout:
      return fault.amount == 0 || node.IsUp();
    case FaultKind::kRepair:
      return node.IsRefused() && judge_.CanBeRepaired(node.id());
    case FaultKind::kWipe:
      if (replacements_left_ == 0) return false;
      [[fallthrough]];
    case FaultKind::kCorrupt:
    case FaultKind::kLoseWrite:
    case FaultKind::kMisdirect:
      return !node.IsCorrupt() && judge_.AllAreIntroduced() && node.CanBeDamaged(fault.kind) &&
             (!scenario_.options.stays_recoverable || atlas_.CanLose(node.id()));
    default:
      return true;
  }
}

void Storm::Strike(size_t number) {
  const Fault& fault = scenario_.faults[number];
  if (fault.kind == FaultKind::kAcceptorPower) return StrikeAcceptor(fault);
  const std::vector<NodeId> nodes = NodesOf(fault);
  if (nodes.empty()) return;
  if (fault.kind == FaultKind::kPartition) return Part(number, nodes);
  Node& node = *nodes_[nodes.front().value() - 1];
  if (!Fits(fault, node)) return;
  world_.CountEvent();
  world_.Note(fault);
  switch (fault.kind) {
    case FaultKind::kFullDisk:
      ++counts_.full_disks;
      node.disk().SetCapacity(fault.amount);
      capped_[node.id().value()] = number;
      return ScheduleEnd(number);
    case FaultKind::kFlipSnapshot:
      if (!node.FlipSnapshot(fault.amount)) return;
      flipped_[node.id().value()] = number;
      return ScheduleEnd(number);
    case FaultKind::kBlackout:
      return BlackOut(fault, nodes);
    case FaultKind::kTransfer:
      return Transfer(node.id());
    case FaultKind::kChange:
    case FaultKind::kLearn:
      return Change(fault, nodes);
    default:
      return StrikeNode(fault, node);
  }
}

void Storm::BlackOut(const Fault& fault, const std::vector<NodeId>& nodes) {
  const auto all_die = [this, nodes, down = fault.lasts] {
    ++counts_.blackouts;
    for (NodeId each : nodes) nodes_[each.value() - 1]->CrashAfter(0, down);
  };
  if (fault.amount == 0) return all_die();
  Node& first = *nodes_[nodes.front().value() - 1];
  first.CutPowerAfter(fault.amount, fault.lasts);
  first.on_death = all_die;
}

// Between nodes that a cluster made smaller does not have, cuts change nothing.
void Storm::Part(size_t number, const std::vector<NodeId>& nodes) {
  const Fault& fault = scenario_.faults[number];
  world_.CountEvent();
  world_.Note(fault);
  network_.Heal();
  const NodeId last = NodeId(nodes_.size());
  bool cuts = false;
  for (const auto& [from, to] : LinksCutBy(fault.shape, nodes, fault.amount)) {
    network_.Cut(from, to);
    cuts |= from <= last && to <= last;
  }
  if (cuts) ++counts_.partitions;
  partition_ = number;
  ScheduleEnd(number);
}

void Storm::ScheduleEnd(size_t number) {
  world_.Schedule(world_.Now() + scenario_.faults[number].lasts, actor_, number | kIsOver);
}

// Another may have begun since: it goes on.
void Storm::EndOf(size_t number) {
  if (scenario_.faults[number].kind == FaultKind::kPartition) {
    if (partition_ != number) return;
    world_.CountEvent();
    return network_.Heal();
  }
  for (const auto& node : nodes_) {
    if (flipped_[node->id().value()] == number) node->MendSnapshots();
    if (capped_[node->id().value()] != number) continue;
    world_.CountEvent();
    node->disk().SetCapacity(kUnlimited);
  }
}

void Storm::StrikeNode(const Fault& fault, Node& node) {
  switch (fault.kind) {
    case FaultKind::kCrash:
      return node.CrashAfter(fault.amount, fault.lasts);
    case FaultKind::kCutPower:
      return node.CutPowerAfter(fault.amount, fault.lasts);
    case FaultKind::kStop:
      node.Stop();
      return node.StartIn(fault.lasts);
    case FaultKind::kPause:
      ++counts_.pauses;
      node.life().PauseUntil(world_.Now() + fault.lasts);
      return;
    case FaultKind::kLeap:
      ++counts_.leaps;
      return node.clock().Leap(world_.Now(), fault.lasts);
    case FaultKind::kStall:
      ++counts_.stalls;
      return node.StallDiskUntil(world_.Now() + fault.lasts);
    case FaultKind::kFailSync:
      return node.disk().FailSync(1);
    case FaultKind::kFailChange:
      return node.disk().FailChange(1 + fault.amount);
    case FaultKind::kRepair:
      node.Repair();
      return node.StartIn(fault.lasts);
    case FaultKind::kWipe:
    case FaultKind::kCorrupt:
    case FaultKind::kLoseWrite:
    case FaultKind::kMisdirect:
      return Damage(fault, node);
    default:
      return;
  }
}

void Storm::Damage(const Fault& fault, Node& node) {
  if (node.IsUp()) node.Stop();
  if (fault.kind == FaultKind::kWipe) {
    --replacements_left_;
    node.Wipe(fault.amount == 1 || node.id() > NodeId(scenario_.options.nodes));
  } else {
    node.Damage(fault.kind, fault.amount);
  }
  node.StartIn(fault.lasts);
}

void Storm::StrikeAcceptor(const Fault& fault) {
  const size_t which = fault.nodes.front().value() - 1;
  if (which >= scenario_.options.acceptors) return;
  const NodeId acceptor = scenario_.options.AcceptorId(which);
  const bool is_needed = scenario_.options.stays_recoverable && !atlas_.CanLose(acceptor);
  if (!acceptors_.IsUp(acceptor) || is_needed || !judge_.AllAreIntroduced()) return;
  world_.CountEvent();
  world_.Note(fault);
  acceptors_.CutPower(acceptor, fault.lasts);
}

// By whoever leads, as soon as somebody does who can.
void Storm::ReplaceAcceptor(NodeId acceptor) {
  if (over_ || !acceptors_.IsUp(acceptor)) return;
  const auto later = [this, acceptor] {
    world_.Schedule(world_.Now() + std::chrono::milliseconds(200), actor_,
                    kIsAcceptor + acceptor.value());
  };
  Node* const leader = Leader();
  const MemberRecord record = acceptors_.RecordOf(acceptor);
  const std::vector<MemberChange> changes = {{.node = acceptor,
                                              .to = MemberChange::To::kAcceptor,
                                              .incarnation = record.incarnation,
                                              .address = record.address}};
  if (leader == nullptr) return later();
  if (scenario_.options.stays_recoverable && !atlas_.CanMake(changes)) return later();
  world_.CountEvent();
  ++counts_.changes;
  const uint64_t number = atlas_.Begin(changes);
  const auto done = [this, number, changes, later, of = leader->id()](const Outcome& outcome) {
    atlas_.End(number);
    if (outcome.kind != Outcome::Kind::kCommitted) return later();
    ++counts_.changes_done;
    ++counts_.acceptors_back;
    judge_.OnChanged(of, changes);
  };
  constexpr Duration kForEver = std::chrono::hours(24);
  leader->replica().Submit({.deadline = leader->life().Clock() + kForEver,
                            .request = synod::internal::PendingChange{done},
                            .command = {},
                            .target = {},
                            .changes = changes});
}

void Storm::Transfer(NodeId to) {
  Node* const leader = Leader();
  ++counts_.transfers;
  ++transfers_under_way_;
  const auto done = [this](const absl::Status& status) {
    --transfers_under_way_;
    if (status.ok()) ++counts_.transfers_done;
  };
  leader->replica().Submit({.deadline = leader->life().Clock() + std::chrono::seconds(2),
                            .request = synod::internal::PendingTransfer{done},
                            .command = {},
                            .target = to});
}

// Who asks knows which disks are lost, and asks for nothing by which the group would lose its last
// quorum, nor for a disk that was not bootstrapped to join.
void Storm::Change(const Fault& fault, const std::vector<NodeId>& nodes) {
  Node* const leader = Leader();
  const Configuration& members = leader->replica().core().configuration();
  std::vector<MemberChange> changes;
  uint64_t replaced = 0;
  for (size_t i = 0; i < nodes.size(); ++i) {
    MemberChange change{.node = nodes[i], .to = MemberChange::To::kNone};
    if (fault.kind == FaultKind::kLearn) change.to = MemberChange::To::kLearner;
    if (fault.kind == FaultKind::kChange && i < fault.amount) change.to = MemberChange::To::kVoter;
    const bool is_wanted = change.to != MemberChange::To::kNone;
    if (is_wanted && judge_.IsImpostor(nodes[i])) return;
    if (is_wanted && members.IsMember(nodes[i]) && !judge_.IsOnKnownDisk(nodes[i], members)) {
      change.incarnation = nodes_[nodes[i].value() - 1]->incarnation();
      ++replaced;
    }
    changes.push_back(std::move(change));
  }
  if (scenario_.options.stays_recoverable && !atlas_.CanMake(changes)) return;
  ++counts_.changes;
  counts_.replacements += replaced;
  // While the leader goes on with it, it is under way.
  constexpr Duration kForEver = std::chrono::hours(24);
  const uint64_t number = atlas_.Begin(changes);
  const auto done = [this, number, changes, of = leader->id()](const Outcome& outcome) {
    atlas_.End(number);
    if (outcome.kind != Outcome::Kind::kCommitted) return;
    ++counts_.changes_done;
    judge_.OnChanged(of, changes);
  };
  leader->replica().Submit({.deadline = leader->life().Clock() + kForEver,
                            .request = synod::internal::PendingChange{done},
                            .command = {},
                            .target = {},
                            .changes = std::move(changes)});
}

Node* Storm::Leader() const {
  Node* newest = nullptr;
  for (const auto& node : nodes_) {
    if (!node->IsUp() || !node->replica().IsLeader()) continue;
    if (newest == nullptr || node->replica().core().term() > newest->replica().core().term()) {
      newest = node.get();
    }
  }
  return newest;
}

void Storm::End(const std::vector<NodeId>& healthy, Duration soon) {
  over_ = true;
  // A disk that takes another's place stays away until then, and is needed afterwards. No leader
  // shall bring it in in the calm.
  const bool is_replacing = atlas_.IsReplacing();
  network_.Calm(soon);
  acceptors_.Calm(soon);
  for (const auto& node : nodes_) {
    node->disk().SetCapacity(kUnlimited);
    node->Calm(soon);
    const bool shall_run = std::find(healthy.begin(), healthy.end(), node->id()) != healthy.end();
    // One that has failed in the storm shall not find out in the calm.
    const bool must_end = !shall_run || node->IsStopped() || node->HasFailedDisk();
    const bool is_bringing_it_in = is_replacing && node->IsUp() && node->replica().IsLeader();
    if (node->IsUp() && (must_end || is_bringing_it_in)) node->Stop();
    if (!shall_run) node->StayDown();
    if (shall_run && !node->IsUp()) node->StartIn({});
  }
}

}  // namespace synod::sim
