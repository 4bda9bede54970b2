// etcd's KV service: reads and writes of the store.
#ifndef SYNOD_KV_KV_SERVICE_H_
#define SYNOD_KV_KV_SERVICE_H_

#include "kv/forwarding.h"
#include "kv/node.h"
#include "kv/proto/etcdserver.grpc.pb.h"

namespace synod_kv {

// Every member answers everything: writes pass through the leader, linearizable reads are served
// here once the leader has confirmed up to where, serializable ones at once.
class KvService final : public etcdserverpb::KV::CallbackService {
 public:
  KvService(const Node& node, Forwarder& forwarder) : node_(node), forwarder_(forwarder) {}

  grpc::ServerUnaryReactor* Range(grpc::CallbackServerContext* context,
                                  const etcdserverpb::RangeRequest* request,
                                  etcdserverpb::RangeResponse* response) override;
  grpc::ServerUnaryReactor* Put(grpc::CallbackServerContext* context,
                                const etcdserverpb::PutRequest* request,
                                etcdserverpb::PutResponse* response) override;
  grpc::ServerUnaryReactor* DeleteRange(grpc::CallbackServerContext* context,
                                        const etcdserverpb::DeleteRangeRequest* request,
                                        etcdserverpb::DeleteRangeResponse* response) override;
  grpc::ServerUnaryReactor* Txn(grpc::CallbackServerContext* context,
                                const etcdserverpb::TxnRequest* request,
                                etcdserverpb::TxnResponse* response) override;
  grpc::ServerUnaryReactor* Compact(grpc::CallbackServerContext* context,
                                    const etcdserverpb::CompactionRequest* request,
                                    etcdserverpb::CompactionResponse* response) override;

 private:
  const Node& node_;
  Forwarder& forwarder_;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_KV_SERVICE_H_
