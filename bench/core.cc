#include "bench/core.h"

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "synod/engine/engine.h"
#include "synod/node/bootstrap.h"
#include "synod/paxos/multi_paxos.h"
#include "synod/raft/raft.h"

#include "bench/fail.h"
#include "bench/statistics.h"

namespace synod::bench {
namespace {

class ThreeCores {
 public:
  explicit ThreeCores(Protocol protocol) {
    for (uint64_t node = 1; node <= cores_.size(); ++node) {
      const Engine::Identity self{.group = 1, .node = node, .incarnation = Incarnation(100 + node)};
      DurableState state;
      state.initial_configuration = Configuration::Of({1, 2, 3});
      state.initial_configuration.protocol = protocol;
      if (protocol == Protocol::kMultiPaxos) {
        state.initial_configuration.alpha = BootstrapOptions().alpha;
      }
      cores_[node - 1] = NewCore(self, std::move(state));
    }
  }

  Engine& ElectLeader() {
    for (int millisecond = 0; millisecond < 10'000; ++millisecond) {
      PassTime(std::chrono::milliseconds(1));
      for (auto& core : cores_) {
        if (core->IsLeader()) return *core;
      }
    }
    Fail("no leader was elected");
  }

  void Propose(Engine& leader, std::vector<Proposal>& batch) {
    leader.Propose(batch);
    Settle(leader);
    Deliver();
  }

  void PassTime(Duration time) {
    now_ += time;
    for (auto& core : cores_) {
      core->Tick(now_);
      Settle(*core);
    }
    Deliver();
  }

  // Drops the log behind what is committed, as snapshots do.
  void Compact() {
    for (auto& core : cores_) {
      const Index index = core->commit();
      const SnapshotMeta meta{.index = index,
                              .term = core->EntryAt(index).term,
                              .configuration = core->configuration()};
      if (core->SnapshotTaken(meta, StagedSnapshot(1))) Settle(*core);
    }
    Deliver();
  }

  [[nodiscard]] uint64_t CommittedByAll() const {
    uint64_t least = UINT64_MAX;
    for (const auto& core : cores_) least = std::min(least, core->commit().value());
    return least;
  }

 private:
  [[nodiscard]] std::unique_ptr<Engine> NewCore(const Engine::Identity& self,
                                                DurableState state) const {
    const EngineOptions options;
    const uint64_t seed = self.node.value();
    if (state.initial_configuration.protocol == Protocol::kMultiPaxos) {
      return std::make_unique<MultiPaxos>(options, self, std::move(state), seed, now_);
    }
    return std::make_unique<Raft>(options, self, std::move(state), seed, now_);
  }

  void Settle(Engine& core) {
    while (core.HasOutput()) {
      core.TakeOutput(output_);
      for (Outgoing& outgoing : output_.messages) network_.push_back(std::move(outgoing.message));
      if (!output_.persist.token.IsZero()) core.Persisted(output_.persist.token);
    }
  }

  void Deliver() {
    while (!network_.empty()) {
      Message message = std::move(network_.front());
      network_.pop_front();
      Engine& to = *cores_[message.to.value() - 1];
      to.Step(std::move(message));
      Settle(to);
    }
  }

  Instant now_;
  std::array<std::unique_ptr<Engine>, 3> cores_;
  std::deque<Message> network_;
  Output output_;
};

}  // namespace

double CoreEntriesPerSecond(Protocol protocol, std::chrono::milliseconds duration) {
  constexpr uint64_t kBatch = 64;
  ThreeCores cores(protocol);
  Engine& leader = cores.ElectLeader();
  const uint64_t before = cores.CommittedByAll();
  const Clock::time_point start = Clock::now();
  std::vector<Proposal> batch;
  RequestId request;
  for (uint64_t round = 1; Clock::now() - start < duration; ++round) {
    batch.clear();
    for (uint64_t i = 0; i < kBatch; ++i) {
      batch.push_back({.request = ++request, .command = Payload::Copy("sixteen bytes ok")});
    }
    cores.Propose(leader, batch);
    if (round % 1000 == 0) {
      cores.PassTime(EngineOptions().heartbeat_interval);
      cores.Compact();
    }
  }
  return static_cast<double>(cores.CommittedByAll() - before) / Seconds(Clock::now() - start);
}

}  // namespace synod::bench
