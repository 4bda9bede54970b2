// What a slot acceptor does, in software and as the emulator runs it.
#include "gtest/gtest.h"
#include "tests/unit/switch/acceptor_suite.h"
#include "tests/unit/switch/switch_under_test.h"

namespace synod::slots::testing {

using Subjects = ::testing::Types<SoftwareSubject, EmulatedSubject>;
INSTANTIATE_TYPED_TEST_SUITE_P(Switch, Acceptor, Subjects);

}  // namespace synod::slots::testing
