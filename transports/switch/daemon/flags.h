// The command line of synod-switch.
#ifndef SYNOD_TRANSPORTS_SWITCH_DAEMON_FLAGS_H_
#define SYNOD_TRANSPORTS_SWITCH_DAEMON_FLAGS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "synod/switch/emulated_switch.h"
#include "synod/switch/udp_frame.h"

#include "device.h"

namespace synod::slots {

struct Flags {
  enum class Verb { kHelp, kServe, kCheck, kControl };

  Verb verb = Verb::kHelp;
  Endpoint listen;
  Endpoint control;
  std::string program_file;  // Empty: the program that is built in.
  bool is_software = false;
  XdpPlace xdp;           // Without an interface: not in the kernel.
  SwitchOptions options;  // Without the program's text.
  // Of kControl: where, and what.
  std::string control_address;
  std::vector<std::string> command;
};

// `arguments` without the program's name. kInvalidArgument says what is wrong and what would be
// right.
[[nodiscard]] absl::StatusOr<Flags> ParseFlags(std::span<const std::string_view> arguments);

// What --help prints.
[[nodiscard]] std::string HelpText();

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_DAEMON_FLAGS_H_
