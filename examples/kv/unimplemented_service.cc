#include "kv/unimplemented_service.h"

#include <algorithm>
#include <iterator>
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
    {"/etcdserverpb.Watch/",
     "this server has no watches: it tells nobody of changes; read the keys again, or at a "
     "revision"},
    {"/etcdserverpb.Lease/",
     "this server has no leases: keys do not expire, and there are no locks and elections by them"},
    {"/etcdserverpb.Auth/Authenticate", "this server has no users; leave out --user"},
    {"/etcdserverpb.Auth/",
     "this server has no users and no roles: whoever reaches it may do everything"},
    {"/etcdserverpb.Maintenance/Snapshot",
     "this server gives away no snapshots: it takes them by itself, for itself"},
    {"/etcdserverpb.Maintenance/Defragment", "this server keeps nothing to be defragmented"},
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
  const auto* const reason = std::find_if(
      std::begin(kReasons), std::end(kReasons),
      [&method](const Reason& r) { return std::string_view(method).starts_with(r.prefix); });
  std::string text = "synod-kv: ";
  text.append(reason == std::end(kReasons) ? "there is no such method" : reason->text);
  // Not by the method's name: that is the client's to choose.
  refusals_.Note(text, context->peer());
  return new Refusal(text + " (" + method + " is not implemented)");
}

}  // namespace synod_kv
