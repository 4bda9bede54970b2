// What the services of one member share.
#ifndef SYNOD_KV_NODE_H_
#define SYNOD_KV_NODE_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

#include <grpcpp/server_context.h>
#include <synod/synod.h>

#include "kv/cluster.h"
#include "kv/kv_state_machine.h"
#include "kv/proto/etcdserver.pb.h"

namespace synod_kv {

// What the replica's callbacks leave for the services to read, from any thread. Exists before the
// replica and outlives it.
struct NodeStats {
  StoreStats store;
  std::atomic<uint64_t> term = 0;
};

// Immutable, but for what it refers to.
struct Node {
  synod::ClusterId cluster;
  synod::NodeId self;
  std::vector<ClusterMember> members;
  uint64_t quota_bytes = 0;
  // How long a write that finds no leader waits for one.
  synod::Duration leader_patience = synod::Duration::zero();
  NodeStats& stats;
  synod::Replica replica;

  [[nodiscard]] const ClusterMember* Find(synod::NodeId id) const {
    const auto found = std::find_if(members.begin(), members.end(),
                                    [id](const ClusterMember& member) { return member.id == id; });
    return found == members.end() ? nullptr : &*found;
  }

  // Says who answers. The revision belongs to the answer and is left as it is.
  void Sign(etcdserverpb::ResponseHeader* header) const {
    header->set_cluster_id(cluster.value());
    header->set_member_id(self.value());
    header->set_raft_term(stats.term.load(std::memory_order_relaxed));
  }
  // For answers that do not come from the store.
  void SignWithRevision(etcdserverpb::ResponseHeader* header) const {
    Sign(header);
    header->set_revision(stats.store.revision.load(std::memory_order_relaxed));
  }
};

// How long a request may take: as long as its client waits, at most five seconds.
inline synod::Duration RemainingTime(const grpc::ServerContextBase& context) {
  constexpr synod::Duration kLongest = std::chrono::seconds(5);
  const auto remaining = context.deadline() - std::chrono::system_clock::now();
  return remaining < kLongest ? std::chrono::duration_cast<synod::Duration>(remaining) : kLongest;
}

}  // namespace synod_kv

#endif  // SYNOD_KV_NODE_H_
