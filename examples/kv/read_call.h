// One client's read.
#ifndef SYNOD_KV_READ_CALL_H_
#define SYNOD_KV_READ_CALL_H_

#include <optional>
#include <string>
#include <utility>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <synod/synod.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "kv/call_budget.h"
#include "kv/node.h"

namespace synod_kv {

// Asks the state machine, and finishes the context's default reactor, which it returns, once it has
// answered. `deliver`, absl::Status(std::string answer), makes the response of the answer: on the
// loop's thread, so it takes no time in the size of one that may be large.
template <class Deliver>
grpc::ServerUnaryReactor* StartRead(const Node& node, grpc::CallbackServerContext* context,
                                    std::string query, synod::Consistency consistency,
                                    Deliver deliver) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  std::optional<CallBudget::Share> share = node.budget.Take(query.size());
  if (!share) {
    node.Finish(TooManyRequestsError(), *context, reactor);
    return reactor;
  }
  synod::Replica replica = node.replica;
  replica.Read(std::move(query), consistency, node.RemainingTime(*context),
               [&node, context, reactor, deliver = std::move(deliver),
                share = std::move(share)](absl::StatusOr<std::string> answer) mutable {
                 absl::Status status = answer.status();
                 if (status.ok()) {
                   status = deliver(*std::move(answer));
                 } else {
                   status = ToReadStatus(status, !node.replica.leader().IsZero());
                 }
                 share.reset();  // Once it has finished, nothing of the node may be there any more.
                 node.Finish(status, *context, reactor);
               });
  return reactor;
}

}  // namespace synod_kv

#endif  // SYNOD_KV_READ_CALL_H_
