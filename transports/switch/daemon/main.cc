// synod-switch: an emulated switch, or an acceptor in software, over UDP.
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/switch/emulated_switch.h"

#include "command.h"
#include "flags.h"
#include "serve.h"

namespace synod::slots {
namespace {

constexpr int kBadUsage = 2;

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file.is_open() || file.bad() || text.str().empty()) {
    return absl::NotFoundError("cannot read " + path);
  }
  return text.str();
}

absl::Status Check(const Flags& flags) {
  const auto created = EmulatedSwitch::Create(flags.options);
  if (!created.ok()) return created.status();
  const StageReport& report = (*created)->stages();
  std::printf("%d stages, %d bits with each packet, %d states of the parser\n", report.stages,
              report.packet_bits, report.parser_states);
  for (int stage = 0; stage < report.stages; ++stage) {
    std::printf("%2d", stage);
    for (const StageReport::Placed& table : report.tables) {
      if (table.stage == stage) std::printf(" table %s", table.name.c_str());
    }
    for (const StageReport::Placed& array : report.registers) {
      if (array.stage == stage) std::printf(" %s", array.name.c_str());
    }
    std::printf("\n");
  }
  return absl::OkStatus();
}

absl::Status Control(const Flags& flags) {
  const absl::StatusOr<std::string> answer = RunCommand(flags.control_address, flags.command);
  if (answer.ok() && !answer->empty()) std::printf("%s\n", answer->c_str());
  return answer.status();
}

absl::Status Run(Flags& flags) {
  if (flags.verb == Flags::Verb::kControl) return Control(flags);
  if (!flags.program_file.empty()) {
    const absl::StatusOr<std::string> program = ReadFile(flags.program_file);
    if (!program.ok()) return program.status();
    flags.options.program = *program;
    flags.options.program_name = flags.program_file;
  }
  return flags.verb == Flags::Verb::kCheck ? Check(flags) : Serve(flags);
}

int Main(const std::vector<std::string_view>& arguments) {
  absl::StatusOr<Flags> flags = ParseFlags(arguments);
  if (!flags.ok()) {
    std::fprintf(stderr, "synod-switch: %s\nsynod-switch --help says more\n",
                 std::string(flags.status().message()).c_str());
    return kBadUsage;
  }
  if (flags->verb == Flags::Verb::kHelp) {
    std::printf("%s", HelpText().c_str());
    return 0;
  }
  const absl::Status status = Run(*flags);
  if (status.ok()) return 0;
  std::fprintf(stderr, "synod-switch: %s\n", std::string(status.message()).c_str());
  return 1;
}

}  // namespace
}  // namespace synod::slots

int main(int argc, char** argv) {
  return synod::slots::Main(std::vector<std::string_view>(argv + 1, argv + argc));
}
