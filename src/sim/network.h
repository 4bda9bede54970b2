// The network: every directed link loses, repeats, delays, reorders and garbles in its own way.
#ifndef SYNOD_SRC_SIM_NETWORK_H_
#define SYNOD_SRC_SIM_NETWORK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "synod/base/rng.h"
#include "synod/port/transport.h"
#include "synod/port/wire.h"
#include "synod/sim/options.h"

#include "src/sim/judge.h"
#include "src/sim/life.h"
#include "src/sim/machine.h"
#include "src/sim/world.h"

namespace synod::sim {

class Network final : public Actor {
 public:
  Network(World& world, const NetworkOptions& options, Judge& judge, Counts& counts);
  ~Network() override { world_.Remove(actor_); }

  // For a process; attached from its Start to its Stop or its death.
  [[nodiscard]] std::unique_ptr<Transport> NewTransport(Life& life, Loop& loop);

  // Nothing passes from one to the other.
  void Cut(NodeId from, NodeId to) { cut_.emplace(from, to); }
  void Heal() { cut_.clear(); }
  void Heal(NodeId from, NodeId to) { cut_.erase({from, to}); }
  [[nodiscard]] bool IsCut(NodeId from, NodeId to) const { return cut_.contains({from, to}); }
  // Of all that was sent so far.
  [[nodiscard]] Instant LastArrival() const;
  // No more faults: what is sent arrives once, in order and soon, after `delay` at most on average.
  void Calm(Duration delay);

  // Sees whatever is sent, before chance does, and may change it; false: it does not leave.
  std::function<bool(Message&)> on_send = {};
  // On its way, as if its sender had sent it; without a look of on_send.
  void Inject(Message message);

  void OnEvent(uint64_t slot) override;

 private:
  class Port;
  struct Flight {
    Message message;
    std::string garbled;  // Instead of the message, if it is not empty.
  };
  struct Link {
    Link(const NetworkOptions& of_all, Rng its) : dice(its), options(Spread(of_all, dice)) {}
    Rng dice;  // Its own: what happens on one changes nothing on the others.
    NetworkOptions options;
    size_t in_flight = 0;
    Instant last_arrival;      // Of what was sent so far, on a link that keeps the order.
    std::vector<Message> old;  // A few that were sent before, to be sent again.
    uint64_t kept = 0;         // How many were ever put there.
  };

  // The options of one link.
  [[nodiscard]] static NetworkOptions Spread(const NetworkOptions& of_all, Rng& dice);
  void Send(Message message);
  [[nodiscard]] Link& LinkOf(NodeId from, NodeId to);
  // Then it takes nothing more.
  [[nodiscard]] bool IsFull(const Link& link);
  void Keep(Link& link, const Message& message);
  void Replay(Link& link, Term now);
  void Dispatch(Link& link, Message message);
  [[nodiscard]] static std::string Garble(Rng& dice, const Message& message);
  void CheckWire(const Message& message);
  void MixContent(const Message& message);
  [[nodiscard]] static bool Draw(Link& link, uint32_t chance) {
    return chance > 0 && link.dice.Chance(chance, 10'000);
  }

  World& world_;
  NetworkOptions options_;
  Judge& judge_;
  Counts& counts_;
  const World::ActorId actor_;
  std::map<NodeId, Port*> ports_;
  std::map<std::pair<NodeId, NodeId>, Link> links_;
  std::set<std::pair<NodeId, NodeId>> cut_;
  std::vector<Flight> flights_;  // By slot.
  std::vector<size_t> free_;
  wire::OutgoingFrame frame_;  // These two are of MixContent, which keeps their memory.
  std::vector<std::string_view> pieces_;
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_NETWORK_H_
