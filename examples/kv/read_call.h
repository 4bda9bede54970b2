// One client's read from its arrival to its answer.
#ifndef SYNOD_KV_READ_CALL_H_
#define SYNOD_KV_READ_CALL_H_

#include <string>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <synod/synod.h>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "kv/call_budget.h"
#include "kv/node.h"
#include "kv/patience.h"

namespace synod_kv {

// Asks this member's state machine. A linearizable read that finds no leader waits for one, as a
// write does; a stale one is refused as long as there is no state at all that could be read. No
// thread waits for it: it lives on the heap from Start until the client has its answer, or is gone.
class ReadCall final : public grpc::ServerUnaryReactor {
 public:
  // Makes the response of the answer: on the loop's thread, so it takes no time in the size of one
  // that may be large.
  using Deliver = absl::AnyInvocable<absl::Status(std::string answer)>;

  static grpc::ServerUnaryReactor* Start(const Node& node, grpc::CallbackServerContext* context,
                                         std::string query, synod::Consistency consistency,
                                         Deliver deliver);

 private:
  ReadCall(const Node& node, grpc::CallbackServerContext* context, std::string query,
           synod::Consistency consistency, Deliver deliver, CallBudget::Share share);

  void Try();
  void OnAnswer(absl::StatusOr<std::string> answer);
  void End(const absl::Status& status);
  void OnDone() override { delete this; }

  const Node& node_;
  grpc::CallbackServerContext* const context_;
  std::string query_;
  const synod::Consistency consistency_;
  Deliver deliver_;
  CallBudget::Share share_;
  Patience patience_;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_READ_CALL_H_
