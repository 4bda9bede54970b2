#include "kv/write_call.h"

#include <optional>
#include <utility>

#include "kv/answer.h"
#include "kv/command.h"
#include "kv/errors.h"

namespace synod_kv {

grpc::ServerUnaryReactor* WriteCall::Start(const Node& node, Forwarder& forwarder,
                                           grpc::CallbackServerContext* context,
                                           ClientRequest request, synod::Payload command) {
  std::optional<CallBudget::Share> share = node.budget.Take(command.size());
  if (!share) return Refuse(node, context, TooManyRequestsError());
  auto* call = new WriteCall(node, forwarder, context, std::move(request), std::move(command),
                             *std::move(share));
  call->Try();
  return call;
}

WriteCall::WriteCall(const Node& node, Forwarder& forwarder, grpc::CallbackServerContext* context,
                     ClientRequest request, synod::Payload command, CallBudget::Share share)
    : LeaderCall(node, forwarder, context, std::move(request), std::move(share)),
      command_(std::move(command)) {}

void WriteCall::Execute() {
  synod::Replica replica = node().replica;
  replica.Propose(command_, RemainingTime(),
                  [this](synod::Outcome outcome) { OnOutcome(std::move(outcome)); });
}

// On the loop's thread.
void WriteCall::OnOutcome(synod::Outcome outcome) {
  if (!outcome.ok()) return Fail({.status = ToStatus(outcome), .effect = EffectOf(outcome)});
  absl::Status status = StatusOfResult(outcome.result);
  if (!status.ok()) {
    const bool refused = WasNotExecuted(ToGrpc(status));
    return Fail(
        {.status = std::move(status),
         .effect = refused ? WriteFailure::Effect::kRefused : WriteFailure::Effect::kUnknown});
  }
  Answer(Signed(node().Signature(), std::move(outcome.result), kResultPrefix));
}

}  // namespace synod_kv
