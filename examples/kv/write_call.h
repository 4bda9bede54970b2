// One client's write from its arrival to its answer.
#ifndef SYNOD_KV_WRITE_CALL_H_
#define SYNOD_KV_WRITE_CALL_H_

#include <functional>
#include <optional>
#include <utility>

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

// Proposed here if this member leads, else sent to the member that does. Whoever turns out not to
// lead says so before anything is executed, and names the leader if it knows it; only then, and
// only a few times, is the write sent on. A write whose fate is unknown is never sent again: it
// would risk to be executed twice.
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
  static constexpr int kMaxAttempts = 3;

  WriteCall(const Node& node, Forwarder& forwarder, Forward forward,
            grpc::CallbackServerContext* context, const Request* request, Response* response)
      : node_(node),
        forwarder_(forwarder),
        forward_(forward),
        context_(context),
        reactor_(context->DefaultReactor()),
        request_(request),
        response_(response) {}

  void Begin() {
    if (request_->ByteSizeLong() > kMaxRequestBytes) return Refuse(TooLargeError());
    absl::Status status = Check(*request_);
    if (!status.ok()) return Refuse(std::move(status));
    if (MayPut(*request_) &&
        node_.stats.store.bytes.load(std::memory_order_relaxed) >= node_.quota_bytes) {
      return Refuse(NoSpaceError());
    }
    TryAt(node_.replica.leader());
  }

  void TryAt(synod::NodeId leader) {
    ++attempts_;
    if (leader == node_.self) return Propose();
    if (leader.IsZero()) return Refuse(NoLeaderError());
    if (IsForwarded(*context_)) {
      return Fail({.status = absl::UnavailableError("etcdserver: leader changed"),
                   .effect = WriteFailure::Effect::kNone,
                   .leader = leader});
    }
    etcdserverpb::KV::Stub* stub = forwarder_.StubFor(leader);
    if (stub == nullptr) {
      return Refuse(absl::UnavailableError(
          "synod-kv: the leader cannot be reached; the request was not executed"));
    }
    outgoing_.emplace();
    MarkForwarded(&*outgoing_);
    outgoing_->set_deadline(std::chrono::system_clock::now() + RemainingTime(*context_));
    forward_(*stub, &*outgoing_, request_, response_,
             [this](const grpc::Status& status) { OnForwarded(status); });
  }

  void Propose() {
    synod::Replica replica = node_.replica;
    replica.Propose(EncodeCommand(*request_), RemainingTime(*context_),
                    [this](const synod::Outcome& outcome) { OnOutcome(outcome); });
  }

  void OnOutcome(const synod::Outcome& outcome) {
    if (!outcome.ok()) {
      const bool none = outcome.kind == synod::Outcome::Kind::kNotCommitted;
      const bool moved = none && outcome.reason == synod::Reason::kNotLeader;
      return Fail({.status = ToStatus(outcome),
                   .effect = none ? WriteFailure::Effect::kNone : WriteFailure::Effect::kUnknown,
                   .leader = moved ? outcome.leader : synod::NodeId()});
    }
    absl::Status status = DecodeResult(outcome.result, response_);
    if (!status.ok()) return Refuse(std::move(status));
    Answer();
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
    Fail({.status = std::move(status), .effect = WriteFailure::Effect::kNone});
  }

  void Fail(const WriteFailure& failure) {
    if (IsForwarded(*context_)) {
      AttachFailure(failure, context_);
    } else if (failure.effect == WriteFailure::Effect::kNone && !failure.leader.IsZero() &&
               attempts_ < kMaxAttempts) {
      return TryAt(failure.leader);
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
  int attempts_ = 0;
  std::optional<grpc::ClientContext> outgoing_;  // Of the newest attempt elsewhere.
};

}  // namespace synod_kv

#endif  // SYNOD_KV_WRITE_CALL_H_
