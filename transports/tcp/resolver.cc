#include "resolver.h"

#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace synod::tcp {

struct Resolver::State {
  std::mutex mutex;
  EventLoop* loop;  // Null once the resolver is gone. Written on the loop's thread.
};

Resolver::Resolver(EventLoop& loop, Lookup lookup)
    : state_(std::make_shared<State>()), lookup_(lookup) {
  state_->loop = &loop;
}

Resolver::~Resolver() {
  const std::lock_guard lock(state_->mutex);
  state_->loop = nullptr;
}

void Resolver::Resolve(const HostPort& name, absl::AnyInvocable<void(Addresses)> done) {
  if (IsNumeric(name)) {
    done(tcp::Resolve(name));
    return;
  }
  auto lookup = [state = state_, look_up = lookup_, name, done = std::move(done)]() mutable {
    Addresses addresses = look_up(name);
    const std::lock_guard lock(state->mutex);
    if (state->loop == nullptr) return;
    state->loop->Post([state, done = std::move(done), addresses = std::move(addresses)]() mutable {
      if (state->loop != nullptr) done(std::move(addresses));
    });
  };
  // A thread for each: one name server that does not answer holds up no other peer's lookup.
  try {
    std::thread(std::move(lookup)).detach();
  } catch (const std::system_error&) {
    // There is no thread to be had. `lookup` may be moved from, and with it `done`, so the caller
    // hears nothing: its own deadline for the attempt ends it.
  }
}

}  // namespace synod::tcp
