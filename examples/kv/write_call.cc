#include "kv/write_call.h"

#include <chrono>
#include <utility>

#include "kv/answer.h"
#include "kv/command.h"
#include "kv/errors.h"

namespace synod_kv {

using Effect = WriteFailure::Effect;

namespace {

Effect EffectOf(const synod::Outcome& outcome) {
  if (outcome.kind == synod::Outcome::Kind::kUnknown) return Effect::kUnknown;
  switch (outcome.reason) {
    case synod::Reason::kNotLeader:
    case synod::Reason::kNoQuorum:
    case synod::Reason::kLeadershipLost:
    case synod::Reason::kTransferring:
      return Effect::kNotLed;
    default:
      return Effect::kRefused;
  }
}

}  // namespace

grpc::ServerUnaryReactor* WriteCall::Start(const Node& node, Forwarder& forwarder,
                                           grpc::CallbackServerContext* context, Write write) {
  std::optional<CallBudget::Share> share = node.budget.Take(write.command.size());
  if (!share) return Refuse(node, context, TooManyRequestsError());
  auto* call = new WriteCall(node, forwarder, context, std::move(write), *std::move(share));
  call->Try();
  return call;
}

grpc::ServerUnaryReactor* WriteCall::Refuse(const Node& node, grpc::CallbackServerContext* context,
                                            const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (IsForwarded(*context)) AttachEffect(Effect::kRefused, context);
  node.Finish(status, *context, reactor);
  return reactor;
}

WriteCall::WriteCall(const Node& node, Forwarder& forwarder, grpc::CallbackServerContext* context,
                     Write write, CallBudget::Share share)
    : node_(node),
      forwarder_(forwarder),
      context_(context),
      write_(std::move(write)),
      share_(std::move(share)),
      patience_(node, *context) {}

void WriteCall::Try() {
  patience_.BeforeLook();
  const synod::NodeId leader = node_.replica.leader();
  if (leader == node_.self) return Propose();
  if (leader.IsZero()) return Fail({.status = NoLeaderError(), .effect = Effect::kNotLed});
  if (IsForwarded(*context_)) {
    return Fail({.status = LeaderChangedError(), .effect = Effect::kNotLed});
  }
  TryToForward(leader);
}

void WriteCall::TryToForward(synod::NodeId leader) {
  // A client that goes away, and a server that shuts down, cancel what was sent on, too.
  outgoing_ = grpc::ClientContext::FromCallbackServerContext(*context_);
  outgoing_->set_deadline(std::chrono::system_clock::now() + node_.RemainingTime(*context_));
  const bool sent =
      forwarder_.Send(leader, write_.method, outgoing_.get(), write_.request, write_.response,
                      [this](const grpc::Status& status) { OnForwarded(status); });
  if (!sent) Fail({.status = LeaderUnreachableError(), .effect = Effect::kNotLed});
}

void WriteCall::Propose() {
  synod::Replica replica = node_.replica;
  replica.Propose(write_.command, node_.RemainingTime(*context_),
                  [this](synod::Outcome outcome) { OnOutcome(std::move(outcome)); });
}

// On the loop's thread.
void WriteCall::OnOutcome(synod::Outcome outcome) {
  if (!outcome.ok()) return Fail({.status = ToStatus(outcome), .effect = EffectOf(outcome)});
  absl::Status status = StatusOfResult(outcome.result);
  if (!status.ok()) {
    const bool refused = WasNotExecuted(ToGrpc(status));
    return Fail(
        {.status = std::move(status), .effect = refused ? Effect::kRefused : Effect::kUnknown});
  }
  ChargeAnswer(outcome.result.size());
  *write_.response = Signed(node_.Signature(), std::move(outcome.result), kResultPrefix);
  End(absl::OkStatus());
}

void WriteCall::OnForwarded(const grpc::Status& status) {
  if (!status.ok()) return Fail(ReadFailure(status, *outgoing_));
  etcdserverpb::ResponseHeader signature;
  if (!ReadSignature(*write_.response, &signature) ||
      signature.cluster_id() != node_.cluster.value()) {
    return Fail({.status = WrongClusterError(), .effect = Effect::kUnknown});
  }
  ChargeAnswer(write_.response->Length());
  SignAnew(node_.Signature(), write_.response);
  End(absl::OkStatus());
}

// The write has been executed, and to say anything else would not be true: where answers are too
// many, others are refused.
void WriteCall::ChargeAnswer(size_t bytes) { static_cast<void>(share_.AddAnswer(bytes)); }

void WriteCall::Fail(const WriteFailure& failure) {
  if (IsForwarded(*context_)) {
    // Whoever sent it on does the waiting.
    AttachEffect(failure.effect, context_);
  } else if (failure.effect == Effect::kNotLed && patience_.IsLeft()) {
    return patience_.Wait([this] { Try(); });
  }
  End(failure.status);
}

// From here on it may be gone at any moment.
void WriteCall::End(const absl::Status& status) { node_.Finish(status, *context_, this); }

}  // namespace synod_kv
