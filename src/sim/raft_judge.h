// The rules of Raft.
#ifndef SYNOD_SRC_SIM_RAFT_JUDGE_H_
#define SYNOD_SRC_SIM_RAFT_JUDGE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "synod/raft/raft.h"

#include "src/sim/judge.h"

namespace synod::sim {

// A reign is a term, in which each disk has one vote (Raft §5.2).
class RaftJudge final : public Judge {
 public:
  RaftJudge(World& world, const Options& options, Counts& counts) : Judge(world, options, counts) {}

  [[nodiscard]] std::vector<Members> Deciding() const override;
  [[nodiscard]] bool AreMembersSettled() const override {
    return !changes_.back().members->IsJoint();
  }
  [[nodiscard]] uint64_t MostToLearn() const override { return 0; }

 private:
  struct Vote {
    NodeId candidate;
    Incarnation disk = {};  // Of the candidate; 0: not known.
  };

  [[nodiscard]] static const Raft& CoreOf(const Engine& core) {
    return static_cast<const Raft&>(core);
  }
  [[nodiscard]] static Reign ReignOf(Term term) { return {term, {}, {}}; }
  [[nodiscard]] Reign ReignOf(const Engine& core) const override { return ReignOf(core.term()); }
  [[nodiscard]] Reign ReignOf(const HardState& hard_state) const override {
    return ReignOf(hard_state.term);
  }
  [[nodiscard]] const Configuration& Electors(const Engine& core) const override {
    return core.configuration();
  }
  [[nodiscard]] bool MaySkipTerms() const override { return false; }
  [[nodiscard]] const Configuration& KnownMembers(const Node& self) const override {
    return self.latest.members();
  }

  // --- raft_judge_disk.cc ---
  void Perform(NodeId node, ShadowLog& log, const Persist& persist) override;
  void CheckMatching(NodeId node, const ShadowLog& log, const Persist& persist);
  void CheckWrite(NodeId node, Node& self, const Persist& persist) override;
  void CheckBoundedWrites(NodeId node);
  void CheckDurable(NodeId node, Node& self, const Reign& before) override;
  void CheckLoad(NodeId node, Node& self) override {
    CheckDurable(node, self, ReignOf(self.durable.hard_state));
  }
  static void NoteReach(Node& self, Term since);
  void FinishWrite(NodeId node) override;
  [[nodiscard]] bool HoldsCommitted(const ShadowLog& disk, Index index) const override;
  [[nodiscard]] Index LastHeld(const ShadowLog& disk) const;

  // --- raft_judge_messages.cc ---
  void CheckMessage(const Message& message) override;
  [[nodiscard]] std::optional<Reign> SpeaksAsLeader(const Message& message) const override;
  [[nodiscard]] std::optional<Round> AnswersLeader(const Message& message) const override;
  [[nodiscard]] std::optional<Reign> AsksForVote(const Message& message) const override;
  [[nodiscard]] bool IsVote(const Message& message) const override;
  void NoteQuestion(const Message& message, Term term, LogEnd end);
  void CheckQuestioned(const Message& message, const PreVoteReply& reply);
  void CheckAppend(const Message& message, const AppendRequest& append);
  void CheckHeartbeat(const Message& message, const Heartbeat& heartbeat);
  void CheckAck(const Message& message, const AppendReply& reply);
  void CheckVote(NodeId node, const Vote& vote, Term term);
  void CheckOneVote(NodeId node, const Vote& vote, Term term);

  // --- raft_judge.cc ---
  void CheckPromise(NodeId node, const Node& self, const Engine& core) override;
  void CheckVotes(NodeId node, const Node& self, const Engine& core) override;
  void CheckOwnDisk(NodeId node, Node& self, const Engine& core) override;
  void CheckElected(NodeId node, Node& self, const Engine& core) override;
  void CheckLogBound(NodeId node, Node& self, const Engine& core) override;
  [[nodiscard]] Decree Commit(NodeId node, const Entry& entry, const Engine& core) override;
  [[nodiscard]] bool IsSame(const Decree& decree, const Entry& entry) const override;
  void CheckCommittedBy(NodeId node, const Node& self, const Engine& core) override;
  void CheckReplicated(NodeId node, const Node& self, const Progress& peer,
                       const Engine& core) override;
  [[nodiscard]] size_t UncommittedBytes(const Engine& core) const override;

  // --- raft_judge_members.cc ---
  void CheckMembers(NodeId node, Node& self, const Engine& core) override;
  void CheckInForce(NodeId node, const Node& self, const Raft& core);
  void CheckChange(NodeId node, const Node& self, const Raft& core, bool is_new);
  void CheckStep(NodeId node, const Configuration& from, const Configuration& to);
  void CheckSettled(NodeId /*node*/, const ShadowLog::InForce& /*change*/) override {}

  std::map<std::pair<Incarnation, Term>, Vote> votes_;    // Of all lives of a disk.
  std::map<std::pair<NodeId, Term>, LogEnd> asked_with_;  // What a candidate had, at best.
  absl::flat_hash_map<std::pair<uint64_t, uint64_t>, uint64_t> chains_;  // By index and term.
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_RAFT_JUDGE_H_
