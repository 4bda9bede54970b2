// How a member passes a client's write on to the leader, and how the two understand each other
// about what became of it.
#ifndef SYNOD_KV_FORWARDING_H_
#define SYNOD_KV_FORWARDING_H_

#include <map>
#include <memory>
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
    kRefused,  // It was not executed, and trying again at once would not help.
    kNotLed,   // It was not executed, for want of a leader where it was tried: it may be tried
               // again.
    kUnknown,  // It may have been executed, or may yet be.
  };
  absl::Status status;
  Effect effect = Effect::kUnknown;
};

// Connections to the other members' client addresses. Thread-safe.
class Forwarder {
 public:
  Forwarder(const std::vector<ClusterMember>& members, synod::NodeId self);

  // The stub to send a write to `leader`, or null, and a connection is tried, if there is none at
  // the moment: so what fails for want of one has certainly not been sent. (When a connection
  // breaks later, nobody can tell whether the write arrived.)
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
