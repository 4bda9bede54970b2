// A simulated cluster: replicas, a network, disks, clocks, clients and faults, all from one seed.
// The same seed gives the same run, event by event.
#ifndef SYNOD_TESTS_SUPPORT_CLUSTER_H_
#define SYNOD_TESTS_SUPPORT_CLUSTER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "synod/base/ids.h"
#include "synod/base/rng.h"
#include "synod/base/time.h"

#include "tests/support/coverage.h"
#include "tests/support/ledger.h"
#include "tests/support/oracles.h"
#include "tests/support/swarm.h"
#include "tests/support/test_replica.h"
#include "tests/support/verdict.h"

namespace synod::test {

// A discrete-event simulation: whatever is going to happen stands in a queue with its time, and
// time jumps from one event to the next. Order comes from random delays.
class Cluster {
 public:
  // With `traces`, report() ends with the last events.
  Cluster(uint64_t seed, bool traces);

  // The next `events` events, with clients and faults. Ends early when an oracle objects.
  void Run(size_t events);

  // Ends all faults and new requests, and holds that a leader is then elected, that a proposal
  // commits and is applied everywhere, and that every request made so far is answered, all within a
  // bounded time.
  void Settle();

  [[nodiscard]] bool ok() const { return verdict_.ok(); }
  [[nodiscard]] std::string Report() const;

  [[nodiscard]] const Swarm& swarm() const { return swarm_; }
  [[nodiscard]] const Coverage& coverage() const { return coverage_; }
  [[nodiscard]] size_t events() const { return events_; }

 private:
  // --- What can happen ---

  struct Deliver {
    Message message;
  };
  struct DeliverSnapshot {
    SnapshotTransfer transfer;
    bool is_copy = false;  // One that arrives late, and that the sender knows nothing of.
  };
  struct SnapshotSent {
    NodeId to;
    Term term;
    bool delivered;
  };
  struct SnapshotWritten {};
  struct WriteDone {};
  struct Wake {
    Instant due;
  };
  struct TakeOutput {};
  struct Restart {};
  struct FreeDisk {};
  struct Request {};
  struct Trouble {};
  using Action = std::variant<Deliver, DeliverSnapshot, SnapshotSent, SnapshotWritten, WriteDone,
                              Wake, TakeOutput, Restart, FreeDisk, Request, Trouble>;
  struct Event {
    Instant at;
    uint64_t order;  // Of equal times, the first made comes first.
    NodeId node;     // Where it happens; 0: nowhere in particular.
    uint64_t life;   // Of the replica; 0: any. What a dead life left behind does not happen.
    Action action;
  };

  struct Node {
    Instant ticked;  // The replica's own time, as it was told last.
    uint64_t life = 1;
    RaftOptions options;
    int clock_rate = 1000;
    Instant paused_until;
    Instant disk_stalled_until;
    Instant wake_at = kNever;  // When the Wake that counts is due.
    bool write_scheduled = false;
    bool take_scheduled = false;
    bool is_stopped = false;  // For good, after a fatal alert.
    bool was_introduced = false;
  };

  // --- cluster.cc: the machinery ---

  void Schedule(Duration delay, NodeId node, uint64_t life, Action action);
  void Push(Event event);
  Event Pop();
  void Next();
  void Happen(Event& event);
  void On(NodeId id, Deliver& event);
  void On(NodeId id, DeliverSnapshot& event);
  void On(NodeId id, const SnapshotSent& event);
  void On(NodeId id, const SnapshotWritten& event);
  void On(NodeId id, const WriteDone& event);
  void On(NodeId id, const Wake& event);
  void On(NodeId id, const TakeOutput& event);
  void On(NodeId id, const Restart& event);
  void On(NodeId id, const FreeDisk& event);
  void On(NodeId id, const Request& event);
  void On(NodeId id, const Trouble& event);

  // Before and after every input to a replica.
  TestReplica& Enter(NodeId id);
  void Leave(NodeId id);
  void Take(NodeId id);
  void CollectSent(NodeId id);
  void Collect(NodeId id);
  void ScheduleWake(NodeId id);
  void ScheduleWrite(NodeId id);
  void MaybeSnapshot(NodeId id);
  void SendSnapshotOf(NodeId id, const SendSnapshot& request);
  void Transmit(Message message);
  [[nodiscard]] Instant LocalTime(NodeId id) const;

  [[nodiscard]] TestReplica& replica(NodeId id) { return *replicas_[id.value() - 1]; }
  [[nodiscard]] Node& node(NodeId id) { return nodes_[id.value() - 1]; }
  [[nodiscard]] const Node& node(NodeId id) const { return nodes_[id.value() - 1]; }
  [[nodiscard]] size_t size() const { return replicas_.size(); }
  [[nodiscard]] NodeId AnyNode() { return NodeId(1 + rng_.Below(size())); }

  // --- cluster_faults.cc ---

  void Inflict(Fault fault);
  void Crash(NodeId id);
  void ReplaceDisk(NodeId id);
  void Cut(NodeId from, NodeId to);
  void Isolate(NodeId id);
  void Split(bool with_bridge);
  void HealLinks();
  [[nodiscard]] bool& IsCut(NodeId from, NodeId to) {
    return cut_[(from.value() - 1) * size() + to.value() - 1];
  }

  // --- cluster_settle.cc ---

  void CalmDown();
  [[nodiscard]] NodeId AgreedLeader() const;
  [[nodiscard]] bool IsSettled() const;
  void ProposeMarker();

  template <class... Parts>
  void Trace(const Parts&... parts) {
    if (!traces_) return;
    std::ostringstream line;
    line << std::chrono::duration_cast<std::chrono::microseconds>(now_.time_since_epoch()).count()
         << "us ";
    (line << ... << parts);
    trace_.push_back(std::move(line).str());
    if (trace_.size() > kTraceLines) trace_.pop_front();
  }
  static constexpr size_t kTraceLines = 120;

  const uint64_t seed_;
  const bool traces_;
  Rng rng_;
  Swarm swarm_;
  Verdict verdict_;
  Coverage coverage_;
  Ledger ledger_;
  std::vector<std::unique_ptr<TestReplica>> replicas_;
  Oracles oracles_;
  std::vector<Node> nodes_;
  std::unique_ptr<bool[]> cut_;  // From × to.

  Instant now_;
  std::vector<Event> queue_;  // A heap, the next event first.
  uint64_t next_order_ = 0;
  size_t events_ = 0;
  bool is_troubled_ = true;       // Faults and clients are on.
  bool may_never_start_ = false;  // A disk was replaced before everybody was introduced.
  RequestId marker_;              // Settle's proposal.
  Instant next_marker_;
  std::deque<std::string> trace_;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_SUPPORT_CLUSTER_H_
