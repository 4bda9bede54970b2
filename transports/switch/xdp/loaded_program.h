// The XDP program in the kernel, with its maps, by means of libbpf.
#ifndef SYNOD_TRANSPORTS_SWITCH_XDP_LOADED_PROGRAM_H_
#define SYNOD_TRANSPORTS_SWITCH_XDP_LOADED_PROGRAM_H_

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/switch/udp_frame.h"

#include "pin_directory.h"

struct bpf_object;

namespace synod::slots {

class LoadedProgram {
 public:
  // `elf` is an object of acceptor.bpf.c. Maps that are pinned are taken from there; the others are
  // new, and pinned. kFailedPrecondition with what libbpf and the verifier say.
  [[nodiscard]] static absl::StatusOr<LoadedProgram> Load(std::string_view elf, Endpoint address,
                                                          const PinDirectory& directory);

  [[nodiscard]] int fd() const { return fd_; }
  // kFailedPrecondition if the program has no such map, or its values have another size.
  [[nodiscard]] absl::StatusOr<int> Map(const char* name, size_t value_bytes) const;

 private:
  struct Close {
    void operator()(bpf_object* object) const;
  };
  using Object = std::unique_ptr<bpf_object, Close>;

  LoadedProgram(Object object, int fd) : object_(std::move(object)), fd_(fd) {}

  Object object_;
  int fd_;  // The object's.
};

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_XDP_LOADED_PROGRAM_H_
