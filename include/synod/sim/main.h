// The whole of a program that simulates a state machine: it runs seeds and transcripts, says why
// one fails, and makes small what fails.
#ifndef SYNOD_SIM_MAIN_H_
#define SYNOD_SIM_MAIN_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "synod/sim/store_factory.h"
#include "synod/sim/workload.h"

namespace synod::sim {

struct Program {
  // A flag of its own, which takes a value.
  struct Flag {
    std::string name;   // "--bug"
    std::string value;  // What stands for the value in the usage: "NAME".
    std::string help;   // One line.
    // What is not ok ends the program with its message.
    std::function<absl::Status(std::string_view value)> set;
  };
  struct Store {
    std::string name;  // As --store takes it.
    std::function<std::unique_ptr<StoreFactory>()> open;
  };

  std::string name;  // As it is called.
  // Called for each run, once all flags are set.
  std::function<std::unique_ptr<Workload>()> new_workload;
  std::vector<Flag> flags = {};
  // The first is the default.
  std::vector<Store> stores = {{.name = "wal", .open = NewWalFactory}};
  // Tells after several seeds which marks and knobs of the library were reached, and offers
  // --complete. For tests of the library itself.
  bool shows_reach = false;
};

//   int main(int argc, char** argv) {
//     return synod::sim::Main({.name = "bank-sim", .new_workload = NewBankWorkload}, argc, argv);
//   }
//
// What the program takes it says with --help. Returns its exit code: 0 if no run broke a rule, or
// if a transcript ended as it says; 1 if not; 2 if it was asked for something that it does not
// know. To make a run small it forks, and with --keep-going for each run, so that a state machine
// that aborts can be made small too, and keeps no other run from its turn.
[[nodiscard]] int Main(const Program& program, int argc, char** argv);

}  // namespace synod::sim

#endif  // SYNOD_SIM_MAIN_H_
