// The port for networks.
#ifndef SYNOD_PORT_TRANSPORT_H_
#define SYNOD_PORT_TRANSPORT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "synod/base/ids.h"
#include "synod/core/configuration.h"
#include "synod/core/durable_state.h"
#include "synod/core/message.h"
#include "synod/port/event_loop.h"
#include "synod/port/logger.h"

namespace synod {

// What the runtime does with what arrives. Called on the loop's thread.
class Receiver {
 public:
  virtual ~Receiver() = default;

  // One batch: as much as one wake-up found. The messages are well formed, and come from a peer
  // that passed the transport's checks: their `from` is that peer, their `to` this node. The
  // receiver may move them away.
  virtual void OnMessages(std::span<Message> batch) = 0;

  // A path to `peer` has come up (again): what was sent before may be lost.
  virtual void OnPeerConnected(NodeId peer) = 0;
};

// Moves messages between hosts. It may lose, repeat and reorder them, and says nothing about it. It
// never alters one: what does not match its checksum is dropped and counted. All methods are called
// on the loop's thread, but for MaxMessageBytes and Counters.
class Transport {
 public:
  virtual ~Transport() = default;

  // Every transport carries messages of this size: pieces of snapshots are made to fit.
  static constexpr size_t kGuaranteedMessageBytes = 512 * 1024;

  struct Context {
    StoreIdentity self;
    EventLoop* loop = nullptr;     // Outlives the transport.
    Receiver* receiver = nullptr;  // Outlives the transport.
    Logger logger;
  };

  // Begins to listen and to connect. kUnavailable or kAlreadyExists with the address in the message
  // if it cannot listen; kInvalidArgument if the peer list does not fit this node. Called once.
  // Unreachable peers are no error: it keeps trying.
  [[nodiscard]] virtual absl::Status Start(Context context) = 0;

  // From now on `peer` is to be found at `address`, whatever was known before: a connection to
  // another place is given up. Empty: where this transport was told when it was made, or if it was
  // not told, where it is known to be. kInvalidArgument by CheckAddress. After Start and before
  // Stop.
  [[nodiscard]] virtual absl::Status SetPeer(NodeId peer, const std::string& address) = 0;

  // `peer` is not needed any more, until SetPeer names it again: it is not sought. A connection
  // that there is stays until it ends, for what is yet to be said; one that the peer makes is
  // taken. Nothing happens if it is unknown. After Start and before Stop.
  virtual void ForgetPeer(NodeId peer) = 0;

  // kInvalidArgument if that is no address for this transport.
  [[nodiscard]] virtual absl::Status CheckAddress(const std::string& address) const = 0;

  // `acceptor` is nothing else in `group` (Configuration::acceptors), and does not speak in
  // messages: the transport asks it, and answers for it. A PreVoteRequest to it is granted if it is
  // there, a PrepareRequest or AcceptRequest answered as a replica would, from what the acceptor
  // itself has said since: in the ballot of the request, under the incarnation of the record, which
  // the answer bears (I9). What it has forgotten up to a request's `forget` counts as accepted once
  // it takes part in the ballot, which must be no lower than that in which it was asked to forget
  // (I8). A record of another incarnation makes it another acceptor; of another address it is the
  // same. kInvalidArgument by CheckAcceptorAddress. After Start and before Stop, until ForgetPeer.
  [[nodiscard]] virtual absl::Status SetAcceptor(GroupId /*group*/, const MemberRecord& acceptor) {
    return CheckAcceptorAddress(acceptor.address);
  }

  // kInvalidArgument if that is no address of an acceptor for this transport, which may know none.
  [[nodiscard]] virtual absl::Status CheckAcceptorAddress(const std::string& address) const {
    return absl::InvalidArgumentError("'" + address +
                                      "': this transport reaches no acceptors but replicas");
  }

  // The largest message that it carries to any peer, as wire::EncodedSizeBound measures it; no less
  // than kGuaranteedMessageBytes. A larger one is dropped every time it is sent, so a group whose
  // appends can be larger is refused. Does not change. From any thread, and before Start.
  [[nodiscard]] virtual size_t MaxMessageBytes() const = 0;

  // Queues the messages for `to` and returns at once; the order between calls is kept where the
  // network keeps it. Beyond the bound of the peer's queue messages are dropped and counted.
  // SnapshotChunks take a lane of their own, so that they delay nothing else, and small messages
  // (heartbeats, votes, answers) never wait behind queued appends. May be called for an unknown
  // peer: dropped and counted. The span's messages may be moved from.
  virtual void Send(NodeId to, std::span<Message> messages) = 0;

  // True if a chunk for `to` would be queued now rather than dropped.
  [[nodiscard]] virtual bool CanSendBulk(NodeId to) const = 0;

  // Stops listening and closes everything; no callback afterwards. What is queued may be lost.
  virtual void Stop() = 0;

  // Name and value of each counter, for Status pages and tests: frames and bytes in and out, drops
  // by reason, reconnects, refused handshakes by reason. From any thread.
  [[nodiscard]] virtual std::vector<std::pair<std::string, uint64_t>> Counters() const = 0;
};

}  // namespace synod

#endif  // SYNOD_PORT_TRANSPORT_H_
