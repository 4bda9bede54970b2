#include "synod/sim/shrink.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "src/sim/option_fields.h"

namespace synod::sim {
namespace {

class Shrinker {
 public:
  Shrinker(Scenario scenario, const std::function<bool(const Scenario&)>& fails, uint64_t max_runs)
      : best_(std::move(scenario)), fails_(fails), runs_left_(max_runs) {}

  Scenario Run() {
    do {
      progressed_ = false;
      DropFaults();
      LowerCounts();
      ShortenStorm();
      UseDefaults();
      CalmFaults();
    } while (progressed_ && runs_left_ > 0);
    return std::move(best_);
  }

 private:
  // Keeps the candidate if it fails too.
  bool Try(Scenario candidate) {
    if (runs_left_ == 0) return false;
    --runs_left_;
    if (!fails_(candidate)) return false;
    best_ = std::move(candidate);
    progressed_ = true;
    return true;
  }

  // With other options all that is drawn falls differently, and the failure may hide: a few other
  // seeds are tried.
  bool TryWithSeeds(Scenario candidate) {
    constexpr int kSeeds = 16;
    for (int i = 0; i < kSeeds; ++i) {
      if (Try(candidate)) return true;
      ++candidate.options.seed;
    }
    return false;
  }

  // Leaves out ever smaller runs of faults (the complements of ddmin, Zeller & Hildebrandt 2002).
  void DropFaults() {
    for (size_t size = best_.faults.size(); size > 0; size /= 2) {
      for (size_t begin = 0; begin < best_.faults.size();) {
        Scenario candidate = best_;
        const size_t end = std::min(begin + size, candidate.faults.size());
        candidate.faults.erase(candidate.faults.begin() + static_cast<ptrdiff_t>(begin),
                               candidate.faults.begin() + static_cast<ptrdiff_t>(end));
        if (!Try(std::move(candidate))) begin += size;
      }
    }
  }

  void LowerCounts() {
    for (size_t clients = 1; clients < best_.options.clients; ++clients) {
      Scenario candidate = best_;
      candidate.options.clients = clients;
      if (TryWithSeeds(std::move(candidate))) break;
    }
    LowerNodes(&Options::nodes, 1);
    LowerNodes(&Options::spares, 0);
  }

  void LowerNodes(size_t Options::*count, size_t least) {
    for (size_t nodes = least; nodes < best_.options.*count; ++nodes) {
      Scenario candidate = best_;
      candidate.options.*count = nodes;
      if (!candidate.options.Validate().ok()) continue;  // The rule of quorums is one for more.
      for (Fault& fault : candidate.faults) MoveInto(candidate.options.AllNodes(), fault);
      if (TryWithSeeds(std::move(candidate))) break;
    }
  }

  // What would strike a node that is gone strikes another. A partition leaves it out by itself.
  static void MoveInto(uint64_t nodes, Fault& fault) {
    if (fault.nodes.size() != 1) return;
    NodeId& node = fault.nodes.front();
    if (node > NodeId(nodes)) node = NodeId(1 + (node.value() - 1) % nodes);
  }

  void ShortenStorm() {
    constexpr Duration kShort = std::chrono::milliseconds(10);
    while (best_.options.storm > kShort) {
      Scenario candidate = best_;
      candidate.options.storm /= 2;
      const Duration storm = candidate.options.storm;
      std::erase_if(candidate.faults, [&](const Fault& fault) { return fault.at >= storm; });
      if (!Try(std::move(candidate))) return;
    }
  }

  // Each field by itself.
  void UseDefaults() {
    ForEachField([this](std::string_view name, auto field) {
      if (name == "seed" || name == "nodes" || name == "spares" || name == "clients" ||
          name == "storm") {
        return;
      }
      const Options defaults;
      const auto& usual = field(defaults);
      if (field(best_.options) == usual) return;
      Scenario candidate = best_;
      field(candidate.options) = usual;
      // Options may need each other (an election takes three heartbeats).
      if (candidate.options.Validate().ok()) TryWithSeeds(std::move(candidate));
    });
  }

  // At once and for no time is easier to follow than later and for long.
  void CalmFaults() {
    for (size_t i = 0; i < best_.faults.size(); ++i) {
      if (best_.faults[i].amount != 0) {
        Scenario candidate = best_;
        candidate.faults[i].amount = 0;
        Try(std::move(candidate));
      }
      if (best_.faults[i].lasts > Duration::zero()) {
        Scenario candidate = best_;
        candidate.faults[i].lasts = {};
        Try(std::move(candidate));
      }
    }
  }

  Scenario best_;
  const std::function<bool(const Scenario&)>& fails_;
  uint64_t runs_left_;
  bool progressed_ = false;
};

}  // namespace

Scenario Shrink(Scenario scenario, const std::function<bool(const Scenario&)>& fails,
                uint64_t max_runs) {
  return Shrinker(std::move(scenario), fails, max_runs).Run();
}

}  // namespace synod::sim
