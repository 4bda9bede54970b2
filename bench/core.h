// The core alone: three replicas in one thread, messages passed by hand, no storage, no network.
#ifndef SYNOD_BENCH_CORE_H_
#define SYNOD_BENCH_CORE_H_

#include <chrono>

#include "synod/core/protocol.h"

namespace synod::bench {

// Entries of 16 bytes, proposed in batches of 64, that all three replicas committed in a second.
double CoreEntriesPerSecond(Protocol protocol, std::chrono::milliseconds duration);

}  // namespace synod::bench

#endif  // SYNOD_BENCH_CORE_H_
