#include "attachment.h"

#include <cerrno>
#include <linux/if_link.h>
#include <net/if.h>
#include <optional>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel_error.h"

namespace synod::slots {
namespace {

struct LinkState {
  uint32_t interface = 0;  // 0 once it is gone.
  uint32_t program = 0;
};

LinkState StateOf(int link) {
  bpf_link_info info{};
  uint32_t bytes = sizeof(info);
  if (bpf_obj_get_info_by_fd(link, &info, &bytes) != 0 || info.type != BPF_LINK_TYPE_XDP) {
    return {};
  }
  return {.interface = info.xdp.ifindex, .program = info.prog_id};
}

}  // namespace

Attachment::Attachment(const PinDirectory& directory) : directory_(directory) {
  if (directory.IsNone()) return;
  link_ = Descriptor(bpf_obj_get(File().c_str()));
}

bool Attachment::IsAttached() const {
  return link_.get() >= 0 && StateOf(link_.get()).interface != 0;
}

absl::Status Attachment::Attach(int program, const std::string& interface, XdpMode mode) {
  const auto index = static_cast<int>(if_nametoindex(interface.c_str()));
  if (index == 0) return KernelError("cannot find the interface " + interface, ENODEV);
  if (IsAttached()) return Replace(program, interface, index, mode);
  if (link_.get() >= 0) {  // The interface that it was at is gone.
    if (absl::Status status = Detach(); !status.ok()) return status;
  }
  return Create(program, interface, index, mode);
}

absl::Status Attachment::Create(int program, const std::string& interface, int index,
                                XdpMode mode) {
  const bool is_native = mode == XdpMode::kNative;
  bpf_link_create_opts options{};
  options.sz = sizeof(options);
  options.flags = is_native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
  Descriptor link(bpf_link_create(program, index, BPF_XDP, &options));
  if (link.get() < 0) {
    return KernelError("cannot attach the acceptor to " + interface +
                           (is_native ? " in its driver" : " in generic mode"),
                       errno);
  }
  if (!directory_.IsNone() && bpf_obj_pin(link.get(), File().c_str()) != 0) {
    return KernelError("cannot pin " + File(), errno);
  }
  link_ = std::move(link);
  return absl::OkStatus();
}

absl::Status Attachment::Replace(int program, const std::string& interface, int index,
                                 XdpMode mode) {
  bpf_xdp_query_opts there{};
  there.sz = sizeof(there);
  if (const int error = bpf_xdp_query(index, /*flags=*/0, &there); error != 0) {
    return KernelError("cannot ask what is attached to " + interface, -error);
  }
  // An interface's number is not the machine's, but its network namespace's.
  const LinkState state = StateOf(link_.get());
  if (state.interface != static_cast<uint32_t>(index) || state.program != there.prog_id) {
    return absl::FailedPreconditionError("the acceptor is attached elsewhere than to " + interface +
                                         ": detach it first");
  }
  if ((there.attach_mode == XDP_ATTACHED_DRV) != (mode == XdpMode::kNative)) {
    return absl::FailedPreconditionError("the acceptor is attached to " + interface +
                                         " in the other mode: detach it first");
  }
  if (bpf_link_update(link_.get(), program, nullptr) != 0) {
    return KernelError("cannot replace the acceptor at " + interface, errno);
  }
  return absl::OkStatus();
}

absl::Status Attachment::Detach() {
  if (link_.get() < 0) return absl::OkStatus();
  if (IsAttached() && bpf_link_detach(link_.get()) != 0) {
    return KernelError("cannot detach the acceptor", errno);
  }
  if (!directory_.IsNone() && unlink(File().c_str()) != 0 && errno != ENOENT) {
    return KernelError("cannot remove " + File(), errno);
  }
  link_ = Descriptor();
  return absl::OkStatus();
}

}  // namespace synod::slots
