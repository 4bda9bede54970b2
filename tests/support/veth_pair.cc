#include "tests/support/veth_pair.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <iterator>
#include <linux/bpf.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "synod/base/assert.h"

namespace synod::support {
namespace {

constexpr char kOwnNamespace[] = "/proc/thread-self/ns/net";

absl::Status Refused(const std::string& what) {
  const std::string why = "this kernel gives no " + what + ": " + std::strerror(errno);
  return errno == EPERM || errno == EACCES ? absl::PermissionDeniedError(why)
                                           : absl::UnimplementedError(why);
}

absl::Status Shell(const std::string& command) {
  // What it says when it fails is seen.
  if (std::system(command.c_str()) == 0) return absl::OkStatus();
  return absl::InternalError("failed: " + command);
}

// One of a device's old-style settings.
absl::Status SetFeature(const char* device, uint32_t command, uint32_t value) {
  ethtool_value setting{.cmd = command, .data = value};
  ifreq request{};
  std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&setting);
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool is_done = ioctl(socket, SIOCETHTOOL, &request) == 0;
  close(socket);
  return is_done ? absl::OkStatus() : Refused("such a setting of a virtual Ethernet device");
}

// A program that passes everything, or none (-1).
int LoadPass() {
  const bpf_insn pass[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K,
       .dst_reg = BPF_REG_0,
       .src_reg = 0,
       .off = 0,
       .imm = XDP_PASS},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  return bpf_prog_load(BPF_PROG_TYPE_XDP, "pass", "Apache-2.0", pass, std::size(pass), nullptr);
}

}  // namespace

const char* VethPair::Device(Side side) {
  return side == Side::kProposer ? "vproposer" : "vacceptor";
}

uint32_t VethPair::Address(Side side) { return side == Side::kProposer ? 0x0a000001 : 0x0a000002; }

absl::StatusOr<std::unique_ptr<VethPair>> VethPair::Make() {
  std::unique_ptr<VethPair> pair(new VethPair);
  pair->own_ = open(kOwnNamespace, O_RDONLY | O_CLOEXEC);
  for (int* side : {&pair->proposer_, &pair->acceptor_}) {
    if (unshare(CLONE_NEWNET) != 0) return Refused("network namespace");
    *side = open(kOwnNamespace, O_RDONLY | O_CLOEXEC);
  }
  absl::Status status = pair->Connect();
  SYNOD_ASSERT(setns(pair->own_, CLONE_NEWNET) == 0, "a thread may go back to its namespace");
  for (const Side side : {Side::kProposer, Side::kAcceptor}) {
    if (status.ok()) pair->In(side, [&] { status = pair->Configure(side); });
  }
  if (!status.ok()) return status;
  return pair;
}

VethPair::~VethPair() {
  for (const int fd : {own_, proposer_, acceptor_}) {
    if (fd >= 0) close(fd);
  }
}

absl::Status VethPair::Connect() {
  if (absl::Status status = Shell("ip -Version >/dev/null"); !status.ok()) return status;
  // Here is the acceptor's namespace.
  const std::string queues = " numtxqueues 2 numrxqueues 2 ";
  const std::string add = std::string("ip link add ") + Device(Side::kAcceptor) + queues +
                          "type veth peer name " + Device(Side::kProposer) + queues;
  if (!Shell(add).ok()) return absl::UnimplementedError("this kernel gives no veth devices");
  return Shell(std::string("ip link set ") + Device(Side::kProposer) + " netns /proc/" +
               std::to_string(getpid()) + "/fd/" + std::to_string(proposer_));
}

absl::Status VethPair::Configure(Side side) {
  const std::string device = Device(side);
  const char* const address = side == Side::kProposer ? "10.0.0.1/24" : "10.0.0.2/24";
  absl::Status status = Shell("ip address add " + std::string(address) + " dev " + device +
                              " && ip link set lo up && ip link set " + device + " up");
  if (!status.ok() || side == Side::kAcceptor) return status;
  status = SetFeature(device.c_str(), ETHTOOL_STXCSUM, 0);
  return status.ok() ? SetPassing(true) : status;
}

void VethPair::In(Side side, absl::FunctionRef<void()> run) const {
  const int before = open(kOwnNamespace, O_RDONLY | O_CLOEXEC);
  SYNOD_ASSERT(setns(side == Side::kProposer ? proposer_ : acceptor_, CLONE_NEWNET) == 0,
               "who made a namespace may enter it");
  run();
  SYNOD_ASSERT(setns(before, CLONE_NEWNET) == 0, "a thread may go back to its namespace");
  close(before);
}

absl::Status VethPair::SetPassing(bool is_passing) const {
  const int program = is_passing ? LoadPass() : -1;
  if (is_passing && program < 0) return Refused("XDP program");
  int error = 0;
  In(Side::kProposer, [&] {
    error = bpf_xdp_attach(static_cast<int>(if_nametoindex(Device(Side::kProposer))), program,
                           XDP_FLAGS_DRV_MODE, nullptr);
  });
  if (program >= 0) close(program);
  errno = -error;
  return error == 0 ? absl::OkStatus() : Refused("XDP in the driver of a veth device");
}

absl::StatusOr<std::string> MountBpffs() {
  if (unshare(CLONE_NEWNS) != 0) return Refused("mount namespace");
  constexpr char kPlace[] = "/sys/fs/bpf";
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("bpf", kPlace, "bpf", 0, nullptr) != 0) {
    return Refused("bpffs");
  }
  return kPlace;
}

}  // namespace synod::support
