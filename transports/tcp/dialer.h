// Gets one connection to a peer, as often as it takes.
#ifndef SYNOD_TRANSPORTS_TCP_DIALER_H_
#define SYNOD_TRANSPORTS_TCP_DIALER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "synod/base/rng.h"
#include "synod/port/event_loop.h"
#include "synod/tcp.h"

#include "resolver.h"
#include "socket.h"

namespace synod::tcp {

// Resolves the peer's name, connects, and hands the socket over. Tries all of the name's addresses,
// each for a handshake timeout, then waits, longer from one time to the next. Used on the loop's
// thread.
class Dialer {
 public:
  struct Callbacks {
    absl::AnyInvocable<void(Fd, const SocketAddress&)> connected;
    absl::AnyInvocable<void(const absl::Status&)> failed;  // To be logged; it tries on by itself.
  };

  // Borrows all but the callbacks, which do not come after its end.
  Dialer(EventLoop& loop, Resolver& resolver, const HostPort& peer, const Options& options,
         uint64_t seed, Callbacks callbacks)
      : loop_(loop),
        resolver_(resolver),
        peer_(peer),
        options_(options),
        rng_(seed),
        callbacks_(std::move(callbacks)) {}
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;
  ~Dialer();

  // Dials now.
  void Start() { Attempt(); }
  // What came of `connected` is lost or was refused: dials again after a while.
  void Retry();
  // The handshake succeeded: the next Retry waits for the shortest time again.
  void Succeeded() { delay_ = Duration::zero(); }

 private:
  void Attempt();
  void OnResolved(Resolver::Addresses addresses);
  void SetTimer();
  void TryNext(absl::Status why);
  void OnConnecting();
  void GiveUp(const absl::Status& why);
  void Abandon();

  EventLoop& loop_;
  Resolver& resolver_;
  const HostPort& peer_;
  const Options& options_;
  Rng rng_;
  Callbacks callbacks_;

  Duration delay_ = Duration::zero();  // Of the last wait.
  // What the resolver owes an answer to, asked by this attempt or an earlier one: it is not asked
  // again.
  Resolver::QuestionId question_ = Resolver::QuestionId::kNone;
  // What it answered when no attempt was under way any more: the next one need not ask.
  std::optional<Resolver::Addresses> late_answer_;
  // Of the attempt under way.
  bool awaits_answer_ = false;
  std::vector<SocketAddress> addresses_;
  size_t next_address_ = 0;
  Fd connecting_;
  EventLoop::TimerId timer_ = EventLoop::TimerId::kNone;  // The address's end, or the next attempt.
};

}  // namespace synod::tcp

#endif  // SYNOD_TRANSPORTS_TCP_DIALER_H_
