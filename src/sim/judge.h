// The rules of a protocol, checked on what every node does, by one that sees them all. Here are
// those that all protocols have; raft_judge.h and paxos_judge.h have their own.
#ifndef SYNOD_SRC_SIM_JUDGE_H_
#define SYNOD_SRC_SIM_JUDGE_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "synod/core/ballot.h"
#include "synod/core/configuration.h"
#include "synod/core/durable_state.h"
#include "synod/core/member_change.h"
#include "synod/core/message.h"
#include "synod/engine/engine.h"
#include "synod/port/log_store.h"
#include "synod/sim/options.h"
#include "synod/sim/report.h"
#include "synod/switch/slot_packet.h"

#include "src/sim/shadow_log.h"
#include "src/sim/states.h"
#include "src/sim/world.h"

namespace synod::sim {

// When one node leads: a ballot, or a term of Raft, which names no node.
using Reign = Ballot;

// Remembers what each node's disk must hold, and what was ever committed, across all restarts. Only
// the first violation counts; the run ends with it.
class Judge {
 public:
  virtual ~Judge() = default;
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  // "1 2 3, before 1 2 4".
  [[nodiscard]] static std::string Describe(const Configuration& members);
  // Not the core's way to count, which may be wrong.
  template <class Has>
  [[nodiscard]] static bool IsQuorum(Phase phase, const Configuration& members, Has has) {
    const auto decides = [&](const std::vector<NodeId>& voters) {
      return AreQuorum(phase, members.quorums, voters, has);
    };
    return decides(members.voters) && (!members.IsJoint() || decides(members.outgoing)) &&
           (phase == Phase::kCommit || members.acceptors.empty() ||
            2 * ReplicasAmong(members, has) >= members.Replicas().size());
  }
  // I10: where some voters are nothing but acceptors, what is large has to be held by more than
  // half of the others to be chosen. Every election quorum has one of them.
  template <class Has>
  [[nodiscard]] static bool IsHeld(const Configuration& members, Has has) {
    return members.acceptors.empty() || 2 * ReplicasAmong(members, has) > members.Replicas().size();
  }
  // The value is chosen by those who have accepted it.
  template <class Has>
  [[nodiscard]] static bool IsChosenBy(const Configuration& members, uint64_t value, Has has) {
    return IsQuorum(Phase::kCommit, members, has) && (!IsLarge(value) || IsHeld(members, has));
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
  // If the power were cut now, this is what the disk would hold at least.
  void OnImage(NodeId node, const absl::StatusOr<DurableState>& image);
  // A new life finds `state`: what was durable, and any number of the writes that were under way.
  void OnLoad(NodeId node, const DurableState& state);
  // A snapshot was received whole, and is not needed any more.
  void OnDiscarded() { ++counts_.snapshots_unneeded; }
  // Something on the disk is not what it was, ...
  void OnDamaged(NodeId node);
  // ... which can be undone as long as nothing is written behind it, ...
  [[nodiscard]] bool CanBeRepaired(NodeId node) const { return At(node).undamaged.has_value(); }
  // ... and all is again as it was.
  void OnRepaired(NodeId node);
  // The disk is gone; another is bootstrapped in its place.
  void OnReplaced(NodeId node);

  // --- What a node does ---

  // It starts with these options.
  void OnStart(NodeId node, const EngineOptions& options, size_t max_pending_requests);
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
  void OnTurn(NodeId node, const Moment& moment, const Engine& core);
  // A turn is over, and so many requests that clients have put to the node have not ended.
  void OnTurnEnd(NodeId node, size_t pending_requests);
  void OnApply(NodeId node, Index index, std::string_view command);
  // The state's digest once all up to `index` is applied; equal on all nodes.
  void OnState(NodeId node, Index index, std::string_view digest, bool is_restored);

  // --- What voters do that are nothing but acceptors ---

  // It votes, under this incarnation, ...
  virtual void OnAcceptorEnabled(NodeId /*acceptor*/, Incarnation /*incarnation*/) {}
  // ... until it has lost all that it knew.
  virtual void OnAcceptorLost(NodeId /*acceptor*/) {}
  // It has answered a request, ...
  virtual void OnSlotAnswered(NodeId /*acceptor*/, const slots::SlotPacket& /*request*/,
                              const slots::SlotPacket& /*answer*/) {}
  // ... and has been told to keep no slot before this one.
  virtual void OnTrimmed(NodeId /*acceptor*/, Index /*first*/) {}

  // --- Who takes part ---

  // Every node knows every other, durably, or a change has settled who they are: from now on the
  // loss of a few is tolerated (I3).
  [[nodiscard]] bool AllAreIntroduced() const;
  // The configurations by which anything may yet be decided, or whose members may yet be needed to
  // know what was.
  [[nodiscard]] virtual std::vector<Members> Deciding() const = 0;
  // Whether the members that were committed last can go on by themselves.
  [[nodiscard]] virtual bool AreMembersSettled() const = 0;
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

  // A client asks a node for a linearizable read, ...
  struct AskedRead {
    Reign reign;           // In which the node leads; none: it does not.
    uint64_t round = 0;    // The newest that it has sent.
    Members members = {};  // By which it goes.
  };
  [[nodiscard]] AskedRead OnReadAsked(NodeId node) const;
  // ... which that answers from its state.
  void OnReadAnswered(NodeId node, const AskedRead& asked);

  // How many entries whoever is elected next may have to learn of, one by one, before it leads.
  [[nodiscard]] virtual uint64_t MostToLearn() const = 0;

  // Whether it has no disk, and no process.
  [[nodiscard]] bool IsAcceptor(NodeId node) const { return node > last_node_; }

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

 protected:
  struct Decree {        // A committed entry.
    Reign committed_in;  // Of the leader that committed it.
    uint64_t value = 0;  // Its hash.
    EntryKind kind = EntryKind::kNoOp;
    Payload payload;
    // Of Raft alone.
    Term term = {};
    uint64_t chain = 0;
  };
  struct Ack {
    Reign reign;
    Index index;
  };
  struct ToldRead {  // Of a leader: a read that it has answered.
    NodeId to;
    Reign reign;
    uint64_t asked_in = 0;  // The newest round when it arrived.
  };
  struct Round {  // Of a leader's heartbeats.
    Reign reign;
    uint64_t round = 0;
  };
  struct Answer {  // To a leader.
    Reign reign;
    Instant when = {};  // By the leader's clock.
    uint64_t round = 0;
  };
  struct Word {
    Reign reign;
    Instant when;  // By the hearer's clock.
  };
  struct Match {  // Of a peer, as its leader has it.
    Reign reign;
    Index epoch;
    Index index;
  };
  // What a turn began with.
  struct Turn {
    Instant now;
    LogEnd log = {};     // Its own, before anything was done.
    NodeId leader = {};  // Who spoke as one, in the latest reign of all.
    Reign leader_in = {};
    Reign asked = {};       // The latest of a candidate whom no leader has asked to campaign.
    bool is_moved = false;  // Something else may have ended its reign, or its obedience.
  };
  struct Disk {
    ShadowLog durable;
    ShadowLog latest;  // With the writes under way.
    std::deque<Persist> under_way;
    std::deque<size_t> proposed_bytes;  // In each, by who was the first to. Of Multi-Paxos alone.
  };
  struct Node : Disk {
    std::optional<Disk> undamaged;  // What it was before the damage.
    Members in_force = {};          // After its last turn.
    Instant in_force_since;
    Index checked_change;  // The newest in its log then.
    Incarnation own;
    Incarnation first;     // Of its first disk, which other founders record.
    bool joins = false;    // Bootstrapped without members.
    bool is_up = false;    // A turn of this life is over; what came before it was for nobody.
    bool is_told = false;  // In this life, that the others know another disk of it.
    std::map<Reign, Index> reached;  // How far the durable log ever reached in each.
    bool is_damaged = false;         // No start has found since that this does not count.
    EngineOptions engine;
    size_t max_pending_requests = 0;
    uint64_t life = 0;
    Reign reign;   // The highest ever seen.
    NodeId vote;   // In it.
    Index commit;  // These are of this life.
    Index applied;
    Index equal;  // Where its state was last found to be that of others, or was the first there.
    std::optional<size_t> log_bytes;  // In memory, after its last turn.
    Reign led;                        // The last in which it led.
    Instant led_since;
    NodeId leader;                          // As far as it knew after its last turn.
    Word word;                              // The last of a leader, which it took for one.
    std::map<NodeId, Answer> answers;       // The last of each.
    std::map<NodeId, Instant> joined;       // As members since it leads.
    std::map<NodeId, Match> matches;        // Of each peer, when it was last looked at.
    std::vector<AskedRead> answered_reads;  // Since its last turn ended.
    std::vector<ToldRead> told_reads;       // In this turn, ...
    std::vector<MemberChange> told_change;  // ... and what is said to be done.
    Round round;                            // The newest that it has sent.
    std::map<std::pair<NodeId, RequestId>, Round> reads;  // That were passed on to it, and when.
    Turn turn;
  };

  Judge(World& world, const Options& options, Counts& counts);

  // --- What a protocol demands for itself ---

  [[nodiscard]] virtual Reign ReignOf(const Engine& core) const = 0;
  // Of what a disk holds.
  [[nodiscard]] virtual Reign ReignOf(const HardState& hard_state) const = 0;
  // Who elects whoever would lead now, as this core knows it.
  [[nodiscard]] virtual const Configuration& Electors(const Engine& core) const = 0;
  // The disk that counts under the name of a peer, for a leader whose newest members are these.
  [[nodiscard]] virtual Incarnation DiskOfPeer(NodeId peer, const Configuration& newest) const {
    return Recorded(peer, newest);
  }
  // Whether a configuration that is committed at `index`, after those that were before, changes
  // nothing.
  [[nodiscard]] virtual bool IsVoid(Index /*index*/) const { return false; }
  // Whether what a candidate has heard since it asked may make it campaign in a later term.
  [[nodiscard]] virtual bool MaySkipTerms() const = 0;
  // By which a node's messages are told from those of other disks.
  [[nodiscard]] virtual const Configuration& KnownMembers(const Node& self) const = 0;
  // Carries the write out on what the disk holds, or will hold.
  virtual void Perform(NodeId node, ShadowLog& log, const Persist& persist) = 0;
  // Something was asked for, ...
  virtual void CheckWrite(NodeId node, Node& self, const Persist& persist) = 0;
  // ... and is durable, on a disk that was bound to `before` until then.
  virtual void CheckDurable(NodeId node, Node& self, const Reign& before) = 0;
  // A new life begins with what is durable.
  virtual void CheckLoad(NodeId node, Node& self) = 0;
  // Carries out the oldest write under way.
  virtual void FinishWrite(NodeId node) = 0;
  // Whether the disk holds the committed entry at `index`.
  [[nodiscard]] virtual bool HoldsCommitted(const ShadowLog& disk, Index index) const = 0;

  // Of a message that only this protocol has, or that all have.
  virtual void CheckMessage(const Message& message) = 0;
  // Nothing if it is no word of a leader to its followers, ...
  [[nodiscard]] virtual std::optional<Reign> SpeaksAsLeader(const Message& message) const = 0;
  // ... no answer to one, ...
  [[nodiscard]] virtual std::optional<Round> AnswersLeader(const Message& message) const = 0;
  // ... or no request for a vote that no leader has asked for.
  [[nodiscard]] virtual std::optional<Reign> AsksForVote(const Message& message) const = 0;
  // Whether the node may take part in this only with a disk that counts.
  [[nodiscard]] virtual bool IsVote(const Message& message) const = 0;

  // A turn is over: what the node is bound to, ...
  virtual void CheckPromise(NodeId node, const Node& self, const Engine& core) = 0;
  // ... for whom it has voted, ...
  virtual void CheckVotes(NodeId node, const Node& self, const Engine& core) = 0;
  // ... what it takes for durable, ...
  virtual void CheckOwnDisk(NodeId node, Node& self, const Engine& core) = 0;
  // ... whether it may lead, ...
  virtual void CheckElected(NodeId node, Node& self, const Engine& core) = 0;
  // ... what it holds in memory, ...
  virtual void CheckLogBound(NodeId node, Node& self, const Engine& core) = 0;
  // ... whether this entry, the first behind all that is committed, is so, since it says so, ...
  [[nodiscard]] virtual Decree Commit(NodeId node, const Entry& entry, const Engine& core) = 0;
  // ... or is the one that is, ...
  [[nodiscard]] virtual bool IsSame(const Decree& decree, const Entry& entry) const = 0;
  // ... by whom the last of them was, ...
  virtual void CheckCommittedBy(NodeId node, const Node& self, const Engine& core) = 0;
  // ... which members it goes by, and what it has done to them, ...
  virtual void CheckMembers(NodeId node, Node& self, const Engine& core) = 0;
  // ... and, as a leader, what it takes for replicated, ...
  virtual void CheckReplicated(NodeId node, const Node& self, const Progress& peer,
                               const Engine& core) = 0;
  // ... and what of its log is not committed, and is commands that it has taken itself.
  [[nodiscard]] virtual size_t UncommittedBytes(const Engine& core) const = 0;
  // That the members are these is said to be done.
  virtual void CheckSettled(NodeId node, const ShadowLog::InForce& change) = 0;

  // --- What all have ---

  template <class Has>
  [[nodiscard]] static size_t ReplicasAmong(const Configuration& members, Has has) {
    const std::vector<NodeId> replicas = members.Replicas();
    return static_cast<size_t>(std::count_if(replicas.begin(), replicas.end(), has));
  }
  [[nodiscard]] static bool AreQuorum(Phase phase, const QuorumRule& rule,
                                      const std::vector<NodeId>& voters,
                                      absl::FunctionRef<bool(NodeId)> has);
  Node& At(NodeId node) { return nodes_[node.value()]; }
  [[nodiscard]] const Node& At(NodeId node) const { return nodes_[node.value()]; }
  // The disk that counts under the member's name.
  [[nodiscard]] Incarnation Recorded(NodeId member, const Configuration& members) const;
  // What it holds, or held when it was lost.
  [[nodiscard]] const ShadowLog& DiskOf(NodeId node, Incarnation disk) const;
  // In force at `index` of the committed log.
  [[nodiscard]] const ShadowLog::InForce& ChangeAt(Index index) const;
  [[nodiscard]] const Members& MembersAt(Index index) const { return ChangeAt(index).members; }
  [[nodiscard]] static std::string Str(auto id) { return std::to_string(id.value()); }
  [[nodiscard]] static std::string Name(NodeId node) {
    return "node " + std::to_string(node.value());
  }
  // "term 7", "ballot 7 of node 2".
  [[nodiscard]] static std::string Name(const Reign& reign);
  // A hash; its last bit says whether it is large.
  [[nodiscard]] static uint64_t ValueOf(const Entry& entry) {
    const uint64_t hash = Mixed(static_cast<uint64_t>(entry.kind), HashOf(entry.payload.view()));
    return entry.payload.size() > Configuration::kMaxAcceptorPayload ? hash | 1 : hash & ~1ull;
  }
  [[nodiscard]] static bool IsLarge(uint64_t value) { return (value & 1) != 0; }
  // Of the committed log.
  [[nodiscard]] uint64_t ChainAt(Index index) const;
  void PerformHardState(NodeId node, ShadowLog& log, const Persist& persist);
  // False if it is of nothing that is committed.
  bool PerformSnapshot(NodeId node, ShadowLog& log, const Persist& persist);
  [[nodiscard]] bool IsEqual(const ShadowLog& log, const DurableState& state) const;
  void FailLoad(NodeId node, const Node& self, const DurableState& state, size_t under_way);
  [[nodiscard]] bool IsDurableOn(NodeId member, Index index, const Configuration& members) const;
  [[nodiscard]] bool IsDurableOnQuorum(Index index, const Configuration& members) const;
  void CheckDurableOnQuorum(Index index, const Configuration& members);

  void NoteChange(NodeId node, ShadowLog& log, const Entry& entry);
  void NoteCommitted(const Entry& entry);
  static void NoteInForce(Node& self, const Configuration& members, Instant now);
  void CheckToldChange(NodeId node, Node& self);
  void CheckOneDisk(NodeId node, const Configuration& from, const Configuration& to);

  void CheckTakesPart(const Message& message);
  void CheckIntroduction(const Message& message, const Introduce& introduce);
  void CheckIsKnown(NodeId node);
  [[nodiscard]] bool HasRecorded(NodeId node, NodeId other) const;
  void CheckLeads(const Message& message, const Reign& reign);
  // What `index` is acked to whom by this message.
  void NoteAck(const Message& message, const Reign& reign, Index epoch, Index index);

  void HearAnswer(Node& self, const Message& message, Instant now);
  void NoteReadReply(const Message& message, const ReadReply& reply);
  void CheckToldReads(NodeId node, Node& self, const Configuration& now);
  void CheckAnsweredReads(NodeId node, Node& self, const Engine& core);
  [[nodiscard]] bool HearsLeader(const Node& self) const;
  void CheckPreVote(const Message& message, const PreVoteReply& reply);
  // By a leader, to campaign in this term. Where terms may be skipped, not before `since`.
  [[nodiscard]] bool WasAsked(NodeId node, Term term, Term since) const;
  void CheckCandidacyByTransfer(const Message& message);
  void CheckCandidacy(NodeId node, const Node& self, const Engine& core);
  void Listen(NodeId node, Node& self, const Engine& core);
  void CheckHearsQuorum(NodeId node, const Node& self, const Engine& core, Instant now);

  void CheckNewLeader(NodeId node, Node& self, const Engine& core, Instant now);
  void CheckCommit(NodeId node, Node& self, const Engine& core);
  void CheckProgress(NodeId node, Node& self, const Engine& core);
  void CheckMatch(NodeId node, Node& self, const Progress& peer, const Reign& reign);
  void CheckReadBound(NodeId node, const Engine& core);
  void CheckBounds(NodeId node, const Engine& core);
  [[nodiscard]] std::string CommandsBetween(Index after, Index last) const;

  World& world_;
  Counts& counts_;
  const size_t founders_;  // Who began: the nodes from 1 on, and the acceptors.
  const NodeId last_node_;
  std::optional<Violation> violation_;
  NodeId complaint_;                       // Who has been sent something invalid.
  std::vector<Node> nodes_;                // By id; none has 0.
  std::map<Incarnation, ShadowLog> lost_;  // What disks held that were replaced.
  std::vector<Decree> committed_;
  std::vector<ShadowLog::InForce> changes_;               // Of the members that are committed.
  std::set<Incarnation> named_;                           // By some change, committed or not.
  std::map<Reign, std::pair<NodeId, uint64_t>> leaders_;  // And its life.
  // From and to whom, and in which membership: the last reign's highest.
  std::map<std::tuple<Incarnation, NodeId, Index>, Ack> acks_;
  std::map<std::pair<NodeId, Term>, std::set<Incarnation>> pre_votes_;  // To whom, for which term.
  std::set<std::pair<NodeId, Term>> asked_;                             // To campaign, and when.
  States states_;
};

// The rules of the options' protocol.
[[nodiscard]] std::unique_ptr<Judge> NewJudge(World& world, const Options& options, Counts& counts);

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_JUDGE_H_
