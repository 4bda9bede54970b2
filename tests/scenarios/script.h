// A cluster that does what a test says: the real runtime, core and log store on a simulated
// network, machine and disk, with the rules of the protocol checked after every event.
#ifndef SYNOD_TESTS_SCENARIOS_SCRIPT_H_
#define SYNOD_TESTS_SCENARIOS_SCRIPT_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/core/member_change.h"
#include "synod/core/message.h"
#include "synod/core/outcome.h"
#include "synod/core/protocol.h"
#include "synod/engine/engine.h"
#include "synod/paxos/multi_paxos.h"

#include "src/sim/cluster.h"
#include "tests/scenarios/messages.h"

namespace synod::sim {

inline constexpr NodeId A = 1;
inline constexpr NodeId B = 2;
inline constexpr NodeId C = 3;
inline constexpr NodeId D = 4;
inline constexpr NodeId E = 5;

inline MemberChange AddVoter(NodeId node) { return {.node = node}; }
inline MemberChange AddLearner(NodeId node) {
  return {.node = node, .to = MemberChange::To::kLearner};
}
inline MemberChange Remove(NodeId node) { return {.node = node, .to = MemberChange::To::kNone}; }

// Of the options that the scripts change.
struct Setup {
  uint64_t nodes = 3;
  uint64_t spares = 0;  // More, which are no members yet.
  uint32_t alpha = 64;  // Of Multi-Paxos: few slots, so that changes are soon over.
  uint64_t seed = 1;
  EngineOptions engine = {};
  std::vector<NodeId> without_pre_vote = {};
  uint64_t snapshot_after_entries = 1'000'000;
  uint64_t segment_bytes = 1024 * 1024;
  bool apply_on_own_thread = false;
};

// What becomes of some messages until it is lifted, and those that it has caught.
struct NetworkRule {
  Messages which;
  std::function<bool(Message&)> apply;  // False: the message does not leave.
  std::vector<Message> caught = {};
  bool is_lifted = false;
};

// A request, and what came of it.
struct Asked {
  std::string command = {};  // Of a write.
  int endings = 0;
  Outcome outcome = {};                                         // Of a write, or of a change.
  absl::StatusOr<std::string> answer = absl::UnknownError("");  // Of a read.
  absl::Status status = {};                                     // Of a transfer.

  [[nodiscard]] bool HasEnded() const { return endings > 0; }
  [[nodiscard]] bool IsCommitted() const { return HasEnded() && outcome.ok(); }
  [[nodiscard]] bool IsRefused(Reason reason) const {
    return HasEnded() && outcome.kind == Outcome::Kind::kNotCommitted && outcome.reason == reason;
  }
};

// Every script ends with HealAndConverge. The state machine remembers all commands, in their order;
// a read gives them, with a space behind each.
class Script {
 public:
  // All are up and have met; nobody leads.
  explicit Script(Protocol protocol, const Setup& setup = {});
  ~Script();
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  // --- Time ---

  void RunFor(Duration time);
  // Fails if that takes longer than any of these scenarios should.
  void RunUntil(const std::function<bool()>& done);
  // Whether it happens within the time.
  [[nodiscard]] bool Within(Duration time, const std::function<bool()>& done);
  void Await(const Asked& asked) {
    RunUntil([&asked] { return asked.HasEnded(); });
  }
  void Await(const NetworkRule& rule) {  // Until it catches something.
    RunUntil([&rule] { return !rule.caught.empty(); });
  }
  // And the leader knows: what it proposes next leaves at once.
  void AwaitEquality() {
    RunUntil([this] { return AreEqual(Nodes()) && IsFollowed(); });
  }
  void AwaitDurable(NodeId node, Index index) {
    RunUntil([this, node, index] { return Core(node).extent().durable >= index; });
  }

  // --- Leaders ---

  // Its election timer runs out, now.
  void TimeOut(NodeId node);
  // By a transfer if it can be reached from the leader, else by its timer, once those that it can
  // reach have given the leader up.
  void Elect(NodeId node);
  // Tries to: others may interfere.
  void Campaign(NodeId node);
  // Of the highest term or ballot; 0: none.
  [[nodiscard]] NodeId Leader();
  [[nodiscard]] bool Leads(NodeId node);
  // A leader other than `old`, elected by itself.
  NodeId AwaitLeaderOtherThan(NodeId old);

  // --- Clients ---

  Asked& Propose(NodeId node, std::string command);
  Asked& BeginRead(NodeId node);
  Asked& Transfer(NodeId from, NodeId to);
  Asked& Reconfigure(NodeId node, std::vector<MemberChange> changes);
  // These wait for success.
  Index Write(NodeId node, const std::string& command);
  std::string Read(NodeId node);
  void ChangeMembers(NodeId node, std::vector<MemberChange> changes);

  // --- The network ---

  void Cut(NodeId a, NodeId b);
  void CutOneWay(NodeId from, NodeId to) { cluster_.network().Cut(from, to); }
  void Isolate(NodeId node);
  void Split(const std::vector<NodeId>& side, const std::vector<NodeId>& other);
  void Join(NodeId a, NodeId b);
  void Heal() { cluster_.network().Heal(); }
  void HealAllBut(NodeId node) {
    Heal();
    Isolate(node);
  }

  // Those that are sent from now on do not leave, until they are released.
  NetworkRule& Hold(Messages which);
  // They are lost.
  NetworkRule& Drop(Messages which) { return Hold(std::move(which)); }
  // They leave, and copies are kept.
  NetworkRule& Copy(Messages which);
  NetworkRule& Change(Messages which, std::function<void(Message&)> change);
  // Of the entries in these nothing behind `last` leaves.
  NetworkRule& HoldEntriesBehind(Index last, Messages which);
  // These do not say what is committed.
  NetworkRule& HideCommit(Messages which);
  // No more are caught; those that were leave now, in the order in which they were sent.
  void Release(NetworkRule& rule);
  // What was caught is sent once more.
  void Replay(const NetworkRule& rule);
  void Send(Message message) { cluster_.network().Inject(std::move(message)); }

  // --- Processes and disks ---

  void Crash(NodeId node);     // The process dies; what it wrote stays.
  void PowerCut(NodeId node);  // The machine, with all that was not synced.
  // At so many changes of the disk from now on; each sector not synced is lost, or is not.
  void PowerCutAt(NodeId node, uint64_t change);
  // Before so many more things that others can see, one at least.
  void CrashBefore(NodeId node, uint64_t effect);
  void Stop(NodeId node) { At(node).Stop(); }  // In an orderly way.
  void Start(NodeId node);
  void Pause(NodeId node, Duration time);
  void StallDisk(NodeId node);
  void StallLog(NodeId node);  // Alone: snapshots go on.
  void ResumeDisk(NodeId node);
  void SlowDisk(NodeId node, Duration sync) { At(node).disk_executor().pace = sync; }
  void FillDisk(NodeId node, uint64_t left = 60 * 1024);
  void FreeDisk(NodeId node);

  // Everything is repaired; then the cluster must elect a leader, end all that was asked, and
  // become equal. What was answered must be true: who was told that a write is committed, finds it
  // where it was said to be, and who was told that it is not, nowhere.
  void HealAndConverge();

  // --- What is so ---

  [[nodiscard]] Node& At(NodeId node) { return cluster_.node(node); }
  [[nodiscard]] bool IsUp(NodeId node) { return At(node).IsUp(); }
  [[nodiscard]] const Engine& Core(NodeId node) { return At(node).replica().core(); }
  // Of a script of Multi-Paxos.
  [[nodiscard]] const MultiPaxos& Paxos(NodeId node);
  [[nodiscard]] const Counts& counts() { return cluster_.counts(); }
  [[nodiscard]] std::vector<NodeId> Nodes() const;
  // Whether these have all that is committed, and nothing else.
  [[nodiscard]] bool AreEqual(const std::vector<NodeId>& nodes) { return cluster_.AreEqual(nodes); }
  // By the newest configuration in its log.
  [[nodiscard]] const std::vector<NodeId>& Voters(NodeId node) {
    return Core(node).configuration().voters;
  }
  // How far the leader knows `peer` to be durable and equal.
  [[nodiscard]] Index MatchOf(NodeId leader, NodeId peer);
  // Of what is in the log there, or was accepted in that slot; 0: nothing.
  [[nodiscard]] Term TermAt(NodeId node, Index index);
  [[nodiscard]] bool IsCommitted(std::string_view command);

 private:
  NetworkRule& AddRule(Messages which, std::function<bool(Message&)> apply);
  [[nodiscard]] bool OnSend(Message& message);
  [[nodiscard]] bool CanReach(NodeId from, NodeId to);
  [[nodiscard]] bool IsFollowed();
  void Leap(NodeId node, Duration by);
  void Kill(NodeId node, Lost lost);
  void Judge();

  std::unique_ptr<Workload> workload_;
  const std::unique_ptr<StoreFactory> stores_;
  std::deque<Asked> asked_;  // Outlives those who answer.
  std::deque<NetworkRule> rules_;
  Cluster cluster_;
  bool is_over_ = false;
};

}  // namespace synod::sim

#endif  // SYNOD_TESTS_SCENARIOS_SCRIPT_H_
