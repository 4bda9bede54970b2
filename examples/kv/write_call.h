// One client's write from its arrival to its answer.
#ifndef SYNOD_KV_WRITE_CALL_H_
#define SYNOD_KV_WRITE_CALL_H_

#include <cstdint>
#include <memory>
#include <optional>
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

// What a client wants written, in the two shapes in which it may have to travel on. `request` and
// `response` are gRPC's and last until the reactor has finished.
struct Write {
  std::string method;  // The path of the gRPC method.
  const grpc::ByteBuffer* request;
  grpc::ByteBuffer* response;
  synod::Payload command;  // The same for the log.
};

// Proposed here if this member leads, else sent to the member that does. While there is no leader,
// or none that answers to that, it waits for a while: nothing has been executed then, and most
// elections are short. Nothing else is ever tried twice: a write whose fate is unknown would risk
// to be executed twice.
//
// No thread waits for it: it lives on the heap from Start until the client has its answer, or is
// gone, and is at any moment in the hands of whoever is to call it back.
class WriteCall final : public grpc::ServerUnaryReactor {
 public:
  static grpc::ServerUnaryReactor* Start(const Node& node, Forwarder& forwarder,
                                         grpc::CallbackServerContext* context, Write write);

  // Ends a write that is not even tried.
  static grpc::ServerUnaryReactor* Refuse(const Node& node, grpc::CallbackServerContext* context,
                                          const absl::Status& status);

 private:
  WriteCall(const Node& node, Forwarder& forwarder, grpc::CallbackServerContext* context,
            Write write, CallBudget::Share share);

  void Try();
  void TryToForward(synod::NodeId leader);
  void Propose();
  void OnOutcome(synod::Outcome outcome);
  void OnForwarded(const grpc::Status& status);
  void ChargeAnswer(size_t bytes);
  void Fail(const WriteFailure& failure);
  void End(const absl::Status& status);
  void OnDone() override { delete this; }

  const Node& node_;
  Forwarder& forwarder_;
  grpc::CallbackServerContext* const context_;
  const Write write_;
  CallBudget::Share share_;
  Patience patience_;
  std::unique_ptr<grpc::ClientContext> outgoing_;  // Of the newest attempt elsewhere.
};

}  // namespace synod_kv

#endif  // SYNOD_KV_WRITE_CALL_H_
