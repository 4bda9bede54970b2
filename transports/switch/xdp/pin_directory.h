// The directory in a bpffs that holds what survives the process: the program's maps and its link.
#ifndef SYNOD_TRANSPORTS_SWITCH_XDP_PIN_DIRECTORY_H_
#define SYNOD_TRANSPORTS_SWITCH_XDP_PIN_DIRECTORY_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"

#include "../descriptor.h"

namespace synod::slots {

// Held by one object at a time, on the whole machine: an acceptor has one control plane.
class PinDirectory {
 public:
  // None: nothing is pinned.
  PinDirectory() = default;
  // Makes it unless it is there. kInvalidArgument if it is not in a bpffs, kUnavailable if somebody
  // holds it.
  [[nodiscard]] static absl::StatusOr<PinDirectory> Hold(const std::string& path);

  [[nodiscard]] bool IsNone() const { return path_.empty(); }
  [[nodiscard]] std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  PinDirectory(std::string path, Descriptor held)
      : path_(std::move(path)), held_(std::move(held)) {}

  std::string path_;
  Descriptor held_;
};

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_XDP_PIN_DIRECTORY_H_
