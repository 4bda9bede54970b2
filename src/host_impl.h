// A host: one loop that drives all of its replicas, over one store and one transport.
#ifndef SYNOD_SRC_HOST_IMPL_H_
#define SYNOD_SRC_HOST_IMPL_H_

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/base/time.h"
#include "synod/node/host.h"
#include "synod/port/log_store.h"
#include "synod/port/transport.h"

#include "src/host_services.h"
#include "src/machine.h"
#include "src/replica_impl.h"

namespace synod::internal {

// What happens in a turn of the loop. Messages go straight into the cores; at the end of the turn
// each core that had an input is stepped once, all writes become one, all messages to a peer become
// one Send, and what is committed is applied: after the transport has flushed, unless nothing waits
// for that.
class HostImpl final : public HostServices, public Receiver {
 public:
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<HostImpl>> Start(HostOptions options);
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<HostImpl>> StartOn(
      std::unique_ptr<Machine> machine, HostOptions options);
  ~HostImpl() override;

  [[nodiscard]] absl::StatusOr<ReplicaImpl*> Join(GroupOptions options);
  void Stop();

  // --- HostServices ---
  EventLoop& loop() override { return loop_; }
  Instant Clock() const override { return machine_->Clock(); }
  LogStore& store() override { return *store_; }
  Executor& snapshot_writer() override { return *snapshot_writer_; }
  Executor& snapshot_mover() override { return *snapshot_mover_; }
  std::unique_ptr<Executor> NewExecutor() override { return machine_->NewExecutor(); }
  uint64_t DrawSeed() override { return machine_->DrawSeed(); }
  void Log(Severity severity, std::string_view line) override;
  const StoreIdentity& identity() const override { return identity_; }
  std::vector<std::pair<std::string, uint64_t>> Counters() const override;
  void Send(Message message) override;
  absl::Status CheckAddress(const std::string& address) const override {
    return transport_->CheckAddress(address);
  }
  absl::Status SetPeer(GroupId group, NodeId peer, const std::string& address) override;
  absl::Status CheckAcceptorAddress(const std::string& address) const override {
    return transport_->CheckAcceptorAddress(address);
  }
  absl::Status SetAcceptor(GroupId group, const MemberRecord& acceptor) override;
  void ForgetPeer(GroupId group, NodeId peer) override;
  bool CanSendBulk(NodeId to) const override { return transport_->CanSendBulk(to); }
  void MarkDirty(ReplicaImpl& replica) override;
  void MarkToApply(ReplicaImpl& replica) override;

  // --- Receiver ---
  void OnMessages(std::span<Message> batch) override;
  // What was lost before is found out by the heartbeats.
  void OnPeerConnected(NodeId) override {}

 private:
  // A write that the store has not reported on: whose it is, and under which token.
  using Writing = std::vector<std::pair<ReplicaImpl*, PersistToken>>;
  // How long after the start, and after each other, warnings that a group is unknown come.
  static constexpr Duration kGroupWarnings = std::chrono::seconds(10);
  struct PeerOutbox {
    NodeId to;
    std::vector<Message> messages;
  };

  HostImpl(std::unique_ptr<Machine> machine, std::unique_ptr<LogStore> store,
           std::unique_ptr<Transport> transport, StoreIdentity identity, Logger logger);

  void NoteUnknownGroup(const Message& message);
  Instant EndTurn();
  void PollSpace();
  void WakeReplicas(Instant now);
  [[nodiscard]] Instant NextDeadline() const;
  void StepDirty();
  void ApplyCommitted();
  void SendOutboxes();
  void Write(Writing writing);
  void OnWriteDone(absl::Status status);
  void CompleteWrites();
  void StopOnLoop();

  const std::unique_ptr<Machine> machine_;  // Outlives all that posts to its loop.
  EventLoop& loop_;
  const Logger logger_;
  const StoreIdentity identity_;
  std::unique_ptr<LogStore> store_;
  std::unique_ptr<Transport> transport_;
  std::atomic<uint64_t> unknown_group_messages_ = 0;

  // --- The loop's thread ---
  std::unordered_map<GroupId, ReplicaImpl*> replicas_;
  std::vector<ReplicaImpl*> dirty_;     // To be stepped in this turn.
  std::vector<ReplicaImpl*> to_apply_;  // Have something to apply.
  std::vector<ReplicaImpl*> stepping_;  // These two are kept for their memory.
  std::vector<ReplicaImpl*> applying_;
  std::vector<PeerOutbox> outboxes_;
  size_t outgoing_ = 0;  // Messages in them.
  // The groups that need each peer, and where they say it is.
  std::map<NodeId, std::map<GroupId, std::string>> peer_users_;
  std::vector<GroupWrite> batch_;
  std::deque<Writing> writing_;  // In the order of the writes.
  bool has_space_ = true;
  bool ending_turn_ = false;
  bool apply_deferred_ = false;
  Instant last_turn_ = Instant::min();  // The turn in which EndTurn last ran.
  Instant next_wake_ = kNever;          // No replica has anything due before.
  // That a message is for none of the groups. At first, some may not have been joined yet.
  Instant next_group_warning_;
  absl::Status store_status_;  // Not OK: the store has failed.

  std::mutex write_results_mutex_;
  std::vector<absl::Status> write_results_;  // Under write_results_mutex_. In order.

  // --- Callers' threads ---
  std::mutex join_mutex_;
  std::unordered_map<GroupId, std::unique_ptr<ReplicaImpl>> owned_;  // Under join_mutex_.
  bool stopping_ = false;                                            // Under join_mutex_.
  std::mutex stop_mutex_;  // Held by a Stop until it is done.

  const std::unique_ptr<Executor> snapshot_writer_;
  const std::unique_ptr<Executor> snapshot_mover_;
};

}  // namespace synod::internal

#endif  // SYNOD_SRC_HOST_IMPL_H_
