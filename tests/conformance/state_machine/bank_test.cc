// The bank, without its bugs, against the suite of the state machines.
#include "examples/bank/bank.h"

#include "tests/conformance/state_machine/suite.h"

namespace synod::testing {
namespace {

Subject BankSubject() {
  return {.make = [] { return std::make_unique<bank::Bank>(bank::Bug::kNone); },
          .commands = {"1 pay ann bob 30", "2 freeze ann", "3 pay ann cid 1", "4 pay bob dan 120",
                       "5 pay bob dan 20", "6 thaw ann", "7 pay cid cid 5", "8 pay ann cid 10"},
          .queries = {""}};
}

INSTANTIATE_TEST_SUITE_P(Bank, StateMachineConformance, ::testing::Values(BankSubject()));

}  // namespace
}  // namespace synod::testing
