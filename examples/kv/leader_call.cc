#include "kv/leader_call.h"

#include <chrono>
#include <utility>

#include "kv/answer.h"
#include "kv/errors.h"

namespace synod_kv {

using Effect = WriteFailure::Effect;

grpc::ServerUnaryReactor* LeaderCall::Refuse(const Node& node, grpc::CallbackServerContext* context,
                                             const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (IsForwarded(*context)) AttachEffect(Effect::kRefused, context);
  node.Finish(status, *context, reactor);
  return reactor;
}

Effect LeaderCall::EffectOf(const synod::Outcome& outcome) {
  if (outcome.kind == synod::Outcome::Kind::kUnknown) return Effect::kUnknown;
  switch (outcome.reason) {
    case synod::Reason::kNotLeader:
    case synod::Reason::kNoQuorum:
    case synod::Reason::kLeadershipLost:
    case synod::Reason::kTransferring:
    case synod::Reason::kNotReady:
    case synod::Reason::kChanging:
      return Effect::kNotLed;
    default:
      return Effect::kRefused;
  }
}

LeaderCall::LeaderCall(const Node& node, Forwarder& forwarder, grpc::CallbackServerContext* context,
                       ClientRequest request, CallBudget::Share share)
    : node_(node),
      forwarder_(forwarder),
      context_(context),
      request_(std::move(request)),
      share_(std::move(share)),
      patience_(node, *context) {}

void LeaderCall::Try() {
  patience_.BeforeLook();
  const synod::NodeId leader = node_.replica.leader();
  if (leader == node_.self) return Execute();
  if (leader.IsZero()) {
    absl::Status status = node_.CheckStanding();
    if (!status.ok() && !IsForwarded(*context_)) {
      return Fail({.status = std::move(status), .effect = Effect::kRefused});
    }
    return Fail({.status = NoLeaderError(), .effect = Effect::kNotLed});
  }
  if (IsForwarded(*context_)) {
    return Fail({.status = LeaderChangedError(), .effect = Effect::kNotLed});
  }
  TryToForward(leader);
}

void LeaderCall::TryToForward(synod::NodeId leader) {
  // A client that goes away, and a server that shuts down, cancel what was sent on, too.
  outgoing_ = grpc::ClientContext::FromCallbackServerContext(*context_);
  outgoing_->set_deadline(std::chrono::system_clock::now() + RemainingTime());
  const bool sent =
      forwarder_.Send(leader, request_.method, outgoing_.get(), request_.request, request_.response,
                      [this](const grpc::Status& status) { OnForwarded(status); });
  if (!sent) Fail({.status = LeaderUnreachableError(), .effect = Effect::kNotLed});
}

void LeaderCall::OnForwarded(const grpc::Status& status) {
  if (!status.ok()) return Fail(ReadFailure(status, *outgoing_));
  etcdserverpb::ResponseHeader signature;
  if (!ReadSignature(*request_.response, &signature) ||
      signature.cluster_id() != node_.cluster.value()) {
    return Fail({.status = WrongClusterError(), .effect = Effect::kUnknown});
  }
  SignAnew(node_.Signature(), request_.response);
  // The request has been executed, and to say anything else would not be true: where answers are
  // too many, others are refused.
  static_cast<void>(share_.AddAnswer(request_.response->Length()));
  End(absl::OkStatus());
}

void LeaderCall::Answer(grpc::ByteBuffer response) {
  request_.response->Swap(&response);
  static_cast<void>(share_.AddAnswer(request_.response->Length()));  // As above.
  End(absl::OkStatus());
}

void LeaderCall::Fail(const WriteFailure& failure) {
  if (IsForwarded(*context_)) {
    // Whoever sent it on does the waiting.
    AttachEffect(failure.effect, context_);
  } else if (failure.effect == Effect::kNotLed && patience_.IsLeft()) {
    return patience_.Wait([this] { Try(); });
  }
  End(failure.status);
}

// From here on it may be gone at any moment.
void LeaderCall::End(const absl::Status& status) { node_.Finish(status, *context_, this); }

}  // namespace synod_kv
