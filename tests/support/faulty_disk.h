// The simulator's disk, for the tests of what stands on one.
#ifndef SYNOD_TESTS_SUPPORT_FAULTY_DISK_H_
#define SYNOD_TESTS_SUPPORT_FAULTY_DISK_H_

#include "src/sim/faulty_disk.h"

namespace synod::test {

using sim::DiskFile;
using sim::FaultyDisk;
using sim::Lost;
using sim::Order;

}  // namespace synod::test

#endif  // SYNOD_TESTS_SUPPORT_FAULTY_DISK_H_
