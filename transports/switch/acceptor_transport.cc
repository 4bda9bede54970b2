#include "acceptor_transport.h"

#include <algorithm>

#include "synod/base/assert.h"

#include "udp_wire.h"

namespace synod::slots {
namespace {

void AddTo(LinkCounters& sum, const LinkCounters& more) {
  sum.requests += more.requests;
  sum.answers += more.answers;
  sum.retransmissions += more.retransmissions;
  sum.stale_answers += more.stale_answers;
  sum.useless_answers += more.useless_answers;
  sum.digests += more.digests;
  sum.dropped_slots += more.dropped_slots;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> WithAcceptors(
    absl::StatusOr<std::unique_ptr<Transport>> replicas, AcceptorOptions options) {
  if (!replicas.ok()) return replicas.status();
  return WithAcceptors(*std::move(replicas), std::make_unique<UdpWire>(), std::move(options));
}

std::unique_ptr<Transport> WithAcceptors(std::unique_ptr<Transport> replicas,
                                         std::unique_ptr<SlotWire> wire, AcceptorOptions options) {
  return std::make_unique<AcceptorTransport>(std::move(replicas), std::move(wire),
                                             std::move(options));
}

absl::Status AcceptorTransport::Start(Context context) {
  context_ = context;
  absl::Status status = replicas_->Start(context);
  if (!status.ok()) return status;
  return wire_->Start(*context_.loop,
                      [this](std::span<const SlotWire::Arrival> batch) { OnArrival(batch); });
}

absl::Status AcceptorTransport::SetAcceptor(GroupId group, const MemberRecord& acceptor) {
  const absl::StatusOr<AcceptorAddress> address = ParseAcceptorAddress(acceptor.address);
  if (!address.ok()) return address.status();
  const Name name(group, acceptor.node);
  const auto known = acceptors_.find(name);
  if (known != acceptors_.end()) {
    if (known->second.link.identity().incarnation == acceptor.incarnation) {
      known->second.address = *address;
      return absl::OkStatus();
    }
    AddTo(gone_counters_, known->second.link.counters());
    acceptors_.erase(known);
  }
  // A process does not ask as often as nanoseconds pass, so no cookie is one of its former life.
  const auto first_cookie = static_cast<uint64_t>(context_.loop->Now().time_since_epoch().count());
  const SlotLink::Identity identity{.group = group,
                                    .self = context_.self.node,
                                    .acceptor = acceptor.node,
                                    .incarnation = acceptor.incarnation};
  acceptors_.emplace(
      name, Acceptor{.address = *address, .link = SlotLink(identity, options_.link, first_cookie)});
  return absl::OkStatus();
}

void AcceptorTransport::ForgetPeer(NodeId peer) {
  std::erase_if(acceptors_, [&](const auto& one) {
    const bool goes = one.first.second == peer;
    if (goes) AddTo(gone_counters_, one.second.link.counters());
    return goes;
  });
  replicas_->ForgetPeer(peer);
}

// The node may be an acceptor of one group and a replica of another.
void AcceptorTransport::Send(NodeId to, std::span<synod::Message> messages) {
  const auto is_for_acceptor = [&](const synod::Message& message) {
    return acceptors_.contains({message.group, to});
  };
  if (std::none_of(messages.begin(), messages.end(), is_for_acceptor)) {
    replicas_->Send(to, messages);
    return;
  }
  const auto end = std::stable_partition(messages.begin(), messages.end(), is_for_acceptor);
  for (const synod::Message& message : std::span(messages.begin(), end)) {
    if (options_.tap != nullptr && !options_.tap->OnRequest(message)) continue;
    acceptors_.at({message.group, to}).link.OnMessage(message, context_.loop->Now());
  }
  FlushLater();
  if (end != messages.end()) replicas_->Send(to, std::span(end, messages.end()));
}

void AcceptorTransport::OnArrival(std::span<const SlotWire::Arrival> batch) {
  for (const SlotWire::Arrival& arrival : batch) {
    for (auto& [name, acceptor] : acceptors_) {
      if (acceptor.address.data != arrival.from) continue;
      acceptor.link.OnAnswer(arrival.packet, context_.loop->Now());
    }
  }
  Flush();
}

void AcceptorTransport::OnTimer() {
  timer_ = EventLoop::TimerId::kNone;
  timer_due_ = kNever;
  for (auto& [name, acceptor] : acceptors_) acceptor.link.OnTimer(context_.loop->Now());
  Flush();
}

// Whoever sends is not told anything before that is over.
void AcceptorTransport::FlushLater() {
  if (std::exchange(flush_is_due_, true)) return;
  context_.loop->Defer([this] {
    flush_is_due_ = false;
    Flush();
  });
}

void AcceptorTransport::Flush() {
  if (has_stopped_) return;
  LinkCounters counters = gone_counters_;
  for (auto& [name, acceptor] : acceptors_) {
    const size_t before = output_.packets.size();
    acceptor.link.TakeOutput(output_);
    for (size_t i = before; i < output_.packets.size(); ++i) {
      wire_->Send(acceptor.address.data, output_.packets[i]);
    }
    if (output_.trim) RaiseTrim(acceptor, *std::exchange(output_.trim, std::nullopt));
    AddTo(counters, acceptor.link.counters());
  }
  wire_->Flush();
  output_.packets.clear();
  {
    const std::lock_guard lock(counters_mutex_);
    counters_ = counters;
  }
  SetTimer();
  for (const std::string& warning : std::exchange(output_.warnings, {})) {
    if (context_.logger) context_.logger(Severity::kWarning, warning);
  }
  if (output_.messages.empty()) return;
  std::vector<synod::Message> messages = std::exchange(output_.messages, {});
  if (options_.tap != nullptr) {
    options_.tap->OnAnswers(messages);
  } else {
    context_.receiver->OnMessages(messages);
  }
}

void AcceptorTransport::RaiseTrim(Acceptor& acceptor, uint32_t trim) {
  const SlotLink::Identity& identity = acceptor.link.identity();
  if (acceptor.address.control_port == 0) {
    if (std::exchange(acceptor.was_warned, true) || !context_.logger) return;
    context_.logger(Severity::kWarning,
                    "acceptor " + std::to_string(identity.acceptor.value()) +
                        ": its address names no control port, so its control plane must raise its "
                        "trim, to " +
                        std::to_string(trim) + " by now, or it will not answer for new slots");
    return;
  }
  wire_->RaiseTrim(acceptor.address, static_cast<uint32_t>(identity.group.value()),
                   identity.incarnation.value(), trim);
}

void AcceptorTransport::SetTimer() {
  Instant next = kNever;
  for (const auto& [name, acceptor] : acceptors_) {
    next = std::min(next, acceptor.link.NextDeadline());
  }
  if (next >= timer_due_) return;  // It is set again when it has run.
  if (timer_ != EventLoop::TimerId::kNone) context_.loop->Cancel(timer_);
  timer_due_ = next;
  timer_ = context_.loop->RunAt(next, [this] { OnTimer(); });
}

void AcceptorTransport::Stop() {
  has_stopped_ = true;
  wire_->Stop();
  if (timer_ != EventLoop::TimerId::kNone) context_.loop->Cancel(timer_);
  replicas_->Stop();
}

std::vector<std::pair<std::string, uint64_t>> AcceptorTransport::Counters() const {
  std::vector<std::pair<std::string, uint64_t>> all = replicas_->Counters();
  const std::lock_guard lock(counters_mutex_);
  all.insert(all.end(), {{"acceptors.requests", counters_.requests},
                         {"acceptors.answers", counters_.answers},
                         {"acceptors.retransmissions", counters_.retransmissions},
                         {"acceptors.stale_answers", counters_.stale_answers},
                         {"acceptors.useless_answers", counters_.useless_answers},
                         {"acceptors.digests", counters_.digests},
                         {"acceptors.dropped_slots", counters_.dropped_slots}});
  return all;
}

}  // namespace synod::slots
