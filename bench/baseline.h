// What the machine can do without Synod, measured in the same run: the scale for everything else.
#ifndef SYNOD_BENCH_BASELINE_H_
#define SYNOD_BENCH_BASELINE_H_

#include <chrono>
#include <string>

namespace synod::bench {

// Binds the calling thread, and all that it starts later, to one processor.
void PinTo(int processor);

// Median time, in microseconds, of a blocking TCP round trip of 64 bytes between two processes on
// one processor.
double TcpRoundTripMicros(int processor, int rounds);

// Puts of 256 bytes a second into a RocksDB in `directory`, each synced before the next, by one
// thread.
double SyncedPutsPerSecond(const std::string& directory, std::chrono::milliseconds duration);

}  // namespace synod::bench

#endif  // SYNOD_BENCH_BASELINE_H_
