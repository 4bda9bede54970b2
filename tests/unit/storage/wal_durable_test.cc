// The write-ahead log against the suite of the durable stores.
#include <gtest/gtest.h>

#include "tests/unit/storage/wal_harness.h"

namespace synod::test {
namespace {

INSTANTIATE_TEST_SUITE_P(Wal, DurableStore, ::testing::Values(WalStore()), NameOfStore);

}  // namespace
}  // namespace synod::test
