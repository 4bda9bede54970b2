// A small seeded generator (SplitMix64). The same seed gives the same sequence on every machine.
#ifndef SYNOD_BASE_RNG_H_
#define SYNOD_BASE_RNG_H_

#include <cstdint>

namespace synod {

class Rng {
 public:
  explicit constexpr Rng(uint64_t seed) : state_(seed) {}

  constexpr uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  // Uniform enough in [0, bound); 0 if bound is 0.
  constexpr uint64_t Below(uint64_t bound) { return bound == 0 ? 0 : Next() % bound; }

  // True `numerator` times in `denominator`.
  constexpr bool Chance(uint64_t numerator, uint64_t denominator) {
    return Below(denominator) < numerator;
  }

 private:
  uint64_t state_;
};

}  // namespace synod

#endif  // SYNOD_BASE_RNG_H_
