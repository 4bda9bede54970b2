// bank-sim: runs the bank on simulated clusters, one for each seed, and says what broke.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>

#include <synod/sim/simulation.h>

#include "bank.h"

namespace bank {
namespace {

constexpr char kUsage[] =
    "usage: bank-sim [--bug forget|mint] [--seed N] [--seeds N]\n"
    "\n"
    "  --bug NAME  plants a bug: snapshots forget what is frozen; paying oneself makes money\n"
    "  --seed N    the first seed (default 1); it decides everything in its run\n"
    "  --seeds N   how many, one after the other (default 10); stops at the first that fails\n";

// What the simulator has to know of a state machine.
class BankWorkload : public synod::sim::Workload {
 public:
  explicit BankWorkload(Bug bug) : bug_(bug) {}

  std::unique_ptr<synod::StateMachine> NewStateMachine() override {
    return std::make_unique<Bank>(bug_);
  }

  synod::sim::Request Next(uint64_t, synod::Rng& dice) override {
    const auto somebody = [&dice] {
      static constexpr const char* kNames[] = {"ann", "bob", "cid", "dan"};
      return std::string(kNames[dice.Below(4)]);
    };
    if (dice.Chance(1, 4)) return {.is_write = false, .bytes = "statement"};
    std::string command = std::to_string(++commands_);
    if (dice.Chance(1, 4)) {
      command += (dice.Chance(1, 2) ? " freeze " : " thaw ") + somebody();
    } else {
      const std::string payer = somebody();
      command += " pay " + payer + " " + somebody() + " " + std::to_string(dice.Below(50));
    }
    return {.is_write = true, .bytes = command};
  }

  // All replicas must have equal states, and a statement tells all of a state.
  std::string DigestQuery() const override { return "statement"; }

  // Equal replicas can be wrong together. Whoever asked must have seen all the money there is.
  std::string Judge(const synod::sim::History<synod::sim::Request>& history,
                    synod::sim::Counts&) const override {
    for (const auto& call : history) {
      if (call.operation.is_write || !call.HasReturned()) continue;
      std::istringstream lines(call.operation.answer);
      int64_t total = 0, money = 0;
      for (std::string name, status; lines >> name >> money >> status;) total += money;
      if (total != Bank::kMoney) return "there is money of " + std::to_string(total);
    }
    return {};
  }

 private:
  const Bug bug_;
  uint64_t commands_ = 0;
};

// Whether the run broke no rule.
bool RunSeed(uint64_t seed, Bug bug) {
  BankWorkload workload(bug);
  const auto report = synod::sim::Run(synod::sim::Options::Swarm(seed), workload);
  const auto number = [](uint64_t count) { return std::to_string(count); };
  if (report.ok) {
    std::printf("seed %s: ok, %s commands, %s crashes, %s snapshots, %s restores\n",
                number(seed).c_str(), number(report.counts.committed).c_str(),
                number(report.counts.crashes).c_str(), number(report.counts.snapshots).c_str(),
                number(report.counts.restores).c_str());
  } else {
    std::printf("seed %s: FAILED\n  rule: %s\n  %s\n", number(seed).c_str(),
                report.violation.rule.c_str(), report.violation.what.c_str());
  }
  return report.ok;
}

int Main(int argc, char** argv) {
  uint64_t first = 1, count = 10;
  Bug bug = Bug::kNone;
  for (int i = 1; i < argc; i += 2) {
    const std::string flag = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
    char* end = nullptr;
    const uint64_t number = std::strtoull(value.c_str(), &end, 10);
    const bool is_number = !value.empty() && *end == '\0';
    if (flag == "--bug" && (value == "forget" || value == "mint")) {
      bug = value == "forget" ? Bug::kForget : Bug::kMint;
    } else if (flag == "--seed" && is_number) {
      first = number;
    } else if (flag == "--seeds" && is_number) {
      count = number;
    } else {
      std::fprintf(stderr, "%s", kUsage);
      return 2;
    }
  }
  for (uint64_t seed = first; seed - first < count; ++seed) {
    if (!RunSeed(seed, bug)) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace bank

int main(int argc, char** argv) { return bank::Main(argc, argv); }
