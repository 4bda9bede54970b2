// One client's request that only the leader can execute, from its arrival to its answer.
#ifndef SYNOD_KV_LEADER_CALL_H_
#define SYNOD_KV_LEADER_CALL_H_

#include <memory>
#include <string>

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>
#include <synod/synod.h>

#include "absl/status/status.h"

#include "kv/call_budget.h"
#include "kv/forwarding.h"
#include "kv/node.h"
#include "kv/patience.h"

namespace synod_kv {

// A request in the shape in which it may have to travel on. `request` and `response` are gRPC's and
// last until the reactor has finished.
struct ClientRequest {
  std::string method;  // The path of the gRPC method.
  const grpc::ByteBuffer* request;
  grpc::ByteBuffer* response;
};

// Executed here if this member leads, else sent to the member that does. While there is no leader,
// or none that answers to that, it waits for a while: nothing has been executed then, and most
// elections are short. Nothing else is ever tried twice: a request whose fate is unknown would risk
// to be executed twice.
//
// No thread waits for it: it lives on the heap from its first Try until the client has its answer,
// or is gone, and is at any moment in the hands of whoever is to call it back.
class LeaderCall : public grpc::ServerUnaryReactor {
 public:
  // Ends a request that is not even tried.
  static grpc::ServerUnaryReactor* Refuse(const Node& node, grpc::CallbackServerContext* context,
                                          const absl::Status& status);

 protected:
  LeaderCall(const Node& node, Forwarder& forwarder, grpc::CallbackServerContext* context,
             ClientRequest request, CallBudget::Share share);

  void Try();
  // This member leads. Ends with Answer or Fail.
  virtual void Execute() = 0;

  void Answer(grpc::ByteBuffer response);
  void Fail(const WriteFailure& failure);

  // What `outcome`, which is not OK, leaves of a request.
  [[nodiscard]] static WriteFailure::Effect EffectOf(const synod::Outcome& outcome);

  [[nodiscard]] const Node& node() const { return node_; }
  [[nodiscard]] synod::Duration RemainingTime() const { return node_.RemainingTime(*context_); }

 private:
  void TryToForward(synod::NodeId leader);
  void OnForwarded(const grpc::Status& status);
  void End(const absl::Status& status);
  void OnDone() override { delete this; }

  const Node& node_;
  Forwarder& forwarder_;
  grpc::CallbackServerContext* const context_;
  const ClientRequest request_;
  CallBudget::Share share_;
  Patience patience_;
  std::unique_ptr<grpc::ClientContext> outgoing_;  // Of the newest attempt elsewhere.
};

}  // namespace synod_kv

#endif  // SYNOD_KV_LEADER_CALL_H_
