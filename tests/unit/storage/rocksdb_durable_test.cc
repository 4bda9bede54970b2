// The RocksDB log store against the suite of the durable stores.
#include <gtest/gtest.h>

#include "tests/unit/storage/rocksdb_harness.h"

namespace synod::test {
namespace {

INSTANTIATE_TEST_SUITE_P(Rocksdb, DurableStore, ::testing::Values(RocksdbStore()), NameOfStore);

}  // namespace
}  // namespace synod::test
