#include "tests/conformance/log_store/suite.h"

#include <array>
#include <chrono>
#include <future>
#include <utility>

#include "synod/base/crc32c.h"

namespace synod::test {

const StoreIdentity LogStoreConformance::kIdentity = {
    .cluster = 7, .node = 2, .incarnation = Incarnation(99)};
const Configuration LogStoreConformance::kMembers = Configuration::Of({1, 2, 3});

LogStoreConformance::LogStoreConformance() : fixture_(GetParam().make()) {
  store_ = fixture_->Open();
}

LogStoreConformance::~LogStoreConformance() = default;

void LogStoreConformance::Reopen() {
  if (!fixture_->IsDurable()) return;
  store_.reset();
  store_ = fixture_->Open();
}

void LogStoreConformance::Bootstrap(const std::vector<GroupId>& groups) {
  for (const GroupId group : groups) {
    ASSERT_EQ(store_->Bootstrap(kIdentity, group, kMembers), absl::OkStatus());
  }
}

absl::Status LogStoreConformance::Write(std::vector<GroupWrite> batch) {
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

absl::Status LogStoreConformance::Write(GroupId group, Persist persist) {
  std::vector<GroupWrite> batch;
  batch.push_back({.group = group, .persist = std::move(persist)});
  return Write(std::move(batch));
}

InstallStaged LogStoreConformance::Stage(GroupId group, Index index, Term term,
                                         std::string_view image, bool resets_log) {
  InstallStaged install{.staged = {}, .meta = {}, .resets_log = resets_log};
  install.meta = {.index = index,
                  .term = term,
                  .configuration = kMembers,
                  .size = image.size(),
                  .checksum = Crc32c(0, image)};
  auto writer = store_->NewSnapshot(group);
  EXPECT_EQ(writer.status(), absl::OkStatus());
  if (!writer.ok()) return install;
  const size_t half = image.size() / 2;
  EXPECT_EQ((*writer)->Append(image.substr(0, half)), absl::OkStatus());
  EXPECT_EQ((*writer)->Append(image.substr(half)), absl::OkStatus());
  const auto staged = (*writer)->Finish();
  EXPECT_EQ(staged.status(), absl::OkStatus());
  if (staged.ok()) install.staged = *staged;
  return install;
}

absl::StatusOr<std::string> LogStoreConformance::ReadSnapshot(GroupId group) {
  auto opened = store_->OpenSnapshot(group);
  if (!opened.ok()) return opened.status();
  return ReadAll(*opened->image);
}

DurableState LogStoreConformance::MustLoad(GroupId group) {
  auto state = store_->Load(group);
  EXPECT_EQ(state.status(), absl::OkStatus());
  return state.ok() ? *std::move(state) : DurableState();
}

void LogStoreConformance::ExpectEntries(GroupId group, const std::vector<Entry>& entries) {
  EXPECT_EQ(MustLoad(group).entries, entries);
  Reopen();
  EXPECT_EQ(MustLoad(group).entries, entries);
}

Entry MakeEntry(uint64_t index, uint64_t term, std::string_view payload) {
  return {.index = Index(index),
          .term = Term(term),
          .kind = EntryKind::kCommand,
          .payload = Payload::Copy(payload)};
}

std::vector<Entry> MakeEntries(uint64_t first, uint64_t last, uint64_t term) {
  std::vector<Entry> entries;
  for (uint64_t index = first; index <= last; ++index) {
    entries.push_back(MakeEntry(index, term, std::to_string(index) + "@" + std::to_string(term)));
  }
  return entries;
}

Persist Append(std::vector<Entry> entries) {
  Persist persist;
  persist.entries = std::move(entries);
  return persist;
}

absl::StatusOr<std::string> ReadAll(ByteSource& source) {
  std::string all;
  std::array<char, 1009> piece;
  for (;;) {
    const absl::StatusOr<size_t> count = source.Read(piece);
    if (!count.ok()) return count.status();
    all.append(piece.data(), *count);
    if (*count < piece.size()) return all;
  }
}

}  // namespace synod::test
