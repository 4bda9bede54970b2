// What every state machine has to do, whatever it keeps. Its test defines a Subject and
// instantiates the suite:
//
//   INSTANTIATE_TEST_SUITE_P(Mine, StateMachineConformance, ::testing::Values(MySubject()));
#ifndef SYNOD_TESTS_CONFORMANCE_STATE_MACHINE_SUITE_H_
#define SYNOD_TESTS_CONFORMANCE_STATE_MACHINE_SUITE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "synod/port/state_machine.h"

#include "gtest/gtest.h"

namespace synod::testing {

// A kind of state machine.
struct Subject {
  std::function<std::unique_ptr<StateMachine>()> make;
  // Commands that change the state, each of them, and one that cannot be executed among them, if
  // there is such a thing.
  std::vector<std::string> commands;
  // Queries whose answers tell states apart, errors included.
  std::vector<std::string> queries;
};

class StateMachineConformance : public ::testing::TestWithParam<Subject> {
 protected:
  [[nodiscard]] static std::unique_ptr<StateMachine> New() { return GetParam().make(); }

  // Applies the subject's commands from `first` up to `last`, `batch` at a time. Returns the
  // results.
  static std::vector<std::string> Apply(StateMachine& machine, size_t first, size_t last,
                                        size_t batch = 1);
  [[nodiscard]] static std::vector<std::string> Answers(const StateMachine& machine);
  [[nodiscard]] static std::string ImageOf(const StateMachine& machine);
  static void Restore(StateMachine& machine, const std::string& image);
};

}  // namespace synod::testing

#endif  // SYNOD_TESTS_CONFORMANCE_STATE_MACHINE_SUITE_H_
