#include "kv/forwarding.h"

#include <string_view>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "kv/errors.h"

namespace synod_kv {

namespace {

constexpr char kForwardedKey[] = "synod-forwarded";
constexpr char kEffectKey[] = "synod-effect";

constexpr std::string_view Name(WriteFailure::Effect effect) {
  switch (effect) {
    case WriteFailure::Effect::kRefused:
      return "refused";
    case WriteFailure::Effect::kNotLed:
      return "not-led";
    case WriteFailure::Effect::kUnknown:
      return "unknown";
  }
  return "";
}

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

// The effect that the answer names; kUnknown if it names none.
WriteFailure::Effect EffectOf(const grpc::ClientContext& context) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find(kEffectKey);
  if (found == trailers.end()) return WriteFailure::Effect::kUnknown;
  const std::string_view name(found->second.data(), found->second.size());
  for (const auto effect : {WriteFailure::Effect::kRefused, WriteFailure::Effect::kNotLed}) {
    if (name == Name(effect)) return effect;
  }
  return WriteFailure::Effect::kUnknown;
}

}  // namespace

Forwarder::Forwarder(const std::vector<ClusterMember>& members, synod::NodeId self) {
  for (const ClusterMember& member : members) {
    if (member.id == self) continue;
    auto channel = Connect(member.client_address);
    auto stub = etcdserverpb::KV::NewStub(channel);
    channel->GetState(/*try_to_connect=*/true);
    peers_.emplace(member.id, Peer{std::move(channel), std::move(stub)});
  }
}

etcdserverpb::KV::Stub* Forwarder::StubFor(synod::NodeId leader) {
  const auto found = peers_.find(leader);
  if (found == peers_.end()) return nullptr;
  const Peer& peer = found->second;
  const bool connected = peer.channel->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY;
  return connected ? peer.stub.get() : nullptr;
}

bool IsForwarded(const grpc::CallbackServerContext& context) {
  return context.client_metadata().count(kForwardedKey) != 0;
}

void MarkForwarded(grpc::ClientContext* context) { context->AddMetadata(kForwardedKey, "1"); }

void AttachFailure(const WriteFailure& failure, grpc::CallbackServerContext* context) {
  context->AddTrailingMetadata(kEffectKey, std::string(Name(failure.effect)));
}

WriteFailure ReadFailure(const grpc::Status& status, const grpc::ClientContext& context) {
  WriteFailure failure;
  failure.effect = EffectOf(context);
  if (failure.effect != WriteFailure::Effect::kUnknown) {
    failure.status =
        absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  } else if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    failure.status = absl::DeadlineExceededError("etcdserver: request timed out");
  } else {
    failure.status =
        absl::UnknownError("etcdserver: request timed out, possibly due to connection lost");
  }
  return failure;
}

}  // namespace synod_kv
