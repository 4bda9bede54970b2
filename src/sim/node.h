// One node: a disk that stays, a clock, and a process that comes and goes.
#ifndef SYNOD_SRC_SIM_NODE_H_
#define SYNOD_SRC_SIM_NODE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "synod/node/replica.h"
#include "synod/sim/options.h"
#include "synod/sim/report.h"
#include "synod/sim/scenario.h"
#include "synod/sim/store_factory.h"
#include "synod/sim/workload.h"

#include "src/host_impl.h"
#include "src/sim/acceptors.h"
#include "src/sim/checked_machine.h"
#include "src/sim/faulty_disk.h"
#include "src/sim/judge.h"
#include "src/sim/life.h"
#include "src/sim/machine.h"
#include "src/sim/network.h"
#include "src/sim/world.h"

namespace synod::sim {

class Node final : public Actor {
 public:
  // What a run has once, for all nodes.
  struct Surroundings {
    World& world;
    const Options& options;
    Workload& workload;
    StoreFactory& stores;
    Network& network;
    Acceptors& acceptors;
    Judge& judge;
    Counts& counts;
  };

  Node(NodeId id, const Surroundings& around);
  ~Node() override;

  [[nodiscard]] NodeId id() const { return id_; }
  [[nodiscard]] bool IsUp() const { return host_ != nullptr && life_->IsAlive(); }
  // Its disk is damaged: it never comes back.
  [[nodiscard]] bool IsRefused() const { return !refusal_.ok(); }
  // Why.
  [[nodiscard]] const absl::Status& refusal() const { return refusal_; }
  // Its disk was damaged, and is not whole again.
  [[nodiscard]] bool IsCorrupt() const { return is_corrupt_; }
  // Its disk's.
  [[nodiscard]] Incarnation incarnation() const { return incarnation_; }
  // By itself: it has found something wrong.
  [[nodiscard]] bool IsStopped() const { return IsUp() && has_stopped_; }
  // Its disk has failed in this life, whether or not it has noticed yet.
  [[nodiscard]] bool HasFailedDisk() const { return IsUp() && disk_->failures() > disk_failures_; }
  // These, while it is up.
  [[nodiscard]] synod::internal::HostImpl& host() { return *host_; }
  [[nodiscard]] synod::internal::ReplicaImpl& replica() { return *replica_; }
  [[nodiscard]] const synod::internal::ReplicaImpl& replica() const { return *replica_; }
  [[nodiscard]] Life& life() { return *life_; }
  [[nodiscard]] LocalClock& clock() { return clock_; }
  [[nodiscard]] FaultyDisk& disk() { return *disk_; }
  [[nodiscard]] SimulatedExecutor& disk_executor() { return *disk_executor_; }
  // What its next start begins with.
  [[nodiscard]] EngineOptions& engine_options() { return engine_; }

  // Makes the disk's store that of this node, which is one of the founders or `joins` later.
  void Bootstrap(bool joins);
  void Start();
  // In an orderly way.
  void Stop();
  // The process dies before its effect after so many, and starts again `down` later.
  void CrashAfter(uint64_t effects, Duration down);
  // Its machine goes down, at the change to its disk after so many.
  void CutPowerAfter(uint64_t changes, Duration down);
  // Called when it dies, once.
  std::function<void()> on_death = {};
  // What its crashes lose, from now on; otherwise drawn.
  void SetLoss(Lost lost) { loss_ = lost; }
  void StartIn(Duration down);
  // Until then the disk does nothing: neither for the log nor for snapshots. It is up.
  void StallDiskUntil(Instant world);
  // It does not start when it should have.
  void StayDown() { ++starts_; }
  // What a crash has left is swept away. After every event.
  void Sweep();
  // Counts what has failed on the disk since it was asked last.
  void CountFailures();
  // The disk is replaced; the process is down.
  void Wipe(bool joins);
  // Whether its disk has, as far as can be told, something to damage so.
  [[nodiscard]] bool CanBeDamaged(FaultKind kind) const;
  // Damages the disk in a place that `where` selects; the process is down. False: there was none.
  bool Damage(FaultKind kind, uint64_t where);
  // A bit of one of its snapshots, which `where` selects, is another until that is mended, at the
  // latest when it ends. It is up. False: it has none.
  bool FlipSnapshot(uint64_t where);
  void MendSnapshots();
  // Of a node that is refused: the disk is as it was before the damage.
  void Repair();
  // It is sent what no member sends: it may stop for good.
  void NoteLie() { is_lied_to_ = true; }
  // Its disk was damaged: it may refuse to start.
  void NoteDamage();
  // And is whole again: it may start.
  void Repaired() { refusal_ = absl::OkStatus(); }
  // Tells the judge in which state it is; nothing is being applied.
  void ShowState() const { machine_->ReportState(/*is_restored=*/false); }
  // From now on it dies and fails no more, and a sync takes `soon` at most on average, as does a
  // rest.
  void Calm(Duration soon);

  void OnEvent(uint64_t start) override;

 private:
  enum class Way { kOrderly, kCrash };

  Life* NewLife();
  // Of the whole run.
  [[nodiscard]] uint64_t StateInterval() const;
  // False if there is nothing in the file to damage so.
  bool DamageFile(FaultKind kind, const std::string& file, uint64_t where);
  void Corrupt(const std::string& file, uint64_t where);
  [[nodiscard]] absl::StatusOr<std::unique_ptr<LogStore>> OpenStore();
  void CannotStart(const absl::Status& why);
  [[nodiscard]] bool MayStop(const absl::Status& why) const;
  void ExamineDisk();
  void Observe();
  void OnStopped(const absl::Status& why);
  void End(Way way);

  const NodeId id_;
  const Surroundings around_;
  Rng dice_;
  const World::ActorId actor_;
  LocalClock clock_;
  std::unique_ptr<FaultyDisk> disk_;
  uint64_t lives_ = 0;
  uint64_t starts_ = 0;  // Scheduled; older ones are void.
  Duration down_ = {};
  Duration rest_ = std::chrono::seconds(1);  // Until it tries again, if it has failed by itself.
  Duration sync_;
  EngineOptions engine_;
  std::optional<Lost> loss_;
  uint64_t disk_failures_ = 0;  // Before this start, ...
  uint64_t times_full_ = 0;     // ... as is how often the disk was full.
  uint64_t durable_writes_ = 0;
  uint64_t counted_syncs_ = 0;  // Of the failures of its disk.
  uint64_t counted_changes_ = 0;
  struct Flip {
    std::string file;
    uint64_t offset = 0;
    unsigned bit = 0;
  };
  std::vector<Flip> flips_;   // In its snapshots.
  bool was_flipped_ = false;  // One of them, in this life.
  Incarnation incarnation_;
  bool is_impostor_ = false;  // The disk took the place of a founder's.
  bool is_corrupt_ = false;
  bool is_lied_to_ = false;
  bool has_stopped_ = false;  // In this life, by itself or with its host.
  absl::Status refusal_;

  // In the order in which they need each other.
  std::unique_ptr<Life> life_;
  std::unique_ptr<SimulatedExecutor> disk_executor_;
  std::unique_ptr<synod::internal::HostImpl> host_;
  Loop* loop_ = nullptr;  // The host's.
  synod::internal::ReplicaImpl* replica_ = nullptr;
  const CheckedMachine* machine_ = nullptr;  // The replica's.
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_NODE_H_
