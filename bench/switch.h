// What a slot acceptor costs: acceptor.p4 in the emulator, and the acceptor in software.
#ifndef SYNOD_BENCH_SWITCH_H_
#define SYNOD_BENCH_SWITCH_H_

#include <chrono>

namespace synod::bench {

// Requests that are answered in a second, one 1a to seven 2a with values of 32 bytes, all over the
// window; in process, by one thread.

// Whole frames, with both checksums verified and computed.
double EmulatedPacketsPerSecond(std::chrono::milliseconds duration);

// Datagrams.
double SoftwarePacketsPerSecond(std::chrono::milliseconds duration);

}  // namespace synod::bench

#endif  // SYNOD_BENCH_SWITCH_H_
