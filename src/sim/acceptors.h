// The acceptors in the simulated network: each does what a switch does, register for register, and
// forgets everything with its power. Packets to them and from them are lost, repeated and late, and
// their control planes slow.
#ifndef SYNOD_SRC_SIM_ACCEPTORS_H_
#define SYNOD_SRC_SIM_ACCEPTORS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "synod/port/transport.h"
#include "synod/sim/options.h"
#include "synod/sim/report.h"
#include "synod/switch/acceptors.h"
#include "synod/switch/slot_acceptor.h"
#include "synod/switch/slot_registers.h"

#include "src/sim/judge.h"
#include "src/sim/life.h"
#include "src/sim/machine.h"
#include "src/sim/network.h"
#include "src/sim/world.h"

namespace synod::sim {

class Acceptors final : public Actor {
 public:
  Acceptors(World& world, const Options& options, const Network& network, Judge& judge,
            Counts& counts);
  ~Acceptors() override { world_.Remove(actor_); }

  // For a process: replicas are reached by `replicas`.
  [[nodiscard]] std::unique_ptr<Transport> Reach(std::unique_ptr<Transport> replicas, Life& life,
                                                 Loop& loop);

  // Whether there is one under this name.
  [[nodiscard]] bool Has(NodeId acceptor) const { return Find(acceptor) < devices_.size(); }
  // It has power, and votes.
  [[nodiscard]] bool IsUp(NodeId acceptor) const { return devices_[Find(acceptor)].votes; }
  [[nodiscard]] MemberRecord RecordOf(NodeId acceptor) const;
  // It loses its power. Once that is back its control plane, which cannot know what was promised,
  // enables it under an incarnation that nobody has had, and calls on_return.
  void CutPower(NodeId acceptor, Duration down);
  std::function<void(NodeId acceptor)> on_return = {};

  // No more faults: packets arrive once and soon.
  void Calm(Duration soon);
  // From now on this node reaches none, and is reached by none. In a calm.
  void CutOff(NodeId node) { cut_off_.push_back(node); }

  void OnEvent(uint64_t slot) override;

 private:
  class Wire;
  class Tap;
  struct Device {
    explicit Device(uint32_t chunk_slots) : acceptor(chunk_slots) {}

    slots::SlotAcceptor acceptor;
    Incarnation incarnation = {};  // The last under which it was enabled.
    uint64_t lives = 0;
    bool is_on = true;
    bool votes = true;
  };
  using Task = absl::AnyInvocable<void()>;

  [[nodiscard]] size_t Find(NodeId acceptor) const {
    return static_cast<size_t>(acceptor.value() - options_.AllNodes() - 1);
  }
  [[nodiscard]] NodeId NameOf(size_t which) const { return options_.AcceptorId(which); }
  // Calls it after so long.
  void After(Duration delay, Task task);
  // A packet's way, in either direction: calls it not at all, once or twice.
  void Pass(const std::function<void()>& arrive);
  // Each acceptor is beside one of the founders, and is cut off from others as that is.
  [[nodiscard]] bool IsCut(NodeId node, size_t which, bool is_request) const;
  void OnRequest(uint64_t wire, size_t which, const slots::SlotPacket& packet);
  void RaiseTrim(size_t which, uint64_t incarnation, uint32_t trim);
  // The steps of the control plane from this one on; each once the one before has been seen.
  void Enable(size_t which, size_t step, uint64_t life);
  [[nodiscard]] Incarnation NextIncarnation(size_t which) const;
  void NoteTrim(size_t which) const;

  World& world_;
  const Options& options_;
  const Network& network_;
  Judge& judge_;
  Counts& counts_;
  const World::ActorId actor_;
  Rng dice_;
  bool is_calm_ = false;
  Duration delay_;
  std::vector<NodeId> cut_off_;
  std::vector<Device> devices_;
  std::map<uint64_t, Wire*> wires_;  // Of processes that run.
  uint64_t last_wire_ = 0;
  std::vector<Task> tasks_;  // By slot.
  std::vector<size_t> free_;
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_ACCEPTORS_H_
