// bank-sim: runs the bank on simulated clusters, one for each seed, and says what broke.
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include <synod/sim/main.h>

#include "bank.h"

namespace bank {
namespace {

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

absl::Status Choose(std::string_view name, Bug& bug) {
  if (name != "forget" && name != "mint") {
    return absl::InvalidArgumentError("there is no bug '" + std::string(name) +
                                      "'; there are forget and mint");
  }
  bug = name == "forget" ? Bug::kForget : Bug::kMint;
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  Bug bug = Bug::kNone;
  const synod::sim::Program program = {
      .name = "bank-sim",
      .new_workload = [&bug] { return std::make_unique<BankWorkload>(bug); },
      .flags = {{.name = "--bug",
                 .value = "NAME",
                 .help = "plants a bug: forget (what is frozen), or mint (money)",
                 .set = [&bug](std::string_view name) { return Choose(name, bug); }}}};
  return synod::sim::Main(program, argc, argv);
}

}  // namespace
}  // namespace bank

int main(int argc, char** argv) { return bank::Main(argc, argv); }
