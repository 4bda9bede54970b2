// What keeps the program at an interface: a link, which is pinned if that is to outlive the
// process.
#ifndef SYNOD_TRANSPORTS_SWITCH_XDP_ATTACHMENT_H_
#define SYNOD_TRANSPORTS_SWITCH_XDP_ATTACHMENT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/switch/xdp_acceptor.h"

#include "../descriptor.h"
#include "pin_directory.h"

namespace synod::slots {

class Attachment {
 public:
  // `directory` must outlive this. Finds the link that is pinned there, if its interface still is.
  explicit Attachment(const PinDirectory& directory);

  // As XdpAcceptor::Attach.
  [[nodiscard]] absl::Status Attach(int program, const std::string& interface, XdpMode mode);
  [[nodiscard]] absl::Status Detach();
  [[nodiscard]] bool IsAttached() const;

 private:
  [[nodiscard]] absl::Status Create(int program, const std::string& interface, int index,
                                    XdpMode mode);
  [[nodiscard]] absl::Status Replace(int program, const std::string& interface, int index,
                                     XdpMode mode);
  [[nodiscard]] std::string File() const { return directory_.File("link"); }

  const PinDirectory& directory_;
  Descriptor link_;
};

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_XDP_ATTACHMENT_H_
