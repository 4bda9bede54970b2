// Runs a device behind its sockets.
#ifndef SYNOD_TRANSPORTS_SWITCH_DAEMON_SERVE_H_
#define SYNOD_TRANSPORTS_SWITCH_DAEMON_SERVE_H_

#include "absl/status/status.h"

#include "flags.h"

namespace synod::slots {

// Until SIGTERM or SIGINT. Says on standard output where it listens once it does.
[[nodiscard]] absl::Status Serve(const Flags& flags);

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_DAEMON_SERVE_H_
