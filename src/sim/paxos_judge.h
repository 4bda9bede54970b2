// The rules of Multi-Paxos.
#ifndef SYNOD_SRC_SIM_PAXOS_JUDGE_H_
#define SYNOD_SRC_SIM_PAXOS_JUDGE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "synod/paxos/multi_paxos.h"

#include "src/sim/judge.h"

namespace synod::sim {

// A reign is a ballot. Values are compared by their hashes.
class PaxosJudge final : public Judge {
 public:
  PaxosJudge(World& world, const Options& options, Counts& counts)
      : Judge(world, options, counts),
        alpha_(options.alpha),
        chunk_slots_(options.AcceptorChunkSlots()) {}

  // --- paxos_judge_acceptors.cc ---
  void OnAcceptorEnabled(NodeId acceptor, Incarnation incarnation) override;
  void OnAcceptorLost(NodeId acceptor) override;
  void OnSlotAnswered(NodeId acceptor, const slots::SlotPacket& request,
                      const slots::SlotPacket& answer) override;
  void OnTrimmed(NodeId acceptor, Index first) override;

  [[nodiscard]] std::vector<Members> Deciding() const override;
  [[nodiscard]] bool AreMembersSettled() const override { return IsSettled(changes_.back()); }
  [[nodiscard]] uint64_t MostToLearn() const override;

 private:
  // What was proposed in one slot in one ballot, and on which disks that was ever durable.
  struct Proposed {
    Ballot ballot;
    uint64_t value;
    std::vector<Incarnation> accepted_by;
  };
  // A proposal that was made in this turn of its proposer, and is to be looked at when it is over.
  struct Fresh {
    Index slot;
    Ballot ballot;
    uint64_t value;
  };
  // What a write accepts.
  struct Accept {
    Index slot;
    Ballot ballot;
    uint64_t value;
    size_t bytes;  // Of a command.
  };

  [[nodiscard]] static const MultiPaxos& CoreOf(const Engine& core) {
    return static_cast<const MultiPaxos&>(core);
  }
  [[nodiscard]] static Ballot BallotOf(const Message& message) {
    return {message.term, message.from, message.incarnation};
  }
  [[nodiscard]] Reign ReignOf(const Engine& core) const override { return CoreOf(core).promised(); }
  [[nodiscard]] Reign ReignOf(const HardState& hard_state) const override {
    return {hard_state.term, hard_state.vote, hard_state.vote_incarnation};
  }
  [[nodiscard]] const Configuration& Electors(const Engine& core) const override {
    return *Governing(core.commit() + 1).members;
  }
  [[nodiscard]] Incarnation DiskOfPeer(NodeId peer, const Configuration& newest) const override;
  [[nodiscard]] bool IsVoid(Index slot) const override;
  [[nodiscard]] bool MaySkipTerms() const override { return true; }
  [[nodiscard]] const Configuration& KnownMembers(const Node& self) const override {
    return *self.in_force;
  }

  // --- paxos_judge.cc ---
  void CheckPromise(NodeId node, const Node& self, const Engine& core) override;
  void CheckVotes(NodeId /*node*/, const Node& /*self*/, const Engine& /*core*/) override {}
  void CheckOwnDisk(NodeId node, Node& self, const Engine& core) override;
  void CheckElected(NodeId node, Node& self, const Engine& core) override;
  void CheckLogBound(NodeId node, Node& self, const Engine& core) override;
  [[nodiscard]] Decree Commit(NodeId node, const Entry& entry, const Engine& core) override;
  [[nodiscard]] bool IsSame(const Decree& decree, const Entry& entry) const override;
  void CheckCommittedBy(NodeId /*node*/, const Node& /*self*/, const Engine& /*core*/) override {}
  void CheckReplicated(NodeId /*node*/, const Node& /*self*/, const Progress& /*peer*/,
                       const Engine& /*core*/) override {}
  [[nodiscard]] size_t UncommittedBytes(const Engine& core) const override;
  // Whether nobody before this ballot has proposed anything there.
  [[nodiscard]] bool IsFirst(Index slot, const Ballot& ballot) const;

  // --- paxos_judge_slots.cc ---
  std::vector<Proposed>& History(Index slot);
  [[nodiscard]] Proposed* FindProposed(Index slot, const Ballot& ballot);
  void Propose(NodeId node, Index slot, const Ballot& ballot, uint64_t value);
  void CheckFresh(NodeId node, const Engine& core);
  void CheckProposal(NodeId node, const Fresh& fresh, const Engine& core);
  [[nodiscard]] bool IsPrepared(const Ballot& ballot, const ShadowLog::InForce& by);
  [[nodiscard]] bool CanBeChosen(const Proposed& proposed, const Configuration& members) const;
  [[nodiscard]] const Proposed* ChosenAs(Index slot, uint64_t value);

  // --- paxos_judge_disk.cc ---
  void Perform(NodeId node, ShadowLog& log, const Persist& persist) override;
  void PerformEntry(NodeId node, ShadowLog& log, const Entry& entry, const Ballot& bound);
  void PerformMark(NodeId node, ShadowLog& log, const Entry& entry);
  void PerformCompaction(NodeId node, ShadowLog& log, const Persist& persist);
  void CheckWrite(NodeId node, Node& self, const Persist& persist) override;
  void CheckBoundedWrites(NodeId node, const Node& self);
  void CheckDurable(NodeId node, Node& self, const Reign& before) override;
  void CheckLoad(NodeId node, Node& self) override;
  void FinishWrite(NodeId node) override;
  [[nodiscard]] bool HoldsCommitted(const ShadowLog& disk, Index index) const override;
  // How far all is chosen, or accepted in this ballot, on the node's disk.
  Index Reach(Node& self, const Ballot& ballot);

  // --- paxos_judge_messages.cc ---
  void CheckMessage(const Message& message) override;
  [[nodiscard]] std::optional<Reign> SpeaksAsLeader(const Message& message) const override;
  [[nodiscard]] std::optional<Round> AnswersLeader(const Message& message) const override;
  [[nodiscard]] std::optional<Reign> AsksForVote(const Message& message) const override;
  [[nodiscard]] bool IsVote(const Message& message) const override;
  void CheckPrepare(const Message& message, const PrepareRequest& request);
  void CheckReport(const Message& message, const PrepareReply& reply);
  void CheckProposals(const Message& message, const AcceptRequest& request);
  void CheckAck(const Message& message, const AcceptReply& reply);

  // --- paxos_judge_acceptors.cc ---
  void AcceptInSlot(NodeId acceptor, Index slot, const Ballot& ballot,
                    const slots::SlotValue& value);
  // Whether so many of them durably know all up to `index` to be chosen that every leader learns
  // it.
  [[nodiscard]] bool IsRememberedBy(const Configuration& members, Index index) const;
  void CheckAcceptorReport(const Message& message, const PrepareReply& reply);
  void CheckForgotten(const Message& message, const PrepareReply& reply);
  [[nodiscard]] bool HasAccepted(Incarnation acceptor, Index slot, const Ballot& below);
  void CheckAcceptorAck(const Message& message, const AcceptReply& reply);
  void NoteSaid(const Message& message, const AcceptRequest& request);

  // --- paxos_judge_members.cc ---
  // The configuration that decides in `slot`, as far as anything is chosen.
  [[nodiscard]] const ShadowLog::InForce& Governing(Index slot) const;
  // Whether those who decided before this change are not needed any more.
  [[nodiscard]] bool IsSettled(const ShadowLog::InForce& change) const;
  void CheckMembers(NodeId node, Node& self, const Engine& core) override;
  void CheckNewConfiguration(NodeId node, Index slot, const Engine& core);
  void CheckSettled(NodeId node, const ShadowLog::InForce& change) override;

  const uint64_t alpha_;
  const uint32_t chunk_slots_;                // Of acceptors.
  std::vector<std::vector<Proposed>> slots_;  // By slot; ballots in the order of their proposals.
  std::map<NodeId, std::vector<Fresh>> fresh_;
  std::set<std::pair<Incarnation, Ballot>> promises_;  // Whose report is complete.
  std::set<std::pair<Ballot, Index>> prepared_;        // By the configurations that were set there.
  std::vector<Accept> accepts_;                        // Of the write that was looked at last.
  std::map<std::pair<Index, Ballot>, slots::SlotValue> said_;  // To acceptors.
  std::map<Ballot, Index> said_to_be_chosen_;                  // To them.
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_PAXOS_JUDGE_H_
