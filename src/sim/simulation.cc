#include "synod/sim/simulation.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "synod/sim/linearizability.h"

#include "src/sim/calm.h"
#include "src/sim/client.h"
#include "src/sim/cluster.h"
#include "src/sim/run_probes.h"
#include "src/sim/storm.h"

namespace synod::sim {
namespace {

// The order is what the witness is asked for; answers are compared by a replay.
struct OrderAlone {
  using State = int;
  using Operation = Request;
  static State Initial() { return 0; }
  static bool Step(State&, const Operation&) { return true; }
  static uint64_t Hash(State) { return 0; }
};

class Simulation {
 public:
  Simulation(const Scenario& scenario, Workload& workload, StoreFactory& stores)
      : scenario_(scenario),
        workload_(workload),
        cluster_(options_, workload, stores),
        clients_(world_, options_, workload, cluster_.nodes(), judge_, counts_),
        storm_(world_, scenario_, cluster_) {
    Story::SetRunning(&world_.story());
  }

  ~Simulation() {
    Story::SetRunning(nullptr);
    clients_.Close();
    cluster_.End();
  }

  Report Run() {
    cluster_.Start();
    clients_.Begin();
    storm_.Begin();
    cluster_.RunUntil([&] {
      return world_.Now() >= Instant() + options_.storm || world_.events() >= options_.storm_events;
    });
    Calm calm(cluster_, clients_, storm_);
    if (options_.stays_recoverable && !judge_.HasFailed()) calm.Run();
    clients_.Finish();
    cluster_.RunUntil([&] { return clients_.AllIdle(); });
    if (!judge_.HasFailed()) JudgeHistory();
    judge_.Finish();
    cluster_.CountFailures();
    Report report{.seed = options_.seed,
                  .events = world_.events(),
                  .hash = world_.hash(),
                  .simulated = world_.Now() - Instant(),
                  .counts = counts_,
                  .recovery = calm.recovery(),
                  .reached = probes_.reached(),
                  .turned = probes_.turned(),
                  .beyond_atlas = !storm_.atlas().IsWithin(),
                  .violation = {},
                  .story = {}};
    if (judge_.violation()) {
      report.ok = false;
      report.violation = *judge_.violation();
      report.story = world_.story().Tell();
    }
    return report;
  }

 private:
  // What is asked of a run at its end, one question after the other. Exactly-once sessions, once
  // there are any, are asked about here: who tries again was executed once and told the same (X1),
  // and a session that was evicted is refused (X2).
  void JudgeHistory() {
    History<Request> history = clients_.TakeHistory();
    std::unordered_map<std::string_view, Index> places;
    for (Index index(1); index <= judge_.committed(); ++index) {
      if (!judge_.IsCommand(index)) continue;
      if (!places.emplace(judge_.CommandAt(index), index).second) {
        return judge_.Fail("no command twice", "the command at " + std::to_string(index.value()) +
                                                   " was committed before");
      }
    }
    for (const std::string& command : clients_.refused()) {
      if (places.contains(command)) {
        return judge_.Fail("refused is never committed",
                           "a command that a client was told is not committed is at " +
                               std::to_string(places[command].value()));
      }
    }
    for (Call<Request>& call : history) {
      if (!call.operation.is_write) continue;
      const auto place = places.find(call.operation.bytes);
      const Index index = place == places.end() ? Index() : place->second;
      if (call.HasReturned() && index != call.index) {
        return judge_.Fail("answers name their entry",
                           "a write was answered as " + std::to_string(call.index.value()) +
                               " and is at " + std::to_string(index.value()));
      }
      call.index = index;
    }
    std::erase_if(history, [](const Call<Request>& call) {
      return !call.HasReturned() && call.index.IsZero();
    });
    const CheckResult order =
        CheckWitness<OrderAlone>(std::span<const Call<Request>>(history),
                                 [](const Request& request) { return request.is_write; });
    if (!order.ok()) return judge_.Fail("linearizability", order.reason);
    Replay(history);
    if (judge_.HasFailed()) return;
    if (std::string wrong = workload_.Judge(history, counts_); !wrong.empty()) {
      judge_.Fail("workload", std::move(wrong));
    }
  }

  // Every answer is that of one state machine which did the same alone.
  void Replay(const History<Request>& history) {
    std::unordered_multimap<Index, const Call<Request>*> calls;
    for (const Call<Request>& call : history) {
      if (call.HasReturned()) calls.emplace(call.index, &call);
    }
    for (const Call<Request>& call : clients_.stale_reads()) calls.emplace(call.index, &call);
    const std::unique_ptr<StateMachine> alone = workload_.NewStateMachine();
    for (Index index; index <= judge_.committed() && !judge_.HasFailed(); ++index) {
      std::string answer;
      if (index > Index() && judge_.IsCommand(index)) {
        const Command command{.index = index, .data = judge_.CommandAt(index)};
        alone->Apply(std::span(&command, 1), std::span(&answer, 1));
      }
      CheckFold(index, *alone);
      const auto [first, last] = calls.equal_range(index);
      for (auto call = first; call != last; ++call) {
        const Request& request = call->second->operation;
        const auto read = request.is_write ? answer : alone->Query(request.bytes);
        if (read.ok() && *read == request.answer) continue;
        judge_.Fail("answers", std::string("a ") + (request.is_write ? "write" : "read") + " at " +
                                   std::to_string(index.value()) +
                                   " was answered otherwise than alone: " + Excerpt(request.bytes) +
                                   (read.ok() ? Difference("then", request.answer, "alone", *read)
                                              : ", alone: " + read.status().ToString()));
      }
    }
  }

  // What nodes became by applying or by a snapshot is the fold of the log.
  void CheckFold(Index index, const StateMachine& alone) {
    const States::Seen* const seen = judge_.states().At(index);
    if (seen == nullptr) return;
    const auto state = alone.Query(workload_.DigestQuery());
    if (state.ok() && HashOf(*state) == seen->hash) return;
    judge_.Fail(
        "states are the fold of the log",
        "at " + std::to_string(index.value()) + " nodes were in another state than alone" +
            (state.ok() && seen->text ? Difference("nodes", *seen->text, "alone", *state) : ""));
  }

  const Scenario scenario_;
  const Options& options_ = scenario_.options;
  RunProbes probes_{options_};  // Outlives all that it probes.
  Workload& workload_;
  Cluster cluster_;
  World& world_ = cluster_.world();
  Judge& judge_ = cluster_.judge();
  Counts& counts_ = cluster_.counts();
  Clients clients_;
  Storm storm_;
};

}  // namespace

Report Run(const Scenario& scenario, Workload& workload, StoreFactory& stores) {
  return Simulation(scenario, workload, stores).Run();
}

Report Run(const Scenario& scenario, Workload& workload) {
  return Run(scenario, workload, *NewWalFactory());
}

Report Run(const Options& options, Workload& workload) { return Run(Expand(options), workload); }

}  // namespace synod::sim
