#include "tests/unit/storage/store_workload.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "synod/base/crc32c.h"

namespace synod::test {
namespace {

std::string ReadImage(LogStore& store, GroupId group) {
  const auto opened = store.OpenSnapshot(group);
  if (!opened.ok()) return absl::IsNotFound(opened.status()) ? "" : opened.status().ToString();
  std::string image(opened->meta.size, '\0');
  const auto count = opened->image->Read(image);
  return count.ok() ? image : count.status().ToString();
}

absl::StatusOr<ExpectedState> ReadState(LogStore& store) {
  ExpectedState state;
  const auto groups = store.Groups();
  if (!groups.ok()) return groups.status();
  for (const GroupId group : *groups) {
    auto loaded = store.Load(group);
    if (!loaded.ok()) return loaded.status();
    state[group] = {.hard_state = loaded->hard_state,
                    .snapshot = loaded->snapshot,
                    .image = ReadImage(store, group),
                    .base = loaded->entries.empty() ? loaded->snapshot.index.value()
                                                    : loaded->entries.front().index.value() - 1,
                    .entries = std::move(loaded->entries)};
  }
  return state;
}

}  // namespace

std::vector<Entry> MakeEntries(uint64_t first, uint64_t last, uint64_t term, size_t bytes) {
  std::vector<Entry> entries;
  for (uint64_t index = first; index <= last; ++index) {
    std::string payload = std::to_string(index) + "@" + std::to_string(term);
    payload.resize(bytes, '.');
    entries.push_back({.index = Index(index),
                       .term = Term(term),
                       .kind = EntryKind::kCommand,
                       .payload = Payload::Copy(payload)});
  }
  return entries;
}

absl::Status BootstrapGroup(LogStore& store, GroupId group) {
  return store.Bootstrap({.cluster = 7, .node = 2, .incarnation = Incarnation(99)}, group,
                         Configuration::Of({1, 2, 3}));
}

absl::Status WriteAndWait(LogStore& store, std::vector<GroupWrite> batch) {
  auto promise = std::make_unique<std::promise<absl::Status>>();
  std::future<absl::Status> done = promise->get_future();
  store.Write(std::move(batch), [promise = std::move(promise)](absl::Status status) {
    promise->set_value(std::move(status));
  });
  if (done.wait_for(std::chrono::minutes(2)) != std::future_status::ready) {
    return absl::DeadlineExceededError("the write was never done");
  }
  return done.get();
}

absl::StatusOr<InstallStaged> StageSnapshot(LogStore& store, GroupId group, Index index, Term term,
                                            std::string_view image) {
  auto writer = store.NewSnapshot(group);
  if (!writer.ok()) return writer.status();
  absl::Status status = (*writer)->Append(image);
  if (!status.ok()) return status;
  const auto staged = (*writer)->Finish();
  if (!staged.ok()) return staged.status();
  return InstallStaged{.staged = *staged,
                       .meta = {.index = index,
                                .term = term,
                                .configuration = Configuration::Of({1, 2, 3}),
                                .size = image.size(),
                                .checksum = Crc32c(0, image)},
                       .resets_log = false};
}

void Workload::Run(LogStore& store, int writes, const std::function<bool()>& power_is_off) {
  for (const GroupId group : {kGroup, kOtherGroup}) {
    ExpectedState next = states_.back();
    next[group] = {};
    states_.push_back(std::move(next));
    if (!BootstrapGroup(store, group).ok()) return;
    acknowledged_ = states_.size() - 1;
  }
  for (int i = 0; i < writes && !power_is_off(); ++i) {
    if (!Queue(store)) break;
    if (rng_.Chance(1, 3)) AwaitAll();
  }
  AwaitAll();
}

std::optional<std::string> Workload::Check(LogStore& store) {
  const auto found = ReadState(store);
  if (!found.ok()) return "it cannot be read: " + found.status().ToString();
  const auto first = states_.begin() + static_cast<std::ptrdiff_t>(acknowledged_);
  if (std::find(first, states_.end(), *found) != states_.end()) return std::nullopt;
  if (std::find(states_.begin(), first, *found) != first) return "acknowledged writes are missing";
  return "it is a state in which it never was";
}

bool Workload::Queue(LogStore& store) {
  ExpectedState next = states_.back();
  std::vector<GroupWrite> batch;
  for (const GroupId group : {kGroup, kOtherGroup}) {
    if (!rng_.Chance(2, 3)) continue;
    Persist persist;
    if (!Change(store, group, next[group], persist)) return false;
    batch.push_back({.group = group, .persist = std::move(persist)});
  }
  states_.push_back(std::move(next));
  const size_t state = states_.size() - 1;
  {
    const std::lock_guard lock(mutex_);
    ++pending_;
  }
  store.Write(std::move(batch), [this, state](const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    if (status.ok()) acknowledged_ = state;
    --pending_;
    changed_.notify_one();
  });
  return true;
}

bool Workload::Change(LogStore& store, GroupId group, ExpectedGroup& expected, Persist& persist) {
  ++term_;
  if (rng_.Chance(1, 3)) {
    persist.hard_state = HardState{.term = Term(term_), .vote = 2, .peers = {}};
    expected.hard_state = *persist.hard_state;
  }
  const uint64_t covered = expected.snapshot.index.value();
  if (rng_.Chance(1, 12)) {
    if (!Install(store, group, expected, persist)) return false;
  } else if (rng_.Chance(1, 6)) {
    const uint64_t from = covered + 1 + rng_.Below(expected.last() - covered + 1);
    persist.truncate_from = Index(from);
    expected.entries.resize(std::min<size_t>(expected.entries.size(), from - expected.base - 1));
  }
  const uint64_t first = expected.last() + 1;
  persist.entries = MakeEntries(first, first + rng_.Below(4), term_, 1 + rng_.Below(6000));
  expected.entries.insert(expected.entries.end(), persist.entries.begin(), persist.entries.end());
  return true;
}

bool Workload::Install(LogStore& store, GroupId group, ExpectedGroup& expected, Persist& persist) {
  const uint64_t covered = expected.snapshot.index.value();
  const bool resets = rng_.Chance(1, 2) || expected.last() == covered;
  const uint64_t index =
      resets ? expected.last() + 5 : covered + 1 + rng_.Below(expected.last() - covered);
  const Term term = resets ? Term(term_) : expected.entries[index - expected.base - 1].term;
  expected.image = std::string(1 + rng_.Below(50'000), static_cast<char>('a' + index % 26));
  auto install = StageSnapshot(store, group, Index(index), term, expected.image);
  if (!install.ok()) return false;
  install->resets_log = resets;
  expected.snapshot = install->meta;
  persist.snapshot = *install;
  uint64_t keep_from = index;
  if (resets) {
    expected.entries.clear();
  } else {
    keep_from = expected.base + rng_.Below(index - expected.base + 1);
    persist.compact_to = Index(keep_from);
    expected.entries.erase(
        expected.entries.begin(),
        expected.entries.begin() + static_cast<std::ptrdiff_t>(keep_from - expected.base));
  }
  expected.base = keep_from;
  return true;
}

void Workload::AwaitAll() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return pending_ == 0; });
}

}  // namespace synod::test
