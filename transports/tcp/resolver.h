// Looks up the names of peers without holding up the loop.
#ifndef SYNOD_TRANSPORTS_TCP_RESOLVER_H_
#define SYNOD_TRANSPORTS_TCP_RESOLVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "synod/port/event_loop.h"

#include "socket.h"

namespace synod::tcp {

// Used on the loop's thread.
class Resolver {
 public:
  using Addresses = absl::StatusOr<std::vector<SocketAddress>>;

  using Done = absl::AnyInvocable<void(Addresses)>;

  // Blocks; called on threads of its own.
  using Lookup = Addresses (*)(const HostPort& name);

  explicit Resolver(EventLoop& loop, Lookup lookup = &tcp::Resolve);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  // No callback comes afterwards, though a lookup may still be under way: a name server that does
  // not answer must not hold up the host's end.
  ~Resolver();

  // Calls `done` on the loop's thread: before return if the host is an address. A name is looked up
  // once at a time, and all who ask meanwhile get that answer: a look-up that a silent name server
  // holds up cannot be ended, and one more for each attempt would pile up threads.
  void Resolve(const HostPort& name, Done done);

 private:
  struct State;
  static void Answer(State& state, const std::string& name, const Addresses& addresses);

  // Shared with the threads of lookups, which cannot be ended and may outlive the resolver.
  std::shared_ptr<State> state_;
  const Lookup lookup_;
};

}  // namespace synod::tcp

#endif  // SYNOD_TRANSPORTS_TCP_RESOLVER_H_
