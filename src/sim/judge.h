// The rules of the protocol, checked on what every node does, by one that sees them all.
#ifndef SYNOD_SRC_SIM_JUDGE_H_
#define SYNOD_SRC_SIM_JUDGE_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "synod/core/configuration.h"
#include "synod/core/durable_state.h"
#include "synod/core/member_change.h"
#include "synod/core/message.h"
#include "synod/port/log_store.h"
#include "synod/raft/raft.h"
#include "synod/sim/options.h"
#include "synod/sim/report.h"

#include "src/sim/shadow_log.h"
#include "src/sim/states.h"
#include "src/sim/world.h"

namespace synod::sim {

// Remembers what each node's disk must hold, and what was ever committed, across all restarts. Only
// the first violation counts; the run ends with it.
class Judge {
 public:
  Judge(World& world, const Options& options, Counts& counts);

  // "1 2 3, before 1 2 4".
  [[nodiscard]] static std::string Describe(const Configuration& members);
  // Not the core's way to count, which may be wrong. No grid: Raft has no use for one.
  template <class Has>
  [[nodiscard]] static bool IsQuorum(Phase phase, const Configuration& members, Has has) {
    const QuorumRule& rule = members.quorums;
    const auto decides = [&](const std::vector<NodeId>& voters) {
      size_t sum = 0;
      for (const QuorumRule::Weight& weight : rule.weights) {
        const bool votes = std::count(voters.begin(), voters.end(), weight.node) > 0;
        if (votes && has(weight.node)) sum += weight.weight;
      }
      if (rule.weights.empty()) {
        sum = static_cast<size_t>(std::count_if(voters.begin(), voters.end(), has));
      }
      const uint32_t asked = phase == Phase::kElection ? rule.election : rule.commit;
      return rule.kind == QuorumRule::Kind::kMajority ? sum > voters.size() / 2 : sum >= asked;
    };
    return decides(members.voters) && (!members.IsJoint() || decides(members.outgoing));
  }
  [[nodiscard]] bool HasFailed() const { return violation_.has_value(); }
  [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }
  void Fail(std::string_view rule, std::string what);

  // --- A node's disk ---

  // The disk is new, or was replaced.
  void OnBootstrap(NodeId node, Incarnation incarnation, const Configuration& initial);
  // The node asks for a write, ...
  void OnWrite(NodeId node, const Persist& persist);
  // ... and its oldest write that is not done is.
  void OnDurable(NodeId node);
  // A new life finds `state`: what was durable, and any number of the writes that were under way.
  void OnLoad(NodeId node, const DurableState& state);
  // A snapshot was received whole, and is not needed any more.
  void OnDiscarded() { ++counts_.snapshots_unneeded; }
  // Something on the disk is not what it was, ...
  void OnDamaged(NodeId node) { At(node).is_damaged = true; }
  // ... and is again, before the node has come back.
  void OnRepaired(NodeId node) { At(node).is_damaged = false; }
  // The disk is gone; another is bootstrapped in its place.
  void OnReplaced(NodeId node);

  // --- What a node does ---

  // It starts with these options.
  void OnStart(NodeId node, const EngineOptions& raft, size_t max_pending_requests);
  // A message leaves: what it promises must be durable.
  void OnSend(const Message& message);
  // A turn of the node begins with these.
  void OnDelivered(NodeId node, std::span<const Message> batch, Instant now);
  // A turn of the node is over, or commands of it are about to be applied.
  struct Moment {
    uint64_t life = 0;
    Instant now;         // By its own clock.
    bool leads = false;  // For all who ask.
    bool is_stopped = false;
  };
  void OnTurn(NodeId node, const Moment& moment, const Raft& core);
  // A turn is over, and so many requests that clients have put to the node have not ended.
  void OnTurnEnd(NodeId node, size_t pending_requests);
  void OnApply(NodeId node, Index index, std::string_view command);
  // The state's digest once all up to `index` is applied; equal on all nodes.
  void OnState(NodeId node, Index index, std::string_view digest, bool is_restored);

  // --- Who takes part ---

  // Every node knows every other, durably, or a change has settled who they are: from now on the
  // loss of a few is tolerated (I3).
  [[nodiscard]] bool AllAreIntroduced() const;
  // The configurations by which anything may yet be decided: the newest that is committed, and
  // those that are in some log behind it.
  [[nodiscard]] std::vector<Members> Deciding() const;
  // Whether the node's disk is the one that counts under its name.
  [[nodiscard]] bool IsOnKnownDisk(NodeId member, const Configuration& members) const {
    return At(member).own == Recorded(member, members);
  }
  // Whether its disk took the place of another that counts, since no change has named it, ...
  [[nodiscard]] bool IsStandIn(NodeId node) const;
  // ... and was bootstrapped as if it were the other.
  [[nodiscard]] bool IsImpostor(NodeId node) const { return IsStandIn(node) && !At(node).joins; }
  // The node says in this turn that the members have been changed so.
  void OnChanged(NodeId node, std::vector<MemberChange> changes) {
    At(node).told_change = std::move(changes);
  }

  // --- For the end ---

  // What only a node itself has noticed. It comes last, so that what others can see of it is named
  // instead.
  void Finish();

  [[nodiscard]] Index committed() const { return Index(committed_.size()); }
  [[nodiscard]] bool IsCommand(Index index) const {
    return committed_[index.value() - 1].kind == EntryKind::kCommand;
  }
  [[nodiscard]] const States& states() const { return states_; }
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
  struct Ack {
    Term term;
    Index index;
  };
  struct Vote {
    NodeId candidate;
    Incarnation disk = {};  // Of the candidate; 0: not known.
  };
  struct ToldRead {  // Of a leader: a read that it has answered.
    NodeId to;
    Term term;
    uint64_t asked_in = 0;  // The newest round when it arrived.
  };
  struct Round {  // Of a leader's heartbeats.
    Term term;
    uint64_t round = 0;
  };
  struct Answer {  // To a leader.
    Term term;
    Instant when = {};  // By the leader's clock.
    uint64_t round = 0;
  };
  struct Word {
    Term term;
    Instant when;  // By the hearer's clock.
  };
  struct Match {  // Of a peer, as its leader has it.
    Term term;
    Index epoch;
    Index index;
  };
  // What a turn began with.
  struct Turn {
    Instant now;
    LogEnd log = {};     // Its own, before anything was done.
    NodeId leader = {};  // Who spoke as one, in the latest term of all.
    Term leader_term = {};
    Term asked = {};        // The latest term of a candidate whom no leader has asked to campaign.
    bool is_moved = false;  // Something else may have ended its term, or its obedience.
  };
  struct Node {
    ShadowLog durable;
    ShadowLog latest;       // With the writes under way.
    Members in_force = {};  // After its last turn.
    Instant in_force_since;
    Index checked_change;  // The newest in its log then.
    Incarnation own;
    Incarnation first;     // Of its first disk, which other founders record.
    bool joins = false;    // Bootstrapped without members.
    bool is_up = false;    // A turn of this life is over; what came before it was for nobody.
    bool is_told = false;  // In this life, that the others know another disk of it.
    std::deque<Persist> under_way;
    std::map<Term, Index> reached;  // How far the durable log ever reached in each term.
    bool is_damaged = false;        // Something on its disk is not what it was.
    EngineOptions raft;
    size_t max_pending_requests = 0;
    uint64_t life = 0;
    Term term;     // The highest ever seen.
    NodeId vote;   // In it.
    Index commit;  // These are of this life.
    Index applied;
    Index equal;  // Where its state was last found to be that of others, or was the first there.
    std::optional<size_t> log_bytes;  // In memory, after its last turn.
    Term led;                         // The last term in which it led.
    Instant led_since;
    NodeId leader;                          // As far as it knew after its last turn.
    Word word;                              // The last of a leader, which it took for one.
    std::map<NodeId, Answer> answers;       // The last of each.
    std::map<NodeId, Instant> joined;       // As members since it leads.
    std::map<NodeId, Match> matches;        // Of each peer, when it was last looked at.
    std::vector<ToldRead> told_reads;       // In this turn, ...
    std::vector<MemberChange> told_change;  // ... and what is said to be done.
    Round round;                            // The newest that it has sent.
    std::map<std::pair<NodeId, RequestId>, Round> reads;  // That were passed on to it, and when.
    Turn turn;
  };

  Node& At(NodeId node) { return nodes_[node.value()]; }
  [[nodiscard]] const Node& At(NodeId node) const { return nodes_[node.value()]; }
  // The disk that counts under the member's name.
  [[nodiscard]] Incarnation Recorded(NodeId member, const Configuration& members) const;
  // What it holds, or held when it was lost.
  [[nodiscard]] const ShadowLog& DiskOf(NodeId node, Incarnation disk) const;
  // In force at `index` of the committed log.
  [[nodiscard]] const Members& MembersAt(Index index) const;
  [[nodiscard]] static std::string Str(auto id) { return std::to_string(id.value()); }
  [[nodiscard]] static std::string Name(NodeId node) {
    return "node " + std::to_string(node.value());
  }
  // Of the committed log.
  [[nodiscard]] uint64_t ChainAt(Index index) const;
  static void NoteReach(Node& self, Term since);
  void Perform(NodeId node, ShadowLog& log, const Persist& persist);
  void FinishWrite(NodeId node);
  void CheckBoundedWrites(NodeId node);
  [[nodiscard]] bool IsEqual(const ShadowLog& log, const DurableState& state) const;
  void CheckMatching(NodeId node, const ShadowLog& log, const Persist& persist);
  void FailLoad(NodeId node, const Node& self, const DurableState& state, size_t under_way);
  // Whether the disk holds the committed entry at `index`, and the last that it holds.
  [[nodiscard]] bool HoldsCommitted(const ShadowLog& disk, Index index) const;
  [[nodiscard]] Index LastHeld(const ShadowLog& disk) const;
  [[nodiscard]] bool IsDurableOn(NodeId member, Index index, const Configuration& members) const;
  [[nodiscard]] bool IsDurableOnQuorum(Index index, const Configuration& members) const;
  void CheckDurableOnQuorum(Index index, const Configuration& members);

  void NoteChange(NodeId node, ShadowLog& log, const Entry& entry);
  void NoteCommitted(const Entry& entry);
  void CheckInForce(NodeId node, const Node& self, const Raft& core);
  static void NoteInForce(Node& self, const Configuration& members, Instant now);
  void CheckChange(NodeId node, Node& self, const Raft& core);
  void CheckToldChange(NodeId node, Node& self);
  void CheckStep(NodeId node, const Configuration& from, const Configuration& to);
  void CheckCommittedBy(const Node& self, const Configuration& now);

  void CheckTakesPart(const Message& message);
  void CheckIntroduction(const Message& message, const Introduce& introduce);
  void CheckIsKnown(NodeId node);
  [[nodiscard]] bool HasRecorded(NodeId node, NodeId other) const;
  void CheckLeads(const Message& message);
  void CheckAppend(const Message& message, const AppendRequest& append);
  void CheckHeartbeat(const Message& message, const Heartbeat& heartbeat);
  void CheckAck(const Message& message, const AppendReply& reply);
  void CheckVote(NodeId node, const Vote& vote, Term term);
  void CheckOneVote(NodeId node, const Vote& vote, Term term);

  void NoteQuestion(const Message& message, Term term, LogEnd end);
  void HearAnswer(Node& self, const Message& message, Instant now);
  void NoteReadReply(const Message& message, const ReadReply& reply);
  void CheckToldReads(NodeId node, Node& self, const Configuration& now);
  void CheckUpToDate(NodeId node, const Node& self, const Raft& core);
  [[nodiscard]] bool HearsLeader(const Node& self) const;
  void CheckPreVote(const Message& message, const PreVoteReply& reply);
  void CheckCandidacyByTransfer(const Message& message, const VoteRequest& request);
  void CheckCandidacy(NodeId node, const Node& self, const Raft& core);
  void Listen(NodeId node, Node& self, const Raft& core);
  void CheckHearsQuorum(NodeId node, const Node& self, const Raft& core, Instant now);

  void CheckNewLeader(NodeId node, Node& self, const Raft& core, Instant now);
  void CheckCommit(NodeId node, Node& self, const Raft& core);
  void CheckOwnDisk(NodeId node, const Node& self, const Raft& core);
  void CheckProgress(NodeId node, Node& self, const Raft& core);
  void CheckMatch(NodeId node, Node& self, const Progress& peer, Term term);
  void CheckReadBound(NodeId node, const Raft& core);
  void CheckLogBound(NodeId node, Node& self, const Raft& core);
  void CheckBounds(NodeId node, const Raft& core);
  [[nodiscard]] std::string CommandsBetween(Index after, Index last) const;

  World& world_;
  Counts& counts_;
  const size_t founders_;  // Who began: the nodes from 1 on.
  std::optional<Violation> violation_;
  NodeId complaint_;                       // Who has been sent something invalid.
  std::vector<Node> nodes_;                // By id; none has 0.
  std::map<Incarnation, ShadowLog> lost_;  // What disks held that were replaced.
  std::vector<Decree> committed_;
  std::vector<ShadowLog::InForce> changes_;              // Of the members that are committed.
  std::set<Incarnation> named_;                          // By some change, committed or not.
  std::map<Term, std::pair<NodeId, uint64_t>> leaders_;  // And its life.
  std::map<std::pair<Incarnation, Term>, Vote> votes_;   // Of all lives of a disk.
  // From and to whom, and in which membership: the last term's highest.
  std::map<std::tuple<Incarnation, NodeId, Index>, Ack> acks_;
  std::map<std::pair<NodeId, Term>, LogEnd> asked_with_;  // What a candidate had, at best.
  std::map<std::pair<NodeId, Term>, std::set<Incarnation>> pre_votes_;   // To whom, for which term.
  std::set<std::pair<NodeId, Term>> asked_;                              // To campaign, and when.
  absl::flat_hash_map<std::pair<uint64_t, uint64_t>, uint64_t> chains_;  // By index and term.
  States states_;
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_JUDGE_H_
