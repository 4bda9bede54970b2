#include "dialer.h"

#include <algorithm>
#include <utility>

namespace synod::tcp {

// Nobody who is gone may be called back. The look-up itself goes on.
Dialer::~Dialer() {
  resolver_.Cancel(question_);
  Abandon();
}

void Dialer::Attempt() {
  Abandon();
  SetTimer();
  addresses_.clear();
  next_address_ = 0;
  awaits_answer_ = true;
  if (late_answer_) {
    OnResolved(*std::exchange(late_answer_, std::nullopt));
    return;
  }
  if (question_ != Resolver::QuestionId::kNone) return;
  // The callback may outlive the attempt, but not this dialer.
  question_ = resolver_.Resolve(peer_, [this](Resolver::Addresses addresses) {
    question_ = Resolver::QuestionId::kNone;
    OnResolved(std::move(addresses));
  });
}

void Dialer::SetTimer() {
  loop_.Cancel(timer_);
  timer_ = loop_.RunAt(loop_.Now() + options_.handshake_timeout, [this] {
    if (connecting_.IsOpen()) loop_.Unwatch(connecting_.get());
    connecting_ = Fd();
    TryNext(absl::UnavailableError("no connection within the handshake timeout"));
  });
}

void Dialer::OnResolved(Resolver::Addresses addresses) {
  if (!std::exchange(awaits_answer_, false)) {
    // A name server that takes longer than an attempt may would else never be of use.
    if (addresses.ok()) late_answer_ = std::move(addresses);
    return;
  }
  if (!addresses.ok()) {
    GiveUp(addresses.status());
    return;
  }
  addresses_ = *std::move(addresses);
  TryNext(absl::OkStatus());
}

// `why` the address before, if any, was no good.
void Dialer::TryNext(absl::Status why) {
  while (next_address_ < addresses_.size()) {
    auto fd = BeginConnect(addresses_[next_address_++]);
    why = fd.status();
    if (!fd.ok()) continue;
    why = loop_.Watch(fd->get(), EventLoop::kWritable, [this](uint8_t) { OnConnecting(); });
    if (!why.ok()) continue;
    connecting_ = *std::move(fd);
    SetTimer();
    return;
  }
  GiveUp(why);
}

void Dialer::OnConnecting() {
  loop_.Unwatch(connecting_.get());
  const absl::Status result = ConnectResult(connecting_.get());
  Fd fd = std::exchange(connecting_, Fd());
  if (!result.ok()) {
    fd.Close();
    TryNext(result);
    return;
  }
  const SocketAddress address = addresses_[next_address_ - 1];
  Abandon();
  callbacks_.connected(std::move(fd), address);
}

void Dialer::GiveUp(const absl::Status& why) {
  Retry();
  callbacks_.failed(why);
}

void Dialer::Retry() {
  Abandon();
  delay_ = std::clamp(2 * delay_, options_.reconnect_min, options_.reconnect_max);
  const auto half = static_cast<uint64_t>(delay_.count() / 2);
  const Duration wait(static_cast<int64_t>(half + rng_.Below(half + 1)));
  timer_ = loop_.RunAt(loop_.Now() + wait, [this] { Attempt(); });
}

// Ends whatever is under way.
void Dialer::Abandon() {
  awaits_answer_ = false;
  loop_.Cancel(std::exchange(timer_, EventLoop::TimerId::kNone));
  if (connecting_.IsOpen()) loop_.Unwatch(connecting_.get());
  connecting_ = Fd();
}

}  // namespace synod::tcp
