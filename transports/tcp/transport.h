// The transport itself: which connections there are, and what passes over them.
#ifndef SYNOD_TRANSPORTS_TCP_TRANSPORT_H_
#define SYNOD_TRANSPORTS_TCP_TRANSPORT_H_

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "synod/base/payload.h"
#include "synod/port/transport.h"
#include "synod/tcp.h"

#include "counters.h"
#include "dialer.h"
#include "frame_reader.h"
#include "handshake.h"
#include "log_limiter.h"
#include "resolver.h"
#include "send_queue.h"
#include "socket.h"

namespace synod::tcp {

class TcpTransport final : public Transport {
 public:
  // `listening` was bound to `address`.
  TcpTransport(std::string address, Fd listening, std::map<NodeId, HostPort> peers,
               const Options& options)
      : options_(options),
        address_(std::move(address)),
        listening_(std::move(listening)),
        peer_addresses_(std::move(peers)) {}
  ~TcpTransport() override;

  absl::Status Start(Context context) override;
  absl::Status SetPeer(NodeId node, const std::string& address) override;
  void ForgetPeer(NodeId node) override;
  absl::Status CheckAddress(const std::string& address) const override {
    return ParseHostPort(address).status();
  }
  size_t MaxMessageBytes() const override { return options_.max_frame_bytes; }
  void Send(NodeId to, std::span<Message> messages) override;
  bool CanSendBulk(NodeId to) const override;
  void Stop() override;
  std::vector<std::pair<std::string, uint64_t>> Counters() const override {
    return counters_.Named();
  }

 private:
  enum class State : uint8_t {
    kAwaitsHello,    // Accepted; nobody knows whom from.
    kAwaitsWelcome,  // Dialed; our hello is sent.
    kEstablished,
    kClosed,  // Waits to be destroyed, since its callback may be running.
  };

  struct Connection {
    Fd fd;
    State state;
    std::string remote;       // Its address.
    NodeId peer;              // 0 until it is known.
    Incarnation incarnation;  // The peer's. Known once it is established.
    Channel channel = Channel::kConsensus;
    bool dialed = false;
    FrameReader reader;
    SendQueue queue;
    // Of the handshake, and then now and again of a frame that is not complete.
    EventLoop::TimerId deadline = EventLoop::TimerId::kNone;
    Instant last_received;
    bool awaits_writable = false;
    bool is_dirty = false;  // In dirty_.
  };

  struct Link {
    Connection* connection = nullptr;  // Established, or none.
    std::unique_ptr<Dialer> dialer;    // If we are the one who dials.
  };

  struct Peer {
    NodeId node;
    HostPort address;
    bool is_forgotten = false;  // Not sought; there are no dialers.
    std::array<Link, kChannels> links;

    Link& link(Channel channel) { return links[static_cast<size_t>(channel)]; }
  };

  // transport.cc: peers, sending, receiving.
  void AddPeer(NodeId node, const HostPort& address);
  // Ends its dialers and every connection that `is_meant`.
  void Leave(Peer& peer, bool (*is_meant)(const Connection&));
  [[nodiscard]] std::string NamesOfPeers() const;
  bool Enqueue(Peer& peer, const Message& message);
  void MarkDirty(Connection& connection);
  void Flush();
  void FlushConnection(Connection& connection);
  void OnReady(Connection& connection, uint8_t ready);
  void OnReadable(Connection& connection);
  void AwaitRest(Connection& connection);
  void OnRestOverdue(Connection& connection);
  absl::Status OnFrame(Connection& connection, wire::FrameKind kind, std::string_view body,
                       Buffer* owner);

  // connections.cc: connections come and go.
  void OnAcceptable();
  void PauseAccepting();
  void OnDialed(Peer& peer, Channel channel, Fd fd, const SocketAddress& address);
  Connection* Adopt(Fd fd, State state, std::string remote);
  absl::Status OnHandshake(Connection& connection, std::string_view body);
  absl::Status OnIntroduction(Connection& connection, const Introduction& introduction);
  std::optional<Refusal> Judge(const Connection& connection, const Introduction& introduction);
  absl::Status Refuse(Connection& connection, NodeId claimed, const Refusal& refusal);
  void Establish(Connection& connection, Peer& peer, const Introduction& introduction);
  void SendNow(Connection& connection, const std::string& frame);
  void OnHandshakeTimeout(Connection& connection);
  void OnBroken(Connection& connection, const absl::Status& why);
  void Close(Connection& connection);
  void ScheduleFlush();
  void Log(Severity severity, NodeId peer, Counter event, const std::string& line);
  Peer* FindPeer(NodeId node);
  static std::string NameOf(const Connection& connection);

  const Options options_;
  const std::string address_;
  Fd listening_;
  const std::map<NodeId, HostPort> peer_addresses_;

  Context context_;
  class Counters counters_;
  LogLimiter log_;
  std::unique_ptr<Resolver> resolver_;  // Before peers_, whose dialers ask it: it outlives them.
  std::map<NodeId, Peer> peers_;        // Without this node.

  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::deque<Connection*> pending_;  // Accepted, without a handshake yet; the oldest first.
  EventLoop::TimerId accept_again_ = EventLoop::TimerId::kNone;
  bool running_ = false;

  std::vector<Connection*> dirty_;  // Something was queued since their last flush.
  std::vector<Connection*> flushing_;
  std::vector<std::unique_ptr<Connection>> closed_;  // Destroyed with the next flush.
  bool flush_scheduled_ = false;

  Buffer receive_buffer_;       // Shared by all connections; nothing stays in it between turns.
  std::vector<Message> batch_;  // Of one reading; keeps its memory.
};

}  // namespace synod::tcp

#endif  // SYNOD_TRANSPORTS_TCP_TRANSPORT_H_
