// etcd's Maintenance service: how a member is doing, whether its data equals the others', and who
// leads.
#ifndef SYNOD_KV_MAINTENANCE_SERVICE_H_
#define SYNOD_KV_MAINTENANCE_SERVICE_H_

#include "kv/node.h"
#include "kv/proto/etcdserver.grpc.pb.h"

namespace synod_kv {

// Every method speaks of this member alone, and is not forwarded.
class MaintenanceService final : public etcdserverpb::Maintenance::CallbackService {
 public:
  explicit MaintenanceService(const Node& node) : node_(node) {}

  // There are no alarms: a list of them is empty, and none can be raised.
  grpc::ServerUnaryReactor* Alarm(grpc::CallbackServerContext* context,
                                  const etcdserverpb::AlarmRequest* request,
                                  etcdserverpb::AlarmResponse* response) override;
  grpc::ServerUnaryReactor* Status(grpc::CallbackServerContext* context,
                                   const etcdserverpb::StatusRequest* request,
                                   etcdserverpb::StatusResponse* response) override;
  // The same as HashKV at the newest revision.
  grpc::ServerUnaryReactor* Hash(grpc::CallbackServerContext* context,
                                 const etcdserverpb::HashRequest* request,
                                 etcdserverpb::HashResponse* response) override;
  grpc::ServerUnaryReactor* HashKV(grpc::CallbackServerContext* context,
                                   const etcdserverpb::HashKVRequest* request,
                                   etcdserverpb::HashKVResponse* response) override;
  // Only the leader obeys.
  grpc::ServerUnaryReactor* MoveLeader(grpc::CallbackServerContext* context,
                                       const etcdserverpb::MoveLeaderRequest* request,
                                       etcdserverpb::MoveLeaderResponse* response) override;

 private:
  const Node& node_;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_MAINTENANCE_SERVICE_H_
