// How a member passes a client's write on to the leader, and how the two understand each other
// about who they are and what became of it.
#ifndef SYNOD_KV_FORWARDING_H_
#define SYNOD_KV_FORWARDING_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <synod/synod.h>

#include "absl/status/status.h"

#include "kv/directory.h"

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

// Connections to the other members' client addresses, which are given up after five seconds without
// a sign of life: TCP alone would wait for a quarter of an hour, and meanwhile nobody could tell
// what became of the writes that are sent. Thread-safe.
class Forwarder {
 public:
  Forwarder(synod::ClusterId cluster, const Directory& members)
      : cluster_(cluster), members_(members) {}

  // Begins to connect to the members that are known, but for `self`.
  void ConnectToOthers(synod::NodeId self);

  // Sends a write to `leader`, as it came, and tells it which member of which cluster is meant.
  // False, and a connection is tried, if there is none at the moment: so what fails for want of one
  // has certainly not been sent. (When a connection breaks later, nobody can tell whether the write
  // arrived.) The pointers are used until `done` is called, on a thread of gRPC's.
  [[nodiscard]] bool Send(synod::NodeId leader, const std::string& method,
                          grpc::ClientContext* context, const grpc::ByteBuffer* request,
                          grpc::ByteBuffer* response, std::function<void(grpc::Status)> done);

  // A connection of the same kind to anybody.
  [[nodiscard]] static std::shared_ptr<grpc::Channel> ConnectTo(const std::string& address);

  // The connection to that member; null if nobody knows where it is.
  [[nodiscard]] std::shared_ptr<grpc::Channel> ChannelTo(synod::NodeId id);

  // How many writes were sent.
  [[nodiscard]] uint64_t sent() const { return sent_.load(std::memory_order_relaxed); }

 private:
  // gRPC hands channels out like this.
  using Channel = std::shared_ptr<grpc::Channel>;
  struct Peer {
    std::string address;
    Channel channel;
  };

  const synod::ClusterId cluster_;
  const Directory& members_;
  std::mutex mutex_;
  std::map<synod::NodeId, Peer> peers_;  // Under mutex_.
  std::atomic<uint64_t> sent_ = 0;
};

// Lets a server answer those who ask so often whether it is alive; by default it hangs up on them.
void AllowProbes(grpc::ServerBuilder* builder);

// True if another member sent the request, which must not be passed on once more: with stale ideas
// of who leads, two members would send it to each other for ever.
[[nodiscard]] bool IsForwarded(const grpc::CallbackServerContext& context);

// WrongTargetError if whoever sent the request on meant another member, or one of another cluster:
// its idea of who listens where is wrong, and to execute the write would change foreign data.
[[nodiscard]] absl::Status CheckTarget(const grpc::CallbackServerContext& context,
                                       synod::ClusterId cluster, synod::NodeId self);

// The answer to a forwarded request says in its trailing metadata what it knows. A failure without
// that word comes from the connection and not from the leader, and the effect is unknown.
void AttachEffect(WriteFailure::Effect effect, grpc::CallbackServerContext* context);
[[nodiscard]] WriteFailure ReadFailure(const grpc::Status& status,
                                       const grpc::ClientContext& context);

}  // namespace synod_kv

#endif  // SYNOD_KV_FORWARDING_H_
