#include "kv/member_call.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "kv/cluster.h"
#include "kv/errors.h"

namespace synod_kv {

namespace {

constexpr std::chrono::seconds kQuestionTimeout(1);

std::string TextOf(synod::Incarnation incarnation) {
  std::ostringstream text;
  text << incarnation;
  return std::move(text).str();
}

}  // namespace

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
  const synod::ReplicaStatus status = node().replica.Status();
  if (status.role != synod::Role::kLeader) {
    return Fail({.status = LeaderChangedError(), .effect = WriteFailure::Effect::kNotLed});
  }
  absl::StatusOr<synod::MemberChange> change = plan_(status);
  if (!change.ok()) {
    return Fail({.status = change.status(), .effect = WriteFailure::Effect::kRefused});
  }
  change_ = *std::move(change);
  // An acceptor does not serve clients.
  const bool has_answer = change_.to != synod::MemberChange::To::kAcceptor;
  if (change_.incarnation.IsZero() || !has_answer || !AskForDisk()) Make();
}

bool MemberCall::AskForDisk() {
  std::string address = ClientAddressOf(change_.address);
  if (address.empty()) {
    address = node().members.ClientAddressAt(change_.node, PeerAddressOf(change_.address));
  }
  if (address.empty()) {
    LogUnasked("where it serves clients is not known");
    return false;
  }
  asked_ = etcdserverpb::Maintenance::NewStub(Forwarder::ConnectTo(address));
  asking_ = std::make_unique<grpc::ClientContext>();
  asking_->set_deadline(std::chrono::system_clock::now() +
                        std::min<synod::Duration>(kQuestionTimeout, RemainingTime() / 2));
  asked_->async()->Status(asking_.get(), &question_, &answer_,
                          [this](const grpc::Status& status) { OnDisk(status); });
  return true;
}

void MemberCall::OnDisk(const grpc::Status& status) {
  const auto& metadata = asking_->GetServerInitialMetadata();
  const auto found = metadata.find(Node::kIncarnationKey);
  const bool is_it = status.ok() && found != metadata.end() &&
                     answer_.header().cluster_id() == node().cluster.value() &&
                     answer_.header().member_id() == change_.node.value();
  if (!is_it) {
    LogUnasked("it does not answer at the address where it serves clients");
    return Make();
  }
  const std::string_view there(found->second.data(), found->second.size());
  if (there == TextOf(change_.incarnation)) return Make();
  Fail({.status = OtherDiskError(there), .effect = WriteFailure::Effect::kRefused});
}

void MemberCall::LogUnasked(std::string_view why) const {
  node().logger(synod::Severity::kWarning,
                "member " + std::to_string(change_.node.value()) + " is to have the incarnation " +
                    TextOf(change_.incarnation) +
                    ", and could not be asked whether it has: " + std::string(why));
}

void MemberCall::Make() {
  const synod::NodeId changed = change_.node;
  // So that the client hears why before it gives up.
  const synod::Duration time = RemainingTime() * 9 / 10;
  synod::Replica replica = node().replica;
  replica.Reconfigure({change_}, time, [this, changed](const synod::Outcome& outcome) {
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
