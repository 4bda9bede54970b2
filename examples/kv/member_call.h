// One client's change of the members from its arrival to its answer.
#ifndef SYNOD_KV_MEMBER_CALL_H_
#define SYNOD_KV_MEMBER_CALL_H_

#include <functional>
#include <memory>
#include <string_view>

#include <synod/synod.h>

#include "absl/status/statusor.h"

#include "kv/leader_call.h"
#include "kv/proto/etcdserver.grpc.pb.h"

namespace synod_kv {

// What the leader does with it is to plan a change by what holds at the moment, and to make it. If
// it names a disk, whoever runs at that address is asked before: a voter that does not exist, for a
// mistyped incarnation, would count in every quorum and never answer. Where nobody can be asked the
// operator's word is taken.
class MemberCall final : public LeaderCall {
 public:
  using Plan =
      std::function<absl::StatusOr<synod::MemberChange>(const synod::ReplicaStatus& leader)>;
  // The response to the change of that node.
  using Respond = std::function<grpc::ByteBuffer(synod::NodeId)>;

  static grpc::ServerUnaryReactor* Start(const Node& node, Forwarder& forwarder,
                                         grpc::CallbackServerContext* context,
                                         ClientRequest request, Plan plan, Respond respond);

 private:
  MemberCall(const Node& node, Forwarder& forwarder, grpc::CallbackServerContext* context,
             ClientRequest request, CallBudget::Share share, Plan plan, Respond respond);

  void Execute() override;
  // False if nobody is known whom to ask.
  [[nodiscard]] bool AskForDisk();
  void OnDisk(const grpc::Status& status);
  void LogUnasked(std::string_view why) const;
  void Make();
  void OnOutcome(synod::NodeId changed, const synod::Outcome& outcome);

  const Plan plan_;
  const Respond respond_;
  synod::MemberChange change_;
  // Of the question.
  std::unique_ptr<grpc::ClientContext> asking_;
  std::unique_ptr<etcdserverpb::Maintenance::Stub> asked_;
  etcdserverpb::StatusRequest question_;
  etcdserverpb::StatusResponse answer_;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_MEMBER_CALL_H_
