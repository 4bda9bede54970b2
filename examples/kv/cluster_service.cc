#include "kv/cluster_service.h"

#include <string>
#include <type_traits>
#include <utility>

#include "kv/answer.h"
#include "kv/errors.h"
#include "kv/member_call.h"
#include "kv/member_plan.h"
#include "kv/peer_url.h"
#include "kv/request_intake.h"

namespace synod_kv {

namespace {

using Members = google::protobuf::RepeatedPtrField<etcdserverpb::Member>;

void List(const Node& node, Members* members) {
  const synod::Configuration configuration = node.replica.Status().configuration;
  for (const Directory::Listed& listed : node.members.ListOf(configuration)) {
    etcdserverpb::Member* member = members->Add();
    const std::string& peer_address = listed.member.peer_address;
    const std::string& client_address = listed.member.client_address;
    member->set_id(listed.member.id.value());
    member->set_name("kv" + std::to_string(listed.member.id.value()));
    if (!peer_address.empty()) {
      member->add_peerurls(FormatPeerUrl({.id = {},
                                          .incarnation = {},
                                          .peer_address = peer_address,
                                          .client_address = {},
                                          .is_acceptor = listed.is_acceptor}));
    }
    if (!client_address.empty()) member->add_clienturls("http://" + client_address);
    member->set_islearner(listed.is_learner);
  }
}

}  // namespace

template <class Request, class Response>
grpc::ServerUnaryReactor* ClusterService::Change(const char* method,
                                                 grpc::CallbackServerContext* context,
                                                 const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  absl::Status status = CheckTarget(*context, node_.cluster, node_.self);
  if (status.ok()) status = CheckIntake(*request);
  Request parsed;
  if (status.ok() && !Parse(*request, &parsed)) status = MalformedError("it cannot be parsed");
  if (!status.ok()) return MemberCall::Refuse(node_, context, status);
  const auto plan = [this, parsed = std::move(parsed)](const synod::ReplicaStatus& leader) {
    return PlanOf(parsed, leader, node_.members);
  };
  const auto respond = [this](synod::NodeId changed) {
    Response answer;
    node_.SignWithRevision(answer.mutable_header());
    List(node_, answer.mutable_members());
    if constexpr (std::is_same_v<Response, etcdserverpb::MemberAddResponse>) {
      for (const etcdserverpb::Member& member : answer.members()) {
        if (member.id() == changed.value()) *answer.mutable_member() = member;
      }
    }
    return grpc::ByteBuffer(Signed(node_.Signature(), answer.SerializeAsString()));
  };
  return MemberCall::Start(node_, forwarder_, context,
                           {.method = method, .request = request, .response = response}, plan,
                           respond);
}

grpc::ServerUnaryReactor* ClusterService::MemberAdd(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request,
                                                    grpc::ByteBuffer* response) {
  return Change<etcdserverpb::MemberAddRequest, etcdserverpb::MemberAddResponse>(
      "/etcdserverpb.Cluster/MemberAdd", context, request, response);
}

grpc::ServerUnaryReactor* ClusterService::MemberRemove(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  return Change<etcdserverpb::MemberRemoveRequest, etcdserverpb::MemberRemoveResponse>(
      "/etcdserverpb.Cluster/MemberRemove", context, request, response);
}

grpc::ServerUnaryReactor* ClusterService::MemberUpdate(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  return Change<etcdserverpb::MemberUpdateRequest, etcdserverpb::MemberUpdateResponse>(
      "/etcdserverpb.Cluster/MemberUpdate", context, request, response);
}

grpc::ServerUnaryReactor* ClusterService::MemberPromote(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request,
                                                        grpc::ByteBuffer* response) {
  return Change<etcdserverpb::MemberPromoteRequest, etcdserverpb::MemberPromoteResponse>(
      "/etcdserverpb.Cluster/MemberPromote", context, request, response);
}

grpc::ServerUnaryReactor* ClusterService::MemberList(grpc::CallbackServerContext* context,
                                                     const etcdserverpb::MemberListRequest*,
                                                     etcdserverpb::MemberListResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  // Not an empty list, which would be taken for the truth.
  if (node_.replica.Status().configuration.voters.empty()) {
    node_.Finish(NotYetMemberError(), *context, reactor);
    return reactor;
  }
  node_.SignWithRevision(response->mutable_header());
  List(node_, response->mutable_members());
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace synod_kv
