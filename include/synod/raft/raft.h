// The Raft core: a deterministic state machine without I/O (Ongaro & Ousterhout, "In Search of an
// Understandable Consensus Algorithm"; Ongaro's thesis for pre-vote, check-quorum, transfer and
// reads).
#ifndef SYNOD_RAFT_RAFT_H_
#define SYNOD_RAFT_RAFT_H_

#include <algorithm>
#include <cstdint>
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
#include "synod/core/configuration.h"
#include "synod/core/configuration_codec.h"
#include "synod/core/configuration_history.h"
#include "synod/core/durable_state.h"
#include "synod/core/member_change.h"
#include "synod/core/message.h"
#include "synod/core/options.h"
#include "synod/core/output.h"
#include "synod/core/quorum.h"
#include "synod/engine/engine.h"
#include "synod/engine/progress.h"
#include "synod/raft/log.h"

namespace synod {

// One replica of a group that runs Raft. What its inputs, outputs and the rest of its state mean,
// see Engine.
class Raft final : public Engine {
 public:
  // kDataLoss if `state` is none that this replica can have written.
  [[nodiscard]] static absl::Status Validate(const DurableState& state);

  // Continues from what the store holds, which Validate accepts. `seed` should differ between
  // replicas and between runs.
  Raft(const EngineOptions& options, const Identity& identity, DurableState state, uint64_t seed,
       Instant now);

  [[nodiscard]] bool SnapshotReceived(NodeId from, Incarnation incarnation, Term term,
                                      const SnapshotMeta& meta, StagedSnapshot staged) override;

  [[nodiscard]] Protocol protocol() const override { return Protocol::kRaft; }
  [[nodiscard]] const RaftLog& log() const { return log_; }
  [[nodiscard]] LogExtent extent() const override;
  [[nodiscard]] const Entry& EntryAt(Index index) const override { return log_.At(index); }
  void CheckInvariants() const override;

 private:
  // --- impl/election.ipp ---
  [[nodiscard]] PreVoteRequest AskForPreVote() const override;
  [[nodiscard]] bool WouldVote(const PreVoteRequest& request) const override;
  void BecomeCandidate(bool by_transfer) override;
  [[nodiscard]] Index TakeOver() override;
  void AdoptTerm(Term term);
  void On(const Message& message, const VoteRequest& request);
  void On(const Message& message, const VoteReply& reply);
  [[nodiscard]] bool IsUpToDate(Index last_index, Term last_term) const;

  // --- impl/heartbeat.ipp ---
  void SendHeartbeat(Progress& peer) override;
  void On(const Message& message, const Heartbeat& heartbeat);
  void On(const Message& message, const HeartbeatReply& reply);

  // --- impl/membership.ipp ---
  [[nodiscard]] std::span<const ConfigurationChange> InForce() const override;
  [[nodiscard]] Configuration StepTowards(Configuration target) const override;
  void SettleConfiguration() override;

  // --- impl/replication.ipp ---
  void AppendOwn(EntryKind kind, Payload payload) override;
  bool SendAppend(Progress& peer) override;
  void AdvanceCommitIndex() override;
  void CutToWhatFits(std::vector<Entry>& entries) const;
  void On(const Message& message, AppendRequest& request);
  bool AppendFrom(const Message& message, AppendRequest& request);
  void AnswerMismatch(const Message& message, const AppendRequest& request);
  void On(const Message& message, const AppendReply& reply);
  void OnMismatch(Progress& peer, const AppendReply& reply);
  void Acknowledge(NodeId leader, Index index);
  void TruncateFrom(Index index);
  void VoidAcksFrom(Index index);
  [[nodiscard]] Index LastIndexAgreeing(Index index, Term term) const;

  // --- impl/snapshot.ipp ---
  void InstallInPlaceOfLog(const SnapshotMeta& meta, StagedSnapshot staged);

  // --- impl/step.ipp: the term rule, and one handler per message ---
  [[nodiscard]] bool Speaks(const MessageBody& body) const override;
  bool PassesTermRule(const Message& message) override;
  void AnswerStale(const Message& message);
  void Dispatch(Message& message) override;
  using Engine::On;

  // --- The log ---
  void WriteBegan(PersistToken token) override { log_.WriteBegan(token); }
  void WriteDone(PersistToken token) override { log_.WriteDone(token); }
  void DropLogTo(Index index) override;

  RaftLog log_;     // Reaches back at least to snapshot_.index + 1.
  Index verified_;  // The log agrees with this term's leader's up to here.
};

}  // namespace synod

#include "synod/raft/impl/election.ipp"
#include "synod/raft/impl/heartbeat.ipp"
#include "synod/raft/impl/invariants.ipp"
#include "synod/raft/impl/membership.ipp"
#include "synod/raft/impl/replication.ipp"
#include "synod/raft/impl/snapshot.ipp"
#include "synod/raft/impl/start.ipp"
#include "synod/raft/impl/step.ipp"

#endif  // SYNOD_RAFT_RAFT_H_
