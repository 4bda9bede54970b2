// The power goes at each operation of RocksDB's disk.
#include <gtest/gtest.h>

#include "tests/unit/storage/rocksdb_harness.h"

namespace synod::test {
namespace {

INSTANTIATE_TEST_SUITE_P(Rocksdb, PowerCut, ::testing::Values(RocksdbStore()), NameOfStore);
INSTANTIATE_TEST_SUITE_P(Rocksdb, PowerCutLosing,
                         ::testing::Combine(::testing::Values(RocksdbStore()),
                                            ::testing::Values(Lost::kAll, Lost::kSectors,
                                                              Lost::kNothing)),
                         NameOfLoss);

}  // namespace
}  // namespace synod::test
