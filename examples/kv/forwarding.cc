#include "kv/forwarding.h"

#include <charconv>
#include <string_view>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "kv/errors.h"

namespace synod_kv {

namespace {

constexpr char kForwardedKey[] = "synod-forwarded";
constexpr char kEffectKey[] = "synod-effect";
constexpr std::string_view kEffectNone = "none";
constexpr std::string_view kEffectUnknown = "unknown";
constexpr char kLeaderKey[] = "synod-leader";

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  // gRPC itself must not repeat a write either.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // A member that was restarted is to be found again soon.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

std::optional<std::string_view> Trailer(const grpc::ClientContext& context, const char* key) {
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto found = metadata.find(key);
  if (found == metadata.end()) return std::nullopt;
  return std::string_view(found->second.data(), found->second.size());
}

}  // namespace

Forwarder::Forwarder(const std::vector<ClusterMember>& members, synod::NodeId self) {
  for (const ClusterMember& member : members) {
    if (member.id == self) continue;
    auto channel = Connect(member.client_address);
    auto stub = etcdserverpb::KV::NewStub(channel);
    peers_.emplace(member.id, Peer{std::move(channel), std::move(stub)});
  }
}

etcdserverpb::KV::Stub* Forwarder::StubFor(synod::NodeId leader) {
  const auto found = peers_.find(leader);
  if (found == peers_.end()) return nullptr;
  const Peer& peer = found->second;
  if (peer.channel->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_TRANSIENT_FAILURE) {
    return nullptr;
  }
  return peer.stub.get();
}

bool IsForwarded(const grpc::CallbackServerContext& context) {
  return context.client_metadata().count(kForwardedKey) != 0;
}

void MarkForwarded(grpc::ClientContext* context) { context->AddMetadata(kForwardedKey, "1"); }

void AttachFailure(const WriteFailure& failure, grpc::CallbackServerContext* context) {
  const bool none = failure.effect == WriteFailure::Effect::kNone;
  context->AddTrailingMetadata(kEffectKey, std::string(none ? kEffectNone : kEffectUnknown));
  if (!failure.leader.IsZero()) {
    context->AddTrailingMetadata(kLeaderKey, std::to_string(failure.leader.value()));
  }
}

WriteFailure ReadFailure(const grpc::Status& status, const grpc::ClientContext& context) {
  const std::optional<std::string_view> effect = Trailer(context, kEffectKey);
  if (!effect) {
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
      return {.status = absl::DeadlineExceededError("etcdserver: request timed out")};
    }
    return {.status = absl::UnknownError(
                "etcdserver: request timed out, possibly due to connection lost")};
  }
  WriteFailure failure;
  failure.status =
      absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  if (*effect == kEffectNone) {
    failure.effect = WriteFailure::Effect::kNone;
    uint64_t leader = 0;
    if (const auto text = Trailer(context, kLeaderKey)) {
      std::from_chars(text->data(), text->data() + text->size(), leader);
    }
    failure.leader = leader;
  }
  return failure;
}

}  // namespace synod_kv
