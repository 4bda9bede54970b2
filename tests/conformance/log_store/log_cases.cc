// Conformance: hard states and entries, their order, and what is one step.
#include <atomic>
#include <future>
#include <utility>

#include <gmock/gmock.h>

#include "synod/base/rng.h"

#include "tests/conformance/log_store/suite.h"

namespace synod::test {
namespace {

using ::testing::IsEmpty;

Persist Truncate(uint64_t from, std::vector<Entry> entries = {}) {
  Persist persist;
  persist.truncate_from = Index(from);
  persist.entries = std::move(entries);
  return persist;
}

TEST_P(LogStoreConformance, HardState_Written_ReplacesTheOneBefore) {
  Bootstrap();
  Persist persist;
  persist.hard_state =
      HardState{.term = Term(4), .vote = 3, .peers = {{1, Incarnation(11)}, {3, Incarnation(13)}}};
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  persist.hard_state->term = Term(5);
  persist.hard_state->vote = NodeId();
  persist.hard_state->peers.pop_back();
  ASSERT_EQ(Write(kGroup, persist), absl::OkStatus());
  EXPECT_EQ(MustLoad(kGroup).hard_state, *persist.hard_state);
  Reopen();
  EXPECT_EQ(MustLoad(kGroup).hard_state, *persist.hard_state);
}

TEST_P(LogStoreConformance, Entries_OfEveryKindAndSize_AreFoundAgain) {
  Bootstrap();
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte.push_back(static_cast<char>(byte));
  const std::vector<Entry> entries = {
      {.index = Index(1), .term = Term(1), .kind = EntryKind::kNoOp, .payload = {}},
      MakeEntry(2, 1, ""),
      MakeEntry(3, 1, every_byte),
      MakeEntry(4, ~uint64_t{0}, std::string(3 * 1024 * 1024, 'x')),
  };
  ASSERT_EQ(Write(kGroup, Append(entries)), absl::OkStatus());
  ExpectEntries(kGroup, entries);
}

TEST_P(LogStoreConformance, Entries_AppendedAfterReopening_ContinueTheLog) {
  Bootstrap();
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(1, 3, 1))), absl::OkStatus());
  Reopen();
  MustLoad(kGroup);
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(4, 6, 1))), absl::OkStatus());
  ExpectEntries(kGroup, MakeEntries(1, 6, 1));
}

TEST_P(LogStoreConformance, Entries_TenThousandInManyWrites_AreAllThere) {
  Bootstrap();
  std::promise<void> all_done;
  std::atomic<int> failed{0};
  for (uint64_t first = 1; first <= 10'000; first += 10) {
    std::vector<GroupWrite> batch;
    batch.push_back({.group = kGroup, .persist = Append(MakeEntries(first, first + 9, 1))});
    const bool is_last = first == 9'991;
    store().Write(std::move(batch), [&all_done, &failed, is_last](const absl::Status& status) {
      if (!status.ok()) ++failed;
      if (is_last) all_done.set_value();
    });
  }
  ASSERT_EQ(all_done.get_future().wait_for(std::chrono::minutes(2)), std::future_status::ready);
  EXPECT_EQ(failed, 0);
  ExpectEntries(kGroup, MakeEntries(1, 10'000, 1));
}

TEST_P(LogStoreConformance, Done_ManyWritesQueued_ComesOnceEachAndInOrder) {
  Bootstrap();
  constexpr int kWrites = 500;
  std::vector<int> order;  // Written by one `done` at a time, and read after the last.
  std::promise<void> all_done;
  for (int i = 0; i < kWrites; ++i) {
    std::vector<GroupWrite> batch;
    const auto index = static_cast<uint64_t>(i + 1);
    batch.push_back({.group = kGroup, .persist = Append(MakeEntries(index, index, 1))});
    store().Write(std::move(batch), [&order, &all_done, i](const absl::Status& status) {
      EXPECT_EQ(status, absl::OkStatus());
      order.push_back(i);
      if (i == kWrites - 1) all_done.set_value();
    });
  }
  ASSERT_EQ(all_done.get_future().wait_for(std::chrono::minutes(2)), std::future_status::ready);
  ASSERT_EQ(order.size(), static_cast<size_t>(kWrites));
  for (int i = 0; i < kWrites; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST_P(LogStoreConformance, Done_WritesAnother_IsServed) {
  Bootstrap();
  std::promise<absl::Status> second;
  std::vector<GroupWrite> batch;
  batch.push_back({.group = kGroup, .persist = Append(MakeEntries(1, 1, 1))});
  store().Write(std::move(batch), [this, &second](const absl::Status&) {
    std::vector<GroupWrite> next;
    next.push_back({.group = kGroup, .persist = Append(MakeEntries(2, 2, 1))});
    store().Write(std::move(next),
                  [&second](absl::Status status) { second.set_value(std::move(status)); });
  });
  auto done = second.get_future();
  ASSERT_EQ(done.wait_for(std::chrono::minutes(2)), std::future_status::ready);
  EXPECT_EQ(done.get(), absl::OkStatus());
  ExpectEntries(kGroup, MakeEntries(1, 2, 1));
}

TEST_P(LogStoreConformance, Write_EmptyBatch_IsDone) {
  Bootstrap();
  EXPECT_EQ(Write(std::vector<GroupWrite>()), absl::OkStatus());
  EXPECT_EQ(Write(kGroup, Persist()), absl::OkStatus());
}

TEST_P(LogStoreConformance, Close_WritesQueued_AreDoneFirst) {
  Bootstrap();
  std::atomic<uint64_t> done{0};
  for (uint64_t index = 1; index <= 100; ++index) {
    std::vector<GroupWrite> batch;
    batch.push_back({.group = kGroup, .persist = Append(MakeEntries(index, index, 1))});
    store().Write(std::move(batch), [&done](const absl::Status& status) {
      if (status.ok()) ++done;
    });
  }
  Reopen();
  EXPECT_EQ(done, 100U);
  ExpectEntries(kGroup, MakeEntries(1, 100, 1));
}

TEST_P(LogStoreConformance, Groups_Interleaved_AreSeparate) {
  // Names that sort next to each other, and a first and a last one.
  const std::vector<GroupId> groups = {1, 2, 256, 257, ~uint64_t{0}};
  Bootstrap(groups);
  for (uint64_t index = 1; index <= 20; ++index) {
    std::vector<GroupWrite> batch;
    for (const GroupId group : groups) {
      batch.push_back({.group = group,
                       .persist = Append({MakeEntry(index, 1, std::to_string(group.value()))})});
    }
    ASSERT_EQ(Write(std::move(batch)), absl::OkStatus());
  }
  ASSERT_EQ(Write(groups[1], Truncate(5)), absl::OkStatus());
  Reopen();
  for (const GroupId group : groups) {
    const DurableState state = MustLoad(group);
    EXPECT_EQ(state.entries.size(), group == groups[1] ? 4U : 20U);
    for (const Entry& entry : state.entries) {
      EXPECT_EQ(entry.payload.view(), std::to_string(group.value()));
    }
  }
}

TEST_P(LogStoreConformance, Write_OneGroupTwiceInABatch_TakesEffectInOrder) {
  Bootstrap();
  std::vector<GroupWrite> batch;
  batch.push_back({.group = kGroup, .persist = Append(MakeEntries(1, 5, 1))});
  batch.push_back({.group = kGroup, .persist = Truncate(3, MakeEntries(3, 4, 2))});
  ASSERT_EQ(Write(std::move(batch)), absl::OkStatus());
  std::vector<Entry> expected = MakeEntries(1, 2, 1);
  for (const Entry& entry : MakeEntries(3, 4, 2)) expected.push_back(entry);
  ExpectEntries(kGroup, expected);
}

TEST_P(LogStoreConformance, Truncate_ThenAppend_ReplacesTheTail) {
  Bootstrap();
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(1, 10, 1))), absl::OkStatus());
  ASSERT_EQ(Write(kGroup, Truncate(4, MakeEntries(4, 6, 2))), absl::OkStatus());
  std::vector<Entry> expected = MakeEntries(1, 3, 1);
  for (const Entry& entry : MakeEntries(4, 6, 2)) expected.push_back(entry);
  ExpectEntries(kGroup, expected);
}

TEST_P(LogStoreConformance, Truncate_ManyEntries_NoneComesBack) {
  Bootstrap();
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(1, 3000, 1))), absl::OkStatus());
  ASSERT_EQ(Write(kGroup, Truncate(2)), absl::OkStatus());
  ExpectEntries(kGroup, MakeEntries(1, 1, 1));
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(2, 2, 2))), absl::OkStatus());
  EXPECT_EQ(MustLoad(kGroup).entries.size(), 2U);
}

TEST_P(LogStoreConformance, Truncate_TheWholeLog_LeavesItEmpty) {
  Bootstrap();
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(1, 3, 1))), absl::OkStatus());
  ASSERT_EQ(Write(kGroup, Truncate(1)), absl::OkStatus());
  ExpectEntries(kGroup, {});
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(1, 2, 2))), absl::OkStatus());
  ExpectEntries(kGroup, MakeEntries(1, 2, 2));
}

TEST_P(LogStoreConformance, Truncate_BeyondTheLog_ChangesNothing) {
  Bootstrap();
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(1, 3, 1))), absl::OkStatus());
  ASSERT_EQ(Write(kGroup, Truncate(4)), absl::OkStatus());
  ExpectEntries(kGroup, MakeEntries(1, 3, 1));
}

TEST_P(LogStoreConformance, Write_ThatDoesNotFit_FailsItAndAllThatFollow) {
  Bootstrap();
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(1, 3, 1))), absl::OkStatus());
  const absl::Status gap = Write(kGroup, Append(MakeEntries(5, 5, 1)));
  EXPECT_TRUE(absl::IsInvalidArgument(gap)) << gap;
  EXPECT_EQ(Write(kGroup, Append(MakeEntries(4, 4, 1))), gap);
  ExpectEntries(kGroup, MakeEntries(1, 3, 1));
}

TEST_P(LogStoreConformance, Write_LastPartDoesNotFit_NothingOfItIsThere) {
  Bootstrap({1, 2});
  ASSERT_EQ(Write(1, Append(MakeEntries(1, 2, 1))), absl::OkStatus());
  std::vector<GroupWrite> batch;
  batch.push_back({.group = 1, .persist = Append(MakeEntries(3, 4, 1))});
  batch.push_back({.group = 2, .persist = Append(MakeEntries(7, 7, 1))});
  EXPECT_FALSE(Write(std::move(batch)).ok());
  ExpectEntries(1, MakeEntries(1, 2, 1));
}

TEST_P(LogStoreConformance, Write_UnknownGroup_IsRefused) {
  Bootstrap();
  EXPECT_TRUE(absl::IsInvalidArgument(Write(kOtherGroup, Append(MakeEntries(1, 1, 1)))));
}

TEST_P(LogStoreConformance, Write_BeforeOneThatDoesNotFit_IsKept) {
  Bootstrap();
  std::promise<void> all_done;
  std::vector<absl::Status> statuses;
  const std::vector<uint64_t> indexes = {1, 2, 9, 3};
  for (const uint64_t index : indexes) {
    std::vector<GroupWrite> batch;
    batch.push_back({.group = kGroup, .persist = Append(MakeEntries(index, index, 1))});
    store().Write(std::move(batch), [&](absl::Status status) {
      statuses.push_back(std::move(status));
      if (statuses.size() == indexes.size()) all_done.set_value();
    });
  }
  ASSERT_EQ(all_done.get_future().wait_for(std::chrono::minutes(2)), std::future_status::ready);
  EXPECT_EQ(statuses[0], absl::OkStatus());
  EXPECT_EQ(statuses[1], absl::OkStatus());
  EXPECT_TRUE(absl::IsInvalidArgument(statuses[2]));
  EXPECT_EQ(statuses[3], statuses[2]);
  ExpectEntries(kGroup, MakeEntries(1, 2, 1));
}

TEST_P(LogStoreConformance, HasSpace_EmptyStore_IsTrue) { EXPECT_TRUE(store().HasSpace()); }

TEST_P(LogStoreConformance, Counters_AfterAWrite_CountIt) {
  Bootstrap();
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(1, 3, 1))), absl::OkStatus());
  uint64_t writes = 0;
  uint64_t entries = 0;
  for (const auto& [name, value] : store().Counters()) {
    if (name == "writes") writes = value;
    if (name == "entries_written") entries = value;
  }
  EXPECT_EQ(writes, 1U);
  EXPECT_EQ(entries, 3U);
}

// Against a model, so that orders of operations are met that nobody thought of.
TEST_P(LogStoreConformance, Log_RandomWrites_EqualsTheModel) {
  Bootstrap();
  Rng rng(20240531);
  std::vector<Entry> log;  // log[i] has index base + 1 + i.
  uint64_t base = 0;
  uint64_t covered = 0;
  for (int round = 0; round < 300; ++round) {
    const auto term = static_cast<uint64_t>(round / 10 + 1);
    Persist persist;
    if (rng.Chance(1, 10) && base + log.size() > covered) {
      covered += 1 + rng.Below(base + log.size() - covered);
      persist.snapshot = Stage(kGroup, Index(covered), log[covered - base - 1].term, "image");
    }
    if (rng.Chance(1, 5)) {
      const uint64_t from = covered + 1 + rng.Below(base + log.size() - covered + 1);
      persist.truncate_from = Index(from);
      log.resize(std::min<size_t>(log.size(), from - base - 1));
    }
    if (rng.Chance(1, 10)) {
      const uint64_t to = base + rng.Below(covered - base + 1);
      persist.compact_to = Index(to);
      log.erase(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(to - base));
      base = to;
    }
    const uint64_t first = base + log.size() + 1;
    const uint64_t count = rng.Below(rng.Chance(1, 10) ? 200 : 5);
    persist.entries = MakeEntries(first, first + count - 1, term);
    log.insert(log.end(), persist.entries.begin(), persist.entries.end());
    ASSERT_EQ(Write(kGroup, std::move(persist)), absl::OkStatus());
    if (round % 50 == 0) Reopen();
    if (round % 10 == 0) {
      ASSERT_EQ(MustLoad(kGroup).entries, log) << "round " << round;
    }
  }
  ExpectEntries(kGroup, log);
}

}  // namespace
}  // namespace synod::test
