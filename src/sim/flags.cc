#include "src/sim/flags.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>

#include "src/sim/values.h"

namespace synod::sim {
namespace {

constexpr size_t kHelpColumn = 21;

absl::Status Bad(const std::string& what) { return absl::InvalidArgumentError(what); }

absl::Status SetOwn(const Program::Flag& flag, std::string_view value, Flags& flags) {
  if (const absl::Status status = flag.set(value); !status.ok()) {
    return Bad(flag.name + ": " + std::string(status.message()));
  }
  flags.own += ' ' + flag.name + ' ' + std::string(value);
  return absl::OkStatus();
}

absl::Status SetNumber(std::string_view flag, std::string_view value, uint64_t& number) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc() && end == value.data() + value.size()) return absl::OkStatus();
  return Bad(std::string(flag) + " takes a number below 2^64, not '" + std::string(value) + "'");
}

absl::Status SetProtocol(std::string_view value, std::optional<Protocol>& protocol) {
  if (ParseValue(value, protocol.emplace())) return absl::OkStatus();
  return Bad("--protocol takes " + KindOf(*protocol) + ", not '" + std::string(value) + "'");
}

absl::Status CheckTogether(const Program& program, const Flags& flags) {
  if (FindStore(program, flags.store) == nullptr) {
    return Bad("--store: there is no store '" + flags.store + "' in this build; there is " +
               StoreNames(program));
  }
  if (flags.seeds == 0) return Bad("--seeds must be positive");
  if ((flags.shrink || !flags.write_to.empty()) && flags.seeds > 1) {
    return Bad("--shrink and --write are for one run: give its --seed or its --transcript");
  }
  if (!flags.transcript.empty() &&
      (flags.seeds > 1 || flags.first_seed != 1 || flags.protocol || !flags.options.empty())) {
    return Bad(
        "a transcript says what its options are: it goes without --seed, --seeds, --protocol, "
        "--options");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Flags> ParseFlags(const Program& program, std::span<char* const> arguments) {
  Flags flags;
  std::map<std::string_view, bool*> switches = {{"--keep-going", &flags.keep_going},
                                                {"--twice", &flags.twice},
                                                {"--verbose", &flags.verbose},
                                                {"--shrink", &flags.shrink},
                                                {"--help", &flags.help}};
  if (program.shows_reach) switches["--complete"] = &flags.complete;
  const std::map<std::string_view, std::string*> texts = {{"--transcript", &flags.transcript},
                                                          {"--write", &flags.write_to},
                                                          {"--store", &flags.store},
                                                          {"--options", &flags.options}};
  const std::map<std::string_view, uint64_t*> numbers = {
      {"--seed", &flags.first_seed}, {"--seeds", &flags.seeds}, {"--runs", &flags.runs}};
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view flag = arguments[i];
    if (const auto found = switches.find(flag); found != switches.end()) {
      *found->second = true;
      continue;
    }
    const auto own = std::find_if(program.flags.begin(), program.flags.end(),
                                  [&](const Program::Flag& known) { return known.name == flag; });
    const bool is_own = own != program.flags.end();
    const bool is_protocol = flag == "--protocol";
    if (!is_own && !is_protocol && !texts.contains(flag) && !numbers.contains(flag)) {
      if (flag.starts_with('-')) return Bad("there is no flag " + std::string(flag));
      return Bad("'" + std::string(flag) + "' is neither a flag nor the value of one");
    }
    if (i + 1 == arguments.size()) return Bad(std::string(flag) + " takes a value");
    const std::string_view value = arguments[++i];
    absl::Status status;
    if (is_own) {
      status = SetOwn(*own, value, flags);
    } else if (is_protocol) {
      status = SetProtocol(value, flags.protocol);
    } else if (numbers.contains(flag)) {
      status = SetNumber(flag, value, *numbers.at(flag));
    } else if (value.empty()) {
      status = Bad(std::string(flag) + " takes a value that is not empty");
    } else {
      *texts.at(flag) = value;
    }
    if (!status.ok()) return status;
  }
  if (absl::Status status = CheckTogether(program, flags); !status.ok()) return status;
  return flags;
}

std::string StoreNames(const Program& program) {
  std::string names;
  for (const Program::Store& store : program.stores) {
    names += (names.empty() ? "" : ", ") + store.name;
  }
  return names;
}

const Program::Store* FindStore(const Program& program, std::string_view name) {
  if (name.empty()) return &program.stores.front();
  const auto found = std::find_if(program.stores.begin(), program.stores.end(),
                                  [&](const Program::Store& store) { return store.name == name; });
  return found == program.stores.end() ? nullptr : &*found;
}

std::string Usage(const Program& program) {
  std::string own;
  std::string own_help;
  for (const Program::Flag& flag : program.flags) {
    const std::string name = flag.name + ' ' + flag.value;
    own += " [" + name + ']';
    own_help += "  " + name;
    own_help.append(name.size() + 2 < kHelpColumn ? kHelpColumn - name.size() - 2 : 1, ' ');
    own_help += flag.help + '\n';
  }
  const std::string called = program.name + own;
  return "usage: " + called +
         " [--seed N] [--seeds N] [FLAG ...]\n"
         "       " +
         called +
         " --seed N --shrink [--runs N] [--write FILE]\n"
         "       " +
         called + " --transcript FILE [--twice] [--verbose] [--shrink ...]\n\n" + own_help +
         "  --seed N           the first seed (default 1); it decides everything in its run\n"
         "  --seeds N          how many, one after the other (default 1)\n"
         "  --keep-going       does not stop at the first seed that fails\n"
         "  --transcript FILE  runs what the file says, which must end as it says\n"
         "  --protocol P       what is under test: raft, which is the default, or multipaxos\n"
         "  --store S          the log store under test: " +
         StoreNames(program) +
         "\n                     (without it the transcript's, or the first)\n"
         "  --options TEXT     takes these options instead of those drawn: \"nodes=5 "
         "faults.crash=1s\"\n"
         "                     (what is none of them is answered with their names)\n"
         "  --twice            runs everything twice, and fails if the runs differ\n" +
         (program.shows_reach
              ? "  --complete         stops when all that is counted has happened, each mark was "
                "reached and\n"
                "                     each knob turned, and fails if that does not come\n"
              : "") +
         "  --verbose          says of each run what its options were and what happened in it\n"
         "  --shrink           makes the failing run as small as it can and prints its "
         "transcript,\n"
         "                     whose seed may be another one\n"
         "  --runs N           how many runs that may take (default 2000)\n"
         "  --write FILE       writes the transcript there: as it is, or shrunk\n"
         "  --help             this text\n"
         "\n"
         "Runs \"beyond the atlas\" are those in which more disks were damaged than the protocol\n"
         "tolerates. They may stop for good, and must not be wrong.\n"
         "\n"
         "Equal hashes mean the same run: the same events at the same times, the same messages,\n"
         "writes and answers. The hash of several seeds is of all their runs.\n";
}

}  // namespace synod::sim
