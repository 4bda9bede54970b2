// A wire between two hosts, both on this machine: two network namespaces of this process's own,
// joined by a pair of virtual Ethernet devices. They end with the process, however it ends.
#ifndef SYNOD_TESTS_SUPPORT_VETH_PAIR_H_
#define SYNOD_TESTS_SUPPORT_VETH_PAIR_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace synod::support {

// 10.0.0.1 is the proposer's address, 10.0.0.2 the acceptor's.
enum class Side : uint8_t { kProposer, kAcceptor };

class VethPair {
 public:
  // The devices have two queues each. The proposer's computes no checksums for its host, and has an
  // XDP program that passes everything: without the one, a program at the other end would not see
  // checksums, and without the other, nothing that it sends back would arrive. kPermissionDenied or
  // kUnimplemented where the kernel does not allow it; anything else is a failure.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<VethPair>> Make();
  ~VethPair();
  VethPair(const VethPair&) = delete;
  VethPair& operator=(const VethPair&) = delete;

  static const char* Device(Side side);
  static uint32_t Address(Side side);

  // Runs something in the namespace of a side: sockets that it opens, and processes that it starts,
  // stay there.
  void In(Side side, absl::FunctionRef<void()> run) const;

  // Whether the proposer's device has that program.
  [[nodiscard]] absl::Status SetPassing(bool is_passing) const;

 private:
  VethPair() = default;
  absl::Status Connect();
  absl::Status Configure(Side side);

  int own_ = -1;
  int proposer_ = -1;
  int acceptor_ = -1;
};

// Mounts a bpffs of the calling thread's own, which ends with the process, and returns its path.
// kPermissionDenied or kUnimplemented where the kernel does not allow it.
[[nodiscard]] absl::StatusOr<std::string> MountBpffs();

}  // namespace synod::support

#endif  // SYNOD_TESTS_SUPPORT_VETH_PAIR_H_
