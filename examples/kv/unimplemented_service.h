// The answer to every method of etcd's API that synod-kv does not have.
#ifndef SYNOD_KV_UNIMPLEMENTED_SERVICE_H_
#define SYNOD_KV_UNIMPLEMENTED_SERVICE_H_

#include <grpcpp/generic/async_generic_service.h>

#include "kv/refusals.h"

namespace synod_kv {

// UNIMPLEMENTED, with a text that names the method and, where there is more to say, the reason.
class UnimplementedService final : public grpc::CallbackGenericService {
 public:
  explicit UnimplementedService(Refusals& refusals) : refusals_(refusals) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  Refusals& refusals_;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_UNIMPLEMENTED_SERVICE_H_
