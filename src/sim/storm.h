// Carries out what a scenario says goes wrong, or is asked of the group by its operators.
#ifndef SYNOD_SRC_SIM_STORM_H_
#define SYNOD_SRC_SIM_STORM_H_

#include <memory>
#include <vector>

#include "synod/sim/report.h"
#include "synod/sim/scenario.h"

#include "src/sim/atlas.h"
#include "src/sim/cluster.h"
#include "src/sim/network.h"
#include "src/sim/node.h"
#include "src/sim/world.h"

namespace synod::sim {

class Storm final : public Actor {
 public:
  Storm(World& world, const Scenario& scenario, Cluster& cluster);
  ~Storm() override { world_.Remove(actor_); }

  void Begin();
  // Nothing more goes wrong, and what does is healed; `healthy`: the nodes that shall come back,
  // if they can. Messages and syncs take `soon` at most on average.
  void End(const std::vector<NodeId>& healthy, Duration soon);

  // Each transfer that was asked for has ended.
  [[nodiscard]] bool IsAnswered() const { return transfers_under_way_ == 0; }
  [[nodiscard]] const Atlas& atlas() const { return atlas_; }

  // A fault, by its number, begins or is over.
  void OnEvent(uint64_t what) override;

 private:
  // Whether it has anything to do to the node now: of one that does nothing nobody is told.
  [[nodiscard]] bool Fits(const Fault& fault, const Node& node) const;
  void Strike(size_t number);
  void BlackOut(const Fault& fault, const std::vector<NodeId>& nodes);
  void Part(size_t number, const std::vector<NodeId>& nodes);
  void StrikeNode(const Fault& fault, Node& node);
  void Damage(const Fault& fault, Node& node);
  void StrikeAcceptor(const Fault& fault);
  void ReplaceAcceptor(NodeId acceptor);
  void Transfer(NodeId to);
  void Change(const Fault& fault, const std::vector<NodeId>& nodes);
  // The nodes that it names, as of now. Empty: it does not fit.
  [[nodiscard]] std::vector<NodeId> NodesOf(const Fault& fault) const;
  // Of the highest term in which one leads.
  [[nodiscard]] Node* Leader() const;
  void ScheduleEnd(size_t number);
  void EndOf(size_t number);

  World& world_;
  const Scenario& scenario_;
  Network& network_;
  Acceptors& acceptors_;
  Judge& judge_;
  std::vector<std::unique_ptr<Node>>& nodes_;
  Counts& counts_;
  const World::ActorId actor_;
  Atlas atlas_;
  size_t replacements_left_;     // Of disks of founders: never the last that remembers.
  size_t partition_ = 0;         // The last, ...
  std::vector<size_t> capped_;   // ... of each node the last fault that filled its disk, ...
  std::vector<size_t> flipped_;  // ... and the last that flipped a bit of its snapshots.
  size_t transfers_under_way_ = 0;
  bool over_ = false;
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_STORM_H_
