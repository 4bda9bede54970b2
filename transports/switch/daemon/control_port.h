// The TCP socket of synod-switch, where its control plane connects.
#ifndef SYNOD_TRANSPORTS_SWITCH_DAEMON_CONTROL_PORT_H_
#define SYNOD_TRANSPORTS_SWITCH_DAEMON_CONTROL_PORT_H_

#include <memory>
#include <poll.h>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "synod/switch/udp_frame.h"

#include "../descriptor.h"

namespace synod::slots {

class ControlPort {
 public:
  // kUnavailable if the address cannot be bound. Port 0 is any that is free.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<ControlPort>> Listen(Endpoint address);

  // Adds what is to be polled.
  void AddTo(std::vector<pollfd>& polled) const;
  // Takes connections, and answers each line that is complete. Does not block: who does not take
  // its answers is disconnected.
  void Serve(absl::FunctionRef<std::string(std::string_view line)> answer);

  [[nodiscard]] Endpoint address() const { return address_; }

 private:
  struct Client {
    Descriptor socket;
    std::string received;
  };

  explicit ControlPort(Descriptor socket) : socket_(std::move(socket)) {}
  void Accept();
  // False if the connection has ended, or is to.
  static bool ServeOne(Client& client, absl::FunctionRef<std::string(std::string_view)> answer);

  Descriptor socket_;
  Endpoint address_;
  std::vector<Client> clients_;
};

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_DAEMON_CONTROL_PORT_H_
