// etcd's Cluster service: who the members are, and changes of them.
#ifndef SYNOD_KV_CLUSTER_SERVICE_H_
#define SYNOD_KV_CLUSTER_SERVICE_H_

#include <grpcpp/support/byte_buffer.h>

#include "kv/forwarding.h"
#include "kv/node.h"
#include "kv/proto/etcdserver.grpc.pb.h"

namespace synod_kv {

namespace internal {

// What may have to be sent on is bytes.
using RawClusterService = etcdserverpb::Cluster::WithRawCallbackMethod_MemberAdd<
    etcdserverpb::Cluster::WithRawCallbackMethod_MemberRemove<
        etcdserverpb::Cluster::WithRawCallbackMethod_MemberUpdate<
            etcdserverpb::Cluster::WithRawCallbackMethod_MemberPromote<
                etcdserverpb::Cluster::WithCallbackMethod_MemberList<
                    etcdserverpb::Cluster::Service>>>>>;

}  // namespace internal

// Changes pass through the leader, as writes do. The list is this member's, from the configuration
// in force.
class ClusterService final : public internal::RawClusterService {
 public:
  ClusterService(const Node& node, Forwarder& forwarder) : node_(node), forwarder_(forwarder) {}

  grpc::ServerUnaryReactor* MemberAdd(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* MemberRemove(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* MemberUpdate(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* MemberPromote(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* MemberList(grpc::CallbackServerContext* context,
                                       const etcdserverpb::MemberListRequest* request,
                                       etcdserverpb::MemberListResponse* response) override;

 private:
  template <class Request, class Response>
  grpc::ServerUnaryReactor* Change(const char* method, grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request, grpc::ByteBuffer* response);

  const Node& node_;
  Forwarder& forwarder_;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_CLUSTER_SERVICE_H_
