// The tests' own state machine against the suite.
#include "tests/unit/node/ledger.h"

#include "tests/conformance/state_machine/suite.h"

namespace synod::testing {
namespace {

Subject LedgerSubject() {
  static test::LedgerControl control;
  return {.make = [] { return std::make_unique<test::Ledger>(control, /*padding=*/5000); },
          .commands = {"a", "b", "", "a", "longer", "c"},
          .queries = {"size", "all", "nonsense"}};
}

INSTANTIATE_TEST_SUITE_P(Ledger, StateMachineConformance, ::testing::Values(LedgerSubject()));

}  // namespace
}  // namespace synod::testing
