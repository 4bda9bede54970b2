#include "src/sim/node.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "synod/core/configuration.h"

#include "src/sim/shadow_store.h"

namespace synod::sim {
namespace {

constexpr GroupId kGroup = 1;
constexpr ClusterId kCluster = 1;
constexpr char kPath[] = "/store";
constexpr uint64_t kRestart = 0;  // As an event; others are numbers of starts.

}  // namespace

Node::Node(NodeId id, const Surroundings& around)
    : id_(id),
      around_(around),
      dice_(around.world.Dice(Stream::kDisk, id.value())),
      actor_(around.world.Add(*this)),
      disk_(std::make_unique<FaultyDisk>(around.stores.DiskOrder())),
      sync_(around.options.disk.sync),
      engine_(around.options.engine) {
  const int64_t drift = around.options.faults.drift;
  if (drift > 0) {
    clock_.SetDrift(
        around.world.Now(),
        static_cast<int64_t>(dice_.Below(static_cast<uint64_t>(2 * drift + 1))) - drift);
  }
}

Node::~Node() {
  if (host_ != nullptr) End(Way::kOrderly);
  around_.world.Remove(actor_);
}

absl::StatusOr<std::unique_ptr<LogStore>> Node::OpenStore() {
  return around_.stores.Open(kPath, *disk_, *disk_executor_, around_.options);
}

void Node::Bootstrap(bool joins) {
  disk_executor_ = std::make_unique<SimulatedExecutor>(*NewLife(), Duration(), Rng(0));
  Configuration initial = around_.options.Founders();
  if (joins) {
    // Who decides, and by which quorums, a newcomer learns from the group.
    initial.voters.clear();
    initial.acceptors.clear();
    initial.records.clear();
    initial.quorums = {};
  }
  incarnation_ = Incarnation(dice_.Next() | 1);
  {
    auto store = OpenStore();
    absl::Status status = store.status();
    if (status.ok()) {
      const StoreIdentity identity{.cluster = kCluster, .node = id_, .incarnation = incarnation_};
      status = (*store)->Bootstrap(identity, kGroup, initial);
    }
    if (!status.ok()) around_.judge.Fail("bootstrap", status.ToString());
  }
  disk_executor_.reset();
  around_.judge.OnBootstrap(id_, incarnation_, initial);
}

Life* Node::NewLife() {
  life_ = std::make_unique<Life>(around_.world, id_.value(), ++lives_, clock_);
  return life_.get();
}

// Often finds where states begin to differ; seldom leaves batches as they come.
uint64_t Node::StateInterval() const {
  constexpr uint64_t kIntervals[] = {1, 8, 64};
  return kIntervals[around_.world.Dice(Stream::kStates).Below(std::size(kIntervals))];
}

void Node::Start() {
  const Options& options = around_.options;
  NewLife();
  has_stopped_ = was_flipped_ = false;
  disk_failures_ = disk_->failures();
  times_full_ = disk_->times_full();
  disk_executor_ = std::make_unique<SimulatedExecutor>(*life_, sync_, Rng(dice_.Next()));
  auto store = OpenStore();
  if (!store.ok()) return CannotStart(store.status());
  auto machine = std::make_unique<SimulatedMachine>(
      *life_, Pace{.turn = options.turn, .blocking = options.blocking});
  Loop& loop = machine->simulated_loop();
  HostOptions host_options{
      .id = id_,
      .log = std::make_unique<ShadowStore>(*life_, around_.judge, *disk_executor_,
                                           *std::move(store), [this] { ExamineDisk(); }),
      .transport =
          around_.acceptors.Reach(around_.network.NewTransport(*life_, loop), *life_, loop),
      .logger = [](Severity, std::string_view) {}};
  auto host = synod::internal::HostImpl::StartOn(std::move(machine), std::move(host_options));
  if (!host.ok()) return CannotStart(host.status());
  host_ = *std::move(host);
  GroupOptions group;
  group.group = kGroup;
  auto checked = std::make_unique<CheckedMachine>(id_, around_.workload, around_.judge,
                                                  StateInterval(), [this] { Observe(); });
  machine_ = checked.get();
  group.state_machine = std::move(checked);
  if (options.mixed_elections) {
    engine_.pre_vote = dice_.Chance(1, 2);
    engine_.check_quorum = dice_.Chance(1, 2);
  }
  group.engine = engine_;
  around_.judge.OnStart(id_, engine_, options.max_pending_requests);
  group.snapshot_after_entries = options.snapshot_after_entries;
  group.max_pending_requests = options.max_pending_requests;
  group.apply_on_own_thread = options.apply_on_own_thread;
  group.observer.on_stop = [this](const absl::Status& why) { OnStopped(why); };
  auto replica = host_->Join(std::move(group));
  if (!replica.ok()) return CannotStart(replica.status());
  replica_ = *replica;
  loop_ = &loop;
  loop.before_messages = [this](std::span<const Message> batch) {
    around_.judge.OnDelivered(id_, batch, loop_->Now());
  };
  loop.after_turn = [this] {
    Observe();
    around_.judge.OnTurnEnd(id_, life_->requests);
  };
  ++around_.counts.starts;
}

// Now and then, since it takes long: the store's word that a write is durable is true of the disk.
void Node::ExamineDisk() {
  constexpr uint64_t kInterval = 1000;
  if (++durable_writes_ % kInterval != 0 || is_corrupt_ || !flips_.empty()) return;
  const std::unique_ptr<FaultyDisk> image = disk_->AfterPowerCut();
  SimulatedExecutor executor(*life_, Duration(), Rng(0));
  auto store = around_.stores.Open(kPath, *image, executor, around_.options);
  if (!store.ok()) return around_.judge.OnImage(id_, store.status());
  around_.judge.OnImage(id_, (*store)->Load(kGroup));
  ++around_.counts.examined_disks;
}

void Node::Observe() {
  if (replica_ == nullptr) return;
  around_.judge.OnTurn(id_,
                       {.life = life_->number(),
                        .now = loop_->Now(),
                        .leads = replica_->IsLeader(),
                        .is_stopped = has_stopped_},
                       replica_->core());
  // What a rule already says is told by that, and not by an abort.
  if (!around_.judge.HasFailed()) replica_->core().CheckInvariants();
}

// Whether something was done to it that it answers by this. A replica that finds itself or its
// peers in the wrong stops for good; none is, but a new disk under an old name (M3) and who is lied
// to.
bool Node::MayStop(const absl::Status& why) const {
  if (absl::IsCancelled(why)) return true;  // With its host.
  if (absl::IsFailedPrecondition(why)) return is_impostor_ || is_lied_to_;
  if (absl::IsDataLoss(why)) return is_corrupt_ || was_flipped_;
  if (absl::IsResourceExhausted(why)) return disk_->times_full() > times_full_;
  return disk_->failures() > disk_failures_ || disk_->PowerIsOff();
}

void Node::OnStopped(const absl::Status& why) {
  has_stopped_ = true;
  if (is_impostor_ && absl::IsFailedPrecondition(why)) ++around_.counts.wiped_stops;
  if (!MayStop(why)) {
    around_.judge.Fail("nobody gives up",
                       "node " + std::to_string(id_.value()) + " stops: " + why.ToString());
  }
  around_.world.Schedule(around_.world.Now() + rest_, actor_, kRestart);
}

void Node::CannotStart(const absl::Status& why) {
  const bool is_crash = disk_->PowerIsOff() || disk_->failures() > disk_failures_;
  End(is_crash ? Way::kCrash : Way::kOrderly);
  if (is_crash || (absl::IsResourceExhausted(why) && disk_->IsLimited())) return StartIn(rest_);
  if ((absl::IsDataLoss(why) || absl::IsFailedPrecondition(why)) && is_corrupt_) {
    refusal_ = why;
    around_.world.Note(Story::What::kRefused, id_);
    ++around_.counts.refused_starts;
    return;
  }
  around_.judge.Fail("recovery",
                     "node " + std::to_string(id_.value()) + " cannot start: " + why.ToString());
}

void Node::Stop() {
  ++around_.counts.stops;
  End(Way::kOrderly);
}

void Node::End(Way way) {
  around_.world.Note(way == Way::kOrderly ? Story::What::kStops : Story::What::kDies, id_);
  if (way != Way::kOrderly) {
    ++around_.counts.crashes;
    life_->Die();
    disk_->CutPowerAt(disk_->operations());
  }
  host_.reset();  // Takes its last turn, in which it is watched as in any other.
  replica_ = nullptr;
  disk_executor_.reset();
  MendSnapshots();
  if (way == Way::kOrderly) return;
  // The process alone, or the machine with what it had not synced.
  const Lost losses[] = {Lost::kAll, Lost::kSectors, Lost::kNothing};
  const Lost drawn = losses[dice_.Below(3)];
  disk_->Restart(loss_.value_or(drawn), dice_.Next());
}

void Node::CrashAfter(uint64_t effects, Duration down) {
  if (!IsUp()) return;
  down_ = down;
  if (effects == 0) {
    life_->Die();
  } else {
    life_->DieAfter(effects);
  }
}

void Node::CutPowerAfter(uint64_t changes, Duration down) {
  down_ = down;
  disk_->CutPowerAt(disk_->operations() + changes);
}

void Node::Sweep() {
  if (host_ == nullptr || (life_->IsAlive() && !disk_->PowerIsOff())) return;
  End(Way::kCrash);
  StartIn(down_);
  if (const auto then = std::exchange(on_death, nullptr)) then();
}

void Node::StartIn(Duration down) {
  around_.world.Schedule(around_.world.Now() + down, actor_, ++starts_);
}

void Node::OnEvent(uint64_t start) {
  if (start == kRestart) {
    if (!IsStopped()) return;
    around_.world.CountEvent();
    Stop();
    return StartIn({});
  }
  if (start != starts_ || host_ != nullptr || IsRefused()) return;
  around_.world.CountEvent();
  Start();
}

void Node::StallDiskUntil(Instant world) {
  for (SimulatedExecutor* executor : life_->executors) executor->StallUntil(world);
}

void Node::CountFailures() {
  around_.counts.failed_syncs += disk_->failed_syncs() - counted_syncs_;
  around_.counts.failed_changes += disk_->failed_changes() - counted_changes_;
  counted_syncs_ = disk_->failed_syncs();
  counted_changes_ = disk_->failed_changes();
}

void Node::Wipe(bool joins) {
  CountFailures();
  counted_syncs_ = counted_changes_ = 0;
  disk_ = std::make_unique<FaultyDisk>(around_.stores.DiskOrder());
  is_impostor_ = !joins;
  around_.judge.OnReplaced(id_);
  ++around_.counts.wipes;
  Bootstrap(joins);
}

bool Node::CanBeDamaged(FaultKind kind) const {
  if (kind == FaultKind::kWipe || kind == FaultKind::kCorrupt) return true;
  const std::vector<std::string> files = disk_->FilesBelow(kPath);
  return std::any_of(files.begin(), files.end(),
                     [this](const std::string& file) { return disk_->HasSettled(file); });
}

bool Node::Damage(FaultKind kind, uint64_t where) {
  disk_->TakeImage();
  const std::vector<std::string> files = disk_->FilesBelow(kPath);
  // The first that has such a place, from some one on.
  for (size_t i = 0; i < files.size(); ++i) {
    if (!DamageFile(kind, files[(where + i) % files.size()], where / files.size())) continue;
    NoteDamage();
    return true;
  }
  return false;
}

bool Node::DamageFile(FaultKind kind, const std::string& file, uint64_t where) {
  Counts& counts = around_.counts;
  switch (kind) {
    case FaultKind::kCorrupt:
      if (disk_->SizeOf(file) == 0) return false;
      Corrupt(file, where);
      ++counts.corruptions;
      return true;
    case FaultKind::kLoseWrite:
      if (!disk_->LoseWrite(file, where)) return false;
      ++counts.lost_durable_writes;
      return true;
    case FaultKind::kMisdirect: {
      const std::vector<std::string> files = disk_->FilesBelow(kPath);
      const std::string& to = files[Rng(where).Below(files.size())];
      if (!disk_->MisdirectWrite(file, to, where)) return false;
      ++counts.misdirected_writes;
      return true;
    }
    default:
      return false;
  }
}

// Flips a bit, or leaves some bytes of garbage.
void Node::Corrupt(const std::string& file, uint64_t where) {
  const uint64_t size = disk_->SizeOf(file);
  // Half of the time near its end, where the least is left to show what was there.
  const uint64_t reach = where % 2 == 0 ? size : std::min<uint64_t>(size, 512);
  const uint64_t offset = size - 1 - where / 2 % reach;
  Rng dice(where);
  if (dice.Chance(1, 2)) {
    return disk_->FlipBit(file, offset, static_cast<unsigned>(dice.Below(8)));
  }
  std::string garbage(1 + dice.Below(64), '\0');
  for (char& byte : garbage) byte = static_cast<char>(dice.Next());
  disk_->Overwrite(file, offset, garbage);
}

bool Node::FlipSnapshot(uint64_t where) {
  std::vector<std::string> files = disk_->FilesBelow(kPath);
  std::erase_if(files, [this](const std::string& file) {
    return !file.ends_with(".snapshot") || disk_->SizeOf(file) == 0;
  });
  if (files.empty()) return false;
  Rng dice(where);
  const std::string& file = files[dice.Below(files.size())];
  flips_.push_back({.file = file,
                    .offset = dice.Below(disk_->SizeOf(file)),
                    .bit = static_cast<unsigned>(dice.Below(8))});
  disk_->FlipBit(file, flips_.back().offset, flips_.back().bit);
  was_flipped_ = true;
  ++around_.counts.flipped_snapshots;
  return true;
}

void Node::MendSnapshots() {
  for (const Flip& flip : flips_) disk_->FlipBit(flip.file, flip.offset, flip.bit);
  flips_.clear();
}

void Node::Repair() {
  disk_->RestoreImage();
  is_corrupt_ = false;
  refusal_ = absl::OkStatus();
  ++around_.counts.repairs;
  around_.judge.OnRepaired(id_);
}

void Node::NoteDamage() {
  is_corrupt_ = true;
  around_.judge.OnDamaged(id_);
}

void Node::Calm(Duration soon) {
  sync_ = std::min(sync_, soon);
  rest_ = soon;
  on_death = nullptr;
  MendSnapshots();
  // One that was stopped before its power was cut would find it so.
  if (!disk_->PowerIsOff()) disk_->CutPowerAt(std::numeric_limits<uint64_t>::max());
  disk_->FailSync(0);
  disk_->FailChange(0);
  if (!IsUp()) return;
  disk_executor_->pace = sync_;
  life_->DieAfter(std::numeric_limits<uint64_t>::max());
  life_->paused_until = around_.world.Now();
  StallDiskUntil(around_.world.Now());
}

}  // namespace synod::sim
