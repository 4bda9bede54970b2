// The Multi-Paxos core: a deterministic state machine without I/O (Lamport, "Paxos Made Simple";
// its §3 for a sequence of instances; Howard, Malkhi and Spiegelman, "Flexible Paxos", for its
// quorums).
#ifndef SYNOD_PAXOS_MULTI_PAXOS_H_
#define SYNOD_PAXOS_MULTI_PAXOS_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "synod/base/assert.h"
#include "synod/base/ids.h"
#include "synod/base/mutation.h"
#include "synod/base/probe.h"
#include "synod/base/time.h"
#include "synod/core/ballot.h"
#include "synod/core/configuration.h"
#include "synod/core/configuration_codec.h"
#include "synod/core/configuration_history.h"
#include "synod/core/durable_state.h"
#include "synod/core/message.h"
#include "synod/core/options.h"
#include "synod/core/output.h"
#include "synod/engine/engine.h"
#include "synod/engine/progress.h"
#include "synod/paxos/accept_log.h"
#include "synod/paxos/slot_log.h"

namespace synod {

// One replica of a group that runs Multi-Paxos: an acceptor, which promises and accepts; a learner,
// which finds out what is chosen; and, when it leads, the proposer. Its log's indexes are slots.
// What its inputs, outputs and the rest of its state mean, see Engine.
//
// The hard state's term and vote are the ballot that the acceptor has promised: it takes part in no
// lower one. A follower of that ballot's owner is what Raft calls one.
class MultiPaxos final : public Engine {
 public:
  // kDataLoss if `state` is none that this replica can have written.
  [[nodiscard]] static absl::Status Validate(const DurableState& state);

  // Continues from what the store holds, which Validate accepts. `seed` should differ between
  // replicas and between runs.
  MultiPaxos(const EngineOptions& options, const Identity& identity, DurableState state,
             uint64_t seed, Instant now);

  [[nodiscard]] bool SnapshotReceived(NodeId from, Incarnation incarnation, Term term,
                                      const SnapshotMeta& meta, StagedSnapshot staged) override;

  // What is chosen is so whoever says it.
  [[nodiscard]] bool MayBringSnapshot(Term /*term*/) const override { return true; }
  [[nodiscard]] bool IsSnapshotWanted(NodeId to, Term term) const override;
  void SnapshotSendEnded(NodeId to, Term term, bool delivered) override;

  [[nodiscard]] Protocol protocol() const override { return Protocol::kMultiPaxos; }
  // No ballot below it is taken part in.
  [[nodiscard]] Ballot promised() const {
    return {hard_state_.term, hard_state_.vote, hard_state_.vote_incarnation};
  }
  [[nodiscard]] const SlotLog& slots() const { return slots_; }
  [[nodiscard]] LogExtent extent() const override;
  [[nodiscard]] const Entry& EntryAt(Index index) const override { return slots_.At(index); }
  void CheckInvariants() const override;

 private:
  // How far one acceptor's report has come, in phase 1 of this replica's ballot.
  struct Report {
    NodeId node;
    Incarnation incarnation;  // Of the disk that is asked.
    Index next;               // The slot from which on it was asked last; 0: it is complete.
  };
  // So many slots ahead of a gap are held at least, where alpha is smaller or not known.
  static constexpr uint64_t kLeastAhead = 1024;
  static constexpr Index kNoReport = Index(std::numeric_limits<uint64_t>::max());

  // --- impl/step.ipp ---
  [[nodiscard]] bool Speaks(const MessageBody& body) const override;
  bool PassesTermRule(const Message& message) override;
  void Dispatch(Message& message) override;
  // To a request in a ballot below the promise.
  template <class Reply>
  [[nodiscard]] Reply Refusal(const Ballot& ballot) const {
    Reply reply;
    reply.ballot = ballot;
    reply.promised = promised();
    return reply;
  }
  using Engine::On;

  // --- impl/phase1.ipp: promises, and what they bind a new leader to ---
  [[nodiscard]] PreVoteRequest AskForPreVote() const override;
  [[nodiscard]] bool WouldVote(const PreVoteRequest& request) const override;
  void BecomeCandidate(bool by_transfer) override;
  [[nodiscard]] bool IsElectingOtherThan(NodeId candidate) const override;
  void Prepare(NodeId acceptor, Index from, bool by_transfer);
  void Promise(const Ballot& ballot);
  void On(const Message& message, const PrepareRequest& request);
  void On(const Message& message, PrepareReply& reply);
  void KeepBallot();
  void RecordReport(NodeId acceptor, bool is_complete);
  void Consider(AcceptedEntry&& accepted, Index chosen);
  [[nodiscard]] Index TakeOver() override;
  void EndCandidacy();
  [[nodiscard]] Index Foreseen() const;
  void ProposeRecovered();
  [[nodiscard]] Reason RefusalToGrow() const override;

  // --- impl/phase2.ipp: accepts, and what is chosen by them ---
  void AppendOwn(EntryKind kind, Payload payload) override;
  void Accept(Entry entry, const Ballot& ballot);
  bool SendAppend(Progress& peer) override;
  void SendHeartbeat(Progress& peer) override;
  void On(const Message& message, AcceptRequest& request);
  bool AcceptAll(const Message& message, std::vector<Entry>& entries);
  [[nodiscard]] bool MayHold(const Entry& entry) const;
  void Acknowledge(NodeId leader, const Ballot& ballot);
  void On(const Message& message, const AcceptReply& reply);
  [[nodiscard]] Index HeldUpTo(Index accepted, Index held) const;
  void AdvanceCommitIndex() override;

  // --- impl/membership.ipp ---
  [[nodiscard]] std::span<const ConfigurationChange> InForce() const override;
  [[nodiscard]] bool OneGovernsBehind(Index index) const override;
  [[nodiscard]] Configuration StepTowards(Configuration target) const override;
  void SettleConfiguration() override;
  [[nodiscard]] bool IsSettled() const override;
  [[nodiscard]] bool IsChangeOver() const override;
  [[nodiscard]] bool KnowsCommit() const override;
  void LetNewMembersDecide();
  void OnPeersChanged() override;
  void OnConfigurationChosen(const Entry& entry) override;
  [[nodiscard]] bool IsVoid(Index slot) const;
  void OnStepDown() override { ForgetUnchosen(); }
  void ForgetUnchosen();
  [[nodiscard]] const ConfigurationChange& Governing(Index slot) const;
  [[nodiscard]] bool IsPrepared(const Configuration& configuration) const;
  [[nodiscard]] bool MayPropose(Index slot) const;
  [[nodiscard]] bool HasReported(NodeId node, const Configuration& configuration) const;
  [[nodiscard]] Index SettledAt() const;
  // By what is on the disk, or on its way there.
  [[nodiscard]] Index KnownChosen() const {
    return std::max(accept_log_.chosen(), snapshot_.index);
  }
  bool NoteChosen();
  [[nodiscard]] bool IsWidelyKnown() const;
  [[nodiscard]] Index Remembered() const;
  void PrepareNewVoters();

  // --- impl/snapshot.ipp, impl/start.ipp ---
  void OfferSnapshot(NodeId candidate);
  void WriteBegan(PersistToken token) override { slots_.WriteBegan(token, KnownChosen()); }
  void WriteDone(PersistToken token) override { slots_.WriteDone(token); }
  void DropLogTo(Index index) override;

  [[nodiscard]] static Ballot BallotOf(const Message& message) {
    return {message.term, message.from, message.incarnation};
  }

  SlotLog slots_;
  AcceptLog accept_log_;
  Term highest_round_;  // That was heard of. ≥ the promised one's.

  size_t in_force_ = 1;  // Of a leader: how many configurations its peers come from.

  std::vector<NodeId> offered_;  // Candidates to whom a snapshot is on its way.

  // When phase 1 of the promised ballot last went on, whoever's it is.
  std::optional<Instant> last_report_;
  // In phase 1 of this replica's own ballot, and while it leads.
  std::vector<Report> reports_;
  Index prepared_;  // Of the configurations set up to here, quorums have reported.
  // What was accepted above commit in lower ballots: of each slot the value of the highest one.
  std::map<Index, AcceptedEntry> recovered_;
};

}  // namespace synod

#include "synod/paxos/impl/invariants.ipp"
#include "synod/paxos/impl/membership.ipp"
#include "synod/paxos/impl/phase1.ipp"
#include "synod/paxos/impl/phase2.ipp"
#include "synod/paxos/impl/snapshot.ipp"
#include "synod/paxos/impl/start.ipp"
#include "synod/paxos/impl/step.ipp"

#endif  // SYNOD_PAXOS_MULTI_PAXOS_H_
