#include "src/sim/checked_machine.h"

#include <cstring>

namespace synod::sim {
namespace {

class PrefixedView final : public SnapshotView {
 public:
  PrefixedView(std::string prefix, std::unique_ptr<SnapshotView> view)
      : prefix_(std::move(prefix)), view_(std::move(view)) {}
  absl::Status WriteTo(ByteSink& sink) const override {
    if (absl::Status status = sink.Append(prefix_); !status.ok()) return status;
    return view_->WriteTo(sink);
  }

 private:
  const std::string prefix_;
  const std::unique_ptr<SnapshotView> view_;
};

}  // namespace

std::string EncodeIndex(Index index) {
  std::string bytes(kIndexBytes, '\0');
  const uint64_t value = index.value();
  std::memcpy(bytes.data(), &value, kIndexBytes);
  return bytes;
}

Index DecodeIndex(std::string_view bytes) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data(), std::min(kIndexBytes, bytes.size()));
  return Index(value);
}

void CheckedMachine::Apply(std::span<const Command> batch, std::span<std::string> results) {
  observe_();
  size_t first = 0;
  for (size_t i = 0; i < batch.size(); ++i) {
    judge_.OnApply(node_, batch[i].index, batch[i].data);
    const bool is_due = batch[i].index.value() % interval_ == 0;
    if (!is_due && i + 1 < batch.size()) continue;
    machine_->Apply(batch.subspan(first, i + 1 - first), results.subspan(first, i + 1 - first));
    first = i + 1;
    applied_ = batch[i].index;
    if (is_due) ReportState(/*is_restored=*/false);
  }
}

absl::StatusOr<std::string> CheckedMachine::Query(std::string_view request) const {
  auto answer = machine_->Query(request);
  if (answer.ok()) return EncodeIndex(applied_) + *answer;
  absl::Status refusal = answer.status();
  refusal.SetPayload(kOwnRefusal, absl::Cord());
  return refusal;
}

absl::StatusOr<std::unique_ptr<SnapshotView>> CheckedMachine::Snapshot() const {
  auto view = machine_->Snapshot();
  if (!view.ok()) return view;
  ReportState(/*is_restored=*/false);
  return std::make_unique<PrefixedView>(EncodeIndex(applied_), *std::move(view));
}

absl::Status CheckedMachine::Restore(ByteSource& image) {
  std::string prefix(kIndexBytes, '\0');
  const auto filled = image.Read(prefix);
  if (!filled.ok()) return filled.status();
  if (*filled < kIndexBytes) return absl::DataLossError("the image is cut");
  if (absl::Status status = machine_->Restore(image); !status.ok()) return status;
  applied_ = DecodeIndex(prefix);
  ReportState(/*is_restored=*/true);
  return absl::OkStatus();
}

void CheckedMachine::ReportState(bool is_restored) const {
  const auto state = machine_->Query(digest_query_);
  if (!state.ok()) {
    judge_.Fail("digest query", "it was refused: " + state.status().ToString());
    return;
  }
  judge_.OnState(node_, applied_, *state, is_restored);
}

}  // namespace synod::sim
