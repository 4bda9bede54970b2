// The transport by which a proposer reaches voters that are nothing but acceptors: what is for them
// goes out in slot packets, and everything else by another transport.
#ifndef SYNOD_SWITCH_ACCEPTORS_H_
#define SYNOD_SWITCH_ACCEPTORS_H_

#include <cstdint>
#include <memory>
#include <span>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/time.h"
#include "synod/port/event_loop.h"
#include "synod/port/transport.h"
#include "synod/switch/acceptor_address.h"
#include "synod/switch/slot_link.h"
#include "synod/switch/slot_packet.h"

namespace synod::slots {

// In a simulation: sees what is said to acceptors, and gets what is said for them.
class AcceptorTap {
 public:
  virtual ~AcceptorTap() = default;
  // False: it is not said.
  virtual bool OnRequest(const synod::Message& message) = 0;
  // In place of the receiver, to whom it passes them on.
  virtual void OnAnswers(std::span<synod::Message> messages) = 0;
};

struct AcceptorOptions {
  LinkOptions link = {};
  std::unique_ptr<AcceptorTap> tap = {};
};

// What carries slot packets, and reaches control planes. All methods are called on the loop's
// thread.
class SlotWire {
 public:
  struct Arrival {
    Endpoint from;
    SlotPacket packet;
  };
  // What one wake-up has found.
  using Receive = absl::AnyInvocable<void(std::span<const Arrival>)>;

  virtual ~SlotWire() = default;
  // Once. The loop outlives it; `receive` is called on the loop's thread until Stop.
  [[nodiscard]] virtual absl::Status Start(EventLoop& loop, Receive receive) = 0;
  // Leaves with the next Flush. It may be lost, repeated or overtaken.
  virtual void Send(Endpoint to, const SlotPacket& packet) = 0;
  virtual void Flush() = 0;
  // Has the trim of the acceptor raised, if it still has this incarnation and is the group's. Does
  // not block; may fail, and says nothing about it.
  virtual void RaiseTrim(const AcceptorAddress& acceptor, uint32_t group, uint64_t incarnation,
                         uint32_t trim) = 0;
  virtual void Stop() = 0;
};

// Replicas are reached by `replicas`, acceptors over UDP. Passes an error of `replicas` on.
[[nodiscard]] absl::StatusOr<std::unique_ptr<Transport>> WithAcceptors(
    absl::StatusOr<std::unique_ptr<Transport>> replicas, AcceptorOptions options = {});

// The same over another wire.
[[nodiscard]] std::unique_ptr<Transport> WithAcceptors(std::unique_ptr<Transport> replicas,
                                                       std::unique_ptr<SlotWire> wire,
                                                       AcceptorOptions options = {});

}  // namespace synod::slots

#endif  // SYNOD_SWITCH_ACCEPTORS_H_
