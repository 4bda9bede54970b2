#include "kv/maintenance_service.h"

#include <sstream>
#include <string>

#include "kv/command.h"
#include "kv/errors.h"
#include "kv/read_call.h"

namespace synod_kv {

namespace {

// Of the API first, then of this server.
constexpr char kVersion[] = "3.4.0-synod-" SYNOD_KV_VERSION;

}  // namespace

grpc::ServerUnaryReactor* MaintenanceService::Alarm(grpc::CallbackServerContext* context,
                                                    const etcdserverpb::AlarmRequest* request,
                                                    etcdserverpb::AlarmResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (request->action() != etcdserverpb::AlarmRequest::GET) {
    node_.Finish(
        absl::UnimplementedError("synod-kv: there are no alarms that could be raised or disarmed"),
        *context, reactor);
    return reactor;
  }
  node_.SignWithRevision(response->mutable_header());
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor* MaintenanceService::Status(grpc::CallbackServerContext* context,
                                                     const etcdserverpb::StatusRequest*,
                                                     etcdserverpb::StatusResponse* response) {
  const synod::ReplicaStatus status = node_.replica.Status();
  const auto bytes = static_cast<int64_t>(node_.stats.store.bytes.load(std::memory_order_relaxed));
  node_.SignWithRevision(response->mutable_header());
  response->set_version(kVersion);
  response->set_dbsize(bytes);
  response->set_dbsizeinuse(bytes);
  response->set_leader(status.leader.value());
  response->set_raftindex(status.commit.value());
  response->set_raftterm(status.term.value());
  response->set_raftappliedindex(status.applied.value());
  response->set_islearner(node_.members.standing() == Standing::kLearner);
  if (status.leader.IsZero()) response->add_errors("etcdserver: no leader");
  if (const absl::Status standing = node_.CheckStanding(); !standing.ok()) {
    response->add_errors(std::string(standing.message()));
  }
  if (!status.stopped.ok()) response->add_errors(status.stopped.ToString());
  std::ostringstream incarnation;
  incarnation << node_.incarnation;
  context->AddInitialMetadata(Node::kIncarnationKey, incarnation.str());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor* MaintenanceService::Hash(grpc::CallbackServerContext* context,
                                                   const etcdserverpb::HashRequest*,
                                                   etcdserverpb::HashResponse* response) {
  return ReadCall::Start(node_, context, EncodeQuery(etcdserverpb::HashKVRequest()),
                         synod::Consistency::kStale, [this, response](const std::string& answer) {
                           etcdserverpb::HashKVResponse hash_kv;
                           if (!hash_kv.ParseFromString(answer)) return BadResultError();
                           response->mutable_header()->set_revision(hash_kv.header().revision());
                           response->set_hash(hash_kv.hash());
                           node_.Sign(response->mutable_header());
                           return absl::OkStatus();
                         });
}

grpc::ServerUnaryReactor* MaintenanceService::HashKV(grpc::CallbackServerContext* context,
                                                     const etcdserverpb::HashKVRequest* request,
                                                     etcdserverpb::HashKVResponse* response) {
  return ReadCall::Start(node_, context, EncodeQuery(*request), synod::Consistency::kStale,
                         [this, response](const std::string& answer) {
                           if (!response->ParseFromString(answer)) return BadResultError();
                           node_.Sign(response->mutable_header());
                           return absl::OkStatus();
                         });
}

grpc::ServerUnaryReactor* MaintenanceService::MoveLeader(
    grpc::CallbackServerContext* context, const etcdserverpb::MoveLeaderRequest* request,
    etcdserverpb::MoveLeaderResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const synod::NodeId target = request->targetid();
  if (!node_.replica.IsLeader()) {
    node_.Finish(NotLeaderError(), *context, reactor);
  } else if (!node_.members.IsMember(target)) {
    node_.Finish(BadTransfereeError(), *context, reactor);
  } else {
    synod::Replica replica = node_.replica;
    replica.TransferLeadership(target, node_.RemainingTime(*context),
                               [this, context, reactor, response](const absl::Status& status) {
                                 node_.SignWithRevision(response->mutable_header());
                                 node_.Finish(ToTransferStatus(status), *context, reactor);
                               });
  }
  return reactor;
}

}  // namespace synod_kv
