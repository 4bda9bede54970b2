#include "tests/sim/flags.h"

#include <charconv>
#include <map>
#include <string_view>

namespace synod::sim {
namespace {

absl::Status Bad(const std::string& what) { return absl::InvalidArgumentError(what); }

absl::Status SetValue(std::string_view flag, std::string_view value, Flags& flags) {
  if (flag == "--protocol") {
    if (value == "raft") return absl::OkStatus();
    return Bad("--protocol: there is no protocol '" + std::string(value) + "'; there is raft");
  }
  const std::map<std::string_view, std::string*> texts = {{"--transcript", &flags.transcript},
                                                          {"--write", &flags.write_to},
                                                          {"--store", &flags.store},
                                                          {"--options", &flags.options}};
  if (const auto text = texts.find(flag); text != texts.end()) {
    *text->second = value;
    if (value.empty()) return Bad(std::string(flag) + " takes a value that is not empty");
    return absl::OkStatus();
  }
  const std::map<std::string_view, uint64_t*> numbers = {
      {"--seed", &flags.first_seed}, {"--seeds", &flags.seeds}, {"--runs", &flags.runs}};
  const auto [end, error] =
      std::from_chars(value.data(), value.data() + value.size(), *numbers.at(flag));
  if (error == std::errc() && end == value.data() + value.size()) return absl::OkStatus();
  return Bad(std::string(flag) + " takes a number below 2^64, not '" + std::string(value) + "'");
}

absl::Status CheckTogether(const Flags& flags) {
  if (flags.seeds == 0) return Bad("--seeds must be positive");
  if ((flags.shrink || !flags.write_to.empty()) && flags.seeds > 1) {
    return Bad("--shrink and --write are for one run: give its --seed or its --transcript");
  }
  if (!flags.transcript.empty() &&
      (flags.seeds > 1 || flags.first_seed != 1 || !flags.options.empty())) {
    return Bad(
        "a transcript says what its options are: it goes without --seed, --seeds, --options");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Flags> ParseFlags(std::span<char* const> arguments) {
  Flags flags;
  const std::map<std::string_view, bool*> switches = {{"--twice", &flags.twice},
                                                      {"--complete", &flags.complete},
                                                      {"--verbose", &flags.verbose},
                                                      {"--shrink", &flags.shrink},
                                                      {"--help", &flags.help}};
  constexpr std::string_view kWithValue[] = {"--seed",  "--seeds",    "--transcript", "--runs",
                                             "--write", "--protocol", "--store",      "--options"};
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view flag = arguments[i];
    if (const auto found = switches.find(flag); found != switches.end()) {
      *found->second = true;
      continue;
    }
    if (std::find(std::begin(kWithValue), std::end(kWithValue), flag) == std::end(kWithValue)) {
      return Bad("there is no flag " + std::string(flag));
    }
    if (i + 1 == arguments.size()) return Bad(std::string(flag) + " takes a value");
    if (absl::Status status = SetValue(flag, arguments[++i], flags); !status.ok()) return status;
  }
  if (absl::Status status = CheckTogether(flags); !status.ok()) return status;
  return flags;
}

}  // namespace synod::sim
