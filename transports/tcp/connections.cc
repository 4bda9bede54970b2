// Connections come and go: accepting, dialing, handshakes, ends.
#include <algorithm>
#include <cerrno>
#include <sys/socket.h>
#include <utility>

#include "transport.h"

namespace synod::tcp {

namespace {

// When no descriptor is to be had, looking again at once would only heat the processor.
constexpr Duration kAcceptPause = std::chrono::milliseconds(100);
// Bounds what one turn spends on strangers.
constexpr int kAcceptsPerTurn = 16;

std::string Text(NodeId node) { return std::to_string(node.value()); }

Counter CounterOf(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::kVersion:
      return Counter::kHandshakeRefusedVersion;
    case RefusalReason::kCluster:
      return Counter::kHandshakeRefusedCluster;
    case RefusalReason::kWrongNode:
      return Counter::kHandshakeRefusedWrongNode;
    case RefusalReason::kUnknownPeer:
      return Counter::kHandshakeRefusedUnknownPeer;
    case RefusalReason::kIncarnation:
      return Counter::kHandshakeRefusedIncarnation;
  }
  return Counter::kHandshakeRefusedVersion;
}

// Two who do not know each other yet are common while members change: a newcomer dials everybody it
// was told of, and who was removed looks for those that it knew.
Severity SeverityOf(RefusalReason reason) {
  return reason == RefusalReason::kUnknownPeer ? Severity::kWarning : Severity::kError;
}

}  // namespace

void TcpTransport::Log(Severity severity, NodeId peer, Counter event, const std::string& line) {
  log_.Log(severity, peer, event, context_.loop->Now(), "tcp " + address_ + ": " + line);
}

std::string TcpTransport::NameOf(const Connection& connection) {
  return (connection.peer.IsZero() ? "a stranger" : "node " + Text(connection.peer)) + " at " +
         connection.remote;
}

void TcpTransport::OnAcceptable() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    SocketAddress remote;
    remote.size = sizeof(remote.storage);
    Fd fd(accept4(listening_.get(), reinterpret_cast<sockaddr*>(&remote.storage), &remote.size,
                  SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.IsOpen()) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        PauseAccepting();
      }
      return;  // None is left; or that one has gone again, and the next is met in the next turn.
    }
    if (pending_.size() >= options_.max_pending_handshakes) {
      counters_.Add(Counter::kPendingEvicted);
      Log(Severity::kWarning, NodeId(), Counter::kPendingEvicted,
          "too many connections without a handshake: closed the oldest, of " +
              pending_.front()->remote);
      Close(*pending_.front());
    }
    Connection* const connection = Adopt(std::move(fd), State::kAwaitsHello, Describe(remote));
    if (connection != nullptr) pending_.push_back(connection);
  }
}

void TcpTransport::PauseAccepting() {
  counters_.Add(Counter::kAcceptFailed);
  Log(Severity::kError, NodeId(), Counter::kAcceptFailed,
      std::string(
          ErrnoStatus("cannot accept connections; raise the limit on open files").message()));
  context_.loop->Rewatch(listening_.get(), 0);
  accept_again_ = context_.loop->RunAt(context_.loop->Now() + kAcceptPause, [this] {
    context_.loop->Rewatch(listening_.get(), EventLoop::kReadable);
  });
}

void TcpTransport::OnDialed(Peer& peer, Channel channel, Fd fd, const SocketAddress& address) {
  Connection* const connection = Adopt(std::move(fd), State::kAwaitsWelcome, Describe(address));
  if (connection == nullptr) {
    peer.link(channel).dialer->Retry();
    return;
  }
  connection->dialed = true;
  connection->peer = peer.node;
  connection->channel = channel;
  Introduction hello;
  hello.channel = channel;
  hello.cluster = context_.self.cluster;
  hello.from = context_.self.node;
  hello.to = peer.node;
  hello.incarnation = context_.self.incarnation;
  SendNow(*connection, Encode(hello));
}

// Null if the loop does not take it.
TcpTransport::Connection* TcpTransport::Adopt(Fd fd, State state, std::string remote) {
  ConfigureConnection(fd.get(), options_);
  auto owned = std::make_unique<Connection>();
  Connection* const connection = owned.get();
  absl::Status watched =
      context_.loop->Watch(fd.get(), EventLoop::kReadable,
                           [this, connection](uint8_t ready) { OnReady(*connection, ready); });
  if (!watched.ok()) return nullptr;
  connection->fd = std::move(fd);
  connection->state = state;
  connection->remote = std::move(remote);
  connection->reader.set_max_body_bytes(kMaxHandshakeBytes);
  connection->deadline =
      context_.loop->RunAt(context_.loop->Now() + options_.handshake_timeout,
                           [this, connection] { OnHandshakeTimeout(*connection); });
  connections_.emplace(connection, std::move(owned));
  return connection;
}

// For frames of a handshake, which a socket that has sent nothing else always takes whole.
void TcpTransport::SendNow(Connection& connection, const std::string& frame) {
  const ssize_t sent = send(connection.fd.get(), frame.data(), frame.size(), MSG_NOSIGNAL);
  if (sent > 0) counters_.Add(Counter::kBytesSent, static_cast<uint64_t>(sent));
}

absl::Status TcpTransport::OnHandshake(Connection& connection, std::string_view body) {
  auto decoded = DecodeHandshake(body);
  if (!decoded.ok()) return decoded.status();
  if (const auto* refusal = std::get_if<Refusal>(&*decoded)) {
    counters_.Add(Counter::kHandshakeRefusedByPeer);
    Log(SeverityOf(refusal->reason), connection.peer, Counter::kHandshakeRefusedByPeer,
        NameOf(connection) + " refuses this node: " + refusal->text);
    Close(connection);
    return absl::CancelledError();
  }
  return OnIntroduction(connection, std::get<Introduction>(*decoded));
}

absl::Status TcpTransport::OnIntroduction(Connection& connection,
                                          const Introduction& introduction) {
  const State awaited = introduction.is_welcome ? State::kAwaitsWelcome : State::kAwaitsHello;
  if (connection.state != awaited) {
    return absl::InvalidArgumentError("a handshake that is not awaited");
  }
  if (const auto refusal = Judge(connection, introduction)) {
    return Refuse(connection, introduction.from, *refusal);
  }
  if (!introduction.is_welcome) {
    Introduction welcome;
    welcome.is_welcome = true;
    welcome.channel = introduction.channel;
    welcome.cluster = context_.self.cluster;
    welcome.from = context_.self.node;
    welcome.to = introduction.from;
    welcome.incarnation = context_.self.incarnation;
    SendNow(connection, Encode(welcome));
  }
  Establish(connection, *FindPeer(introduction.from), introduction);
  return connection.state == State::kEstablished ? absl::OkStatus() : absl::CancelledError();
}

// Nothing if the introduction is all right. Both sides ask the same questions.
std::optional<Refusal> TcpTransport::Judge(const Connection& connection,
                                           const Introduction& introduction) {
  const StoreIdentity& self = context_.self;
  const std::string from = "node " + Text(introduction.from);
  if (introduction.cluster != self.cluster) {
    return Refusal{RefusalReason::kCluster, from + " is of cluster " +
                                                std::to_string(introduction.cluster.value()) +
                                                ", node " + Text(self.node) + " of cluster " +
                                                std::to_string(self.cluster.value())};
  }
  if (introduction.to != self.node) {
    return Refusal{RefusalReason::kWrongNode, from + " looks for node " + Text(introduction.to) +
                                                  ", but this address is node " + Text(self.node) +
                                                  "'s; correct its peer list"};
  }
  if (connection.dialed &&
      (introduction.from != connection.peer || introduction.channel != connection.channel)) {
    return Refusal{RefusalReason::kWrongNode,
                   from + " answers at the address of node " + Text(connection.peer)};
  }
  const Peer* const peer = FindPeer(introduction.from);
  if (peer == nullptr) {
    return Refusal{RefusalReason::kUnknownPeer,
                   from + " is not in the peer list of node " + Text(self.node)};
  }
  if (!connection.dialed && introduction.from < self.node) {
    return Refusal{RefusalReason::kUnknownPeer, from + " must wait to be dialed by node " +
                                                    Text(self.node) + ", whose id is higher"};
  }
  // Two processes may not be one node at once. Which of its disks a node may come back with is the
  // core's to judge (I3).
  for (const Link& link : peer->links) {
    if (link.connection == nullptr || link.connection->incarnation == introduction.incarnation) {
      continue;
    }
    return Refusal{RefusalReason::kIncarnation,
                   from +
                       " is connected already, from another disk: stop one of the two processes "
                       "that go by its id"};
  }
  return std::nullopt;
}

absl::Status TcpTransport::Refuse(Connection& connection, NodeId claimed, const Refusal& refusal) {
  const Counter counter = CounterOf(refusal.reason);
  counters_.Add(counter);
  // Who a stranger claims to be may fill the log only if it is a peer.
  const NodeId known = FindPeer(claimed) == nullptr ? NodeId() : claimed;
  Log(SeverityOf(refusal.reason), known, counter,
      "refused the connection with " + connection.remote + ": " + refusal.text);
  SendNow(connection, Encode(refusal));
  Close(connection);
  return absl::CancelledError();
}

void TcpTransport::Establish(Connection& connection, Peer& peer, const Introduction& introduction) {
  context_.loop->Cancel(std::exchange(connection.deadline, EventLoop::TimerId::kNone));
  std::erase(pending_, &connection);
  connection.peer = peer.node;
  connection.incarnation = introduction.incarnation;
  connection.channel = introduction.channel;
  Link& link = peer.link(connection.channel);
  Connection* const replaced = std::exchange(link.connection, &connection);
  if (replaced != nullptr) {
    // The peer has lost the old one, and we have not noticed yet. It is the link's no more, so that
    // its end dials nobody.
    counters_.Add(Counter::kReplaced);
    Close(*replaced);
  }
  connection.state = State::kEstablished;
  connection.reader.set_max_body_bytes(options_.max_frame_bytes);
  if (link.dialer != nullptr) link.dialer->Succeeded();
  counters_.Add(Counter::kConnected);
  if (connection.channel != Channel::kConsensus) return;
  Log(Severity::kInfo, peer.node, Counter::kConnected, "connected with " + NameOf(connection));
  context_.receiver->OnPeerConnected(peer.node);
}

void TcpTransport::OnHandshakeTimeout(Connection& connection) {
  counters_.Add(Counter::kHandshakeTimeout);
  connection.deadline = EventLoop::TimerId::kNone;
  OnBroken(connection, absl::DeadlineExceededError("no handshake in time"));
}

// The connection has ended, or what came over it leaves no choice but to end it.
void TcpTransport::OnBroken(Connection& connection, const absl::Status& why) {
  const bool was_established = connection.state == State::kEstablished;
  const bool merely_ended = absl::IsUnavailable(why);
  const bool noteworthy = was_established
                              ? connection.channel == Channel::kConsensus || !merely_ended
                              : connection.dialed || !merely_ended;
  // Whoever dies while it sends leaves a part of a frame behind.
  const bool hostile = !merely_ended && !absl::IsAborted(why);
  if (absl::IsUnimplemented(why) && !was_established) {
    // Most likely an upgrade under way; the other side deserves to know.
    SendNow(connection, Encode(Refusal{RefusalReason::kVersion, std::string(why.message())}));
  }
  if (noteworthy) {
    Log(was_established && hostile ? Severity::kError : Severity::kWarning, connection.peer,
        Counter::kDisconnected,
        "lost the connection with " + NameOf(connection) + ": " + std::string(why.message()));
  }
  Close(connection);
}

void TcpTransport::Close(Connection& connection) {
  if (connection.state == State::kClosed) return;
  const bool was_established =
      std::exchange(connection.state, State::kClosed) == State::kEstablished;
  context_.loop->Cancel(connection.deadline);
  context_.loop->Unwatch(connection.fd.get());
  connection.fd.Close();
  std::erase(pending_, &connection);
  if (connection.is_dirty) std::erase(dirty_, &connection);
  if (was_established) counters_.Add(Counter::kDisconnected);

  Peer* const peer = FindPeer(connection.peer);
  if (peer != nullptr) {
    Link& link = peer->link(connection.channel);
    if (link.connection == &connection) link.connection = nullptr;
    if (connection.dialed && link.dialer != nullptr && link.connection == nullptr) {
      link.dialer->Retry();
    }
  }
  auto node = connections_.extract(&connection);
  closed_.push_back(std::move(node.mapped()));
  ScheduleFlush();
}

}  // namespace synod::tcp
