// One client's read.
#ifndef SYNOD_KV_READ_CALL_H_
#define SYNOD_KV_READ_CALL_H_

#include <string>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <synod/synod.h>

#include "absl/status/statusor.h"

#include "kv/command.h"
#include "kv/errors.h"
#include "kv/node.h"
#include "kv/request_check.h"

namespace synod_kv {

// Asks the state machine, and finishes the context's default reactor, which it returns, once it has
// answered. `parse` makes the response of the answer.
template <class Request, class Response, class Parse>
grpc::ServerUnaryReactor* StartRead(const Node& node, grpc::CallbackServerContext* context,
                                    const Request& request, synod::Consistency consistency,
                                    Response* response, Parse parse) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::Status status = Check(request);
  if (!status.ok()) {
    reactor->Finish(ToGrpc(status));
    return reactor;
  }
  synod::Replica replica = node.replica;
  replica.Read(EncodeQuery(request), consistency, RemainingTime(*context),
               [&node, reactor, response, parse](const absl::StatusOr<std::string>& answer) {
                 if (!answer.ok()) {
                   const bool has_leader = !node.replica.leader().IsZero();
                   return reactor->Finish(ToGrpc(ToReadStatus(answer.status(), has_leader)));
                 }
                 if (!parse(*answer, response)) {
                   return reactor->Finish(
                       ToGrpc(absl::InternalError("synod-kv: malformed answer to a query")));
                 }
                 node.Sign(response->mutable_header());
                 reactor->Finish(grpc::Status::OK);
               });
  return reactor;
}

template <class Request, class Response>
grpc::ServerUnaryReactor* StartRead(const Node& node, grpc::CallbackServerContext* context,
                                    const Request& request, synod::Consistency consistency,
                                    Response* response) {
  return StartRead(
      node, context, request, consistency, response,
      [](const std::string& answer, Response* r) { return r->ParseFromString(answer); });
}

}  // namespace synod_kv

#endif  // SYNOD_KV_READ_CALL_H_
