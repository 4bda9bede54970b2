#include "command.h"

#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <sstream>

#include "synod/switch/switch_control.h"

namespace synod::slots {
namespace {

template <class Integer>
std::optional<Integer> Number(const std::string& text) {
  const bool is_hexadecimal = text.starts_with("0x");
  const char* const begin = text.data() + (is_hexadecimal ? 2 : 0);
  Integer number = 0;
  const auto [stop, error] =
      std::from_chars(begin, text.data() + text.size(), number, is_hexadecimal ? 16 : 10);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

absl::Status NoCommand() {
  return absl::InvalidArgumentError("there is no such command; see synod-switch --help");
}

uint64_t RandomIncarnation() {
  std::random_device source;
  uint64_t drawn = 0;
  while (drawn == 0) drawn = uint64_t{source()} << 32 | source();
  return drawn;
}

absl::StatusOr<std::string> Enable(SwitchControl& control, std::span<const std::string> command) {
  if (command.size() < 3 || command.size() > 4) return NoCommand();
  const auto group = Number<uint32_t>(command[1]);
  const auto incarnation =
      command[2] == "random" ? RandomIncarnation() : Number<uint64_t>(command[2]);
  const auto trim = command.size() == 4 ? Number<uint32_t>(command[3]) : 0;
  if (!group || !incarnation || !trim) return NoCommand();
  if (absl::Status status = control.Enable(*group, *incarnation, *trim); !status.ok()) {
    return status;
  }
  std::ostringstream text;
  text << "incarnation 0x" << std::hex << *incarnation;
  return text.str();
}

absl::StatusOr<std::string> State(SwitchControl& control) {
  const absl::StatusOr<SlotState> state = control.State();
  if (!state.ok()) return state.status();
  std::ostringstream text;
  const bool votes = state->is_enabled && state->incarnation != 0;
  text << (votes ? "a voter" : "not a voter") << ", group " << state->group << ", incarnation 0x"
       << std::hex << state->incarnation << std::dec << ", trim " << state->trim << ", highest "
       << state->highest << ", promised (" << state->promised.round << ", " << state->promised.node
       << ", 0x" << std::hex << state->promised.incarnation << ")";
  return text.str();
}

absl::Status PowerCycle(SwitchControl& control) {
  const absl::Status status = control.PowerOff();
  return status.ok() ? control.PowerOn() : status;
}

// Those that print nothing.
absl::Status Quiet(SwitchControl& control, std::span<const std::string> command) {
  const auto is = [&](const std::string& first, const std::string& second) {
    return command.size() == 2 && command[0] == first && (second.empty() || command[1] == second);
  };
  if (command.size() == 1 && command[0] == "disable") return control.Disable();
  if (is("power", "off")) return control.PowerOff();
  if (is("power", "on")) return control.PowerOn();
  if (is("power", "cycle")) return PowerCycle(control);
  if (is("trim", "")) {
    const auto trim = Number<uint32_t>(command[1]);
    return trim ? control.SetTrim(*trim) : NoCommand();
  }
  return NoCommand();
}

}  // namespace

absl::StatusOr<std::string> RunCommand(const std::string& address,
                                       std::span<const std::string> command) {
  const absl::StatusOr<std::unique_ptr<SwitchControl>> control = SwitchControl::Connect(address);
  if (!control.ok()) return control.status();
  const std::string& verb = command[0];
  if (verb == "enable") return Enable(**control, command);
  if (verb == "state" && command.size() == 1) return State(**control);
  if (verb == "read" || verb == "write") {
    std::string line;
    for (const std::string& word : command) line += (line.empty() ? "" : " ") + word;
    return (*control)->Ask(line);
  }
  if (absl::Status status = Quiet(**control, command); !status.ok()) return status;
  return std::string();
}

}  // namespace synod::slots
