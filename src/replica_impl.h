// One replica behind its handle: drives one core, and sees that what the core asks for is done in
// order.
#ifndef SYNOD_SRC_REPLICA_IMPL_H_
#define SYNOD_SRC_REPLICA_IMPL_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "synod/base/ids.h"
#include "synod/base/time.h"
#include "synod/core/message.h"
#include "synod/core/outcome.h"
#include "synod/core/output.h"
#include "synod/engine/engine.h"
#include "synod/node/replica.h"
#include "synod/port/log_store.h"

#include "src/applier.h"
#include "src/host_services.h"
#include "src/peer_addresses.h"
#include "src/request_table.h"
#include "src/snapshot_receiver.h"
#include "src/snapshot_sender.h"
#include "src/snapshot_taker.h"

namespace synod::internal {

// A request on its way from a caller to the loop.
struct Submission {
  Instant deadline;
  PendingRequest request;
  Payload command;  // Of a proposal.
  NodeId target;    // Of a transfer.
  std::vector<MemberChange> changes = {};
  bool overloaded = false;
};

// For the loop's thread, but for the part that says otherwise.
class ReplicaImpl final : public Applier::Client,
                          public SnapshotTaker::Client,
                          public SnapshotSender::Client,
                          public SnapshotReceiver::Client {
 public:
  // `state` is valid by ValidateState.
  ReplicaImpl(HostServices& host, GroupOptions options, DurableState state, uint64_t seed);

  // False if there was none to be had: it cannot be used then.
  [[nodiscard]] bool HasItsThread() const { return applier_.HasItsThread(); }

  // Before the loop knows of it: loads the state machine from the snapshot, if there is one.
  [[nodiscard]] absl::Status RestoreStateMachine();

  // --- From any thread ---

  void Submit(Submission submission);
  [[nodiscard]] ReplicaStatus Status() const;
  [[nodiscard]] bool IsLeader() const { return is_leader_.load(std::memory_order_acquire); }
  [[nodiscard]] NodeId leader() const { return NodeId(leader_.load(std::memory_order_acquire)); }
  [[nodiscard]] const GroupOptions& options() const { return options_; }
  [[nodiscard]] Instant Clock() const { return host_.Clock(); }

  // --- From the host ---

  [[nodiscard]] GroupId group() const { return options_.group; }
  // To be looked at between inputs, by those that check it.
  [[nodiscard]] const Engine& core() const { return *core_; }
  // Accepted and not yet ended.
  [[nodiscard]] size_t pending_requests() const { return pending_.load(std::memory_order_relaxed); }
  void OnMessage(Message message);
  void OnPersisted(PersistToken token);
  void OnSpaceChanged(bool has_space);
  // Passes the inputs that have gathered to the core, and carries its output out. What is to be
  // written goes into `batch`, with its token as the result; 0 if there is nothing.
  PersistToken Step(std::vector<GroupWrite>& batch);
  void Apply();
  // Something is due.
  void OnTimer();
  [[nodiscard]] Instant next_deadline() const {
    return std::min(core_deadline_, requests_.earliest_deadline());
  }
  // Takes part no more, because of `why`; ends every request.
  void Stop(absl::Status why);
  // No Step follows: requests that come from now on end at once, on the thread that brings them.
  // Returns when all that came before have ended.
  void Close();
  // After the loop has ended.
  void StopThread() { applier_.Stop(); }

  bool is_dirty = false;     // The host's: in its list of those to Step.
  bool is_to_apply = false;  // The host's: in its list of those to Apply.

 private:
  // What Status tells, without what costs an allocation in every turn.
  struct Summary {
    Role role = Role::kFollower;
    Term term;
    NodeId leader;
    Index commit, applied, first, last, durable, snapshot;
    bool introduced = false;
    bool removed = false;
    EngineCounters counters;
    uint64_t snapshot_failures = 0;  // Of sending and of receiving.
    std::vector<ReplicaStatus::Peer> peers;
    absl::Status stopped;
  };

  // Requests.
  void DrainSubmitted();
  void Accept(Submission submission);
  void EndRefused();
  void ForgetEndedReads();
  void EndProposal(RequestId id, Outcome outcome);
  void EndRead(RequestId id, absl::StatusOr<std::string> answer);
  void End(PendingRequest request, Outcome::Kind kind, Reason reason);
  void OnResolved(const Resolved& resolved);
  void PassRequestsToCore();
  void NameDisjointQuorums(const std::vector<MemberChange>& changes);

  // The core's output, in the order of its fields.
  void CarryOut(std::vector<GroupWrite>& batch);
  void SendOrHold(Outgoing& outgoing);
  void StartSnapshots();
  void PlanRestore(const Restore& restore);
  void OnAlert(const Alert& alert);
  void NotifyObservers();
  void NameStrangers();

  // The state machine.
  void OnReport(ApplierReport report) override;
  void On(Applied& applied);
  void On(Answered& answered);
  void On(Viewed& viewed);
  void On(Restored& restored);
  void ServeReads();
  [[nodiscard]] bool HasWorkForApplier() const;

  // Snapshots.
  void MaybeTakeSnapshot();
  void OnSnapshotStaged(const SnapshotMeta& meta, StagedSnapshot staged) override;
  void OnSnapshotRetry() override { MaybeTakeSnapshot(); }
  bool IsSnapshotWanted(NodeId to, Term term) const override;
  void OnSnapshotSendEnded(NodeId to, Term term, bool delivered) override;
  bool OnSnapshotReceived(NodeId from, Incarnation incarnation, Term term, const SnapshotMeta& meta,
                          StagedSnapshot staged) override;

  void Publish();
  [[nodiscard]] std::string Name() const;

  HostServices& host_;
  GroupOptions options_;

  const std::unique_ptr<Engine> core_;
  Output output_;  // Kept for its memory.
  Instant core_deadline_;
  PersistToken written_;       // The newest write that the store was handed.
  PersistToken persisted_;     // The newest that is durable. ≤ written_.
  std::deque<Outgoing> held_;  // Messages that wait for a write, tokens rising.
  // Each once the write is durable that may install the snapshot which the core has in mind; tokens
  // rising.
  std::deque<std::pair<SendSnapshot, PersistToken>> snapshots_to_send_;
  std::optional<absl::Status> stopped_;

  RequestTable requests_;
  std::vector<Proposal> proposals_;                                       // Not in the core yet.
  std::vector<RequestId> reads_;                                          // Likewise.
  std::vector<std::pair<NodeId, RequestId>> transfers_;                   // Likewise.
  std::vector<std::pair<std::vector<MemberChange>, RequestId>> changes_;  // Likewise.
  std::optional<RequestId> change_;  // The one that the core has and has not ended.
  std::vector<std::pair<PendingRequest, Reason>> refused_;  // Without having got that far.
  bool ending_refused_ = false;                             // EndRefused is at work.

  PeerAddresses addresses_;
  Applier applier_;
  std::optional<Restore> restore_;    // To be restored once its write is durable.
  std::vector<Committed> committed_;  // To be applied, after restore_.
  Position applied_;
  Index handed_over_;                           // The last entry that the applier has got.
  bool has_space_ = true;                       // In the store.
  std::multimap<Index, RequestId> read_queue_;  // To be served once the index is handed over.

  SnapshotTaker snapshot_taker_;
  SnapshotSender snapshot_sender_;
  SnapshotReceiver snapshot_receiver_;

  Instant next_naming_;  // When the members that have never been seen are named in the log.
  Role observed_role_ = Role::kFollower;
  Term observed_term_;
  NodeId observed_leader_;
  std::optional<bool> observed_removed_;  // Nothing before the first observation.

  std::atomic<size_t> pending_ = 0;                       // Requests that have not ended.
  std::array<std::atomic<uint64_t>, kReasons> failed_{};  // Those that have, without success.
  std::atomic<bool> is_leader_ = false;
  std::atomic<uint64_t> leader_ = 0;

  std::mutex submitted_mutex_;
  std::vector<Submission> submitted_;  // Under submitted_mutex_.
  bool closed_ = false;                // Under submitted_mutex_.

  mutable std::mutex summary_mutex_;
  Summary summary_;              // Under summary_mutex_.
  Configuration configuration_;  // Under summary_mutex_.
};

}  // namespace synod::internal

#endif  // SYNOD_SRC_REPLICA_IMPL_H_
