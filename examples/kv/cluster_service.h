// etcd's Cluster service, as far as it only reads.
#ifndef SYNOD_KV_CLUSTER_SERVICE_H_
#define SYNOD_KV_CLUSTER_SERVICE_H_

#include "kv/node.h"
#include "kv/proto/etcdserver.grpc.pb.h"

namespace synod_kv {

class ClusterService final : public etcdserverpb::Cluster::CallbackService {
 public:
  explicit ClusterService(const Node& node) : node_(node) {}

  grpc::ServerUnaryReactor* MemberList(grpc::CallbackServerContext* context,
                                       const etcdserverpb::MemberListRequest* request,
                                       etcdserverpb::MemberListResponse* response) override;

 private:
  const Node& node_;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_CLUSTER_SERVICE_H_
