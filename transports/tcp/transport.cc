// Start and end, sending and receiving.
#include "transport.h"

#include <utility>

#include "synod/port/lane.h"
#include "synod/port/wire.h"

namespace synod::tcp {

namespace {

constexpr size_t kReceiveBufferBytes = 256 * 1024;
// A batch that was unusually large does not keep its memory.
constexpr size_t kKeptBatchMessages = 4096;

constexpr Channel ChannelOf(Lane lane) {
  return lane == Lane::kBulk ? Channel::kBulk : Channel::kConsensus;
}

// What a frame's error counts as; nothing if the connection has merely ended.
std::optional<Counter> CounterOf(const absl::Status& error, bool in_handshake) {
  switch (error.code()) {
    case absl::StatusCode::kDataLoss:
      return Counter::kFrameBadChecksum;
    case absl::StatusCode::kUnimplemented:
      return in_handshake ? Counter::kHandshakeRefusedVersion : Counter::kFrameUnknown;
    case absl::StatusCode::kAlreadyExists:
      return Counter::kFrameOutOfOrder;
    case absl::StatusCode::kOutOfRange:
      return Counter::kFrameTooLarge;
    case absl::StatusCode::kInvalidArgument:
      return in_handshake ? Counter::kHandshakeRefusedMalformed : Counter::kFrameMalformed;
    case absl::StatusCode::kAborted:
      return Counter::kFrameTruncated;
    default:
      return std::nullopt;
  }
}

}  // namespace

TcpTransport::~TcpTransport() { Stop(); }

absl::Status TcpTransport::Start(Context context) {
  context_ = std::move(context);
  log_.set_logger(context_.logger);
  resolver_ = std::make_unique<Resolver>(*context_.loop);
  receive_buffer_ = Buffer(kReceiveBufferBytes);
  absl::Status watched = context_.loop->Watch(listening_.get(), EventLoop::kReadable,
                                              [this](uint8_t) { OnAcceptable(); });
  if (!watched.ok()) return watched;
  running_ = true;
  for (const auto& [node, address] : peer_addresses_) {
    if (node != context_.self.node) AddPeer(node, address);
  }
  return absl::OkStatus();
}

absl::Status TcpTransport::SetPeer(NodeId node, const std::string& address) {
  Peer* const peer = FindPeer(node);
  HostPort place;
  if (!address.empty()) {
    absl::StatusOr<HostPort> parsed = ParseHostPort(address);
    if (!parsed.ok()) return parsed.status();
    place = *std::move(parsed);
  } else if (const auto given = peer_addresses_.find(node); given != peer_addresses_.end()) {
    place = given->second;
  } else if (peer != nullptr) {
    place = peer->address;
  } else {
    return absl::OkStatus();
  }
  if (node == context_.self.node) return absl::OkStatus();
  if (peer != nullptr) {
    if (peer->address == place && !peer->is_forgotten) return absl::OkStatus();
    // What was dialed and awaits a welcome goes, too: beside a connection to the peer's new place
    // it would be one too many, and whichever of the two went would be dialed again, for ever.
    Leave(*peer, [](const Connection&) { return true; });
  }
  AddPeer(node, place);
  return absl::OkStatus();
}

void TcpTransport::ForgetPeer(NodeId node) {
  Peer* const peer = FindPeer(node);
  if (peer == nullptr) return;
  peer->is_forgotten = true;
  Leave(*peer, [](const Connection& its) { return its.state != State::kEstablished; });
}

void TcpTransport::Leave(Peer& peer, bool (*is_meant)(const Connection&)) {
  for (Link& link : peer.links) link.dialer.reset();
  std::vector<Connection*> leaving;
  for (const auto& [connection, owned] : connections_) {
    if (connection->peer == peer.node && is_meant(*connection)) leaving.push_back(connection);
  }
  for (Connection* const connection : leaving) Close(*connection);
}

// Of the two who shall be connected the one with the higher id dials.
void TcpTransport::AddPeer(NodeId node, const HostPort& address) {
  Peer& peer = peers_[node];
  peer.node = node;
  peer.address = address;
  peer.is_forgotten = false;
  if (node > context_.self.node) return;
  for (const Channel channel : {Channel::kConsensus, Channel::kBulk}) {
    Dialer::Callbacks callbacks;
    callbacks.connected = [this, &peer, channel](Fd fd, const SocketAddress& remote) {
      OnDialed(peer, channel, std::move(fd), remote);
    };
    callbacks.failed = [this, &peer](const absl::Status& why) {
      counters_.Add(Counter::kConnectFailed);
      Log(Severity::kWarning, peer.node, Counter::kConnectFailed,
          "cannot reach node " + std::to_string(peer.node.value()) + " at " + peer.address.host +
              ":" + peer.address.port + ": " + std::string(why.message()));
    };
    const uint64_t seed =
        context_.self.incarnation.value() ^ (node.value() << 8) ^ static_cast<uint64_t>(channel);
    Link& link = peer.link(channel);
    link.dialer = std::make_unique<Dialer>(*context_.loop, *resolver_, peer.address, options_, seed,
                                           std::move(callbacks));
    link.dialer->Start();
  }
}

void TcpTransport::Stop() {
  if (!running_) {
    listening_.Close();
    return;
  }
  running_ = false;
  context_.loop->Unwatch(listening_.get());
  listening_.Close();
  context_.loop->Cancel(std::exchange(accept_again_, EventLoop::TimerId::kNone));
  for (auto& [node, peer] : peers_) {
    for (Link& link : peer.links) link.dialer.reset();
  }
  resolver_.reset();
  while (!connections_.empty()) Close(*connections_.begin()->first);
}

std::string TcpTransport::NamesOfPeers() const {
  std::string names;
  for (const auto& [node, peer] : peers_) {
    names += (names.empty() ? "node " : ", node ") + std::to_string(node.value());
  }
  return names.empty() ? "none" : names;
}

void TcpTransport::Send(NodeId to, std::span<Message> messages) {
  Peer* const peer = FindPeer(to);
  if (peer == nullptr) {
    counters_.Add(Counter::kDroppedUnknownPeer, messages.size());
    if (to != context_.self.node) {
      Log(Severity::kError, to, Counter::kDroppedUnknownPeer,
          "there is no address of node " + std::to_string(to.value()) +
              " in the peer list, which names " + NamesOfPeers() + ": messages for it are dropped");
    }
    return;
  }
  size_t queued = 0;
  for (const Message& message : messages) queued += Enqueue(*peer, message) ? 1 : 0;
  if (queued > 0) counters_.Add(Counter::kMessagesSent, queued);
}

// False if the message is dropped, for which there is a counter of its own.
bool TcpTransport::Enqueue(Peer& peer, const Message& message) {
  const Lane lane = LaneOf(message);
  Connection* const connection = peer.link(ChannelOf(lane)).connection;
  if (connection == nullptr) {
    counters_.Add(Counter::kDroppedDisconnected);
    return false;
  }
  const size_t bound = wire::EncodedSizeBound(message);
  if (!wire::FitsInFrame(message, bound, options_.max_frame_bytes)) {
    counters_.Add(Counter::kDroppedTooLarge);
    Log(Severity::kError, peer.node, Counter::kDroppedTooLarge,
        "dropped a message of " + std::to_string(bound) + " bytes for node " +
            std::to_string(peer.node.value()) +
            ": it exceeds max_frame_bytes, which is to be raised on every node, or has more "
            "entries than a frame may");
    return false;
  }
  struct Limit {
    size_t bytes;
    Counter counter;
  };
  const std::array<Limit, 3> limits = {
      Limit{options_.max_control_queue_bytes, Counter::kDroppedControlQueueFull},
      Limit{options_.max_queue_bytes, Counter::kDroppedQueueFull},
      Limit{options_.max_bulk_queue_bytes, Counter::kDroppedBulkQueueFull}};
  const Limit& limit = limits[static_cast<size_t>(lane)];
  if (!connection->queue.Add(lane, message, bound, limit.bytes)) {
    counters_.Add(limit.counter);
    return false;
  }
  MarkDirty(*connection);
  return true;
}

bool TcpTransport::CanSendBulk(NodeId to) const {
  const auto peer = peers_.find(to);
  if (peer == peers_.end()) return false;
  const Connection* const connection =
      peer->second.links[static_cast<size_t>(Channel::kBulk)].connection;
  return connection != nullptr &&
         connection->queue.bytes(Lane::kBulk) < options_.max_bulk_queue_bytes;
}

void TcpTransport::MarkDirty(Connection& connection) {
  // What does not take more now is flushed when it does.
  if (connection.is_dirty || connection.awaits_writable) return;
  connection.is_dirty = true;
  dirty_.push_back(&connection);
  ScheduleFlush();
}

void TcpTransport::ScheduleFlush() {
  if (flush_scheduled_ || !running_) return;
  flush_scheduled_ = true;
  context_.loop->Defer([this] { Flush(); });
}

void TcpTransport::Flush() {
  flush_scheduled_ = false;
  closed_.clear();
  flushing_.swap(dirty_);
  for (Connection* const connection : flushing_) {
    connection->is_dirty = false;
    if (connection->state == State::kEstablished) FlushConnection(*connection);
  }
  flushing_.clear();
}

void TcpTransport::FlushConnection(Connection& connection) {
  const auto flushed = connection.queue.Flush(connection.fd.get());
  if (!flushed.ok()) {
    OnBroken(connection, flushed.status());
    return;
  }
  counters_.Add(Counter::kFramesSent, flushed->frames);
  counters_.Add(Counter::kBytesSent, flushed->bytes);
  if (connection.awaits_writable == !flushed->drained) return;
  connection.awaits_writable = !flushed->drained;
  const uint8_t interest = static_cast<uint8_t>(
      EventLoop::kReadable | (connection.awaits_writable ? EventLoop::kWritable : 0));
  context_.loop->Rewatch(connection.fd.get(), interest);
}

void TcpTransport::OnReady(Connection& connection, uint8_t ready) {
  if ((ready & EventLoop::kReadable) != 0) OnReadable(connection);
  if ((ready & EventLoop::kWritable) != 0 && connection.state == State::kEstablished &&
      connection.awaits_writable) {
    FlushConnection(connection);
  }
}

void TcpTransport::OnReadable(Connection& connection) {
  const auto received =
      connection.reader.Read(connection.fd.get(), receive_buffer_,
                             [&](wire::FrameKind kind, std::string_view body, Buffer* owner) {
                               return OnFrame(connection, kind, body, owner);
                             });
  if (received.ok()) counters_.Add(Counter::kBytesReceived, *received);
  if (!batch_.empty()) {
    // What came before a bad frame is good.
    counters_.Add(Counter::kMessagesReceived, batch_.size());
    if (running_) context_.receiver->OnMessages(batch_);
    batch_.clear();
    if (batch_.capacity() > kKeptBatchMessages) batch_.shrink_to_fit();
  }
  if (connection.state == State::kClosed) return;
  const bool in_handshake = connection.state != State::kEstablished;
  if (received.ok()) {
    if (!in_handshake && *received > 0) AwaitRest(connection);
    return;
  }
  if (const auto counter = CounterOf(received.status(), in_handshake)) counters_.Add(*counter);
  OnBroken(connection, received.status());
}

// A frame that has begun must go on. A peer that dies in the middle of one is noticed by the
// kernel; one that hangs there, or that means a longer frame than it sends, would never be.
void TcpTransport::AwaitRest(Connection& connection) {
  connection.last_received = context_.loop->Now();
  const bool has_timer = connection.deadline != EventLoop::TimerId::kNone;
  if (has_timer || !connection.reader.IsInFrame()) return;
  connection.deadline =
      context_.loop->RunAt(connection.last_received + options_.unresponsive_timeout,
                           [this, &connection] { OnRestOverdue(connection); });
}

// Or not: what came meanwhile has not moved the timer, which would cost more.
void TcpTransport::OnRestOverdue(Connection& connection) {
  connection.deadline = EventLoop::TimerId::kNone;
  if (!connection.reader.IsInFrame()) return;
  const Instant due = connection.last_received + options_.unresponsive_timeout;
  if (context_.loop->Now() < due) {
    connection.deadline =
        context_.loop->RunAt(due, [this, &connection] { OnRestOverdue(connection); });
    return;
  }
  counters_.Add(Counter::kFrameStalled);
  OnBroken(connection, absl::DeadlineExceededError("a frame has begun and does not go on"));
}

absl::Status TcpTransport::OnFrame(Connection& connection, wire::FrameKind kind,
                                   std::string_view body, Buffer* owner) {
  counters_.Add(Counter::kFramesReceived);
  if (kind == wire::FrameKind::kHandshake) return OnHandshake(connection, body);
  if (connection.state != State::kEstablished) {
    return absl::InvalidArgumentError("messages before the handshake");
  }
  return wire::DecodeMessages(body, owner, connection.peer, context_.self.node, batch_);
}

TcpTransport::Peer* TcpTransport::FindPeer(NodeId node) {
  const auto found = peers_.find(node);
  return found == peers_.end() ? nullptr : &found->second;
}

}  // namespace synod::tcp
