#include "tests/unit/storage/store_harness.h"

#include <utility>

#include <gtest/gtest.h>

namespace synod::test {

absl::Status StoreHarness::Open() {
  auto store = OpenAt(kPath);
  if (!store.ok()) return store.status();
  store_ = *std::move(store);
  return absl::OkStatus();
}

void StoreHarness::MustOpen(const std::vector<GroupId>& groups) {
  ASSERT_EQ(Open(), absl::OkStatus());
  for (const GroupId group : groups) {
    absl::Status status = store_->Load(group).status();
    if (absl::IsNotFound(status)) status = BootstrapGroup(*store_, group);
    ASSERT_EQ(status, absl::OkStatus());
  }
}

absl::Status StoreHarness::Write(std::vector<GroupWrite> batch) {
  return WriteAndWait(*store_, std::move(batch));
}

absl::Status StoreHarness::Write(Persist persist, GroupId group) {
  std::vector<GroupWrite> batch;
  batch.push_back({.group = group, .persist = std::move(persist)});
  return Write(std::move(batch));
}

absl::Status StoreHarness::Append(uint64_t first, uint64_t last, GroupId group) {
  Persist persist;
  persist.entries = MakeEntries(first, last, 1);
  return Write(std::move(persist), group);
}

absl::StatusOr<InstallStaged> StoreHarness::Stage(Index index, Term term, std::string_view image,
                                                  GroupId group) {
  return StageSnapshot(*store_, group, index, term, image);
}

absl::Status StoreHarness::Compact(uint64_t index, GroupId group) {
  auto install = Stage(Index(index), Term(1), "image", group);
  if (!install.ok()) return install.status();
  Persist persist;
  persist.snapshot = *std::move(install);
  persist.compact_to = Index(index);
  return Write(std::move(persist), group);
}

uint64_t StoreHarness::Counter(std::string_view name) const {
  for (const auto& [counter, value] : store_->Counters()) {
    if (counter == name) return value;
  }
  ADD_FAILURE() << "there is no counter " << name;
  return 0;
}

Logger StoreHarness::MakeLogger() {
  return [this](Severity, std::string_view line) {
    const std::lock_guard lock(log_mutex_);
    log_.append(line).append("\n");
  };
}

}  // namespace synod::test
