#include "kv/cluster_service.h"

#include <string>

namespace synod_kv {

grpc::ServerUnaryReactor* ClusterService::MemberList(grpc::CallbackServerContext* context,
                                                     const etcdserverpb::MemberListRequest*,
                                                     etcdserverpb::MemberListResponse* response) {
  node_.SignWithRevision(response->mutable_header());
  for (const ClusterMember& member : node_.members) {
    etcdserverpb::Member* listed = response->add_members();
    listed->set_id(member.id.value());
    listed->set_name("kv" + std::to_string(member.id.value()));
    listed->add_peerurls("http://" + member.peer_address);
    listed->add_clienturls("http://" + member.client_address);
  }
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace synod_kv
