// The RocksDB log store in simulated clusters.
#ifndef SYNOD_TESTS_SIM_ROCKSDB_FACTORY_H_
#define SYNOD_TESTS_SIM_ROCKSDB_FACTORY_H_

#include <memory>

#include "synod/sim/store_factory.h"

namespace synod::sim {

// Opens stores of storage/rocksdb, whose write buffer is a segment's size.
[[nodiscard]] std::unique_ptr<StoreFactory> NewRocksdbFactory();

}  // namespace synod::sim

#endif  // SYNOD_TESTS_SIM_ROCKSDB_FACTORY_H_
