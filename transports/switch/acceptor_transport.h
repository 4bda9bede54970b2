// See synod/switch/acceptors.h.
#ifndef SYNOD_TRANSPORTS_SWITCH_ACCEPTOR_TRANSPORT_H_
#define SYNOD_TRANSPORTS_SWITCH_ACCEPTOR_TRANSPORT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "synod/switch/acceptors.h"

namespace synod::slots {

// Links are the loop's. What they have to say is gathered, and leaves at the end of the turn, or at
// once where the turn began with it.
class AcceptorTransport final : public Transport {
 public:
  AcceptorTransport(std::unique_ptr<Transport> replicas, std::unique_ptr<SlotWire> wire,
                    AcceptorOptions options)
      : replicas_(std::move(replicas)), wire_(std::move(wire)), options_(std::move(options)) {}

  absl::Status Start(Context context) override;
  absl::Status SetPeer(NodeId peer, const std::string& address) override {
    return replicas_->SetPeer(peer, address);
  }
  void ForgetPeer(NodeId peer) override;
  absl::Status CheckAddress(const std::string& address) const override {
    return replicas_->CheckAddress(address);
  }
  absl::Status SetAcceptor(GroupId group, const MemberRecord& acceptor) override;
  absl::Status CheckAcceptorAddress(const std::string& address) const override {
    return ParseAcceptorAddress(address).status();
  }
  size_t MaxMessageBytes() const override { return replicas_->MaxMessageBytes(); }
  void Send(NodeId to, std::span<synod::Message> messages) override;
  bool CanSendBulk(NodeId to) const override { return replicas_->CanSendBulk(to); }
  void Stop() override;
  std::vector<std::pair<std::string, uint64_t>> Counters() const override;

 private:
  struct Acceptor {
    AcceptorAddress address;
    SlotLink link;
    bool was_warned = false;  // That its control plane is out of reach.
  };
  using Name = std::pair<GroupId, NodeId>;

  void OnArrival(std::span<const SlotWire::Arrival> batch);
  void OnTimer();
  void FlushLater();
  void Flush();
  void RaiseTrim(Acceptor& acceptor, uint32_t trim);
  void SetTimer();

  const std::unique_ptr<Transport> replicas_;
  const std::unique_ptr<SlotWire> wire_;
  const AcceptorOptions options_;
  Context context_;
  std::map<Name, Acceptor> acceptors_;
  SlotLink::Output output_;  // Kept for its memory.
  bool flush_is_due_ = false;
  bool has_stopped_ = false;
  EventLoop::TimerId timer_ = EventLoop::TimerId::kNone;
  Instant timer_due_ = kNever;

  mutable std::mutex counters_mutex_;
  LinkCounters counters_;       // Under counters_mutex_. Of all links that there are, ...
  LinkCounters gone_counters_;  // ... and of those that there were; the loop's.
};

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_ACCEPTOR_TRANSPORT_H_
