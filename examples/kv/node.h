// What the services of one member share.
#ifndef SYNOD_KV_NODE_H_
#define SYNOD_KV_NODE_H_

#include <atomic>
#include <chrono>
#include <cstdint>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <synod/synod.h>

#include "absl/status/status.h"

#include "kv/call_budget.h"
#include "kv/directory.h"
#include "kv/errors.h"
#include "kv/kv_state_machine.h"
#include "kv/leader_watch.h"
#include "kv/proto/etcdserver.pb.h"
#include "kv/refusals.h"

namespace synod_kv {

// What the replica's callbacks leave for the services to read, from any thread. Exists before the
// replica and outlives it.
struct NodeStats {
  StoreStats store;
  std::atomic<uint64_t> term = 0;       // Of the newest leader.
  std::atomic<bool> has_state = false;  // As Node::HasState has found before.
};

// Immutable, but for what it refers to.
struct Node {
  // The initial metadata in which an answer to Maintenance.Status has its incarnation, in
  // hexadecimal.
  static constexpr char kIncarnationKey[] = "synod-incarnation";

  synod::ClusterId cluster;
  synod::NodeId self;
  synod::Incarnation incarnation = {};  // Of this member's disk.
  uint64_t quota_bytes = 0;
  // How long a request that finds no leader waits for one.
  synod::Duration leader_patience = synod::Duration::zero();
  // How long a request may take at most.
  synod::Duration longest_call = std::chrono::seconds(5);
  Directory& members;
  NodeStats& stats;
  LeaderWatch& leaders;
  CallBudget& budget;
  Refusals& refusals;
  synod::Logger logger = synod::StderrLogger();
  synod::Replica replica;

  // Not OK if this member does not belong to the cluster, yet or any more, so that there is no
  // point in waiting for a leader. Where one is known, somebody knows better.
  [[nodiscard]] absl::Status CheckStanding() const {
    if (!replica.leader().IsZero()) return absl::OkStatus();
    switch (members.standing()) {
      case Standing::kNewcomer:
        return NotYetMemberError();
      case Standing::kRemoved:
        return RemovedError();
      default:
        return absl::OkStatus();
    }
  }

  // How long a request may take: as long as its client waits, but for that limit.
  [[nodiscard]] synod::Duration RemainingTime(const grpc::ServerContextBase& context) const {
    const auto remaining = context.deadline() - std::chrono::system_clock::now();
    return remaining < longest_call ? std::chrono::duration_cast<synod::Duration>(remaining)
                                    : longest_call;
  }

  // Whether anything was applied or restored since this process began. Until then the store is
  // empty whatever the log holds: what of it is committed only a leader can say.
  [[nodiscard]] bool HasState() const {
    if (stats.has_state.load(std::memory_order_relaxed)) return true;
    if (replica.Status().applied.IsZero()) return false;
    stats.has_state.store(true, std::memory_order_relaxed);
    return true;
  }

  [[nodiscard]] bool IsFull() const {
    return stats.store.bytes.load(std::memory_order_relaxed) >= quota_bytes;
  }

  // Says who answers. The revision belongs to the answer and is left as it is.
  void Sign(etcdserverpb::ResponseHeader* header) const {
    header->set_cluster_id(cluster.value());
    header->set_member_id(self.value());
    // Without a leader the term may have grown since the newest one's.
    header->set_raft_term(replica.leader().IsZero() ? replica.Status().term.value()
                                                    : stats.term.load(std::memory_order_relaxed));
  }
  [[nodiscard]] etcdserverpb::ResponseHeader Signature() const {
    etcdserverpb::ResponseHeader header;
    Sign(&header);
    return header;
  }
  // For answers that do not come from the store.
  void SignWithRevision(etcdserverpb::ResponseHeader* header) const {
    Sign(header);
    header->set_revision(stats.store.revision.load(std::memory_order_relaxed));
  }

  // Ends a call, and keeps account of it if it failed.
  void Finish(const absl::Status& status, const grpc::CallbackServerContext& context,
              grpc::ServerUnaryReactor* reactor) const {
    if (!status.ok()) {
      refusals.Note({status.message().data(), status.message().size()}, context.peer());
    }
    reactor->Finish(ToGrpc(status));
  }
};

}  // namespace synod_kv

#endif  // SYNOD_KV_NODE_H_
