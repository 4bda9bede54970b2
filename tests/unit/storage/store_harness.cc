#include "tests/unit/storage/store_harness.h"

#include <chrono>
#include <future>
#include <utility>

#include <gtest/gtest.h>

#include "synod/base/crc32c.h"

namespace synod::test {

StoreHarness::StoreHarness() : disk_(std::make_shared<FaultyFileSystem>()), env_(MakeEnv(disk_)) {
  options_.env = env_.get();
  options_.reserve_bytes = 0;
}

absl::Status StoreHarness::Open() {
  auto store = rocksdb::Open(kPath, options_);
  if (!store.ok()) return store.status();
  store_ = *std::move(store);
  return absl::OkStatus();
}

void StoreHarness::MustOpen(const std::vector<GroupId>& groups) {
  ASSERT_EQ(Open(), absl::OkStatus());
  for (const GroupId group : groups) {
    absl::Status status = store_->Load(group).status();
    if (absl::IsNotFound(status)) status = Bootstrap(*store_, group);
    ASSERT_EQ(status, absl::OkStatus());
  }
}

absl::Status StoreHarness::Tamper(const std::function<void(::rocksdb::DB& database)>& change) {
  Close();
  ::rocksdb::Options options;
  options.env = env_.get();
  ::rocksdb::DB* database = nullptr;
  const ::rocksdb::Status status =
      ::rocksdb::DB::Open(options, std::string(kPath) + "/db", &database);
  if (!status.ok()) return absl::InternalError(status.ToString());
  change(*database);
  delete database;
  return Open();
}

absl::Status StoreHarness::Bootstrap(LogStore& store, GroupId group) {
  return store.Bootstrap({.cluster = 7, .node = 2, .incarnation = Incarnation(99)}, group,
                         Configuration::Of({1, 2, 3}));
}

absl::Status StoreHarness::Write(std::vector<GroupWrite> batch) {
  auto promise = std::make_unique<std::promise<absl::Status>>();
  std::future<absl::Status> done = promise->get_future();
  store_->Write(std::move(batch), [promise = std::move(promise)](absl::Status status) {
    promise->set_value(std::move(status));
  });
  if (done.wait_for(std::chrono::minutes(2)) != std::future_status::ready) {
    return absl::DeadlineExceededError("the write was never done");
  }
  return done.get();
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
  auto writer = store_->NewSnapshot(group);
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

}  // namespace synod::test
