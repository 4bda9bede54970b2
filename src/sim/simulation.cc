#include "synod/sim/simulation.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "synod/sim/linearizability.h"

#include "src/sim/client.h"
#include "src/sim/judge.h"
#include "src/sim/network.h"
#include "src/sim/node.h"
#include "src/sim/storm.h"
#include "src/sim/world.h"

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
  Simulation(const Options& options, Workload& workload)
      : options_(options),
        workload_(workload),
        world_(options.seed),
        judge_(world_, options_, counts_),
        network_(world_, options.network, judge_, counts_),
        clients_(world_, options_, workload, nodes_, counts_),
        storm_(world_, options_, network_, nodes_, judge_, counts_) {
    const Node::Surroundings around{world_, options_, workload_, network_, judge_, counts_};
    for (uint64_t i = 1; i <= options.nodes; ++i) {
      nodes_.push_back(std::make_unique<Node>(NodeId(i), around));
    }
  }

  ~Simulation() {
    clients_.Close();
    nodes_.clear();
  }

  Report Run() {
    for (auto& node : nodes_) node->Bootstrap();
    for (auto& node : nodes_) node->Start();
    clients_.Begin();
    storm_.Begin();
    RunUntil([&] { return world_.Now() >= Instant() + options_.storm; });
    if (options_.stays_recoverable && !judge_.HasFailed()) Calm();
    clients_.Finish();
    RunUntil([&] { return clients_.AllIdle() || world_.Now() > end_; });
    if (!judge_.HasFailed()) JudgeHistory();
    judge_.Finish();
    Report report{.seed = options_.seed,
                  .events = world_.events(),
                  .hash = world_.hash(),
                  .simulated = world_.Now() - Instant(),
                  .counts = counts_,
                  .violation = {}};
    if (judge_.violation()) {
      report.ok = false;
      report.violation = *judge_.violation();
    }
    return report;
  }

 private:
  template <class Done>
  void RunUntil(Done done) {
    while (!judge_.HasFailed() && !done() && world_.Step()) {
      for (auto& node : nodes_) node->Sweep();
    }
  }

  // A random quorum is healed, and must become one cluster again.
  void Calm() {
    std::vector<NodeId> healthy;
    for (const auto& node : nodes_) {
      if (!node->IsDamaged()) healthy.push_back(node->id());
    }
    Rng dice = world_.Dice(Stream::kLoss);
    const size_t quorum = options_.nodes / 2 + 1;
    while (healthy.size() > quorum && dice.Chance(1, 2)) {
      healthy.erase(healthy.begin() + static_cast<ptrdiff_t>(dice.Below(healthy.size())));
    }
    storm_.End(healthy);
    clients_.SetDeadline(std::max<Duration>(options_.request_deadline, std::chrono::seconds(5)));
    const uint64_t elections = counts_.elections;
    const Duration timeout = options_.raft.election_timeout;
    const Duration patience = 60 * timeout + 2 * options_.request_deadline +
                              200 * options_.blocking + std::chrono::seconds(30);
    end_ = world_.Now() + patience;
    // Everything that was asked is answered, and what is asked now as well.
    const uint64_t answered = counts_.writes_answered;
    RunUntil([&] {
      return counts_.writes_answered > answered + 2 * options_.clients || world_.Now() > end_;
    });
    if (judge_.HasFailed()) return;
    if (world_.Now() > end_) {
      judge_.Fail("liveness", "after the storm no " + std::to_string(2 * options_.clients) +
                                  " writes were answered in " + Seconds(patience) + Picture());
      return;
    }
    clients_.Finish();
    RunUntil([&] { return (clients_.AllIdle() && AreEqual(healthy)) || world_.Now() > end_; });
    if (judge_.HasFailed()) return;
    if (world_.Now() > end_) {
      judge_.Fail("convergence", "after the storm the healthy nodes did not become equal in " +
                                     Seconds(patience) + Picture());
    }
    if (counts_.elections > elections + 10 + options_.nodes) {
      judge_.Fail("stable leadership", std::to_string(counts_.elections - elections) +
                                           " elections were won after the storm" + Picture());
    }
  }

  // What each node is doing, for people.
  std::string Picture() const {
    std::string picture;
    for (const auto& node : nodes_) {
      picture += "\n  node " + std::to_string(node->id().value()) + ": ";
      if (!node->IsUp()) {
        picture += node->IsRefused() ? "refused" : "down";
        continue;
      }
      const ReplicaStatus status = node->replica().Status();
      picture +=
          std::string(Describe(status.role)) + " of term " + std::to_string(status.term.value()) +
          ", leader " + std::to_string(status.leader.value()) + ", log " +
          std::to_string(status.first.value()) + " to " + std::to_string(status.last.value()) +
          ", committed " + std::to_string(status.commit.value()) + ", applied " +
          std::to_string(status.applied.value()) + ", durable " +
          std::to_string(status.durable.value()) + (status.introduced ? "" : ", not introduced") +
          (status.stopped.ok() ? "" : ", " + status.stopped.ToString());
      for (const auto& peer : status.peers) {
        picture += "; " + std::to_string(peer.node.value()) + " matches to " +
                   std::to_string(peer.match.value()) + (peer.active ? "" : " silent") +
                   (peer.snapshotting ? " snapshot" : "");
      }
    }
    return picture;
  }

  static std::string Seconds(Duration time) {
    return std::to_string(time / std::chrono::seconds(1)) + " s";
  }

  bool AreEqual(const std::vector<NodeId>& healthy) const {
    return std::all_of(healthy.begin(), healthy.end(), [&](NodeId id) {
      const Node& node = *nodes_[id.value() - 1];
      if (!node.IsUp()) return false;
      const Raft& core = node.replica().core();
      return core.commit() == judge_.committed() && core.log().last() == core.commit() &&
             node.replica().Status().applied == core.commit();
    });
  }

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
    if (std::string wrong = workload_.Judge(history); !wrong.empty()) {
      judge_.Fail("workload", std::move(wrong));
    }
  }

  // Every answer is that of one state machine which did the same alone.
  void Replay(const History<Request>& history) {
    std::unordered_multimap<Index, const Call<Request>*> calls;
    for (const Call<Request>& call : history) {
      if (call.HasReturned()) calls.emplace(call.index, &call);
    }
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
        if (!read.ok() || *read != request.answer) {
          judge_.Fail("answers", std::string("a ") + (request.is_write ? "write" : "read") +
                                     " at " + std::to_string(index.value()) +
                                     " was answered otherwise than alone");
        }
      }
    }
  }

  // What nodes became by applying or by a snapshot is the fold of the log.
  void CheckFold(Index index, const StateMachine& alone) {
    const std::optional<uint64_t> seen = judge_.StateAt(index);
    if (!seen) return;
    const auto state = alone.Query(workload_.DigestQuery());
    if (state.ok() && HashOf(*state) == *seen) return;
    judge_.Fail("states are the fold of the log",
                "at " + std::to_string(index.value()) + " nodes were in another state than alone");
  }

  const Options options_;
  Workload& workload_;
  Counts counts_;
  World world_;
  Judge judge_;
  Network network_;
  std::vector<std::unique_ptr<Node>> nodes_;
  Clients clients_;
  Storm storm_;
  Instant end_ = kNever;
};

}  // namespace

Report Run(const Options& options, Workload& workload) {
  return Simulation(options, workload).Run();
}

}  // namespace synod::sim
