// synod-sim: the simulator with a state machine of its own, registers, to test the library.
#include <string>

#include "synod/sim/main.h"

#if defined(SYNOD_SIM_ROCKSDB)
#include "tests/sim/rocksdb_factory.h"
#endif

namespace synod::sim {
namespace {

constexpr uint64_t kKeys = 3;

Program SynodSim() {
  Program program{
      .name = "synod-sim",
      .new_workload = [] { return NewRegisterWorkload(kKeys); },
      .shows_reach = true,
  };
#if defined(SYNOD_SIM_ROCKSDB)
  program.stores.push_back({.name = "rocksdb", .open = NewRocksdbFactory});
#endif
  return program;
}

}  // namespace
}  // namespace synod::sim

int main(int argc, char** argv) { return synod::sim::Main(synod::sim::SynodSim(), argc, argv); }
