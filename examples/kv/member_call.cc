#include "kv/member_call.h"

#include <optional>
#include <utility>

#include "kv/errors.h"

namespace synod_kv {

grpc::ServerUnaryReactor* MemberCall::Start(const Node& node, Forwarder& forwarder,
                                            grpc::CallbackServerContext* context,
                                            ClientRequest request, Plan plan, Respond respond) {
  std::optional<CallBudget::Share> share = node.budget.Take(request.request->Length());
  if (!share) return Refuse(node, context, TooManyRequestsError());
  auto* call = new MemberCall(node, forwarder, context, std::move(request), *std::move(share),
                              std::move(plan), std::move(respond));
  call->Try();
  return call;
}

MemberCall::MemberCall(const Node& node, Forwarder& forwarder, grpc::CallbackServerContext* context,
                       ClientRequest request, CallBudget::Share share, Plan plan, Respond respond)
    : LeaderCall(node, forwarder, context, std::move(request), std::move(share)),
      plan_(std::move(plan)),
      respond_(std::move(respond)) {}

void MemberCall::Execute() {
  synod::Replica replica = node().replica;
  const synod::ReplicaStatus status = replica.Status();
  if (status.role != synod::Role::kLeader) {
    return Fail({.status = LeaderChangedError(), .effect = WriteFailure::Effect::kNotLed});
  }
  absl::StatusOr<synod::MemberChange> change = plan_(status);
  if (!change.ok()) {
    return Fail({.status = change.status(), .effect = WriteFailure::Effect::kRefused});
  }
  const synod::NodeId changed = change->node;
  // So that the client hears why before it gives up.
  const synod::Duration time = RemainingTime() * 9 / 10;
  replica.Reconfigure({*std::move(change)}, time, [this, changed](const synod::Outcome& outcome) {
    OnOutcome(changed, outcome);
  });
}

// On the loop's thread.
void MemberCall::OnOutcome(synod::NodeId changed, const synod::Outcome& outcome) {
  if (outcome.ok()) return Answer(respond_(changed));
  absl::Status status = ToChangeStatus(outcome);
  const bool is_late =
      outcome.kind == synod::Outcome::Kind::kUnknown && outcome.reason == synod::Reason::kDeadline;
  // Nothing else is waited for before a newcomer is a member, and a member remains one meanwhile.
  if (is_late && !node().replica.Status().configuration.IsMember(changed)) {
    status = NewcomerSilentError();
  }
  Fail({.status = std::move(status), .effect = EffectOf(outcome)});
}

}  // namespace synod_kv
