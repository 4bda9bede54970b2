// What a simulating program is asked for on its command line.
#ifndef SYNOD_SRC_SIM_FLAGS_H_
#define SYNOD_SRC_SIM_FLAGS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "synod/core/protocol.h"
#include "synod/sim/main.h"

namespace synod::sim {

struct Flags {
  uint64_t first_seed = 1;
  uint64_t seeds = 1;
  std::string transcript;            // Empty: none.
  std::string store;                 // One of the program's. Empty: the transcript's, or the first.
  std::optional<Protocol> protocol;  // None: the transcript's, or Raft.
  std::string options;               // In place of drawn ones.
  bool keep_going = false;
  bool twice = false;
  bool complete = false;
  bool verbose = false;
  bool shrink = false;
  uint64_t runs = 2000;
  std::string write_to;  // Empty: nowhere.
  bool help = false;
  std::string own;  // Those of the program itself, as they were given: " --bug forget".
};

// kInvalidArgument, naming the flag. `arguments`: without the program's name.
[[nodiscard]] absl::StatusOr<Flags> ParseFlags(const Program& program,
                                               std::span<char* const> arguments);

// "wal, rocksdb".
[[nodiscard]] std::string StoreNames(const Program& program);
// Null if it has no such; empty: the first.
[[nodiscard]] const Program::Store* FindStore(const Program& program, std::string_view name);

[[nodiscard]] std::string Usage(const Program& program);

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_FLAGS_H_
