#include "resolver.h"

#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace synod::tcp {

struct Resolver::State {
  struct Question {
    QuestionId id;
    Done done;
  };

  std::mutex mutex;
  EventLoop* loop;  // Null once the resolver is gone. Written on the loop's thread.

  // --- The loop's thread ---
  uint64_t last_question = 0;
  // By name, for as long as it is looked up, whether or not anybody still waits.
  std::map<std::string, std::deque<Question>> waiting;
  std::deque<Question> answering;  // To be called now.
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
  state_->answering.clear();
}

Resolver::QuestionId Resolver::Resolve(const HostPort& name, Done done) {
  if (IsNumeric(name)) {
    done(tcp::Resolve(name));
    return QuestionId::kNone;
  }
  const std::string key = name.host + ":" + name.port;
  const QuestionId question{++state_->last_question};
  const auto [waiting, is_new] = state_->waiting.try_emplace(key);
  waiting->second.push_back({.id = question, .done = std::move(done)});
  if (!is_new) return question;
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
  return question;
}

void Resolver::Cancel(QuestionId question) {
  const auto is_it = [question](const State::Question& other) { return other.id == question; };
  for (auto& [name, questions] : state_->waiting) std::erase_if(questions, is_it);
  std::erase_if(state_->answering, is_it);
}

// On the loop's thread. Who is called may ask again, cancel what others asked, or end the resolver.
void Resolver::Answer(State& state, const std::string& name, const Addresses& addresses) {
  auto answered = state.waiting.extract(name);
  if (answered.empty()) return;
  state.answering = std::move(answered.mapped());
  while (!state.answering.empty()) {
    Done done = std::move(state.answering.front().done);
    state.answering.pop_front();
    done(addresses);
  }
}

}  // namespace synod::tcp
