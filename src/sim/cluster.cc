#include "src/sim/cluster.h"

#include <algorithm>

namespace synod::sim {
namespace {

std::string Describe(const ReplicaStatus& status) {
  std::string line =
      std::string(synod::Describe(status.role)) + " of term " +
      std::to_string(status.term.value()) + ", leader " + std::to_string(status.leader.value()) +
      ", log " + std::to_string(status.first.value()) + " to " +
      std::to_string(status.last.value()) + ", committed " + std::to_string(status.commit.value()) +
      ", applied " + std::to_string(status.applied.value()) + ", durable " +
      std::to_string(status.durable.value()) + (status.introduced ? "" : ", not introduced") +
      (status.removed ? ", removed" : "") +
      (status.stopped.ok() ? "" : ", " + status.stopped.ToString());
  for (const auto& peer : status.peers) {
    line += "; " + std::to_string(peer.node.value()) + " matches to " +
            std::to_string(peer.match.value()) + (peer.active ? "" : " silent") +
            (peer.snapshotting ? " snapshot" : "");
  }
  return line;
}

}  // namespace

Cluster::Cluster(const Options& options, Workload& workload, StoreFactory& stores)
    : options_(options),
      world_(options.seed),
      judge_(NewJudge(world_, options, counts_)),
      network_(world_, options.network, *judge_, counts_),
      acceptors_(world_, options_, network_, *judge_, counts_) {
  const Node::Surroundings around{world_,   options_,   workload, stores,
                                  network_, acceptors_, *judge_,  counts_};
  for (uint64_t i = 1; i <= options.AllNodes(); ++i) {
    nodes_.push_back(std::make_unique<Node>(NodeId(i), around));
  }
}

void Cluster::Start() {
  for (auto& node : nodes_) node->Bootstrap(node->id() > NodeId(options_.nodes));
  for (auto& node : nodes_) node->Start();
}

bool Cluster::Step() {
  if (judge_->HasFailed() || !world_.Step()) return false;
  for (auto& node : nodes_) node->Sweep();
  return true;
}

bool Cluster::AreEqual(std::span<const NodeId> which) const {
  return std::all_of(which.begin(), which.end(), [&](NodeId id) {
    const Node& node = *nodes_[id.value() - 1];
    if (!node.IsUp()) return false;
    const Engine& core = node.replica().core();
    return core.commit() == judge_->committed() && core.extent().last == core.commit() &&
           node.replica().Status().applied == core.commit();
  });
}

std::string Cluster::Picture() const {
  std::string picture;
  for (const auto& node : nodes_) {
    picture += "\n  node " + std::to_string(node->id().value()) + ": ";
    if (node->IsUp()) {
      picture += Describe(node->replica().Status()) + "; goes by " +
                 Judge::Describe(node->replica().core().configuration());
    } else {
      picture += node->IsRefused() ? "refused" : "down";
    }
  }
  return picture;
}

}  // namespace synod::sim
