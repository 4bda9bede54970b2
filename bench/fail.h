// How synod-bench ends when there is nothing to measure.
#ifndef SYNOD_BENCH_FAIL_H_
#define SYNOD_BENCH_FAIL_H_

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace synod::bench {

[[noreturn]] inline void Fail(const std::string& what) {
  std::fprintf(stderr, "synod-bench: %s\n", what.c_str());
  std::exit(1);
}

template <class T>
T OrFail(absl::StatusOr<T> result) {
  if (!result.ok()) Fail(result.status().ToString());
  return *std::move(result);
}

}  // namespace synod::bench

#endif  // SYNOD_BENCH_FAIL_H_
