#include "tests/interaction/test_replica.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "synod/base/assert.h"
#include "synod/base/crc32c.h"
#include "synod/base/payload.h"
#include "synod/paxos/multi_paxos.h"
#include "synod/raft/raft.h"

namespace synod::test {

namespace {

template <class T>
void MoveInto(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  from.clear();
}

}  // namespace

TestReplica::TestReplica(const EngineOptions& options, const Identity& identity, uint64_t seed,
                         Instant now)
    : options_(options), identity_(identity), disk_(identity.members) {
  Restart(seed, now);
}

void TestReplica::Crash(size_t survivors) {
  SYNOD_ASSERT(IsUp(), "only what is up crashes");
  disk_.Crash(survivors);
  core_.reset();
  done_ = PersistToken();
  waiting_.clear();
  to_apply_.clear();
  sent.clear();
  snapshot_requests.clear();
  committed.clear();
  reads.clear();
  resolved.clear();
  alerts.clear();
}

void TestReplica::Restart(uint64_t seed, Instant now) {
  SYNOD_ASSERT(!IsUp(), "only what is down restarts");
  const bool is_raft = identity_.members.protocol == Protocol::kRaft;
  const absl::Status valid =
      is_raft ? Raft::Validate(disk_.image()) : MultiPaxos::Validate(disk_.image());
  SYNOD_ASSERT(valid.ok(), "a crash leaves what a core accepts");
  applied_ = disk_.image().snapshot.index;
  applied_term_ = disk_.image().snapshot.term;
  const Engine::Identity self{
      .group = 1, .node = identity_.node, .incarnation = identity_.incarnation};
  if (is_raft) {
    core_ = std::make_unique<Raft>(options_, self, disk_.image(), seed, now);
  } else {
    core_ = std::make_unique<MultiPaxos>(options_, self, disk_.image(), seed, now);
  }
  Pump();
}

void TestReplica::Wipe(Incarnation incarnation) {
  SYNOD_ASSERT(!IsUp(), "a disk is replaced while its replica is down");
  identity_.incarnation = incarnation;
  disk_ = TestDisk(identity_.members);
}

void TestReplica::Propose(RequestId request, std::string_view command) {
  Proposal proposal{.request = request, .command = Payload::Copy(command)};
  core_->Propose({&proposal, 1});
}

void TestReplica::Pump() {
  core_->TakeOutput(output_);
  last_persist_ = output_.persist;
  if (!output_.persist.token.IsZero()) disk_.Write(std::move(output_.persist));
  for (Outgoing& outgoing : output_.messages) waiting_.push_back(std::move(outgoing));
  ReleaseMessages();
  if (output_.restore) to_apply_.emplace_back(*output_.restore);
  for (const Committed& entry : output_.committed) to_apply_.emplace_back(entry.entry);
  ApplyReady();
  MoveInto(snapshot_requests, output_.send_snapshots);
  MoveInto(committed, output_.committed);
  MoveInto(reads, output_.reads);
  MoveInto(resolved, output_.resolved);
  MoveInto(alerts, output_.alerts);
  next_deadline_ = output_.next_deadline;
}

bool TestReplica::CompleteWrite() {
  if (disk_.writes_in_flight() == 0) return false;
  done_ = disk_.CompleteOne();
  ReleaseMessages();
  ApplyReady();
  core_->Persisted(done_);
  return true;
}

void TestReplica::ReleaseMessages() {
  const auto still_waiting =
      std::stable_partition(waiting_.begin(), waiting_.end(),
                            [this](const Outgoing& outgoing) { return outgoing.after <= done_; });
  for (auto released = waiting_.begin(); released != still_waiting; ++released) {
    sent.push_back(std::move(released->message));
  }
  waiting_.erase(waiting_.begin(), still_waiting);
}

void TestReplica::ApplyReady() {
  for (; !to_apply_.empty(); to_apply_.pop_front()) {
    if (const auto* entry = std::get_if<Entry>(&to_apply_.front())) {
      SYNOD_ASSERT(entry->index == applied_ + 1, "entries are applied in order, each once");
      applied_ = entry->index;
      applied_term_ = entry->term;
      continue;
    }
    const auto& restore = std::get<Restore>(to_apply_.front());
    if (restore.after > done_) return;
    SYNOD_ASSERT(disk_.image().snapshot == restore.meta, "what is restored is installed");
    applied_ = restore.meta.index;
    applied_term_ = restore.meta.term;
  }
}

void TestReplica::TakeSnapshot() {
  if (applied_ <= core_->snapshot_index() || !core_->MaySnapshotAt(applied_)) return;
  std::string bytes = "all up to " + std::to_string(applied_.value());
  const SnapshotMeta meta{.index = applied_,
                          .term = applied_term_,
                          .configuration = core_->ConfigurationAt(applied_),
                          .size = bytes.size(),
                          .checksum = Crc32c(0, bytes)};
  const StagedSnapshot staged = disk_.Stage(std::move(bytes));
  if (!core_->SnapshotTaken(meta, staged)) disk_.Discard(staged);
}

std::optional<SnapshotTransfer> TestReplica::OpenSnapshot(const SendSnapshot& request) const {
  if (disk_.image().snapshot.index.IsZero()) return std::nullopt;
  return SnapshotTransfer{.from = identity_.node,
                          .to = request.to,
                          .incarnation = identity_.incarnation,
                          .term = request.term,
                          .meta = disk_.image().snapshot,
                          .bytes = disk_.snapshot_bytes()};
}

void TestReplica::ReceiveSnapshot(const SnapshotTransfer& transfer) {
  const StagedSnapshot staged = disk_.Stage(transfer.bytes);
  if (!core_->SnapshotReceived(transfer.from, transfer.incarnation, transfer.term, transfer.meta,
                               staged)) {
    disk_.Discard(staged);
  }
}

}  // namespace synod::test
