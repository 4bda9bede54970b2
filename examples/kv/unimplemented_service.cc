#include "kv/unimplemented_service.h"

#include <string>
#include <string_view>

#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/status.h>

namespace synod_kv {

namespace {

struct Reason {
  std::string_view prefix;  // Of the method's path.
  std::string_view text;
};

constexpr Reason kReasons[] = {
    {"/etcdserverpb.Watch/", "it cannot watch keys; read them again, or at a revision"},
    {"/etcdserverpb.Lease/", "it has no leases, so keys do not expire"},
    {"/etcdserverpb.Auth/Authenticate", "it has no users; leave out --user"},
    {"/etcdserverpb.Auth/", "it has no users and no roles: whoever reaches it may do everything"},
    {"/etcdserverpb.Maintenance/Snapshot", "it takes its snapshots by itself, for itself"},
    {"/etcdserverpb.Maintenance/Defragment", "it keeps nothing that could be defragmented"},
};

class Refusal final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Refusal(const std::string& text) { Finish({grpc::StatusCode::UNIMPLEMENTED, text}); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerGenericBidiReactor* UnimplementedService::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  const std::string& method = context->method();
  std::string text = "synod-kv: there is no method " + method;
  for (const Reason& reason : kReasons) {
    if (std::string_view(method).starts_with(reason.prefix)) {
      text.append(": ").append(reason.text);
      break;
    }
  }
  // Not by the method's name: that is the client's to choose.
  refusals_.Note("synod-kv: there is no such method", context->peer());
  return new Refusal(text);
}

}  // namespace synod_kv
