// etcd's KV service: reads and writes of the store.
#ifndef SYNOD_KV_KV_SERVICE_H_
#define SYNOD_KV_KV_SERVICE_H_

#include <grpcpp/support/byte_buffer.h>

#include "absl/status/status.h"

#include "kv/forwarding.h"
#include "kv/node.h"
#include "kv/proto/etcdserver.grpc.pb.h"

namespace synod_kv {

namespace internal {

// With requests and answers as bytes; answer.h says why.
using RawKvService = etcdserverpb::KV::WithRawCallbackMethod_Range<
    etcdserverpb::KV::WithRawCallbackMethod_Put<etcdserverpb::KV::WithRawCallbackMethod_DeleteRange<
        etcdserverpb::KV::WithRawCallbackMethod_Txn<
            etcdserverpb::KV::WithRawCallbackMethod_Compact<etcdserverpb::KV::Service>>>>>;

}  // namespace internal

// Every member answers everything: writes pass through the leader, linearizable reads are served
// here once the leader has confirmed up to where, serializable ones at once.
class KvService final : public internal::RawKvService {
 public:
  KvService(const Node& node, Forwarder& forwarder) : node_(node), forwarder_(forwarder) {}

  grpc::ServerUnaryReactor* Range(grpc::CallbackServerContext* context,
                                  const grpc::ByteBuffer* request,
                                  grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Put(grpc::CallbackServerContext* context,
                                const grpc::ByteBuffer* request,
                                grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* DeleteRange(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Txn(grpc::CallbackServerContext* context,
                                const grpc::ByteBuffer* request,
                                grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Compact(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;

 private:
  // The checked request of a call.
  template <class Request>
  struct Call {
    grpc::CallbackServerContext* context;
    const grpc::ByteBuffer* bytes;
    grpc::ByteBuffer* response;
    Request request = {};
  };
  // What must be true before anything is done for the call. Parses the request.
  template <class Request>
  [[nodiscard]] absl::Status Admit(Call<Request>* call) const;

  template <class Request>
  grpc::ServerUnaryReactor* Read(const Call<Request>& call, bool serializable);
  template <class Request>
  grpc::ServerUnaryReactor* Write(const char* method, Call<Request> call);
  template <class Request>
  grpc::ServerUnaryReactor* WriteAdmitted(const char* method, const Call<Request>& call);

  const Node& node_;
  Forwarder& forwarder_;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_KV_SERVICE_H_
