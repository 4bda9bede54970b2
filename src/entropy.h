// Randomness from the machine.
#ifndef SYNOD_SRC_ENTROPY_H_
#define SYNOD_SRC_ENTROPY_H_

#include <cstdint>
#include <exception>
#include <random>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "src/concat.h"

namespace synod::internal {

// 64 bits that nobody has drawn before. kUnavailable if the machine has none to give.
[[nodiscard]] inline absl::StatusOr<uint64_t> DrawEntropy() {
  try {
    std::random_device entropy;
    const uint64_t high = entropy();
    return (high << 32) ^ entropy();
  } catch (const std::exception& error) {
    return absl::UnavailableError(
        Concat("cannot draw random numbers from the machine: ", error.what()));
  }
}

}  // namespace synod::internal

#endif  // SYNOD_SRC_ENTROPY_H_
