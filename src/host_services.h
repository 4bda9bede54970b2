// What a host lends to its replicas.
#ifndef SYNOD_SRC_HOST_SERVICES_H_
#define SYNOD_SRC_HOST_SERVICES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "synod/base/ids.h"
#include "synod/base/time.h"
#include "synod/core/configuration.h"
#include "synod/core/durable_state.h"
#include "synod/core/message.h"
#include "synod/port/event_loop.h"
#include "synod/port/executor.h"
#include "synod/port/log_store.h"
#include "synod/port/logger.h"

#include "src/concat.h"

namespace synod::internal {

class ReplicaImpl;

// All of it outlives the replicas. Unless it says otherwise, for the loop's thread only.
class HostServices {
 public:
  virtual ~HostServices() = default;

  // From any thread: Post, IsLoopThread, Clock, the store's snapshots and counters, the executors.
  virtual EventLoop& loop() = 0;
  [[nodiscard]] virtual Instant Clock() const = 0;
  virtual LogStore& store() = 0;
  // Writes this host's own snapshots, which may take long, ...
  virtual Executor& snapshot_writer() = 0;
  // ... and must not hold up those that come from peers and go to them.
  virtual Executor& snapshot_mover() = 0;
  // For a replica that wants one of its own. Null if there are too many threads.
  [[nodiscard]] virtual std::unique_ptr<Executor> NewExecutor() = 0;
  // Random, and different in each life of this host.
  [[nodiscard]] virtual uint64_t DrawSeed() = 0;
  virtual void Log(Severity severity, std::string_view line) = 0;
  [[nodiscard]] virtual const StoreIdentity& identity() const = 0;
  // What a log line of its replica of `group` begins with.
  [[nodiscard]] std::string NameOf(GroupId group) const {
    return Concat("group ", group, ", node ", identity().node, ": ");
  }
  // Of the host, its store and its transport, by name.
  [[nodiscard]] virtual std::vector<std::pair<std::string, uint64_t>> Counters() const = 0;

  // Leaves with all that this turn sends to that peer.
  virtual void Send(Message message) = 0;
  // Whether the transport could find a peer there.
  [[nodiscard]] virtual absl::Status CheckAddress(const std::string& address) const = 0;
  // Where the transport is to find a peer that the group needs. Empty: where another group says, or
  // where the transport was told when it was made.
  [[nodiscard]] virtual absl::Status SetPeer(GroupId group, NodeId peer,
                                             const std::string& address) = 0;
  // The same of those who are nothing but acceptors.
  [[nodiscard]] virtual absl::Status CheckAcceptorAddress(const std::string& address) const = 0;
  [[nodiscard]] virtual absl::Status SetAcceptor(GroupId group, const MemberRecord& acceptor) = 0;
  // The group needs it no more.
  virtual void ForgetPeer(GroupId group, NodeId peer) = 0;
  [[nodiscard]] virtual bool CanSendBulk(NodeId to) const = 0;

  // `replica` has an input: its Step runs in this turn.
  virtual void MarkDirty(ReplicaImpl& replica) = 0;
  // `replica` has something to apply: its Apply runs, after what it sends has left.
  virtual void MarkToApply(ReplicaImpl& replica) = 0;
};

}  // namespace synod::internal

#endif  // SYNOD_SRC_HOST_SERVICES_H_
