#include "flags.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

#include "absl/time/time.h"

#include "../sockets.h"

namespace synod::slots {
namespace {

constexpr std::string_view kIntroduction =
    R"(synod-switch is a switch in software whose program is a Paxos acceptor.

  synod-switch serve --listen=ADDRESS:PORT --control=ADDRESS:PORT [flags]
      Answers proposers until SIGTERM or SIGINT. It is no voter until it is enabled.
  synod-switch check [--program=FILE]
      Says in which stages of a switch a program was placed, or why it cannot be.
  synod-switch control HOST:PORT COMMAND
      Does something to a switch that is served:
        enable GROUP INCARNATION [TRIM]  makes it a voter; INCARNATION is a number that was never
                                         used before, or random
        disable                          takes its vote away
        trim CHUNK                       forgets the slots of the chunks (of 4096) before this one
        state                            prints what it is and what it has promised
        power off|on|cycle               all that it knows is lost
        read REGISTER INDEX, write REGISTER INDEX WORD
                                         one word

)";

struct Flag {
  std::string_view name;
  std::string_view value;  // What stands for its value in the help; empty: it has none.
  std::string_view help;
  absl::Status (*parse)(std::string_view text, Flags& flags);
};

absl::Status SetEndpoint(std::string_view text, Endpoint& endpoint) {
  const absl::StatusOr<Endpoint> parsed = ParseEndpoint(text);
  if (parsed.ok()) endpoint = *parsed;
  return parsed.status();
}

// A share such as 0.01, as so many in a million.
absl::Status SetChance(std::string_view text, uint32_t& chance) {
  double share = -1;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (error != std::errc() || stop != text.data() + text.size() || !(share >= 0 && share <= 1)) {
    return absl::InvalidArgumentError("must be a share between 0 and 1");
  }
  chance = static_cast<uint32_t>(std::lround(share * 1e6));
  return absl::OkStatus();
}

absl::Status SetDuration(std::string_view text, Duration& duration) {
  absl::Duration parsed;
  if (!absl::ParseDuration(absl::string_view(text.data(), text.size()), &parsed) ||
      parsed < absl::ZeroDuration() || parsed > absl::Minutes(1)) {
    return absl::InvalidArgumentError("must be a time of at most 1m such as 50us or 1.5ms");
  }
  duration = absl::ToChronoNanoseconds(parsed);
  return absl::OkStatus();
}

const Flag kFlags[] = {
    {"listen", "ADDRESS:PORT", "Where proposers send their requests, over UDP. Port 0: any.",
     [](std::string_view text, Flags& flags) { return SetEndpoint(text, flags.listen); }},
    {"control", "ADDRESS:PORT",
     "Where the control plane connects, over TCP. Whoever reaches it controls the switch.",
     [](std::string_view text, Flags& flags) { return SetEndpoint(text, flags.control); }},
    {"program", "FILE", "A P4 program to run in place of the acceptor that is built in.",
     [](std::string_view text, Flags& flags) {
       flags.program_file = text;
       return text.empty() ? absl::InvalidArgumentError("must not be empty") : absl::OkStatus();
     }},
    {"software", "", "No P4: the same acceptor, written in C++. Takes none of the flags below.",
     [](std::string_view, Flags& flags) {
       flags.is_software = true;
       return absl::OkStatus();
     }},
    {"xdp", "INTERFACE",
     "Answers in the kernel, at this network interface, for --listen. Takes only the next two.",
     [](std::string_view text, Flags& flags) {
       flags.xdp.interface = text;
       return text.empty() ? absl::InvalidArgumentError("must not be empty") : absl::OkStatus();
     }},
    {"xdp-pin", "DIRECTORY",
     "In a bpffs: what it knows survives synod-switch, and it goes on answering.",
     [](std::string_view text, Flags& flags) {
       flags.xdp.directory = text;
       return text.empty() ? absl::InvalidArgumentError("must not be empty") : absl::OkStatus();
     }},
    {"xdp-generic", "", "Not in the interface's driver, which is slow but works with every driver.",
     [](std::string_view, Flags& flags) {
       flags.xdp.is_generic = true;
       return absl::OkStatus();
     }},
    {"control-delay-min", "TIME",
     "How long a word that the control plane writes takes at least (default 0s),",
     [](std::string_view text, Flags& flags) {
       return SetDuration(text, flags.options.control_delay_min);
     }},
    {"control-delay-max", "TIME", "and at most (default 0s). Each word takes its own time.",
     [](std::string_view text, Flags& flags) {
       return SetDuration(text, flags.options.control_delay_max);
     }},
    {"loss", "SHARE", "Of the packets, on the way in and again on the way out (default 0).",
     [](std::string_view text, Flags& flags) {
       return SetChance(text, flags.options.faults.loss);
     }},
    {"duplication", "SHARE", "Likewise.",
     [](std::string_view text, Flags& flags) {
       return SetChance(text, flags.options.faults.duplication);
     }},
    {"reordering", "SHARE", "Likewise: so many are held back while others pass.",
     [](std::string_view text, Flags& flags) {
       return SetChance(text, flags.options.faults.reordering);
     }},
    {"held-max", "TIME", "For at most so long (default 100us).",
     [](std::string_view text, Flags& flags) {
       return SetDuration(text, flags.options.faults.held_max);
     }},
    {"seed", "N", "What these faults and times are drawn from (default 1).",
     [](std::string_view text, Flags& flags) {
       const char* const end = text.data() + text.size();
       const auto [stop, error] = std::from_chars(text.data(), end, flags.options.seed);
       return error == std::errc() && stop == end
                  ? absl::OkStatus()
                  : absl::InvalidArgumentError("must be a number below 2^64");
     }},
};

absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

absl::Status ParseFlag(std::string_view argument, std::vector<std::string_view>& seen,
                       Flags& flags) {
  if (!argument.starts_with("--")) return Wrong("'" + std::string(argument) + "' is not a flag");
  const size_t equals = argument.find('=');
  const std::string_view name = argument.substr(2, equals == argument.npos ? equals : equals - 2);
  const std::string shown = "--" + std::string(name);
  const auto* flag = std::find_if(std::begin(kFlags), std::end(kFlags),
                                  [name](const Flag& known) { return known.name == name; });
  if (flag == std::end(kFlags)) return Wrong("there is no flag " + shown);
  if (flag->value.empty() && equals != argument.npos) return Wrong(shown + " takes no value");
  if (!flag->value.empty() && equals == argument.npos) {
    return Wrong(shown + " needs a value: " + shown + "=" + std::string(flag->value));
  }
  if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
    return Wrong(shown + " is given twice");
  }
  seen.push_back(name);
  const absl::Status status =
      flag->parse(equals == argument.npos ? "" : argument.substr(equals + 1), flags);
  return status.ok() ? status : Wrong(shown + ": " + std::string(status.message()));
}

absl::Status CheckXdp(const std::vector<std::string_view>& seen, const XdpPlace& place) {
  const auto is_its = [](std::string_view name) {
    return name == "listen" || name == "control" || name.starts_with("xdp");
  };
  if (place.interface.empty()) {
    return place.is_generic || !place.directory.empty()
               ? Wrong("--xdp-pin and --xdp-generic go with --xdp")
               : absl::OkStatus();
  }
  return std::all_of(seen.begin(), seen.end(), is_its)
             ? absl::OkStatus()
             : Wrong("--xdp goes with --listen, --control, --xdp-pin and --xdp-generic alone");
}

absl::Status CheckTogether(const std::vector<std::string_view>& seen, const Flags& flags) {
  const auto is_given = [&](std::string_view name) {
    return std::find(seen.begin(), seen.end(), name) != seen.end();
  };
  if (flags.verb == Flags::Verb::kCheck) {
    return seen.size() == (is_given("program") ? 1u : 0u)
               ? absl::OkStatus()
               : Wrong("check takes no other flag than --program");
  }
  if (!is_given("listen")) return Wrong("--listen is missing");
  if (!is_given("control")) return Wrong("--control is missing");
  if (flags.is_software && seen.size() > 3) {
    return Wrong("--software goes with --listen and --control alone");
  }
  if (absl::Status status = CheckXdp(seen, flags.xdp); !status.ok()) return status;
  if (flags.options.control_delay_max < flags.options.control_delay_min) {
    return Wrong("--control-delay-max must not be less than --control-delay-min");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Flags> ParseFlags(std::span<const std::string_view> arguments) {
  Flags flags;
  if (arguments.empty()) return Wrong("say what to do: serve, check or control");
  const auto is_help = [](std::string_view argument) {
    return argument == "--help" || argument == "-h" || argument == "help";
  };
  if (std::any_of(arguments.begin(), arguments.end(), is_help)) return flags;
  const std::string verb(arguments[0]);
  if (verb == "control") {
    flags.verb = Flags::Verb::kControl;
    if (arguments.size() < 3) return Wrong("control takes HOST:PORT and a command");
    flags.control_address = arguments[1];
    flags.command.assign(arguments.begin() + 2, arguments.end());
    return flags;
  }
  if (verb != "serve" && verb != "check") {
    return Wrong("'" + verb + "' is none of serve, check and control");
  }
  flags.verb = verb == "serve" ? Flags::Verb::kServe : Flags::Verb::kCheck;
  std::vector<std::string_view> seen;
  for (const std::string_view argument : arguments.subspan(1)) {
    if (absl::Status status = ParseFlag(argument, seen, flags); !status.ok()) return status;
  }
  if (absl::Status status = CheckTogether(seen, flags); !status.ok()) return status;
  return flags;
}

std::string HelpText() {
  constexpr size_t kColumn = 30;
  std::string text(kIntroduction);
  for (const Flag& flag : kFlags) {
    std::string left = "  --" + std::string(flag.name);
    if (!flag.value.empty()) left += "=" + std::string(flag.value);
    left.resize(std::max(left.size() + 1, kColumn), ' ');
    text += left + std::string(flag.help) + "\n";
  }
  return text;
}

}  // namespace synod::slots
