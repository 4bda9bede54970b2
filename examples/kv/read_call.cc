#include "kv/read_call.h"

#include <optional>
#include <utility>

#include "kv/errors.h"

namespace synod_kv {

grpc::ServerUnaryReactor* ReadCall::Start(const Node& node, grpc::CallbackServerContext* context,
                                          std::string query, synod::Consistency consistency,
                                          Deliver deliver) {
  std::optional<CallBudget::Share> share = node.budget.Take(query.size());
  const bool has_answer = consistency != synod::Consistency::kStale || node.HasState();
  if (!share || !has_answer) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    node.Finish(share ? NoLeaderError() : TooManyRequestsError(), *context, reactor);
    return reactor;
  }
  auto* call = new ReadCall(node, context, std::move(query), consistency, std::move(deliver),
                            *std::move(share));
  call->Try();
  return call;
}

ReadCall::ReadCall(const Node& node, grpc::CallbackServerContext* context, std::string query,
                   synod::Consistency consistency, Deliver deliver, CallBudget::Share share)
    : node_(node),
      context_(context),
      query_(std::move(query)),
      consistency_(consistency),
      deliver_(std::move(deliver)),
      share_(std::move(share)),
      patience_(node, *context) {}

void ReadCall::Try() {
  patience_.BeforeLook();
  synod::Replica replica = node_.replica;
  // One that needs no leader is asked once.
  std::string query = consistency_ == synod::Consistency::kStale ? std::move(query_) : query_;
  replica.Read(std::move(query), consistency_, node_.RemainingTime(*context_),
               [this](absl::StatusOr<std::string> answer) { OnAnswer(std::move(answer)); });
}

// On the loop's thread.
void ReadCall::OnAnswer(absl::StatusOr<std::string> answer) {
  if (answer.ok()) {
    if (!share_.AddAnswer(answer->size())) return End(TooManyRequestsError());
    return End(deliver_(*std::move(answer)));
  }
  if (FoundNoLeader(answer.status())) {
    if (absl::Status status = node_.CheckStanding(); !status.ok()) return End(status);
    if (patience_.IsLeft()) return patience_.Wait([this] { Try(); });
  }
  End(ToReadStatus(answer.status()));
}

// From here on it may be gone at any moment.
void ReadCall::End(const absl::Status& status) { node_.Finish(status, *context_, this); }

}  // namespace synod_kv
