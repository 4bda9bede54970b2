#include "src/sim/storm.h"

#include <algorithm>
#include <limits>

namespace synod::sim {
namespace {

Duration UpTo(Rng& dice, Duration most) {
  return Duration(dice.Below(static_cast<uint64_t>(most.count()) + 1));
}

}  // namespace

Storm::Storm(World& world, const Options& options, Network& network,
             std::vector<std::unique_ptr<Node>>& nodes, const Judge& judge, Counts& counts)
    : world_(world),
      options_(options),
      network_(network),
      judge_(judge),
      nodes_(nodes),
      counts_(counts),
      actor_(world.Add(*this)),
      damage_left_(options.stays_recoverable ? (options.nodes - 1) / 2 : options.nodes) {
  for (uint64_t kind = 0; kind < static_cast<uint64_t>(Kind::kCount); ++kind) {
    dice_.push_back(world.Dice(Stream::kFaults, kind));
  }
}

void Storm::Begin() {
  for (uint64_t kind = 0; kind < static_cast<uint64_t>(Kind::kCount); ++kind) {
    ScheduleNext(static_cast<Kind>(kind));
  }
}

Duration Storm::IntervalOf(Kind kind) const {
  const FaultOptions& faults = options_.faults;
  switch (kind) {
    case Kind::kCrash:
      return faults.crash;
    case Kind::kStop:
      return faults.stop;
    case Kind::kPause:
      return faults.pause;
    case Kind::kPartition:
      return faults.partition;
    case Kind::kLeap:
      return faults.leap;
    case Kind::kFullDisk:
      return faults.full_disk;
    case Kind::kTransfer:
      return faults.transfer;
    case Kind::kWipe:
      return faults.wipe;
    case Kind::kCorrupt:
      return faults.corrupt;
    case Kind::kStall:
      return faults.stall;
    case Kind::kFailSync:
      return faults.fail_sync;
    default:
      return {};
  }
}

void Storm::ScheduleNext(Kind kind) {
  const Duration interval = IntervalOf(kind);
  if (interval <= Duration::zero()) return;
  Rng& dice = dice_[static_cast<size_t>(kind)];
  world_.Schedule(world_.Now() + UpTo(dice, 2 * interval), actor_, Event(kind));
}

void Storm::OnEvent(uint64_t what) {
  if (over_) return;
  const auto kind = static_cast<Kind>(what & 0xffffffffu);
  const uint64_t node = what >> 32;
  if (kind == Kind::kHeal) return network_.Heal();
  if (kind == Kind::kFreeDisk) {
    return nodes_[node - 1]->disk().SetCapacity(std::numeric_limits<uint64_t>::max());
  }
  Strike(kind, dice_[static_cast<size_t>(kind)]);
  ScheduleNext(kind);
}

void Storm::Strike(Kind kind, Rng& dice) {
  Node& node = Any(dice);
  switch (kind) {
    case Kind::kCrash:
      node.CrashAfter(dice.Below(20), UpTo(dice, std::chrono::seconds(3)));
      return;
    case Kind::kStop:
      if (!node.IsUp()) return;
      node.Stop();
      node.StartIn(UpTo(dice, std::chrono::seconds(3)));
      return;
    case Kind::kPause:
      if (!node.IsUp()) return;
      ++counts_.pauses;
      node.life().paused_until = world_.Now() + UpTo(dice, std::chrono::seconds(2));
      return;
    case Kind::kPartition:
      Partition(dice);
      return;
    case Kind::kLeap:
      ++counts_.leaps;
      node.clock().Leap(world_.Now(), UpTo(dice, std::chrono::seconds(5)));
      return;
    case Kind::kFullDisk:
      ++counts_.full_disks;
      node.disk().SetCapacity(dice.Below(512 * 1024));
      world_.Schedule(world_.Now() + UpTo(dice, std::chrono::seconds(5)), actor_,
                      Event(Kind::kFreeDisk, node.id().value()));
      return;
    case Kind::kTransfer:
      if (Node* const leader = Leader()) {
        ++counts_.transfers;
        leader->replica().Submit(
            {.deadline = leader->life().Clock() + std::chrono::seconds(2),
             .request = synod::internal::PendingTransfer{[](const absl::Status&) {}},
             .command = {},
             .target = node.id()});
      }
      return;
    case Kind::kWipe:
    case Kind::kCorrupt:
      if (damage_left_ == 0 || node.IsDamaged() || !judge_.AllAreIntroduced()) return;
      --damage_left_;
      if (node.IsUp()) node.Stop();
      if (kind == Kind::kWipe) {
        node.Wipe();
      } else {
        node.Corrupt(dice);
      }
      node.StartIn(UpTo(dice, std::chrono::seconds(3)));
      return;
    case Kind::kStall:
      if (!node.IsUp()) return;
      ++counts_.stalls;
      node.disk_executor().stall_until = world_.Now() + UpTo(dice, std::chrono::seconds(2));
      return;
    case Kind::kFailSync:
      ++counts_.failed_syncs;
      node.FailNextSync();
      return;
    default:
      return;
  }
}

Node* Storm::Leader() {
  for (const auto& node : nodes_) {
    if (node->IsUp() && node->replica().IsLeader()) return node.get();
  }
  return nullptr;
}

void Storm::Partition(Rng& dice) {
  ++counts_.partitions;
  network_.Heal();
  const uint64_t count = nodes_.size();
  std::vector<NodeId> order;
  for (uint64_t i = 1; i <= count; ++i) order.push_back(i);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[dice.Below(i)]);
  const auto part = [&](uint64_t first_side, bool one_way) {
    for (uint64_t i = 0; i < first_side; ++i) {
      for (uint64_t j = first_side; j < count; ++j) {
        network_.Cut(order[i], order[j]);
        if (!one_way) network_.Cut(order[j], order[i]);
      }
    }
  };
  switch (dice.Below(6)) {
    case 0:  // One is alone.
      part(1, false);
      break;
    case 1:  // Two sides.
      part(1 + dice.Below(count), false);
      break;
    case 2:  // One hears and is not heard, or the other way round.
      part(dice.Chance(1, 2) ? 1 : count - 1, true);
      break;
    case 3:  // A bridge: the first is in touch with all, the others in two sides.
      for (uint64_t i = 1; i < count; ++i) {
        for (uint64_t j = 1; j < count; ++j) {
          if (i != j && (i <= count / 2) != (j <= count / 2)) network_.Cut(order[i], order[j]);
        }
      }
      break;
    case 4:  // A chain.
      for (uint64_t i = 0; i < count; ++i) {
        for (uint64_t j = 0; j < count; ++j) {
          if (i + 1 < j || j + 1 < i) network_.Cut(order[i], order[j]);
        }
      }
      break;
    default:  // Any links.
      for (NodeId from : order) {
        for (NodeId to : order) {
          if (from != to && dice.Chance(1, 3)) network_.Cut(from, to);
        }
      }
      break;
  }
  // Soon, when the two sides have just begun to differ, or late, when one is far ahead.
  const Duration most =
      dice.Chance(1, 2) ? options_.raft.election_timeout * 3 : Duration(std::chrono::seconds(4));
  world_.Schedule(world_.Now() + UpTo(dice, most), actor_, Event(Kind::kHeal));
}

void Storm::End(const std::vector<NodeId>& healthy) {
  over_ = true;
  // Raft promises progress where messages and disks are much faster than elections (Raft §5.6).
  const Duration soon = options_.raft.heartbeat_interval / 8;
  network_.Calm(soon);
  for (const auto& node : nodes_) {
    node->disk().SetCapacity(std::numeric_limits<uint64_t>::max());
    node->Calm(soon);
    const bool shall_run = std::find(healthy.begin(), healthy.end(), node->id()) != healthy.end();
    if (!shall_run && node->IsUp()) {
      node->Stop();
    } else if (shall_run && !node->IsUp()) {
      node->StartIn({});
    }
  }
}

}  // namespace synod::sim
