// How a member passes a client's write on to the leader, and how the two understand each other
// about what became of it.
#ifndef SYNOD_KV_FORWARDING_H_
#define SYNOD_KV_FORWARDING_H_

#include <map>
#include <memory>
#include <optional>
#include <string>

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>
#include <synod/synod.h>

#include "absl/status/status.h"

#include "kv/node.h"
#include "kv/proto/etcdserver.grpc.pb.h"

namespace synod_kv {

// What is known of a write that failed.
struct WriteFailure {
  enum class Effect {
    kNone,     // It was not executed and never will be.
    kUnknown,  // It may have been, or may yet be.
  };
  absl::Status status;
  Effect effect = Effect::kUnknown;
  // Not 0: this member leads instead, and since the effect is kNone the write may be sent there.
  synod::NodeId leader = synod::NodeId();
};

// Connections to the other members' client addresses. Thread-safe.
class Forwarder {
 public:
  Forwarder(const std::vector<ClusterMember>& members, synod::NodeId self);

  // The stub to send a write to `leader`; null if it cannot be reached, as far as is known now, so
  // that nothing has been sent. (Where a connection breaks later nobody can tell whether the write
  // arrived.)
  [[nodiscard]] etcdserverpb::KV::Stub* StubFor(synod::NodeId leader);

 private:
  struct Peer {
    std::shared_ptr<grpc::Channel> channel;  // gRPC hands channels out like this.
    std::unique_ptr<etcdserverpb::KV::Stub> stub;
  };
  std::map<synod::NodeId, Peer> peers_;
};

// True if another member sent the request, which must not be passed on once more: with stale ideas
// of who leads, two members would send it to each other for ever.
[[nodiscard]] bool IsForwarded(const grpc::CallbackServerContext& context);
void MarkForwarded(grpc::ClientContext* context);

// The answer to a forwarded request says in its trailing metadata what it knows. A failure without
// that word comes from the connection and not from the leader, and the effect is unknown.
void AttachFailure(const WriteFailure& failure, grpc::CallbackServerContext* context);
[[nodiscard]] WriteFailure ReadFailure(const grpc::Status& status,
                                       const grpc::ClientContext& context);

}  // namespace synod_kv

#endif  // SYNOD_KV_FORWARDING_H_
