// One client's change of the members from its arrival to its answer.
#ifndef SYNOD_KV_MEMBER_CALL_H_
#define SYNOD_KV_MEMBER_CALL_H_

#include <functional>

#include <synod/synod.h>

#include "absl/status/statusor.h"

#include "kv/leader_call.h"

namespace synod_kv {

// What the leader does with it is to plan a change by what holds at the moment, and to make it.
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
  void OnOutcome(synod::NodeId changed, const synod::Outcome& outcome);

  const Plan plan_;
  const Respond respond_;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_MEMBER_CALL_H_
