// A slot acceptor in the kernel's data path: an XDP program, which answers requests in the driver's
// hook of a network interface, before the kernel has made a packet of them. docs/switch.md says
// what it needs.
#ifndef SYNOD_SWITCH_XDP_ACCEPTOR_H_
#define SYNOD_SWITCH_XDP_ACCEPTOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/switch/slot_registers.h"
#include "synod/switch/udp_frame.h"

namespace synod::slots {

// The program, an ELF object for libbpf, as it was when this was built.
[[nodiscard]] std::string_view XdpProgram();

struct XdpOptions {
  // What requests are sent to; whole, since the interface may have other addresses.
  Endpoint address{};
  // A directory in a bpffs, where all that the acceptor knows is pinned: it is made unless it is
  // there, but not what it is in. State then survives this process, and the program goes on
  // answering without it; opened again, it is the same voter. Empty: both end with the object.
  std::string directory{};
  // Empty: XdpProgram().
  std::string program{};
};

// Where the program runs. Native: in the driver, before a packet costs anything, on all queues.
// Generic: for drivers that cannot, and slower than a socket may be.
enum class XdpMode : uint8_t { kNative, kGeneric };

// Summed over the processors.
struct XdpCounters {
  uint64_t answered = 0;
  // Requests by their shape, with a wrong checksum. On a veth, those of a sender that leaves
  // checksums to its device: it must not.
  uint64_t damaged = 0;
};

// What became of a frame.
struct XdpVerdict {
  bool is_answered = false;      // Otherwise it goes on to the kernel.
  std::vector<std::byte> frame;  // The answer, or what was passed on.
};

// The control plane's side of one acceptor; one thread at a time. The program answers on all
// processors meanwhile. Needs CAP_BPF and CAP_NET_ADMIN, or root. What the kernel refuses is
// kPermissionDenied if that is why, kFailedPrecondition with its reason otherwise.
class XdpAcceptor {
 public:
  // Loads the program. Not attached yet, unless it was, in that directory. New registers are zero,
  // so that it is no voter, also after the machine was started anew, since a bpffs is in memory.
  // kInvalidArgument for an address that is not whole, or a directory outside a bpffs; kUnavailable
  // if another object has that directory; kFailedPrecondition also if what is pinned there is not
  // this program's. Replaces libbpf's function for messages while it runs.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<XdpAcceptor>> Open(const XdpOptions& options);
  // With a directory, everything stays as it is.
  ~XdpAcceptor();
  XdpAcceptor(const XdpAcceptor&) = delete;
  XdpAcceptor& operator=(const XdpAcceptor&) = delete;

  // From here on it answers at the interface, which is of the calling thread's network namespace.
  // If it was attached there by an earlier process, this program takes the place of that one's and
  // no packet is missed. kNotFound if there is no such interface; kUnimplemented if its driver has
  // no native mode; kFailedPrecondition if it is attached elsewhere or in the other mode, or the
  // interface has another program.
  [[nodiscard]] absl::Status Attach(const std::string& interface, XdpMode mode);
  // No packet is answered any more. What is promised is kept.
  [[nodiscard]] absl::Status Detach();
  [[nodiscard]] bool IsAttached() const;

  // One word, as the program has it now. An index of SizeOf(which) or more reads zero.
  [[nodiscard]] uint32_t Read(SlotRegister which, size_t index = 0) const;
  // Has taken effect when it returns, for all packets that are not answered yet. Only the control
  // plane's registers are safe to write while packets arrive. An index beyond writes nothing.
  [[nodiscard]] absl::Status Write(const RegisterWrite& write);

  // Forgets everything, as a switch does that loses power: it is no voter then. May be attached.
  [[nodiscard]] absl::Status PowerCycle();

  [[nodiscard]] absl::StatusOr<XdpCounters> Counters() const;

  // What the program does with a frame of 14 to kFrameHeaderBytes + kMaxDatagramBytes bytes, as if
  // an interface had received it. Any number of threads at once.
  [[nodiscard]] absl::StatusOr<XdpVerdict> Run(std::span<const std::byte> frame) const;

 private:
  class Impl;
  explicit XdpAcceptor(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace synod::slots

#endif  // SYNOD_SWITCH_XDP_ACCEPTOR_H_
