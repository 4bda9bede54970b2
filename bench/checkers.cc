#include "bench/checkers.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "synod/base/rng.h"
#include "synod/sim/linearizability.h"

#include "bench/fail.h"
#include "bench/statistics.h"

namespace synod::bench {
namespace {

using sim::Call;
using sim::Register;
using History = sim::History<Register::Operation>;

Instant At(uint64_t time) { return Instant(Duration(static_cast<int64_t>(time))); }

// Each client asks again as soon as it has its answer, so that as many operations are concurrent as
// there are clients. An operation takes effect at a random instant within its span.
History Draw(const Drawn& drawn) {
  Rng rng(1);
  History history;
  std::vector<std::pair<uint64_t, size_t>> effects;  // When, and whose.
  std::vector<uint64_t> free_at(drawn.clients, 0);
  for (size_t i = 0; i < drawn.operations; ++i) {
    const auto client = std::min_element(free_at.begin(), free_at.end());
    const uint64_t from = *client + 1 + rng.Below(100);
    const uint64_t effect = from + rng.Below(1000);
    const uint64_t to = effect + rng.Below(1000);
    *client = to;
    Call<Register::Operation> call;
    call.client = static_cast<uint64_t>(client - free_at.begin());
    call.operation.is_write = rng.Chance(1, 2);
    if (call.operation.is_write) call.operation.value = "value " + std::to_string(i);
    call.invoked = At(from);
    if (drawn.has_unknown && rng.Chance(1, 50)) {
      call.operation.answered = false;
    } else {
      call.returned = At(to);
    }
    if (call.HasReturned() || rng.Chance(1, 2)) effects.emplace_back(effect, i);
    history.push_back(std::move(call));
  }
  std::sort(effects.begin(), effects.end());
  std::string state;
  Index index;
  for (const auto& [at, i] : effects) {
    Call<Register::Operation>& call = history[i];
    if (call.operation.is_write) {
      state = call.operation.value;
      ++index;
    } else if (call.HasReturned()) {
      call.operation.value = state;
    }
    call.index = index;
  }
  return history;
}

// What one of the first writes has written.
void PlantWrongAnswer(History& history) {
  const auto returned = [](bool is_write) {
    return [is_write](const Call<Register::Operation>& call) {
      return call.operation.is_write == is_write && call.HasReturned();
    };
  };
  const auto first = std::find_if(history.begin(), history.end(), returned(true));
  const auto read =
      std::find_if(history.begin() + std::ssize(history) / 2, history.end(), returned(false));
  read->operation.value = first->operation.value;
}

template <class Check>
double SecondsOf(const Drawn& drawn, Check check) {
  History history = Draw(drawn);
  if (drawn.has_wrong_answer) PlantWrongAnswer(history);
  const Clock::time_point start = Clock::now();
  const sim::CheckResult result = check(std::move(history));
  const double seconds = Seconds(Clock::now() - start);
  const auto expected = drawn.has_wrong_answer ? sim::CheckResult::Kind::kViolation
                                               : sim::CheckResult::Kind::kLinearizable;
  if (result.kind != expected) Fail("a checker is wrong about a history: " + result.reason);
  return seconds;
}

}  // namespace

double WitnessSeconds(const Drawn& drawn) {
  return SecondsOf(drawn, [](const History& history) {
    return sim::CheckWitness<Register>(
        history, [](const Register::Operation& operation) { return operation.is_write; });
  });
}

double SearchSeconds(const Drawn& drawn) {
  return SecondsOf(drawn, [](History history) {
    return sim::CheckLinearizable<Register>(sim::WithoutUnseenWrites(std::move(history)));
  });
}

}  // namespace synod::bench
