// A transport between hosts in one process: for tests, and for services that shard within a
// process.
#ifndef SYNOD_LOCAL_H_
#define SYNOD_LOCAL_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "synod/base/ids.h"
#include "synod/port/transport.h"

namespace synod::local {

namespace internal {
class NetworkImpl;
}

struct Options {
  // The faults' dice.
  uint64_t seed = 1;
  // When so many bytes wait at one host, from all the others, further messages for it are dropped
  // and counted; for each of the three lanes by itself.
  size_t max_queue_bytes = 64 * 1024 * 1024;
  size_t max_bulk_queue_bytes = 4 * 1024 * 1024;
};

// How often, in thousands, a message suffers what. Faults add to what a cut does.
struct Faults {
  uint32_t drop = 0;
  uint32_t duplicate = 0;
  uint32_t reorder = 0;  // It overtakes some of what waits before it.
};

// What the hosts are attached to. It must outlive their transports and event loops. Methods may be
// called from any thread.
//
// Messages are handed over as they are, payloads shared. Each host's are delivered on the thread of
// its own loop, never on the sender's.
class Network {
 public:
  explicit Network(Options options = {});
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network();

  // A transport for the host that starts it: it takes that host's name. Start fails with
  // kAlreadyExists while another transport has the same name, and with kInvalidArgument for a host
  // of another cluster. A host that restarts attaches anew.
  [[nodiscard]] std::unique_ptr<Transport> Attach();

  // From now on nothing passes between the two, in either direction. What was sent before and not
  // delivered yet is still delivered.
  void Cut(NodeId a, NodeId b);
  // Nothing passes from one to the other any more; the way back is as it was.
  void CutOneWay(NodeId from, NodeId to);
  // Nothing passes between the node and any other.
  void Isolate(NodeId node);
  // Ends all cuts; who was apart hears OnPeerConnected.
  void Heal();

  void SetFaults(Faults faults);

 private:
  std::unique_ptr<internal::NetworkImpl> impl_;
};

}  // namespace synod::local

#endif  // SYNOD_LOCAL_H_
