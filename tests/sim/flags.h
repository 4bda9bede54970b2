// What synod-sim is asked for on its command line.
#ifndef SYNOD_TESTS_SIM_FLAGS_H_
#define SYNOD_TESTS_SIM_FLAGS_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace synod::sim {

inline constexpr char kUsage[] =
    "usage: synod-sim [--seed N] [--seeds N] [--protocol P] [--store S]\n"
    "                 [--options TEXT] [--twice] [--complete] [--verbose]\n"
    "       synod-sim --seed N --shrink [--runs N] [--write FILE]\n"
    "       synod-sim --transcript FILE [--twice] [--verbose] [--shrink ...]\n"
    "\n"
    "  --seed N           the first seed (default 1); it decides everything in its run\n"
    "  --seeds N          how many, one after the other (default 1)\n"
    "  --transcript FILE  runs what the file says, which must end as it says\n"
    "  --protocol P       the protocol under test: raft\n"
    "  --store S          the log store under test: wal (the default) or rocksdb\n"
    "  --options TEXT     takes these options instead of those drawn: \"nodes=5 faults.crash=1s\"\n"
    "  --twice            runs everything twice, and fails if the runs differ\n"
    "  --complete         stops when all that is counted has happened, each mark was reached and\n"
    "                     each knob turned, and fails if that does not come\n"
    "  --verbose          says of each run what its options were and what happened in it\n"
    "  --shrink           makes the failing run as small as it can and prints its transcript,\n"
    "                     whose seed may be another one\n"
    "  --runs N           how many runs that may take (default 2000)\n"
    "  --write FILE       writes the transcript there: as it is, or shrunk\n"
    "  --help             this text\n"
    "\n"
    "Runs \"beyond the atlas\" are those in which more disks were damaged than the protocol\n"
    "tolerates. They may stop for good, and must not be wrong.\n";

struct Flags {
  uint64_t first_seed = 1;
  uint64_t seeds = 1;
  std::string transcript;  // Empty: none.
  std::string store = "wal";
  std::string options;  // In place of drawn ones.
  bool twice = false;
  bool complete = false;
  bool verbose = false;
  bool shrink = false;
  uint64_t runs = 2000;
  std::string write_to;  // Empty: nowhere.
  bool help = false;
};

// kInvalidArgument, naming the flag. `arguments`: without the program's name.
[[nodiscard]] absl::StatusOr<Flags> ParseFlags(std::span<char* const> arguments);

}  // namespace synod::sim

#endif  // SYNOD_TESTS_SIM_FLAGS_H_
