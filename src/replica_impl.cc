// How one core is driven: inputs, outputs, and what comes of them.
#include "src/replica_impl.h"

#include <algorithm>
#include <utility>

#include "synod/base/assert.h"
#include "synod/base/mutation.h"
#include "synod/base/probe.h"
#include "synod/core/configuration.h"
#include "synod/core/member_change.h"
#include "synod/core/quorum_rule.h"

#include "src/concat.h"
#include "src/engine_factory.h"

namespace synod::internal {

namespace {

// So many entries are applied on the loop before it looks at the network again.
constexpr std::ptrdiff_t kMaxEntriesAtOnce = 4096;

// Stores may be removed only where nobody has voted. Who has met everybody knows that somebody may
// have; who has not may be one whose disk was replaced, and does not know.
std::string_view Describe(Alert::Kind kind, bool introduced) {
  switch (kind) {
    case Alert::Kind::kConfigurationMismatch:
      if (introduced) {
        return "was bootstrapped with other initial members than this group, which has begun: its "
               "store is another group's, or was made since";
      }
      return "and this node were bootstrapped with different initial members. If the group has "
             "never had a leader, remove the stores of all its members and bootstrap all of them "
             "again, with one list. If it has had one, remove none but the one that was "
             "bootstrapped since";
    case Alert::Kind::kPeerWiped:
      return "came back with another disk: it must be bootstrapped as a joiner, and made a member "
             "again by a change";
    case Alert::Kind::kSelfWiped:
      return "remembers another disk of this node: this one lost what the old one promised, and "
             "must be bootstrapped as a joiner and made a member again by a change";
    case Alert::Kind::kUnsafeTruncation:
      return "asked to overwrite a committed entry: the data of one of the two is damaged";
    case Alert::Kind::kInvalidMessage:
      return "sent a message that no correct replica sends";
    case Alert::Kind::kRemoved:
      return "says that this replica is not a member any more: it may be stopped";
    case Alert::Kind::kQuorumLost:
      return "no quorum answered for an election timeout: this replica leads no more. See whether "
             "the other members run and can be reached";
    case Alert::Kind::kDiskStalled:
      return "the log store has not finished a write for several election timeouts: this replica "
             "leaves the lead to another. See to its disk";
  }
  return "did something unknown";
}

}  // namespace

ReplicaImpl::ReplicaImpl(HostServices& host, GroupOptions options, DurableState state,
                         uint64_t seed)
    : host_(host),
      options_(std::move(options)),
      core_(NewEngine(options_.engine,
                      {.group = options_.group,
                       .node = host.identity().node,
                       .incarnation = host.identity().incarnation},
                      std::move(state), seed, host.Clock())),
      core_deadline_(Instant::min()),
      addresses_(host, options_.group),
      applier_(host, options_.group, std::move(options_.state_machine),
               options_.apply_on_own_thread, *this),
      snapshot_taker_(host, options_.group,
                      {.after_entries = options_.snapshot_after_entries,
                       .after_bytes = options_.snapshot_after_bytes},
                      *this),
      snapshot_sender_(host, options_.group, *this),
      snapshot_receiver_(host, options_.group, *this),
      next_naming_(host.Clock() + 2 * options_.engine.election_timeout) {
  Publish();
}

absl::Status ReplicaImpl::RestoreStateMachine() {
  if (core_->snapshot_index().IsZero()) return absl::OkStatus();
  if (absl::Status status = applier_.RestoreNow(); !status.ok()) return status;
  applied_ = applier_.start();
  handed_over_ = applied_.index;
  Publish();
  return absl::OkStatus();
}

std::string ReplicaImpl::Name() const { return host_.NameOf(options_.group); }

// --- Inputs ---

void ReplicaImpl::OnMessage(Message message) {
  if (stopped_) return;
  if (std::holds_alternative<SnapshotChunk>(message.body)) {
    core_->Tick(host_.loop().Now());
    if (core_->AdmitsSnapshot(message)) snapshot_receiver_.OnChunk(message);
    host_.MarkDirty(*this);
    return;
  }
  if (const auto* reply = std::get_if<SnapshotChunkReply>(&message.body)) {
    snapshot_sender_.OnReply(message.from, *reply);
    return;
  }
  core_->Tick(host_.loop().Now());
  core_->Step(std::move(message));
  host_.MarkDirty(*this);
}

void ReplicaImpl::OnPersisted(PersistToken token) {
  if (stopped_) return;
  core_->Tick(host_.loop().Now());
  if (Mutated(Mutation::kNewestTokenDone)) token = written_;
  persisted_ = token;
  core_->Persisted(token);
  while (!held_.empty() && held_.front().after <= persisted_) {
    host_.Send(std::move(held_.front().message));
    held_.pop_front();
  }
  StartSnapshots();
  host_.MarkDirty(*this);
}

void ReplicaImpl::OnSpaceChanged(bool has_space) {
  if (stopped_) return;
  has_space_ = has_space;
  core_->SetHasSpace(has_space);
  if (has_space) {
    snapshot_taker_.SpaceReturned();
    MaybeTakeSnapshot();
  }
  host_.MarkDirty(*this);
}

void ReplicaImpl::OnTimer() {
  const Instant now = host_.loop().Now();
  std::vector<PendingRequest> expired = requests_.TakeExpired(now);
  for (PendingRequest& request : expired) {
    // The core has it: where a proposal is by now nobody can tell.
    Reached("request out of time in the core");
    End(std::move(request), Outcome::Kind::kUnknown, Reason::kDeadline);
  }
  if (!expired.empty()) {
    core_->ForgetReads([this](RequestId read) { return requests_.Find(read) != nullptr; });
  }
  ForgetEndedReads();
  if (now >= core_deadline_) host_.MarkDirty(*this);
}

PersistToken ReplicaImpl::Step(std::vector<GroupWrite>& batch) {
  EndRefused();
  if (stopped_) return {};
  core_->Tick(host_.loop().Now());
  if (!core_->introduced()) NameStrangers();
  PassRequestsToCore();
  core_->TakeOutput(output_);
  const PersistToken token = output_.persist.token;
  CarryOut(batch);
  MaybeTakeSnapshot();
  if (HasWorkForApplier()) host_.MarkToApply(*this);
  return token;
}

void ReplicaImpl::PassRequestsToCore() {
  if (!proposals_.empty()) {
    core_->Propose(proposals_);
    proposals_.clear();
  }
  for (RequestId read : reads_) core_->Read(read);
  reads_.clear();
  for (const auto& [to, request] : transfers_) core_->Transfer(to, request);
  transfers_.clear();
  for (auto& [changes, request] : std::exchange(changes_, {})) {
    // Who does not lead only says so, and so does a leader that is busy with another change.
    if (core_->IsLeader() && !change_) {
      if (absl::Status status = addresses_.Check(changes); !status.ok()) {
        host_.Log(Severity::kError, Name() + Concat("refuses a change: ", status.message()));
        OnResolved({.request = request, .reason = Reason::kInvalidChange});
        continue;
      }
      NameDisjointQuorums(changes);
      // Newcomers must be reachable before they are members.
      addresses_.OnChange(changes, core_->configuration());
      change_ = request;
    }
    core_->Reconfigure(std::move(changes), request);
  }
}

// The core refuses such a change, and has no words.
void ReplicaImpl::NameDisjointQuorums(const std::vector<MemberChange>& changes) {
  const Configuration target = synod::Apply(changes, core_->configuration());
  const absl::Status status =
      CheckQuorums(target.quorums, target.voters, ElectionsMustMeet(target.protocol));
  if (status.ok()) return;
  host_.Log(Severity::kError, Name() + Concat("refuses a change: ", status.message()));
}

// --- The core's output ---

void ReplicaImpl::CarryOut(std::vector<GroupWrite>& batch) {
  if (!addresses_.has_begun()) {
    for (const ConfigurationChange& change : core_->InForce()) {
      addresses_.OnConfiguration(change.configuration);
    }
  } else if (output_.configuration) {
    addresses_.OnConfiguration(core_->configuration());
  }
  if (!output_.persist.token.IsZero()) {
    written_ = output_.persist.token;
    batch.push_back({.group = options_.group, .persist = std::move(output_.persist)});
  }
  for (Outgoing& outgoing : output_.messages) SendOrHold(outgoing);
  for (const SendSnapshot& request : output_.send_snapshots) {
    snapshots_to_send_.emplace_back(request, written_);
  }
  StartSnapshots();
  if (output_.restore) PlanRestore(*output_.restore);
  if (committed_.empty()) {
    committed_.swap(output_.committed);
  } else {
    std::move(output_.committed.begin(), output_.committed.end(), std::back_inserter(committed_));
  }
  for (const ReadReady& read : output_.reads) {
    read_queue_.emplace(Mutated(Mutation::kReadBeforeApplied) ? Index() : read.index, read.request);
  }
  core_deadline_ = output_.next_deadline;
  for (const Resolved& resolved : output_.resolved) {
    if (change_ != resolved.request) continue;
    change_.reset();
    addresses_.OnChangeEnded();
  }
  if (addresses_.has_others()) {
    addresses_.ForgetOthers(
        core_->configuration(), [this](NodeId node) { return core_->IsNeeded(node); },
        core_->leader());
  }
  // Before anybody is told of anything, so that whoever is told and asks sees it.
  Publish();
  for (const Resolved& resolved : output_.resolved) OnResolved(resolved);
  NotifyObservers();
  for (const Alert& alert : output_.alerts) OnAlert(alert);
}

void ReplicaImpl::SendOrHold(Outgoing& outgoing) {
  if (outgoing.after <= persisted_) {
    host_.Send(std::move(outgoing.message));
  } else if (held_.empty() || held_.back().after != outgoing.after ||
             held_.back().message != outgoing.message) {
    // A leader asks again for as long as the disk hangs, and is to be answered once.
    held_.push_back(std::move(outgoing));
  }
}

// The snapshot that the core has in mind may still be on its way into the store, and the one there
// too old to be of use.
void ReplicaImpl::StartSnapshots() {
  while (!snapshots_to_send_.empty() && snapshots_to_send_.front().second <= persisted_) {
    snapshot_sender_.Start(snapshots_to_send_.front().first);
    snapshots_to_send_.pop_front();
  }
  if (!snapshots_to_send_.empty()) Reached("snapshot waits for its installation");
}

// What was committed before it is part of the image, and so is a restore before it.
void ReplicaImpl::PlanRestore(const Restore& restore) {
  if (!committed_.empty()) Reached("restore replaces committed entries");
  for (const Committed& committed : std::exchange(committed_, {})) {
    if (committed.request.IsZero()) continue;
    OnResolved({.request = committed.request,
                .kind = Outcome::Kind::kUnknown,
                .reason = Reason::kLeadershipLost});
  }
  restore_ = restore;
  host_.Log(Severity::kInfo, Name() + Concat("installs a snapshot at ", restore.meta.index));
}

void ReplicaImpl::OnAlert(const Alert& alert) {
  const std::string_view what = Describe(alert.kind, core_->introduced());
  const std::string line =
      alert.peer.IsZero() ? std::string(what) : Concat("node ", alert.peer, " ", what);
  if (alert.fatal) {
    Stop(absl::FailedPreconditionError(line));
  } else {
    host_.Log(Severity::kWarning, Name() + line);
  }
}

void ReplicaImpl::NotifyObservers() {
  const Role role = core_->role();
  const Term term = core_->term();
  const NodeId leader = core_->leader();
  if (role != observed_role_) {
    if (role == Role::kLeader) {
      host_.Log(Severity::kInfo, Name() + Concat("became leader in term ", term));
    } else if (observed_role_ == Role::kLeader) {
      host_.Log(Severity::kInfo, Name() + Concat("leads no more, in term ", term));
    }
    observed_role_ = role;
    if (options_.observer.on_role) options_.observer.on_role(role, term);
  }
  if (leader != observed_leader_ || (!leader.IsZero() && term != observed_term_)) {
    if (leader.IsZero()) {
      host_.Log(Severity::kInfo, Name() + Concat("knows no leader in term ", term));
    } else if (leader != host_.identity().node) {
      host_.Log(Severity::kInfo, Name() + Concat("follows node ", leader, " in term ", term));
    }
    observed_leader_ = leader;
    if (options_.observer.on_leader) options_.observer.on_leader(leader, term);
  }
  observed_term_ = term;
  const bool removed = core_->removed();
  if (output_.configuration || observed_removed_ != removed) {
    observed_removed_ = removed;
    if (options_.observer.on_members) options_.observer.on_members(core_->configuration(), removed);
  }
}

// --- The state machine ---

bool ReplicaImpl::HasWorkForApplier() const {
  if (applier_.IsFull()) return false;
  if (!read_queue_.empty() && read_queue_.begin()->first <= handed_over_) return true;
  return restore_ ? restore_->after <= persisted_ : !committed_.empty();
}

void ReplicaImpl::Apply() {
  if (stopped_) return;
  if (restore_ && restore_->after <= persisted_) {
    handed_over_ = restore_->meta.index;
    restore_.reset();
    applier_.Restore(handed_over_);
  }
  const bool may_apply = !restore_ && !committed_.empty() && !applier_.IsFull();
  if (may_apply && !Buggify("apply_later")) {
    std::vector<Committed> entries;
    entries.swap(committed_);
    const std::ptrdiff_t most = Buggify("apply_one_entry") ? 1 : kMaxEntriesAtOnce;
    if (std::ssize(entries) > most) {
      const auto rest = entries.begin() + most;
      committed_.assign(std::make_move_iterator(rest), std::make_move_iterator(entries.end()));
      entries.erase(rest, entries.end());
    }
    handed_over_ = entries.back().entry.index;
    applier_.Apply(std::move(entries));
  }
  ServeReads();
  if (!stopped_ && HasWorkForApplier()) host_.MarkDirty(*this);
}

// The applier works in order: what it gets after an entry sees that entry. Reads that callbacks ask
// for meanwhile may be for the next time, lest a reader who never pauses keep the loop here.
void ReplicaImpl::ServeReads() {
  for (size_t left = read_queue_.size(); left > 0; --left) {
    const auto next = read_queue_.begin();
    if (next == read_queue_.end() || next->first > handed_over_ || applier_.IsFull()) return;
    const RequestId id = next->second;
    read_queue_.erase(next);
    PendingRequest* request = requests_.Find(id);
    if (request == nullptr) continue;
    if (Buggify("read_later")) {
      read_queue_.emplace(handed_over_, id);
    } else {
      applier_.Query(id, std::move(std::get<PendingRead>(*request).query));
    }
  }
}

void ReplicaImpl::OnReport(ApplierReport report) {
  if (stopped_) return;
  std::visit([this](auto& done) { On(done); }, report);
  // From now on there is room for more.
  if (applier_.IsFull()) host_.MarkDirty(*this);
}

void ReplicaImpl::On(Applied& applied) {
  applied_ = applied.at;
  snapshot_taker_.Applied(applied.commands, applied.bytes);
  Publish();
  for (Applied::Result& result : applied.results) {
    if (result.text) {
      EndProposal(result.request, {.kind = Outcome::Kind::kCommitted,
                                   .index = result.index,
                                   .result = *std::move(result.text),
                                   .leader = leader()});
    } else {
      OnResolved({.request = result.request,
                  .kind = Outcome::Kind::kUnknown,
                  .reason = Reason::kLeadershipLost});
    }
  }
  MaybeTakeSnapshot();
}

void ReplicaImpl::On(Answered& answered) { EndRead(answered.request, std::move(answered.answer)); }

void ReplicaImpl::On(Viewed& viewed) {
  snapshot_taker_.OnView(
      {.index = Mutated(Mutation::kSnapshotIndexOffByOne) ? viewed.at.index - 1 : viewed.at.index,
       .term = viewed.at.term,
       .configuration = Mutated(Mutation::kSnapshotOfNewestConfiguration)
                            ? core_->configuration()
                            : core_->ConfigurationAt(viewed.at.index)},
      std::move(viewed.view));
}

void ReplicaImpl::On(Restored& restored) {
  if (!restored.status.ok()) {
    Stop(absl::Status(restored.status.code(),
                      Concat("the state machine could not be restored from a snapshot: ",
                             restored.status.message())));
    return;
  }
  applied_ = restored.at;
  snapshot_taker_.Restored();
  Publish();
}

// --- Snapshots ---

void ReplicaImpl::MaybeTakeSnapshot() {
  if (stopped_ || !core_->MaySnapshotAt(applied_.index)) return;
  const bool is_full = core_->WantsSnapshot() || !has_space_;
  const bool would_shrink = applied_.index > core_->snapshot_index();
  if (snapshot_taker_.Begin(is_full && would_shrink)) applier_.TakeView();
}

void ReplicaImpl::OnSnapshotStaged(const SnapshotMeta& meta, StagedSnapshot staged) {
  if (!stopped_) {
    core_->Tick(host_.loop().Now());
    if (core_->SnapshotTaken(meta, staged)) {
      host_.MarkDirty(*this);
      return;
    }
  }
  host_.snapshot_mover().Post(
      [this, staged] { host_.store().DiscardStaged(options_.group, staged); });
}

bool ReplicaImpl::IsSnapshotWanted(NodeId to, Term term) const {
  return core_->IsSnapshotWanted(to, term);
}

void ReplicaImpl::OnSnapshotSendEnded(NodeId to, Term term, bool delivered) {
  core_->Tick(host_.loop().Now());
  core_->SnapshotSendEnded(to, term, delivered);
  host_.MarkDirty(*this);
}

bool ReplicaImpl::OnSnapshotReceived(NodeId from, Incarnation incarnation, Term term,
                                     const SnapshotMeta& meta, StagedSnapshot staged) {
  core_->Tick(host_.loop().Now());
  const bool accepted = core_->SnapshotReceived(from, incarnation, term, meta, staged);
  host_.MarkDirty(*this);
  return accepted;
}

// Nobody leads before all have met: whoever starts only some of them should not have to guess.
void ReplicaImpl::NameStrangers() {
  constexpr Duration kInterval = std::chrono::seconds(10);
  const Instant now = host_.loop().Now();
  if (now < next_naming_) return;
  next_naming_ = now + kInterval;
  std::string names;
  for (NodeId stranger : core_->Strangers()) {
    names += (names.empty() ? "node " : ", node ") + std::to_string(stranger.value());
  }
  if (names.empty()) return;
  host_.Log(Severity::kWarning,
            Name() + Concat("waiting for ", names,
                            ": all initial members must have met before the first election"));
}

// --- The end ---

void ReplicaImpl::Stop(absl::Status why) {
  if (stopped_) return;
  stopped_ = std::move(why);
  const bool by_host = absl::IsCancelled(*stopped_);
  if (!by_host) host_.Log(Severity::kError, Name() + Concat("stopped: ", *stopped_));
  core_deadline_ = kNever;
  held_.clear();
  snapshots_to_send_.clear();
  restore_.reset();
  committed_.clear();
  read_queue_.clear();
  snapshot_sender_.Stop();
  snapshot_receiver_.Stop();
  Publish();
  // The core never saw these, so they were not appended.
  for (const Proposal& proposal : std::exchange(proposals_, {})) {
    OnResolved({.request = proposal.request,
                .kind = Outcome::Kind::kNotCommitted,
                .reason = Reason::kStopped});
  }
  for (PendingRequest& request : requests_.TakeAll()) {
    End(std::move(request), Outcome::Kind::kUnknown, Reason::kStopped);
  }
  reads_.clear();
  transfers_.clear();
  if (std::exchange(observed_role_, Role::kFollower) != Role::kFollower) {
    if (options_.observer.on_role) options_.observer.on_role(Role::kFollower, core_->term());
  }
  if (!std::exchange(observed_leader_, NodeId()).IsZero()) {
    if (options_.observer.on_leader) options_.observer.on_leader(NodeId(), core_->term());
  }
  if (options_.observer.on_stop) options_.observer.on_stop(*stopped_);
}

void ReplicaImpl::Close() {
  {
    const std::lock_guard lock(submitted_mutex_);
    closed_ = true;
  }
  DrainSubmitted();
  EndRefused();
}

// --- Status ---

void ReplicaImpl::Publish() {
  leader_.store(stopped_ ? 0 : core_->leader().value(), std::memory_order_release);
  is_leader_.store(!stopped_ && core_->IsLeader(), std::memory_order_release);
  const Instant now = host_.Clock();
  const std::lock_guard lock(summary_mutex_);
  summary_.role = stopped_ ? Role::kFollower : core_->role();
  summary_.term = core_->term();
  summary_.leader = stopped_ ? NodeId() : core_->leader();
  summary_.commit = core_->commit();
  summary_.applied = applied_.index;
  summary_.first = core_->extent().first;
  summary_.last = core_->extent().last;
  summary_.durable = core_->extent().durable;
  summary_.snapshot = core_->snapshot_index();
  summary_.introduced = core_->introduced();
  summary_.removed = core_->removed();
  summary_.counters = core_->counters();
  summary_.snapshot_failures = snapshot_sender_.failures() + snapshot_receiver_.failures();
  if (stopped_) summary_.stopped = *stopped_;
  summary_.peers.clear();
  for (const Progress& peer : core_->progress()) {
    summary_.peers.push_back({.node = peer.node,
                              .match = peer.match,
                              .active = now - peer.last_heard < options_.engine.election_timeout,
                              .snapshotting = peer.state == Progress::State::kSnapshot});
  }
  if (configuration_ != core_->configuration()) configuration_ = core_->configuration();
}

ReplicaStatus ReplicaImpl::Status() const {
  ReplicaStatus status;
  status.group = options_.group;
  status.node = host_.identity().node;
  status.incarnation = host_.identity().incarnation;
  EngineCounters counters;
  uint64_t snapshot_failures = 0;
  {
    const std::lock_guard lock(summary_mutex_);
    status.role = summary_.role;
    status.term = summary_.term;
    status.leader = summary_.leader;
    status.configuration = configuration_;
    status.commit = summary_.commit;
    status.applied = summary_.applied;
    status.first = summary_.first;
    status.last = summary_.last;
    status.durable = summary_.durable;
    status.snapshot = summary_.snapshot;
    status.introduced = summary_.introduced;
    status.removed = summary_.removed;
    status.peers = summary_.peers;
    status.stopped = summary_.stopped;
    counters = summary_.counters;
    snapshot_failures = summary_.snapshot_failures;
  }
  status.counters = {
      {"engine.elections_started", counters.elections_started},
      {"engine.leaderships", counters.leaderships},
      {"engine.quorums_lost", counters.quorums_lost},
      {"engine.disk_stalls", counters.disk_stalls},
      {"engine.refused_proposals", counters.refused_proposals},
      {"engine.refused_for_space", counters.refused_for_space},
      {"engine.stale_messages", counters.stale_messages},
      {"engine.unknown_incarnation_messages", counters.unknown_incarnation_messages},
      {"engine.invalid_messages", counters.invalid_messages},
      {"engine.append_mismatches", counters.append_mismatches},
      {"engine.snapshots_needed", counters.snapshots_needed},
      {"engine.retransmissions", counters.retransmissions},
      {"snapshots.failed_transfers", snapshot_failures},
      {"requests.pending", pending_.load(std::memory_order_relaxed)},
  };
  for (size_t reason = 1; reason < kReasons; ++reason) {
    status.counters.emplace_back(
        Concat("requests.failed.", synod::Name(static_cast<Reason>(reason))),
        failed_[reason].load(std::memory_order_relaxed));
  }
  for (auto& counter : host_.Counters()) status.counters.push_back(std::move(counter));
  return status;
}

}  // namespace synod::internal
