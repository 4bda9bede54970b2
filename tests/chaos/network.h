// A network between processes that fails on command. Whatever one node sends to another passes
// through a proxy of this process, which delays it, holds it back, swallows it or cuts the
// connection.
#ifndef SYNOD_TESTS_CHAOS_NETWORK_H_
#define SYNOD_TESTS_CHAOS_NETWORK_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <poll.h>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "synod/base/ids.h"
#include "synod/base/rng.h"
#include "synod/base/time.h"

#include "transports/tcp/socket.h"

namespace synod::chaos {

// What happens to bytes on their way from one node to another.
struct Weather {
  enum class Kind : uint8_t {
    kOpen,     // They arrive.
    kStalled,  // They wait, and arrive once the way is open again: very late messages.
    kDropped,  // They are gone. A connection that lost some is cut once the way is open again.
  };
  Kind kind = Kind::kOpen;
  Duration delay{};         // Of each piece; pieces never overtake each other.
  Duration jitter{};        // Up to so much more, drawn for each piece.
  uint64_t cut_one_in = 0;  // One piece in so many ends its connection instead; 0: none does.
};

struct NetworkStats {
  uint64_t connections = 0;
  uint64_t bytes_delivered = 0;
  uint64_t bytes_dropped = 0;
  uint64_t connections_cut = 0;  // By the weather, not by an end.
};

// Thread-safe. Runs on a thread of its own until it is destroyed.
class FaultyNetwork {
 public:
  explicit FaultyNetwork(uint64_t seed);
  FaultyNetwork(const FaultyNetwork&) = delete;
  FaultyNetwork& operator=(const FaultyNetwork&) = delete;
  ~FaultyNetwork();

  // Returns the address at which `from` is to connect so that it reaches `target`, where `to`
  // listens. Both are "host:port"; `target` is numeric, and need not listen yet.
  [[nodiscard]] std::string AddRoute(NodeId from, NodeId to, const std::string& target);

  // From now on; bytes of all connections between the two, whoever has dialed them.
  void Set(NodeId from, NodeId to, const Weather& weather);
  // Every way is open and fast again.
  void Heal();

  [[nodiscard]] NetworkStats stats() const;

 private:
  using Clock = std::chrono::steady_clock;
  using Way = std::pair<NodeId, NodeId>;  // From, to.

  struct Route {
    Way way;
    tcp::Fd listening;
    tcp::SocketAddress target;
  };
  struct Piece {
    Clock::time_point due;
    std::string bytes;
  };
  // One direction of a connection: what comes in at one end is to go out at the other.
  struct Pipe {
    Way way;
    std::deque<Piece> waiting;
    size_t waiting_bytes = 0;
    bool ended = false;     // Its sender has closed.
    bool has_hole = false;  // Something was dropped: nothing may follow.
  };
  struct Connection {
    tcp::Fd ends[2];  // Of who dialed; of who was dialed.
    Pipe pipes[2];    // pipes[i] leads from ends[i] to the other.
    bool connecting = true;
    bool over = false;
  };

  void Run();
  // Milliseconds until something is due, for poll.
  int Watch(std::vector<pollfd>* watched) const;
  void Accept(const Route& route);
  void Serve(Connection& connection, const pollfd* ends);
  void Receive(Connection& connection, int from);
  void Deliver(Connection& connection, int from);
  void Wake() const;

  [[nodiscard]] const Weather& WeatherOf(const Pipe& pipe) const;
  // Whether the pipe takes more from its sender.
  [[nodiscard]] bool Takes(const Connection& connection, const Pipe& pipe) const;
  [[nodiscard]] bool IsDue(const Connection& connection, const Pipe& pipe) const;

  const tcp::Fd wake_;
  mutable std::mutex mutex_;  // Guards all below, but while poll waits.
  bool stopping_ = false;
  Rng rng_;
  std::map<Way, Weather> weather_;  // Without an entry: open.
  std::list<Route> routes_;
  std::list<Connection> connections_;
  NetworkStats stats_;
  std::thread thread_;
};

}  // namespace synod::chaos

#endif  // SYNOD_TESTS_CHAOS_NETWORK_H_
