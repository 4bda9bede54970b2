// The rules of the protocol, checked on what every node does, by one that sees them all.
#ifndef SYNOD_SRC_SIM_JUDGE_H_
#define SYNOD_SRC_SIM_JUDGE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "synod/core/durable_state.h"
#include "synod/core/message.h"
#include "synod/port/log_store.h"
#include "synod/raft/raft.h"
#include "synod/sim/report.h"

#include "src/sim/shadow_log.h"
#include "src/sim/world.h"

namespace synod::sim {

// Remembers what each node's disk must hold, and what was ever committed, across all restarts. Only
// the first violation counts; the run ends with it.
class Judge {
 public:
  Judge(World& world, size_t nodes, Counts& counts);

  [[nodiscard]] bool HasFailed() const { return violation_.has_value(); }
  [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }
  void Fail(std::string_view rule, std::string what);

  // --- A node's disk ---

  // The disk is new, or was replaced.
  void OnBootstrap(NodeId node);
  // The node asks for a write, ...
  void OnWrite(NodeId node, const Persist& persist);
  // ... and its oldest write that is not done is.
  void OnDurable(NodeId node);
  // A new life finds `state`: what was durable, and any number of the writes that were under way.
  void OnLoad(NodeId node, const DurableState& state);
  // The disk is damaged or replaced: what it promised counts no more.
  void OnLost(NodeId node);

  // --- What a node does ---

  // A message leaves: what it promises must be durable.
  void OnSend(const Message& message);
  // A turn of the node, in its `life`-th life, is over.
  void OnTurn(NodeId node, uint64_t life, const Raft& core);
  void OnApply(NodeId node, Index index, std::string_view command);
  // The state's digest once all up to `index` is applied; equal on all nodes.
  void OnState(NodeId node, Index index, uint64_t digest, bool is_restored);

  // Every node knows every other, durably: from now on the loss of a few is tolerated (I3).
  [[nodiscard]] bool AllAreIntroduced() const;

  // --- For the end ---

  [[nodiscard]] Index committed() const { return Index(committed_.size()); }
  [[nodiscard]] bool IsCommand(Index index) const {
    return committed_[index.value() - 1].kind == EntryKind::kCommand;
  }
  [[nodiscard]] std::string_view CommandAt(Index index) const {
    return committed_[index.value() - 1].payload.view();
  }

 private:
  struct Decree {  // A committed entry.
    Term term;
    uint64_t chain = 0;
    Term committed_in;  // The term of the leader that committed it.
    EntryKind kind = EntryKind::kNoOp;
    Payload payload;
  };
  struct Node {
    ShadowLog durable;
    ShadowLog latest;  // With the writes under way.
    std::deque<Persist> under_way;
    std::map<Term, Index> reached;  // How far the durable log ever reached in each term.
    bool is_lost = false;           // Its disk does not hold what it promised.
    uint64_t life = 0;
    Term term;     // The highest ever seen.
    Index commit;  // These are of this life.
    Index applied;
    Term led;  // The last term in which it led.
  };

  Node& At(NodeId node) { return nodes_[node.value()]; }
  [[nodiscard]] static std::string Name(NodeId node) {
    return "node " + std::to_string(node.value());
  }
  // Of the committed log.
  [[nodiscard]] uint64_t ChainAt(Index index) const;
  static void NoteReach(Node& self);
  void Perform(NodeId node, ShadowLog& log, const Persist& persist);
  [[nodiscard]] bool IsEqual(const ShadowLog& log, const DurableState& state) const;
  void CheckMatching(NodeId node, const ShadowLog& log, const Persist& persist);
  void CheckAck(const Message& message, const AppendReply& reply);
  void CheckVote(NodeId node, NodeId candidate, Term term);
  void CheckOneVote(NodeId node, NodeId candidate, Term term);
  void CheckNewLeader(NodeId node, Node& self, const Raft& core);
  void CheckCommit(NodeId node, Node& self, const Raft& core);
  void CheckDurableOnQuorum(Index index);
  void CheckProgress(NodeId node, const Raft& core);

  World& world_;
  Counts& counts_;
  const size_t voters_;
  std::optional<Violation> violation_;
  std::vector<Node> nodes_;  // By id; none has 0.
  std::vector<Decree> committed_;
  std::map<Term, std::pair<NodeId, uint64_t>> leaders_;                  // And its life.
  std::map<std::pair<NodeId, Term>, NodeId> votes_;                      // Of all lives of a disk.
  absl::flat_hash_map<std::pair<uint64_t, uint64_t>, uint64_t> chains_;  // By index and term.
  absl::flat_hash_map<uint64_t, uint64_t> states_;                       // By index.
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_JUDGE_H_
