// Performs what is asked of a state machine, here or on another thread.
#include "src/applier.h"

#include <array>
#include <utility>

#include "synod/base/assert.h"

#include "src/concat.h"

namespace synod::internal {

namespace {

// A state machine that cannot make sense of an image says so before the image's end, where its
// checksum is compared: what the disk has damaged must not look like a fault of the service.
absl::Status BlameImage(ByteSource& image, absl::Status why) {
  std::array<char, 4096> rest;
  for (;;) {
    const absl::StatusOr<size_t> size = image.Read(rest);
    if (!size.ok()) return size.status();
    if (*size < rest.size()) return why;
  }
}

}  // namespace

Applier::Applier(HostServices& host, GroupId group, std::unique_ptr<StateMachine> state_machine,
                 bool own_thread, Client& client)
    : host_(host),
      group_(group),
      client_(client),
      state_machine_(std::move(state_machine)),
      wants_thread_(own_thread),
      own_thread_(own_thread ? host.NewExecutor() : nullptr) {}

absl::Status Applier::RestoreNow() { return PerformRestore(Index()); }

void Applier::Stop() {
  if (own_thread_ != nullptr) own_thread_->Stop();
}

void Applier::Do(Work work) {
  ++under_way_;
  if (own_thread_ != nullptr) {
    own_thread_->Post([this, work = std::move(work)]() mutable {
      if (!failed_) ReportFromThread(Perform(work));
    });
  } else if (waiting_.empty() && !restoring_ && !std::holds_alternative<RestoreImage>(work)) {
    if (!failed_) Report(Perform(work));
  } else {
    waiting_.push_back(std::move(work));
    Continue();
  }
}

// Performs what waits, up to a restore, which a thread that may block does.
void Applier::Continue() {
  while (!waiting_.empty() && !restoring_ && !failed_) {
    Work work = std::move(waiting_.front());
    waiting_.pop_front();
    if (std::holds_alternative<RestoreImage>(work)) {
      restoring_ = true;
      host_.snapshot_mover().Post(
          [this, work = std::move(work)]() mutable { ReportFromThread(Perform(work)); });
    } else {
      Report(Perform(work));
    }
  }
}

void Applier::Report(ApplierReport report) {
  client_.OnReport(std::move(report));
  --under_way_;
}

void Applier::ReportFromThread(ApplierReport report) {
  bool first = false;
  {
    const std::lock_guard lock(reports_mutex_);
    first = reports_.empty();
    reports_.push_back(std::move(report));
  }
  if (first) host_.loop().Post([this] { DeliverReports(); });
}

void Applier::DeliverReports() {
  std::vector<ApplierReport> reports;
  {
    const std::lock_guard lock(reports_mutex_);
    reports.swap(reports_);
  }
  for (ApplierReport& report : reports) {
    if (std::holds_alternative<Restored>(report)) restoring_ = false;
    Report(std::move(report));
  }
  Continue();
}

ApplierReport Applier::Perform(Work& work) {
  if (auto* apply = std::get_if<ApplyEntries>(&work)) return PerformApply(*apply);
  if (auto* query = std::get_if<RunQuery>(&work)) {
    return Answered{.request = query->request, .answer = state_machine_->Query(query->query)};
  }
  if (std::holds_alternative<MakeView>(work)) {
    return Viewed{.at = at_, .view = state_machine_->Snapshot()};
  }
  absl::Status status = PerformRestore(std::get<RestoreImage>(work).index);
  failed_ = !status.ok();
  return Restored{.at = at_, .status = std::move(status)};
}

Applied Applier::PerformApply(ApplyEntries& work) {
  Applied report;
  commands_.clear();
  // A restored image may be newer than the snapshot that it was asked for: then it holds the first
  // of the entries already, and applying them again would be a second execution (S2).
  const Index held = at_.index;
  for (const Committed& committed : work.entries) {
    const Entry& entry = committed.entry;
    if (entry.index <= held) {
      if (!committed.request.IsZero()) {
        report.results.push_back({committed.request, entry.index, std::nullopt});
      }
      continue;
    }
    SYNOD_ASSERT(entry.index == at_.index + 1, "committed entries are applied without gaps");
    at_ = {.index = entry.index, .term = entry.term};
    if (entry.kind != EntryKind::kCommand) continue;
    commands_.push_back({.index = entry.index, .data = entry.payload.view()});
    report.bytes += entry.Bytes();
  }
  report.at = at_;
  report.commands = commands_.size();
  if (commands_.empty()) return report;

  results_.clear();
  results_.resize(commands_.size());
  state_machine_->Apply(commands_, results_);
  size_t next = 0;
  for (const Committed& committed : work.entries) {
    const Entry& entry = committed.entry;
    if (entry.index <= held || entry.kind != EntryKind::kCommand) continue;
    std::string& result = results_[next++];
    if (!committed.request.IsZero()) {
      report.results.push_back({committed.request, entry.index, std::move(result)});
    }
  }
  return report;
}

absl::Status Applier::PerformRestore(Index index) {
  absl::StatusOr<LogStore::OpenedSnapshot> opened = host_.store().OpenSnapshot(group_);
  if (!opened.ok()) return opened.status();
  const SnapshotMeta& meta = opened->meta;
  if (meta.index < index) {
    return absl::DataLossError(Concat("the store returned the snapshot at ", meta.index,
                                      " though that at ", index, " was installed"));
  }
  // Not backwards: what was applied since has been answered for (S2).
  if (meta.index <= at_.index) return absl::OkStatus();
  absl::Status status = state_machine_->Restore(*opened->image);
  if (!status.ok()) return BlameImage(*opened->image, std::move(status));
  at_ = {.index = meta.index, .term = meta.term};
  return absl::OkStatus();
}

}  // namespace synod::internal
