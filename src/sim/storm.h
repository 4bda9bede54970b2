// What goes wrong, when, and for whom.
#ifndef SYNOD_SRC_SIM_STORM_H_
#define SYNOD_SRC_SIM_STORM_H_

#include <memory>
#include <vector>

#include "synod/base/rng.h"
#include "synod/sim/options.h"
#include "synod/sim/report.h"

#include "src/sim/network.h"
#include "src/sim/node.h"
#include "src/sim/world.h"

namespace synod::sim {

// Each kind of fault comes at random times of its own, so that leaving one out changes no other's.
class Storm final : public Actor {
 public:
  Storm(World& world, const Options& options, Network& network,
        std::vector<std::unique_ptr<Node>>& nodes, const Judge& judge, Counts& counts);
  ~Storm() override { world_.Remove(actor_); }

  void Begin();
  // Nothing more goes wrong, and what does is healed; `healthy`: the nodes that shall come back,
  // if they can.
  void End(const std::vector<NodeId>& healthy);

  void OnEvent(uint64_t what) override;

 private:
  enum class Kind : uint64_t {
    kCrash,
    kStop,
    kPause,
    kPartition,
    kLeap,
    kFullDisk,
    kTransfer,
    kWipe,
    kCorrupt,
    kStall,
    kFailSync,
    kCount,
    kHeal = 100,
    kFreeDisk,
  };
  static uint64_t Event(Kind kind, uint64_t node = 0) {
    return static_cast<uint64_t>(kind) + (node << 32);
  }

  [[nodiscard]] Duration IntervalOf(Kind kind) const;
  void ScheduleNext(Kind kind);
  void Strike(Kind kind, Rng& dice);
  void Partition(Rng& dice);
  [[nodiscard]] Node& Any(Rng& dice) { return *nodes_[dice.Below(nodes_.size())]; }
  [[nodiscard]] Node* Leader();

  World& world_;
  const Options& options_;
  Network& network_;
  const Judge& judge_;
  std::vector<std::unique_ptr<Node>>& nodes_;
  Counts& counts_;
  const World::ActorId actor_;
  std::vector<Rng> dice_;   // By kind.
  size_t damage_left_ = 0;  // How many more nodes may be damaged for good.
  bool over_ = false;
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_STORM_H_
