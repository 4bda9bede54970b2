// One client's write from its arrival to its answer.
#ifndef SYNOD_KV_WRITE_CALL_H_
#define SYNOD_KV_WRITE_CALL_H_

#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include <grpcpp/alarm.h>
#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <synod/synod.h>

#include "kv/command.h"
#include "kv/errors.h"
#include "kv/forwarding.h"
#include "kv/node.h"
#include "kv/request_check.h"

namespace synod_kv {

// Proposed here if this member leads, else sent to the member that does. While there is no leader,
// or none that answers to that, it waits for a while: nothing has been executed then, and most
// elections are short. Nothing else is ever tried twice: a write whose fate is unknown would risk
// to be executed twice.
//
// No thread waits for it: it lives on the heap from Start until it has answered, and is at any
// moment in the hands of whoever is to call it back.
template <class Request, class Response>
class WriteCall {
 public:
  using Forward = void (*)(etcdserverpb::KV::Stub&, grpc::ClientContext*, const Request*, Response*,
                           std::function<void(grpc::Status)>);

  // `request` and `response` are gRPC's and last until the reactor has finished.
  static grpc::ServerUnaryReactor* Start(const Node& node, Forwarder& forwarder, Forward forward,
                                         grpc::CallbackServerContext* context,
                                         const Request* request, Response* response) {
    auto* call = new WriteCall(node, forwarder, forward, context, request, response);
    grpc::ServerUnaryReactor* reactor = call->reactor_;
    call->Begin();
    return reactor;
  }

 private:
  using Clock = std::chrono::system_clock;  // gRPC's.
  using Effect = WriteFailure::Effect;

  WriteCall(const Node& node, Forwarder& forwarder, Forward forward,
            grpc::CallbackServerContext* context, const Request* request, Response* response)
      : node_(node),
        forwarder_(forwarder),
        forward_(forward),
        context_(context),
        reactor_(context->DefaultReactor()),
        request_(request),
        response_(response),
        patience_end_(Clock::now() + node.leader_patience) {}

  void Begin() {
    if (request_->ByteSizeLong() > kMaxRequestBytes) return Refuse(TooLargeError());
    absl::Status status = Check(*request_);
    if (!status.ok()) return Refuse(std::move(status));
    if (MayPut(*request_) &&
        node_.stats.store.bytes.load(std::memory_order_relaxed) >= node_.quota_bytes) {
      return Refuse(NoSpaceError());
    }
    Try();
  }

  void Try() {
    const synod::NodeId leader = node_.replica.leader();
    if (leader == node_.self) return Propose();
    if (leader.IsZero()) return Fail({.status = NoLeaderError(), .effect = Effect::kNotLed});
    if (IsForwarded(*context_)) {
      return Fail({.status = absl::UnavailableError("etcdserver: leader changed"),
                   .effect = Effect::kNotLed});
    }
    etcdserverpb::KV::Stub* stub = forwarder_.StubFor(leader);
    if (stub == nullptr) {
      return Fail({.status = absl::UnavailableError(
                       "synod-kv: the leader cannot be reached; the request was not executed"),
                   .effect = Effect::kNotLed});
    }
    outgoing_.emplace();
    MarkForwarded(&*outgoing_);
    outgoing_->set_deadline(Clock::now() + RemainingTime(*context_));
    forward_(*stub, &*outgoing_, request_, response_,
             [this](const grpc::Status& status) { OnForwarded(status); });
  }

  void Propose() {
    synod::Replica replica = node_.replica;
    replica.Propose(EncodeCommand(*request_), RemainingTime(*context_),
                    [this](const synod::Outcome& outcome) { OnOutcome(outcome); });
  }

  void OnOutcome(const synod::Outcome& outcome) {
    if (!outcome.ok()) return Fail({.status = ToStatus(outcome), .effect = EffectOf(outcome)});
    absl::Status status = DecodeResult(outcome.result, response_);
    if (!status.ok()) return Refuse(std::move(status));
    Answer();
  }

  static Effect EffectOf(const synod::Outcome& outcome) {
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

  void OnForwarded(const grpc::Status& status) {
    if (!status.ok()) return Fail(ReadFailure(status, *outgoing_));
    Answer();
  }

  void Answer() {
    node_.Sign(response_->mutable_header());
    End(grpc::Status::OK);
  }

  void Refuse(absl::Status status) {
    Fail({.status = std::move(status), .effect = Effect::kRefused});
  }

  void Fail(const WriteFailure& failure) {
    if (IsForwarded(*context_)) {
      // Whoever sent it on does the waiting.
      AttachFailure(failure, context_);
    } else if (failure.effect == Effect::kNotLed && Clock::now() < patience_end_ &&
               !context_->IsCancelled()) {
      pause_.emplace();
      pause_->Set(Clock::now() + std::chrono::milliseconds(10), [this](bool) { Try(); });
      return;
    }
    End(ToGrpc(failure.status));
  }

  void End(const grpc::Status& status) {
    reactor_->Finish(status);
    delete this;
  }

  const Node& node_;
  Forwarder& forwarder_;
  const Forward forward_;
  grpc::CallbackServerContext* const context_;
  grpc::ServerUnaryReactor* const reactor_;
  const Request* const request_;
  Response* const response_;
  const Clock::time_point patience_end_;
  std::optional<grpc::ClientContext> outgoing_;  // Of the newest attempt elsewhere.
  std::optional<grpc::Alarm> pause_;             // Before the next attempt.
};

}  // namespace synod_kv

#endif  // SYNOD_KV_WRITE_CALL_H_
