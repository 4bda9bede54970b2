// What every simulated run is made of: the nodes, the network between them, and the judge, in one
// virtual time. Who drives it, at random or by a script, is another's business.
#ifndef SYNOD_SRC_SIM_CLUSTER_H_
#define SYNOD_SRC_SIM_CLUSTER_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "synod/sim/options.h"
#include "synod/sim/report.h"
#include "synod/sim/store_factory.h"
#include "synod/sim/workload.h"

#include "src/sim/acceptors.h"
#include "src/sim/judge.h"
#include "src/sim/network.h"
#include "src/sim/node.h"
#include "src/sim/world.h"

namespace synod::sim {

class Cluster {
 public:
  Cluster(const Options& options, Workload& workload, StoreFactory& stores);
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] Judge& judge() { return *judge_; }
  [[nodiscard]] const Judge& judge() const { return *judge_; }
  [[nodiscard]] Network& network() { return network_; }
  [[nodiscard]] Acceptors& acceptors() { return acceptors_; }
  [[nodiscard]] Counts& counts() { return counts_; }
  [[nodiscard]] std::vector<std::unique_ptr<Node>>& nodes() { return nodes_; }
  [[nodiscard]] Node& node(NodeId id) { return *nodes_[id.value() - 1]; }

  // Bootstraps every disk, and starts every process.
  void Start();
  // The processes end, in an orderly way.
  void End() { nodes_.clear(); }

  // The next event happens. False if there is none, or a rule was broken.
  bool Step();
  template <class Done>
  void RunUntil(Done done) {
    while (!done() && Step()) {
    }
  }

  // All of these are up, and have applied all that is committed and nothing else.
  [[nodiscard]] bool AreEqual(std::span<const NodeId> which) const;
  // Counts the failures of all disks. At the end.
  void CountFailures() {
    for (const auto& node : nodes_) node->CountFailures();
  }
  // What each node is doing, for people.
  [[nodiscard]] std::string Picture() const;

 private:
  const Options options_;
  Counts counts_;
  World world_;
  const std::unique_ptr<Judge> judge_;
  Network network_;
  Acceptors acceptors_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_CLUSTER_H_
