#include "tests/unit/storage/wal_harness.h"

#include <utility>

#include <gtest/gtest.h>

#include "storage/wal/format.h"

namespace synod::test {

WalHarness::WalHarness() {
  options_.files = &disk_;
  options_.reserve_bytes = 0;
  options_.logger = [this](Severity, std::string_view line) { log_.append(line).append("\n"); };
}

absl::Status WalHarness::Open() {
  auto store = wal::Open(kPath, options_);
  if (!store.ok()) return store.status();
  store_ = *std::move(store);
  return absl::OkStatus();
}

void WalHarness::MustOpen(const std::vector<GroupId>& groups) {
  ASSERT_EQ(Open(), absl::OkStatus());
  for (const GroupId group : groups) {
    absl::Status status = store_->Load(group).status();
    if (absl::IsNotFound(status)) status = BootstrapGroup(*store_, group);
    ASSERT_EQ(status, absl::OkStatus());
  }
}

absl::Status WalHarness::Write(Persist persist, GroupId group) {
  std::vector<GroupWrite> batch;
  batch.push_back({.group = group, .persist = std::move(persist)});
  return WriteAndWait(*store_, std::move(batch));
}

absl::Status WalHarness::Append(uint64_t first, uint64_t last, GroupId group) {
  Persist persist;
  persist.entries = MakeEntries(first, last, 1);
  return Write(std::move(persist), group);
}

absl::Status WalHarness::Compact(uint64_t index, GroupId group) {
  auto install = StageSnapshot(*store_, group, Index(index), Term(1), "image");
  if (!install.ok()) return install.status();
  Persist persist;
  persist.snapshot = *std::move(install);
  persist.compact_to = Index(index);
  return Write(std::move(persist), group);
}

uint64_t WalHarness::Counter(std::string_view name) const {
  for (const auto& [counter, value] : store_->Counters()) {
    if (counter == name) return value;
  }
  ADD_FAILURE() << "there is no counter " << name;
  return 0;
}

std::vector<std::string> WalHarness::Segments() const {
  std::vector<std::string> segments;
  for (std::string& file : disk_.FilesBelow(kPath)) {
    if (file.ends_with(".wal")) segments.push_back(std::move(file));
  }
  return segments;
}

std::string WalHarness::LastSegment() const {
  std::string last;
  for (const std::string& segment : Segments()) {
    const std::string bytes = disk_.Contents(segment);
    const uint32_t seed = wal::SeedOf(Incarnation(99));
    const auto header = wal::DecodeSegmentHeader(bytes);
    if (!header.ok()) continue;
    const auto first =
        wal::DecodeRecordHeader(bytes.substr(wal::kSegmentHeaderBytes), seed, header->position);
    if (!first) continue;
    if (bytes.size() > wal::kSegmentHeaderBytes + wal::RecordBytes(first->length)) last = segment;
  }
  return last;
}

void ManualExecutor::RunAll() {
  while (!tasks_.empty()) {
    Task task = std::move(tasks_.front());
    tasks_.erase(tasks_.begin());
    task();
  }
}

}  // namespace synod::test
