#include "kv/announcer.h"

#include <chrono>
#include <optional>
#include <system_error>

#include <grpcpp/client_context.h>

#include "kv/peer_url.h"

namespace synod_kv {

namespace {

constexpr std::chrono::seconds kInterval(1);

}  // namespace

absl::Status Announcer::Start() {
  // The standard library has no other way to say so.
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(std::string("cannot start a thread: ") + error.what());
  }
  return absl::OkStatus();
}

void Announcer::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_signal_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Announcer::Run() {
  std::unique_lock lock(mutex_);
  while (!stop_signal_.wait_for(lock, kInterval, [this] { return stopping_; })) {
    lock.unlock();
    check_.Look();
    const std::optional<std::string> unannounced = node_.members.Unannounced();
    if (unannounced && !node_.replica.leader().IsZero()) Announce(*unannounced);
    lock.lock();
  }
}

void Announcer::Announce(const std::string& peer_address) {
  etcdserverpb::MemberUpdateRequest request;
  request.set_id(node_.self.value());
  request.add_peerurls(FormatPeerUrl({.id = {},
                                      .incarnation = {},
                                      .peer_address = peer_address,
                                      .client_address = client_address_}));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kInterval);
  etcdserverpb::MemberUpdateResponse response;
  // What came of it the configuration will tell.
  static_cast<void>(stub_->MemberUpdate(&context, request, &response));
}

}  // namespace synod_kv
