// The checkers of sim/linearizability.h, on drawn histories of a register.
#ifndef SYNOD_BENCH_CHECKERS_H_
#define SYNOD_BENCH_CHECKERS_H_

#include <cstddef>
#include <cstdint>

namespace synod::bench {

// What the clients of the register have seen.
struct Drawn {
  uint64_t clients = 8;
  size_t operations = 0;          // Of all of them, half of them writes.
  bool has_wrong_answer = false;  // Of a read in the middle: a value that was overwritten before.
  bool has_unknown = false;  // One operation in fifty has no return; some of these took effect.
};

// Seconds that the checker takes. Ends the process if its verdict is wrong.
double WitnessSeconds(const Drawn& drawn);
double SearchSeconds(const Drawn& drawn);

}  // namespace synod::bench

#endif  // SYNOD_BENCH_CHECKERS_H_
