// What `synod-switch control` does.
#ifndef SYNOD_TRANSPORTS_SWITCH_DAEMON_COMMAND_H_
#define SYNOD_TRANSPORTS_SWITCH_DAEMON_COMMAND_H_

#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace synod::slots {

// What is to be printed. kInvalidArgument for what is no command.
[[nodiscard]] absl::StatusOr<std::string> RunCommand(const std::string& address,
                                                     std::span<const std::string> command);

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_DAEMON_COMMAND_H_
