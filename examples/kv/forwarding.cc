#include "kv/forwarding.h"

#include <optional>
#include <string_view>
#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include "kv/errors.h"

namespace synod_kv {

namespace {

// Of a forwarded request: who is meant.
constexpr char kClusterKey[] = "synod-cluster";
constexpr char kTargetKey[] = "synod-target";
// Of its answer.
constexpr char kEffectKey[] = "synod-effect";

// A connection is asked for a sign of life this often, idle ones too, and may take so long for it.
constexpr int kProbeIntervalMs = 2000;
constexpr int kProbeTimeoutMs = 3000;

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

}  // namespace

std::shared_ptr<grpc::Channel> Forwarder::ConnectTo(const std::string& address) {
  grpc::ChannelArguments arguments;
  // gRPC itself must not repeat a write either.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // A member that was restarted is to be found again soon.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kProbeIntervalMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kProbeTimeoutMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // No limit.
  // An answer that is refused for its size would be a write that was executed and reported failed.
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

namespace {

using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

std::optional<std::string_view> Find(const Metadata& metadata, const char* key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return std::nullopt;
  return std::string_view(found->second.data(), found->second.size());
}

// The effect that the answer names, if it names one.
std::optional<WriteFailure::Effect> EffectOf(const grpc::ClientContext& context) {
  using Effect = WriteFailure::Effect;
  const auto name = Find(context.GetServerTrailingMetadata(), kEffectKey);
  for (const Effect effect : {Effect::kRefused, Effect::kNotLed, Effect::kUnknown}) {
    if (name == Name(effect)) return effect;
  }
  return std::nullopt;
}

}  // namespace

void Forwarder::ConnectToOthers(synod::NodeId self) {
  for (const Directory::Listed& listed : members_.List()) {
    if (listed.member.id == self) continue;
    if (const Channel channel = ChannelTo(listed.member.id)) {
      channel->GetState(/*try_to_connect=*/true);
    }
  }
}

std::shared_ptr<grpc::Channel> Forwarder::ChannelTo(synod::NodeId id) {
  std::string address = members_.ClientAddressOf(id);
  if (address.empty()) return nullptr;
  const std::lock_guard lock(mutex_);
  Peer& peer = peers_[id];
  if (peer.address != address) {
    // What is under way to where it was before goes on.
    peer.channel = ConnectTo(address);
    peer.address = std::move(address);
  }
  return peer.channel;
}

bool Forwarder::Send(synod::NodeId leader, const std::string& method, grpc::ClientContext* context,
                     const grpc::ByteBuffer* request, grpc::ByteBuffer* response,
                     std::function<void(grpc::Status)> done) {
  const Channel channel = ChannelTo(leader);
  if (channel == nullptr) return false;
  if (channel->GetState(/*try_to_connect=*/true) != GRPC_CHANNEL_READY) return false;
  context->AddMetadata(kClusterKey, std::to_string(cluster_.value()));
  context->AddMetadata(kTargetKey, std::to_string(leader.value()));
  sent_.fetch_add(1, std::memory_order_relaxed);
  // The call keeps the channel.
  grpc::GenericStub(channel).UnaryCall(context, method, grpc::StubOptions(), request, response,
                                       std::move(done));
  return true;
}

void AllowProbes(grpc::ServerBuilder* builder) {
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Half, since probes may arrive closer to each other than they were sent.
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                              kProbeIntervalMs / 2);
}

bool IsForwarded(const grpc::CallbackServerContext& context) {
  return context.client_metadata().count(kTargetKey) != 0;
}

absl::Status CheckTarget(const grpc::CallbackServerContext& context, synod::ClusterId cluster,
                         synod::NodeId self) {
  if (!IsForwarded(context)) return absl::OkStatus();
  const Metadata& metadata = context.client_metadata();
  const bool meant = Find(metadata, kClusterKey) == std::to_string(cluster.value()) &&
                     Find(metadata, kTargetKey) == std::to_string(self.value());
  return meant ? absl::OkStatus() : WrongTargetError();
}

void AttachEffect(WriteFailure::Effect effect, grpc::CallbackServerContext* context) {
  context->AddTrailingMetadata(kEffectKey, std::string(Name(effect)));
}

WriteFailure ReadFailure(const grpc::Status& status, const grpc::ClientContext& context) {
  if (const auto effect = EffectOf(context)) {
    return {.status = absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                                   status.error_message()),
            .effect = *effect};
  }
  const bool late = status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
  return {.status = late ? TimeoutError() : ConnectionLostError(),
          .effect = WriteFailure::Effect::kUnknown};
}

}  // namespace synod_kv
