#include "resolver.h"

#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace synod::tcp {

struct Resolver::State {
  std::mutex mutex;
  EventLoop* loop;  // Null once the resolver is gone. Written on the loop's thread.
  std::map<std::string, std::vector<Done>> waiting;  // By name. On the loop's thread.
};

Resolver::Resolver(EventLoop& loop, Lookup lookup)
    : state_(std::make_shared<State>()), lookup_(lookup) {
  state_->loop = &loop;
}

Resolver::~Resolver() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->loop = nullptr;
  }
  state_->waiting.clear();
}

void Resolver::Resolve(const HostPort& name, Done done) {
  if (IsNumeric(name)) {
    done(tcp::Resolve(name));
    return;
  }
  const std::string key = name.host + ":" + name.port;
  std::vector<Done>& waiting = state_->waiting[key];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) return;
  auto lookup = [state = state_, look_up = lookup_, name, key] {
    Addresses addresses = look_up(name);
    const std::lock_guard lock(state->mutex);
    if (state->loop == nullptr) return;
    state->loop->Post(
        [state, key, addresses = std::move(addresses)] { Answer(*state, key, addresses); });
  };
  // A thread for each name: a name server that does not answer holds up no other peer's look-up.
  try {
    std::thread(std::move(lookup)).detach();
  } catch (const std::system_error& error) {
    state_->loop->Post([state = state_, key, why = std::string(error.what())] {
      Answer(*state, key,
             absl::UnavailableError("cannot resolve '" + key + "': no thread for it: " + why));
    });
  }
}

// On the loop's thread. Who is called may ask again, or end the resolver.
void Resolver::Answer(State& state, const std::string& name, const Addresses& addresses) {
  auto answered = state.waiting.extract(name);
  if (answered.empty()) return;
  for (Done& done : answered.mapped()) {
    if (state.loop != nullptr) done(addresses);
  }
}

}  // namespace synod::tcp
