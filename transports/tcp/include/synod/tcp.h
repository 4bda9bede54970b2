// A transport over TCP: framed, checksummed, with handshakes, reconnection and bounded queues.
#ifndef SYNOD_TCP_H_
#define SYNOD_TCP_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/base/time.h"
#include "synod/port/transport.h"

namespace synod::tcp {

struct Options {
  // When so many bytes wait for one peer, further messages for it are dropped and counted; for each
  // lane by itself.
  size_t max_queue_bytes = 32 * 1024 * 1024;         // Entries.
  size_t max_control_queue_bytes = 4 * 1024 * 1024;  // Heartbeats, votes, answers.
  size_t max_bulk_queue_bytes = 4 * 1024 * 1024;     // Pieces of snapshots.

  // The largest frame that is sent or accepted, between 512 KiB, which leaves room for the pieces
  // of snapshots, and 64 MiB. To be the same on all nodes: what is larger is dropped by the sender
  // and counted. A group whose max_entry_bytes or max_append_bytes, with some room for headers,
  // exceeds it cannot be joined.
  size_t max_frame_bytes = 16 * 1024 * 1024;

  // A node that cannot be reached is tried again after a time that doubles from the first to the
  // second, with a random part, so that restarted nodes are not met by all others at once.
  Duration reconnect_min = std::chrono::milliseconds(20);
  Duration reconnect_max = std::chrono::seconds(1);

  // From the beginning of a connection (of an attempt to connect) to the end of its handshake.
  Duration handshake_timeout = std::chrono::seconds(2);

  // A connection on which sent data stays unacknowledged, or which does not answer probes, or on
  // which a frame has begun and does not go on, for this long is given up.
  Duration unresponsive_timeout = std::chrono::seconds(5);

  // Connections that have not completed their handshake; beyond, the oldest is closed.
  size_t max_pending_handshakes = 64;

  // What the kernel may hold unsent of a connection. Less lets urgent messages overtake more.
  size_t max_unsent_bytes = 128 * 1024;

  // kInvalidArgument, naming the field and its range.
  [[nodiscard]] absl::Status Validate() const;
};

// Binds `address` at once and takes part in the network from Transport::Start on. `peers` says
// where the other nodes listen; an entry for this node itself is allowed and ignored. Addresses are
// "host:port", where host is an IPv4 address, an IPv6 address in brackets, or a name. Names of
// peers are resolved anew for every attempt to connect, off the loop; that of `address` before
// return.
//
// kAlreadyExists if the port is in use, kUnavailable if it cannot be bound for another reason,
// kInvalidArgument for an address, peer or option that cannot be right.
//
// For each pair of nodes there are two connections, one for consensus and one for bulk data, both
// dialed by the node with the higher id. A handshake checks version, cluster, both nodes' ids and
// incarnations; it does not authenticate. Data is not encrypted: for networks that are trusted.
[[nodiscard]] absl::StatusOr<std::unique_ptr<Transport>> Listen(
    const std::string& address, const std::map<NodeId, std::string>& peers, Options options = {});

}  // namespace synod::tcp

#endif  // SYNOD_TCP_H_
