// What only the memory store has: a bound on the log's bytes. The rest is in its conformance suite.
#include "synod/memory.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "synod/base/crc32c.h"

namespace synod::test {
namespace {

void Write(LogStore& store, Persist persist) {
  std::vector<GroupWrite> batch;
  batch.push_back({.group = 1, .persist = std::move(persist)});
  bool done = false;
  store.Write(std::move(batch), [&done](const absl::Status& status) {
    EXPECT_EQ(status, absl::OkStatus());
    done = true;
  });
  EXPECT_TRUE(done);
}

Entry EntryOf(uint64_t index, size_t bytes) {
  return {.index = Index(index),
          .term = Term(1),
          .kind = EntryKind::kCommand,
          .payload = Payload::Copy(std::string(bytes, 'x'))};
}

TEST(MemoryStore, HasSpace_LogBeyondItsBound_IsFalseUntilEntriesGo) {
  const auto store = memory::Create({.max_log_bytes = 1000});
  ASSERT_EQ(store->Bootstrap({.cluster = 1, .node = 1, .incarnation = Incarnation(1)}, 1,
                             Configuration::Of({1})),
            absl::OkStatus());
  Persist append;
  append.entries = {EntryOf(1, 400), EntryOf(2, 400)};
  Write(*store, append);
  EXPECT_TRUE(store->HasSpace());
  append.entries = {EntryOf(3, 400)};
  Write(*store, append);
  EXPECT_FALSE(store->HasSpace());

  Persist truncate;
  truncate.truncate_from = Index(3);
  Write(*store, truncate);
  EXPECT_TRUE(store->HasSpace());
  Write(*store, append);
  EXPECT_FALSE(store->HasSpace());

  // A snapshot may be written nevertheless: it is what lets the log be compacted.
  auto writer = store->NewSnapshot(1);
  ASSERT_EQ(writer.status(), absl::OkStatus());
  ASSERT_EQ((*writer)->Append("image"), absl::OkStatus());
  const auto staged = (*writer)->Finish();
  ASSERT_EQ(staged.status(), absl::OkStatus());
  Persist compact;
  compact.snapshot = InstallStaged{.staged = *staged,
                                   .meta = {.index = Index(3),
                                            .term = Term(1),
                                            .configuration = Configuration::Of({1}),
                                            .size = 5,
                                            .checksum = Crc32c(0, "image")}};
  compact.compact_to = Index(2);
  Write(*store, compact);
  EXPECT_TRUE(store->HasSpace());
}

TEST(MemoryStore, Write_Payload_IsSharedNotCopied) {
  const auto store = memory::Create();
  ASSERT_EQ(store->Bootstrap({.cluster = 1, .node = 1, .incarnation = Incarnation(1)}, 1,
                             Configuration::Of({1})),
            absl::OkStatus());
  Persist append;
  append.entries = {EntryOf(1, 100)};
  const char* const bytes = append.entries[0].payload.view().data();
  Write(*store, append);
  EXPECT_EQ(store->Load(1)->entries[0].payload.view().data(), bytes);
}

}  // namespace
}  // namespace synod::test
