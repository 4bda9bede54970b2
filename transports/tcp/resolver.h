// Looks up the names of peers without holding up the loop.
#ifndef SYNOD_TRANSPORTS_TCP_RESOLVER_H_
#define SYNOD_TRANSPORTS_TCP_RESOLVER_H_

#include <cstdint>
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

  // A question that waits for its answer.
  enum class QuestionId : uint64_t { kNone = 0 };

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
  // holds up cannot be ended, and one more for each attempt would pile up threads. kNone if it has
  // been answered.
  QuestionId Resolve(const HostPort& name, Done done);

  // Whoever asked is not called any more, though the look-up goes on. Nothing happens if the
  // question has been answered.
  void Cancel(QuestionId question);

 private:
  struct State;
  static void Answer(State& state, const std::string& name, const Addresses& addresses);

  // Shared with the threads of lookups, which cannot be ended and may outlive the resolver.
  std::shared_ptr<State> state_;
  const Lookup lookup_;
};

}  // namespace synod::tcp

#endif  // SYNOD_TRANSPORTS_TCP_RESOLVER_H_
