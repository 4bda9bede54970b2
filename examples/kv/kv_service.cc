#include "kv/kv_service.h"

#include <string>
#include <utility>

#include "kv/answer.h"
#include "kv/command.h"
#include "kv/errors.h"
#include "kv/read_call.h"
#include "kv/request_check.h"
#include "kv/request_intake.h"
#include "kv/write_call.h"

namespace synod_kv {

template <class Request>
absl::Status KvService::Admit(Call<Request>* call) const {
  absl::Status status = CheckTarget(*call->context, node_.cluster, node_.self);
  if (status.ok()) status = CheckIntake(*call->bytes);
  if (!status.ok()) return status;
  if (!Parse(*call->bytes, &call->request)) return MalformedError("it cannot be parsed");
  return Check(call->request);
}

template <class Request>
grpc::ServerUnaryReactor* KvService::Read(const Call<Request>& call, bool serializable) {
  const auto consistency =
      serializable ? synod::Consistency::kStale : synod::Consistency::kLinearizable;
  return ReadCall::Start(node_, call.context, EncodeQuery(OperationOf(call.request), *call.bytes),
                         consistency, [this, response = call.response](std::string answer) {
                           *response = Signed(node_.Signature(), std::move(answer));
                           return absl::OkStatus();
                         });
}

template <class Request>
grpc::ServerUnaryReactor* KvService::Write(const char* method, Call<Request> call) {
  absl::Status status = Admit(&call);
  if (!status.ok()) return WriteCall::Refuse(node_, call.context, status);
  return WriteAdmitted(method, call);
}

template <class Request>
grpc::ServerUnaryReactor* KvService::WriteAdmitted(const char* method, const Call<Request>& call) {
  if (MayPut(call.request) && node_.IsFull()) {
    return WriteCall::Refuse(node_, call.context, NoSpaceError());
  }
  return WriteCall::Start(node_, forwarder_, call.context,
                          {.method = method, .request = call.bytes, .response = call.response},
                          EncodeCommand(OperationOf(call.request), *call.bytes));
}

grpc::ServerUnaryReactor* KvService::Range(grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) {
  Call<etcdserverpb::RangeRequest> call{context, request, response};
  absl::Status status = Admit(&call);
  if (status.ok()) status = node_.CheckStanding();
  if (!status.ok()) return WriteCall::Refuse(node_, context, status);
  return Read(call, call.request.serializable());
}

grpc::ServerUnaryReactor* KvService::Put(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) {
  return Write<etcdserverpb::PutRequest>("/etcdserverpb.KV/Put", {context, request, response});
}

grpc::ServerUnaryReactor* KvService::DeleteRange(grpc::CallbackServerContext* context,
                                                 const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  return Write<etcdserverpb::DeleteRangeRequest>("/etcdserverpb.KV/DeleteRange",
                                                 {context, request, response});
}

// A transaction that changes nothing is a read.
grpc::ServerUnaryReactor* KvService::Txn(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) {
  Call<etcdserverpb::TxnRequest> call{context, request, response};
  absl::Status status = Admit(&call);
  if (!status.ok()) return WriteCall::Refuse(node_, context, status);
  if (IsReadOnly(call.request)) {
    status = node_.CheckStanding();
    if (!status.ok()) return WriteCall::Refuse(node_, context, status);
    return Read(call, IsSerializable(call.request));
  }
  return WriteAdmitted("/etcdserverpb.KV/Txn", call);
}

grpc::ServerUnaryReactor* KvService::Compact(grpc::CallbackServerContext* context,
                                             const grpc::ByteBuffer* request,
                                             grpc::ByteBuffer* response) {
  return Write<etcdserverpb::CompactionRequest>("/etcdserverpb.KV/Compact",
                                                {context, request, response});
}

}  // namespace synod_kv
