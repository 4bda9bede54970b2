// Writes views of a state machine into the store.
#include "src/snapshot_taker.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "synod/base/crc32c.h"
#include "synod/base/probe.h"
#include "synod/port/executor.h"

#include "src/concat.h"

namespace synod::internal {

namespace {

// Measures what passes through, and breaks off when the host stops.
class MeasuringSink final : public ByteSink {
 public:
  MeasuringSink(ByteSink& sink, const Executor& executor) : sink_(sink), executor_(executor) {}

  absl::Status Append(std::string_view bytes) override {
    if (executor_.IsStopping()) return absl::CancelledError("the host is stopping");
    size_ += bytes.size();
    checksum_ = Crc32c(checksum_, bytes);
    return sink_.Append(bytes);
  }

  [[nodiscard]] uint64_t size() const { return size_; }
  [[nodiscard]] uint32_t checksum() const { return checksum_; }

 private:
  ByteSink& sink_;
  const Executor& executor_;
  uint64_t size_ = 0;
  uint32_t checksum_ = 0;
};

absl::StatusOr<StagedSnapshot> WriteView(HostServices& host, GroupId group,
                                         const SnapshotView& view, SnapshotMeta& meta) {
  absl::StatusOr<std::unique_ptr<SnapshotWriter>> writer = host.store().NewSnapshot(group);
  if (!writer.ok()) return writer.status();
  MeasuringSink sink(**writer, host.snapshot_writer());
  if (absl::Status status = view.WriteTo(sink); !status.ok()) return status;
  meta.size = sink.size();
  meta.checksum = sink.checksum();
  return (*writer)->Finish();
}

}  // namespace

SnapshotTaker::SnapshotTaker(HostServices& host, GroupId group, Policy policy, Client& client)
    : host_(host), group_(group), policy_(policy), client_(client) {}

bool SnapshotTaker::Begin(bool must_shrink) {
  if (busy_ || host_.loop().Now() < not_before_) return false;
  const bool due = must_shrink || entries_ >= policy_.after_entries ||
                   bytes_ >= policy_.after_bytes || (entries_ > 0 && Buggify("snapshot_now"));
  if (!due) return false;
  busy_ = true;
  entries_ = bytes_ = 0;
  return true;
}

void SnapshotTaker::OnView(SnapshotMeta meta, absl::StatusOr<std::unique_ptr<SnapshotView>> view) {
  if (view.ok() && *view == nullptr) {
    view = absl::InternalError("the state machine returned no view");
  }
  if (!view.ok()) {
    OnFailure(view.status());
    return;
  }
  host_.snapshot_writer().Post([this, meta = std::move(meta), view = *std::move(view)]() mutable {
    absl::StatusOr<StagedSnapshot> staged = WriteView(host_, group_, *view, meta);
    view.reset();
    host_.loop().Post([this, meta = std::move(meta), staged = std::move(staged)]() mutable {
      OnWritten(meta, std::move(staged));
    });
  });
}

void SnapshotTaker::OnWritten(const SnapshotMeta& meta, absl::StatusOr<StagedSnapshot> staged) {
  if (!staged.ok()) {
    OnFailure(staged.status());
    return;
  }
  busy_ = false;
  backoff_ = kBackoffMin;
  host_.Log(Severity::kInfo, host_.NameOf(group_) + Concat("took a snapshot at ", meta.index,
                                                           " of ", meta.size, " bytes"));
  client_.OnSnapshotStaged(meta, *staged);
}

// The entries are still in the log, so nothing is lost; but the log cannot shrink.
void SnapshotTaker::OnFailure(const absl::Status& status) {
  Reached("snapshot not taken, tried again later");
  busy_ = false;
  entries_ = std::max(entries_, policy_.after_entries);
  not_before_ = host_.loop().Now() + backoff_;
  // A full log takes no entries, so that none would be applied and lead here again.
  host_.loop().RunAt(not_before_, [this] { client_.OnSnapshotRetry(); });
  host_.Log(Severity::kWarning,
            host_.NameOf(group_) +
                Concat("could not take a snapshot, trying again in ",
                       std::chrono::duration_cast<std::chrono::seconds>(backoff_).count(),
                       " s: ", status));
  backoff_ = std::min(2 * backoff_, kBackoffMax);
}

}  // namespace synod::internal
