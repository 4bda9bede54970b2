// A transport that is told of members by their recorded addresses.
#ifndef SYNOD_KV_MEMBER_TRANSPORT_H_
#define SYNOD_KV_MEMBER_TRANSPORT_H_

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <synod/synod.h>

#include "absl/status/status.h"

#include "kv/cluster.h"

namespace synod_kv {

// Passes on everything as it is, but of an address only the part that peers need.
class MemberTransport final : public synod::Transport {
 public:
  explicit MemberTransport(std::unique_ptr<synod::Transport> inner) : inner_(std::move(inner)) {}

  absl::Status Start(Context context) override { return inner_->Start(std::move(context)); }
  absl::Status SetPeer(synod::NodeId peer, const std::string& address) override {
    return inner_->SetPeer(peer, PeerAddressOf(address));
  }
  void ForgetPeer(synod::NodeId peer) override { inner_->ForgetPeer(peer); }
  absl::Status CheckAddress(const std::string& address) const override {
    const std::string client_address = ClientAddressOf(address);
    if (!client_address.empty() && !IsAddress(client_address)) {
      return absl::InvalidArgumentError("'" + client_address + "' is no client address");
    }
    return inner_->CheckAddress(PeerAddressOf(address));
  }
  absl::Status SetAcceptor(synod::GroupId group, const synod::MemberRecord& acceptor) override {
    return inner_->SetAcceptor(group, acceptor);
  }
  absl::Status CheckAcceptorAddress(const std::string& address) const override {
    return inner_->CheckAcceptorAddress(address);
  }
  size_t MaxMessageBytes() const override { return inner_->MaxMessageBytes(); }
  void Send(synod::NodeId to, std::span<synod::Message> messages) override {
    inner_->Send(to, messages);
  }
  bool CanSendBulk(synod::NodeId to) const override { return inner_->CanSendBulk(to); }
  void Stop() override { inner_->Stop(); }
  std::vector<std::pair<std::string, uint64_t>> Counters() const override {
    return inner_->Counters();
  }

 private:
  const std::unique_ptr<synod::Transport> inner_;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_MEMBER_TRANSPORT_H_
