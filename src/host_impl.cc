// The turns of a host's loop, and its start and end.
#include "src/host_impl.h"

#include <algorithm>
#include <utility>

#include "synod/base/assert.h"
#include "synod/base/probe.h"
#include "synod/port/wire.h"

#include "src/concat.h"
#include "src/engine_factory.h"

namespace synod::internal {

namespace {

// How often a turn steps its cores, because a store that is done at once or a callback brought new
// input, before it looks at the network again.
constexpr int kMaxSteps = 32;

absl::Status Validate(const GroupOptions& options) {
  if (options.group.IsZero()) return absl::InvalidArgumentError("group must not be 0");
  if (options.state_machine == nullptr) {
    return absl::InvalidArgumentError("state_machine must be set");
  }
  if (options.snapshot_after_entries == 0 || options.snapshot_after_bytes == 0) {
    return absl::InvalidArgumentError(
        "snapshot_after_entries and snapshot_after_bytes must be positive");
  }
  if (options.max_pending_requests == 0 ||
      options.max_pending_requests > RequestTable::kMaxRequests / 2) {
    return absl::InvalidArgumentError(
        Concat("max_pending_requests must be in [1, ", RequestTable::kMaxRequests / 2, "]"));
  }
  if (options.default_deadline <= Duration::zero()) {
    return absl::InvalidArgumentError("default_deadline must be positive");
  }
  return options.engine.Validate();
}

// What does not fit would be dropped by the transport, sent again and dropped, for ever.
absl::Status CheckFits(const EngineOptions& engine, size_t max_message_bytes) {
  constexpr size_t kMaxAppendBytes = wire::kMaxEntriesPerFrame * Entry::kHeaderBytes;
  if (engine.max_append_bytes > kMaxAppendBytes) {
    return absl::InvalidArgumentError(Concat("engine.max_append_bytes must be at most ",
                                             kMaxAppendBytes,
                                             ": an append of more entries fits no frame"));
  }
  SYNOD_ASSERT(max_message_bytes >= Transport::kGuaranteedMessageBytes,
               "a transport carries what each must");
  const size_t room = max_message_bytes - wire::kMessageOverheadBytes;
  if (engine.max_append_bytes > room || engine.max_entry_bytes > room - Entry::kHeaderBytes) {
    return absl::InvalidArgumentError(Concat(
        "engine.max_entry_bytes (", engine.max_entry_bytes, ") and engine.max_append_bytes (",
        engine.max_append_bytes,
        ") must stay below the largest message that the transport carries (", max_message_bytes,
        ", for tcp::Options its max_frame_bytes) by ",
        wire::kMessageOverheadBytes + Entry::kHeaderBytes, " bytes: lower them or raise it"));
  }
  return absl::OkStatus();
}

absl::Status TooManyThreadsError() {
  return absl::ResourceExhaustedError(
      "cannot start a thread: raise the limits on threads and memory of this process");
}

absl::Status CheckIdentity(const absl::StatusOr<StoreIdentity>& identity, NodeId id) {
  if (absl::IsNotFound(identity.status())) {
    return absl::FailedPreconditionError(
        "the store is empty: call Bootstrap once in the life of this node's disk. If this node has "
        "run before, its disk was lost or replaced: bootstrap the new one with `joins`, and have a "
        "change of the members take it in place of the old");
  }
  if (!identity.ok()) return identity.status();
  if (identity->node != id) {
    return absl::FailedPreconditionError(
        Concat("the store belongs to node ", identity->node, ", not to node ", id));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<HostImpl>> HostImpl::Start(HostOptions options) {
  absl::StatusOr<std::unique_ptr<Machine>> machine = NewRealMachine(options.spin);
  if (!machine.ok()) return machine.status();
  return StartOn(*std::move(machine), std::move(options));
}

absl::StatusOr<std::unique_ptr<HostImpl>> HostImpl::StartOn(std::unique_ptr<Machine> machine,
                                                            HostOptions options) {
  if (!options.log.ok()) return options.log.status();
  if (!options.transport.ok()) return options.transport.status();
  if (*options.log == nullptr || *options.transport == nullptr) {
    return absl::InvalidArgumentError("HostOptions::log and HostOptions::transport must be set");
  }
  const absl::StatusOr<StoreIdentity> identity = (*options.log)->Identity();
  if (absl::Status status = CheckIdentity(identity, options.id); !status.ok()) return status;
  if (!options.logger) options.logger = [](Severity, std::string_view) {};

  std::unique_ptr<HostImpl> host(new HostImpl(std::move(machine), *std::move(options.log),
                                              *std::move(options.transport), *identity,
                                              std::move(options.logger)));
  if (host->snapshot_writer_ == nullptr || host->snapshot_mover_ == nullptr) {
    return TooManyThreadsError();
  }
  absl::Status status = host->transport_->Start({.self = host->identity_,
                                                 .loop = &host->loop_,
                                                 .receiver = host.get(),
                                                 .logger = host->logger_});
  if (!status.ok()) return status;
  host->Log(Severity::kInfo, Concat("node ", identity->node, " of cluster ", identity->cluster,
                                    " started, incarnation ", identity->incarnation));
  host->machine_->StartLoop([raw = host.get()] { return raw->EndTurn(); });
  return host;
}

HostImpl::HostImpl(std::unique_ptr<Machine> machine, std::unique_ptr<LogStore> store,
                   std::unique_ptr<Transport> transport, StoreIdentity identity, Logger logger)
    : machine_(std::move(machine)),
      loop_(machine_->loop()),
      logger_(std::move(logger)),
      identity_(identity),
      store_(std::move(store)),
      transport_(std::move(transport)),
      next_group_warning_(machine_->Clock() + kGroupWarnings),
      snapshot_writer_(machine_->NewExecutor()),
      snapshot_mover_(machine_->NewExecutor()) {}

HostImpl::~HostImpl() {
  Stop();
  // The store may still report writes while it goes, so that it goes before what takes the reports.
  owned_.clear();
  transport_.reset();
  store_.reset();
}

absl::StatusOr<ReplicaImpl*> HostImpl::Join(GroupOptions options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  absl::Status fits = CheckFits(options.engine, transport_->MaxMessageBytes());
  if (!fits.ok()) return fits;
  const GroupId group = options.group;
  const std::lock_guard lock(join_mutex_);
  if (stopping_) return absl::FailedPreconditionError("the host is stopped");
  if (owned_.contains(group)) {
    return absl::AlreadyExistsError(Concat("group ", group, " was joined before"));
  }
  absl::StatusOr<DurableState> state = store_->Load(group);
  if (!state.ok()) return state.status();
  if (absl::Status status = ValidateState(*state); !status.ok()) return status;
  auto replica = std::make_unique<ReplicaImpl>(*this, std::move(options), *std::move(state),
                                               machine_->DrawSeed());
  if (!replica->HasItsThread()) return TooManyThreadsError();
  if (absl::Status status = replica->RestoreStateMachine(); !status.ok()) return status;
  ReplicaImpl* const joined = replica.get();
  owned_.emplace(group, std::move(replica));
  loop_.Post([this, joined] {
    replicas_.emplace(joined->group(), joined);
    if (!store_status_.ok()) joined->Stop(store_status_);
    if (!has_space_) joined->OnSpaceChanged(false);
    MarkDirty(*joined);
  });
  return joined;
}

void HostImpl::Stop() {
  SYNOD_ASSERT(!loop_.IsLoopThread(), "Stop waits for the loop, so it is not called on it");
  const std::lock_guard stop_lock(stop_mutex_);
  {
    const std::lock_guard lock(join_mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  loop_.Post([this] { StopOnLoop(); });
  machine_->StopLoop();
  if (snapshot_writer_ != nullptr) snapshot_writer_->Stop();
  if (snapshot_mover_ != nullptr) snapshot_mover_->Stop();
  for (auto& [group, replica] : owned_) replica->StopThread();
}

void HostImpl::StopOnLoop() {
  for (auto& [group, replica] : replicas_) {
    replica->Stop(absl::CancelledError("the host is stopping"));
  }
  for (auto& [group, replica] : replicas_) replica->Close();
  transport_->Stop();
  Log(Severity::kInfo, Concat("node ", identity_.node, " stopped"));
}

// --- A turn ---

void HostImpl::OnMessages(std::span<Message> batch) {
  ReplicaImpl* replica = nullptr;
  for (Message& message : batch) {
    if (replica == nullptr || replica->group() != message.group) {
      const auto found = replicas_.find(message.group);
      if (found == replicas_.end()) {
        NoteUnknownGroup(message);
        continue;
      }
      replica = found->second;
    }
    replica->OnMessage(std::move(message));
  }
}

void HostImpl::NoteUnknownGroup(const Message& message) {
  unknown_group_messages_.fetch_add(1, std::memory_order_relaxed);
  const Instant now = loop_.Now();
  if (now < next_group_warning_) return;
  next_group_warning_ = now + kGroupWarnings;
  Log(Severity::kWarning,
      Concat("node ", message.from, " speaks to group ", message.group,
             ", which this host has not joined: join it, or take this node out of its members"));
}

void HostImpl::MarkDirty(ReplicaImpl& replica) {
  if (std::exchange(replica.is_dirty, true)) return;
  dirty_.push_back(&replica);
  // EndTurn is over in this turn: another one must follow at once.
  if (!ending_turn_ && last_turn_ == loop_.Now()) loop_.Defer([] {});
}

void HostImpl::MarkToApply(ReplicaImpl& replica) {
  if (!std::exchange(replica.is_to_apply, true)) to_apply_.push_back(&replica);
}

Instant HostImpl::EndTurn() {
  const Instant now = loop_.Now();
  ending_turn_ = true;
  last_turn_ = now;
  PollSpace();
  const bool woken = now >= next_wake_;
  if (woken) WakeReplicas(now);
  const int max_steps = Buggify("turn_ends_early") ? 1 : kMaxSteps;
  int steps = 0;
  for (;;) {
    while (!dirty_.empty() && steps++ < max_steps) StepDirty();
    // Where nothing is to be sent, the results are what somebody waits for: they lead to the next
    // requests, which leave with this very turn.
    if (to_apply_.empty() || outgoing_ > 0 || steps >= max_steps) break;
    ApplyCommitted();
  }
  SendOutboxes();
  if (woken) next_wake_ = NextDeadline();
  if (!to_apply_.empty() && !std::exchange(apply_deferred_, true)) {
    loop_.Defer([this] {
      apply_deferred_ = false;
      ApplyCommitted();
    });
  }
  ending_turn_ = false;
  return dirty_.empty() ? next_wake_ : now;  // What is left is for the next turn, at once.
}

void HostImpl::PollSpace() {
  const bool has_space = store_->HasSpace();
  if (has_space == has_space_) return;
  has_space_ = has_space;
  Log(has_space ? Severity::kInfo : Severity::kWarning,
      has_space ? "the log store has space again: writes are accepted"
                : "the log store is nearly full: writes are refused until space is freed");
  for (auto& [group, replica] : replicas_) replica->OnSpaceChanged(has_space);
}

void HostImpl::WakeReplicas(Instant now) {
  for (auto& [group, replica] : replicas_) {
    if (now >= replica->next_deadline()) replica->OnTimer();
  }
}

Instant HostImpl::NextDeadline() const {
  Instant next = kNever;
  for (const auto& [group, replica] : replicas_) next = std::min(next, replica->next_deadline());
  return next;
}

void HostImpl::StepDirty() {
  stepping_.clear();
  stepping_.swap(dirty_);
  Writing writing;
  for (ReplicaImpl* replica : stepping_) {
    replica->is_dirty = false;
    const PersistToken token = replica->Step(batch_);
    if (!token.IsZero()) writing.emplace_back(replica, token);
    next_wake_ = std::min(next_wake_, replica->next_deadline());
  }
  if (!writing.empty()) Write(std::move(writing));
}

void HostImpl::ApplyCommitted() {
  applying_.clear();
  applying_.swap(to_apply_);
  for (ReplicaImpl* replica : applying_) {
    replica->is_to_apply = false;
    replica->Apply();
  }
}

void HostImpl::Send(Message message) {
  ++outgoing_;
  for (PeerOutbox& outbox : outboxes_) {
    if (outbox.to != message.to) continue;
    outbox.messages.push_back(std::move(message));
    return;
  }
  PeerOutbox& outbox = outboxes_.emplace_back();
  outbox.to = message.to;
  outbox.messages.push_back(std::move(message));
}

void HostImpl::SendOutboxes() {
  if (outgoing_ == 0) return;
  for (PeerOutbox& outbox : outboxes_) {
    if (outbox.messages.empty()) continue;
    transport_->Send(outbox.to, outbox.messages);
    outbox.messages.clear();
  }
  outgoing_ = 0;
}

absl::Status HostImpl::SetPeer(GroupId group, NodeId peer, const std::string& address) {
  std::map<GroupId, std::string>& users = peer_users_[peer];
  users[group] = address;
  if (!address.empty()) return transport_->SetPeer(peer, address);
  const auto named = std::find_if(users.begin(), users.end(),
                                  [](const auto& user) { return !user.second.empty(); });
  return transport_->SetPeer(peer, named == users.end() ? std::string() : named->second);
}

absl::Status HostImpl::SetAcceptor(GroupId group, const MemberRecord& acceptor) {
  peer_users_[acceptor.node][group];
  return transport_->SetAcceptor(group, acceptor);
}

void HostImpl::ForgetPeer(GroupId group, NodeId peer) {
  const auto users = peer_users_.find(peer);
  if (users == peer_users_.end() || users->second.erase(group) == 0) return;
  if (!users->second.empty()) return;
  peer_users_.erase(users);
  transport_->ForgetPeer(peer);
}

// --- Writes ---

void HostImpl::Write(Writing writing) {
  writing_.push_back(std::move(writing));
  store_->Write(std::exchange(batch_, {}),
                [this](absl::Status status) { OnWriteDone(std::move(status)); });
}

// From any thread.
void HostImpl::OnWriteDone(absl::Status status) {
  bool first = false;
  {
    const std::lock_guard lock(write_results_mutex_);
    first = write_results_.empty();
    write_results_.push_back(std::move(status));
  }
  if (loop_.IsLoopThread()) {
    CompleteWrites();
  } else if (first) {
    loop_.Post([this] { CompleteWrites(); });
  }
}

void HostImpl::CompleteWrites() {
  std::vector<absl::Status> results;
  {
    const std::lock_guard lock(write_results_mutex_);
    results.swap(write_results_);
  }
  for (const absl::Status& result : results) {
    SYNOD_ASSERT(!writing_.empty(), "a store is done once with each write");
    const Writing writing = std::move(writing_.front());
    writing_.pop_front();
    if (result.ok()) {
      for (const auto& [replica, token] : writing) replica->OnPersisted(token);
    } else if (store_status_.ok()) {
      Reached("write fails, host stops");
      // What is on the disk now nobody knows, and trying again would not tell (F4).
      store_status_ = absl::Status(
          result.code(),
          Concat("the log store failed, and with it every group of this host: ", result.message()));
      for (auto& [group, replica] : replicas_) replica->Stop(store_status_);
    }
  }
}

// --- The rest ---

void HostImpl::Log(Severity severity, std::string_view line) { logger_(severity, line); }

std::vector<std::pair<std::string, uint64_t>> HostImpl::Counters() const {
  std::vector<std::pair<std::string, uint64_t>> counters = {
      {"host.unknown_group_messages", unknown_group_messages_.load(std::memory_order_relaxed)}};
  const auto add = [&counters](std::string_view prefix, auto more) {
    for (auto& [name, value] : more) counters.emplace_back(std::string(prefix) + name, value);
  };
  add("log.", store_->Counters());
  add("transport.", transport_->Counters());
  return counters;
}

}  // namespace synod::internal
