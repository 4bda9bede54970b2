#include "tests/unit/storage/store_harness.h"

#include <utility>

#include <gtest/gtest.h>

namespace synod::test {

StoreHarness::StoreHarness() : env_(MakeEnv(MakeFileSystem(disk_))) {
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
  return BootstrapGroup(store, group);
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

}  // namespace synod::test
