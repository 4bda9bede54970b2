#include "kv/kv_service.h"

#include <functional>
#include <utility>

#include "kv/read_call.h"
#include "kv/request_check.h"
#include "kv/write_call.h"

namespace synod_kv {

using etcdserverpb::KV;
using OnStatus = std::function<void(grpc::Status)>;

namespace {

synod::Consistency ConsistencyOf(bool serializable) {
  return serializable ? synod::Consistency::kStale : synod::Consistency::kLinearizable;
}

}  // namespace

grpc::ServerUnaryReactor* KvService::Range(grpc::CallbackServerContext* context,
                                           const etcdserverpb::RangeRequest* request,
                                           etcdserverpb::RangeResponse* response) {
  return StartRead(node_, context, *request, ConsistencyOf(request->serializable()), response);
}

grpc::ServerUnaryReactor* KvService::Put(grpc::CallbackServerContext* context,
                                         const etcdserverpb::PutRequest* request,
                                         etcdserverpb::PutResponse* response) {
  const auto forward = [](KV::Stub& stub, grpc::ClientContext* out,
                          const etcdserverpb::PutRequest* q, etcdserverpb::PutResponse* a,
                          OnStatus done) { stub.async()->Put(out, q, a, std::move(done)); };
  return WriteCall<etcdserverpb::PutRequest, etcdserverpb::PutResponse>::Start(
      node_, forwarder_, forward, context, request, response);
}

grpc::ServerUnaryReactor* KvService::DeleteRange(grpc::CallbackServerContext* context,
                                                 const etcdserverpb::DeleteRangeRequest* request,
                                                 etcdserverpb::DeleteRangeResponse* response) {
  const auto forward = [](KV::Stub& stub, grpc::ClientContext* out,
                          const etcdserverpb::DeleteRangeRequest* q,
                          etcdserverpb::DeleteRangeResponse* a,
                          OnStatus done) { stub.async()->DeleteRange(out, q, a, std::move(done)); };
  return WriteCall<etcdserverpb::DeleteRangeRequest, etcdserverpb::DeleteRangeResponse>::Start(
      node_, forwarder_, forward, context, request, response);
}

// A transaction that changes nothing is a read.
grpc::ServerUnaryReactor* KvService::Txn(grpc::CallbackServerContext* context,
                                         const etcdserverpb::TxnRequest* request,
                                         etcdserverpb::TxnResponse* response) {
  if (IsReadOnly(*request)) {
    return StartRead(node_, context, *request, ConsistencyOf(IsSerializable(*request)), response);
  }
  const auto forward = [](KV::Stub& stub, grpc::ClientContext* out,
                          const etcdserverpb::TxnRequest* q, etcdserverpb::TxnResponse* a,
                          OnStatus done) { stub.async()->Txn(out, q, a, std::move(done)); };
  return WriteCall<etcdserverpb::TxnRequest, etcdserverpb::TxnResponse>::Start(
      node_, forwarder_, forward, context, request, response);
}

grpc::ServerUnaryReactor* KvService::Compact(grpc::CallbackServerContext* context,
                                             const etcdserverpb::CompactionRequest* request,
                                             etcdserverpb::CompactionResponse* response) {
  const auto forward = [](KV::Stub& stub, grpc::ClientContext* out,
                          const etcdserverpb::CompactionRequest* q,
                          etcdserverpb::CompactionResponse* a,
                          OnStatus done) { stub.async()->Compact(out, q, a, std::move(done)); };
  return WriteCall<etcdserverpb::CompactionRequest, etcdserverpb::CompactionResponse>::Start(
      node_, forwarder_, forward, context, request, response);
}

}  // namespace synod_kv
