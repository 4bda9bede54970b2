// One process's share in all of its groups: it owns the loop, the store and the transport.
#ifndef SYNOD_NODE_HOST_H_
#define SYNOD_NODE_HOST_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/node/bootstrap.h"
#include "synod/node/replica.h"
#include "synod/port/log_store.h"
#include "synod/port/logger.h"
#include "synod/port/transport.h"

namespace synod {

namespace internal {
class HostImpl;
}

struct HostOptions {
  // This node. Must be the one that the store was bootstrapped for.
  NodeId id;

  // As a plugin's Open or Listen returned them: Start passes their errors on.
  absl::StatusOr<std::unique_ptr<LogStore>> log = nullptr;
  absl::StatusOr<std::unique_ptr<Transport>> transport = nullptr;

  Logger logger = StderrLogger();

  // Busy-polls the network for this long before the loop sleeps: buys latency with a core. 0:
  // sleeps at once.
  Duration spin = Duration::zero();
};

// Move-only. The destructor is Stop.
class Host {
 public:
  // Starts the loop and the transport. The store must have been bootstrapped: kFailedPrecondition
  // if it is empty, if it is another node's, or if another process holds it. kResourceExhausted if
  // the process is out of threads, kUnavailable if the machine has no random numbers.
  [[nodiscard]] static absl::StatusOr<Host> Start(HostOptions options);

  // Starts this host's replica of a group that the store holds. Blocks while the log is read and
  // the newest snapshot restored. kNotFound if the store does not hold the group, kAlreadyExists if
  // it was joined before, kDataLoss if its data is damaged, kInvalidArgument for bad options,
  // kResourceExhausted if it is to have a thread and there are too many.
  [[nodiscard]] absl::StatusOr<Replica> Join(GroupOptions options);

  // Ends every request that is under way (proposals with kUnknown or kNotCommitted as is true,
  // reason kStopped), then every replica, the transport and the loop. Blocks until that is done;
  // not to be called on the loop's thread. What was acknowledged stays durable. Repeating it does
  // nothing. It hands no leadership over: TransferLeadership before it saves the group the time in
  // which it would find out.
  void Stop();

  Host(Host&&) noexcept;
  Host& operator=(Host&&) noexcept;
  ~Host();

 private:
  explicit Host(std::unique_ptr<internal::HostImpl> impl);
  std::unique_ptr<internal::HostImpl> impl_;
};

}  // namespace synod

#endif  // SYNOD_NODE_HOST_H_
