// One client's write from its arrival to its answer.
#ifndef SYNOD_KV_WRITE_CALL_H_
#define SYNOD_KV_WRITE_CALL_H_

#include <synod/synod.h>

#include "kv/leader_call.h"

namespace synod_kv {

// What the leader does with it is to propose a command.
class WriteCall final : public LeaderCall {
 public:
  // `command` is the request as an entry of the log.
  static grpc::ServerUnaryReactor* Start(const Node& node, Forwarder& forwarder,
                                         grpc::CallbackServerContext* context,
                                         ClientRequest request, synod::Payload command);

 private:
  WriteCall(const Node& node, Forwarder& forwarder, grpc::CallbackServerContext* context,
            ClientRequest request, synod::Payload command, CallBudget::Share share);

  void Execute() override;
  void OnOutcome(synod::Outcome outcome);

  const synod::Payload command_;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_WRITE_CALL_H_
