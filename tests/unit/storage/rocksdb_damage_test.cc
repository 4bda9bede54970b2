// Damage to what is on the disk: found, located, and never taken for absence (F2, F3).
#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/rocksdb/format.h"
#include "tests/unit/storage/rocksdb_harness.h"

namespace synod::test {
namespace {

using rocksdb::GroupKey;
using rocksdb::GroupRecord;
using ::testing::HasSubstr;

std::string EntryKeyOf(GroupId group, uint64_t index) {
  const rocksdb::EntryKeyBuffer key = rocksdb::EntryKey(group, Index(index));
  return {key.data(), key.size()};
}

std::string MustGet(::rocksdb::DB& database, const std::string& key) {
  std::string value;
  EXPECT_TRUE(database.Get(::rocksdb::ReadOptions(), key, &value).ok());
  return value;
}

void MustPut(::rocksdb::DB& database, const std::string& key, const std::string& value) {
  EXPECT_TRUE(database.Put(::rocksdb::WriteOptions(), key, value).ok());
}

void MustDelete(::rocksdb::DB& database, const std::string& key) {
  EXPECT_TRUE(database.Delete(::rocksdb::WriteOptions(), key).ok());
}

// A group with 20 entries, and a second one with other ones.
class RocksdbDamage : public ::testing::Test {
 protected:
  RocksdbDamage() {
    harness_.MustOpen({kGroup, kOtherGroup});
    Persist persist;
    persist.hard_state = HardState{.term = Term(1), .vote = 2, .peers = {{1, Incarnation(5)}}};
    persist.entries = MakeEntries(1, 20, 1);
    EXPECT_EQ(harness_.Write(persist), absl::OkStatus());
    persist.entries = MakeEntries(1, 20, 3);
    EXPECT_EQ(harness_.Write(persist, kOtherGroup), absl::OkStatus());
  }

  void ExpectDataLoss(const std::string& where) {
    const absl::Status status = harness_.store().Load(kGroup).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("group 1"));
    EXPECT_THAT(std::string(status.message()), HasSubstr(where));
    // One group's damage is no other's.
    EXPECT_EQ(harness_.store().Load(kOtherGroup)->entries, MakeEntries(1, 20, 3));
    bool counted = false;
    for (const auto& [name, value] : harness_.store().Counters()) {
      counted = counted || (name == "damaged_loads" && value == 1);
    }
    EXPECT_TRUE(counted);
  }

  RocksdbHarness harness_;
};

TEST_F(RocksdbDamage, Entry_AnyByteChanged_IsFound) {
  const size_t size = rocksdb::kEntryHeaderBytes + MakeEntries(7, 7, 1)[0].payload.size();
  for (size_t byte = 0; byte < size; ++byte) {
    std::string intact;
    ASSERT_EQ(harness_.Tamper([&](::rocksdb::DB& database) {
      intact = MustGet(database, EntryKeyOf(kGroup, 7));
      std::string value = intact;
      value[byte] = static_cast<char>(value[byte] ^ 0x40);
      MustPut(database, EntryKeyOf(kGroup, 7), value);
    }),
              absl::OkStatus());
    const absl::Status status = harness_.store().Load(kGroup).status();
    // A kind of entry that is not known may be a newer version's; either way nobody goes on.
    EXPECT_TRUE(absl::IsDataLoss(status) || absl::IsFailedPrecondition(status)) << byte;
    EXPECT_THAT(std::string(status.message()), HasSubstr("entry 7"));
    ASSERT_EQ(harness_.Tamper([&](::rocksdb::DB& database) {
      MustPut(database, EntryKeyOf(kGroup, 7), intact);
    }),
              absl::OkStatus());
  }
}

TEST_F(RocksdbDamage, StuffedEntry_AnyByteChangedOrMissing_IsFound) {
  Persist persist;
  persist.entries = MakeEntries(21, 21, 1);
  persist.entries[0].payload = Payload::Copy(std::string(256, '\0'));
  ASSERT_EQ(harness_.Write(persist), absl::OkStatus());
  const std::string key = EntryKeyOf(kGroup, 21);
  std::string intact;
  ASSERT_EQ(harness_.Tamper([&](::rocksdb::DB& database) { intact = MustGet(database, key); }),
            absl::OkStatus());
  ASSERT_EQ(intact.size(), rocksdb::kEntryHeaderBytes + 256 + 2);
  // In its kind, what says that it is stuffed; its own bytes; what was put between and behind them.
  for (const size_t byte : {12U, 13U, 140U, 141U, 142U, 269U, 270U}) {
    std::string value = intact;
    value[byte] = static_cast<char>(value[byte] ^ 0x80);
    ASSERT_EQ(harness_.Tamper([&](::rocksdb::DB& database) { MustPut(database, key, value); }),
              absl::OkStatus());
    EXPECT_TRUE(absl::IsDataLoss(harness_.store().Load(kGroup).status())) << byte;
  }
  ASSERT_EQ(harness_.Tamper([&](::rocksdb::DB& database) {
    MustPut(database, key, intact.substr(0, intact.size() - 1));
  }),
            absl::OkStatus());
  ExpectDataLoss("entry 21");
  ASSERT_EQ(harness_.Tamper([&](::rocksdb::DB& database) { MustPut(database, key, intact); }),
            absl::OkStatus());
  EXPECT_EQ(harness_.store().Load(kGroup)->entries.back(), persist.entries[0]);
}

TEST_F(RocksdbDamage, Entry_TooShort_IsFound) {
  ASSERT_EQ(harness_.Tamper(
                [](::rocksdb::DB& database) { MustPut(database, EntryKeyOf(kGroup, 7), "short"); }),
            absl::OkStatus());
  ExpectDataLoss("entry 7");
}

TEST_F(RocksdbDamage, Entries_TwoSwapped_AreFound) {
  ASSERT_EQ(harness_.Tamper([](::rocksdb::DB& database) {
    const std::string fifth = MustGet(database, EntryKeyOf(kGroup, 5));
    MustPut(database, EntryKeyOf(kGroup, 5), MustGet(database, EntryKeyOf(kGroup, 6)));
    MustPut(database, EntryKeyOf(kGroup, 6), fifth);
  }),
            absl::OkStatus());
  ExpectDataLoss("entry 5");
}

TEST_F(RocksdbDamage, Entry_InTheMiddleMissing_IsFound) {
  ASSERT_EQ(harness_.Tamper(
                [](::rocksdb::DB& database) { MustDelete(database, EntryKeyOf(kGroup, 11)); }),
            absl::OkStatus());
  ExpectDataLoss("entry 11");
}

TEST_F(RocksdbDamage, Entry_TheFirstMissing_IsFound) {
  ASSERT_EQ(
      harness_.Tamper([](::rocksdb::DB& database) { MustDelete(database, EntryKeyOf(kGroup, 1)); }),
      absl::OkStatus());
  ExpectDataLoss("entry 1");
}

TEST_F(RocksdbDamage, Entry_OfAnotherGroup_IsFound) {
  ASSERT_EQ(harness_.Tamper([](::rocksdb::DB& database) {
    MustPut(database, EntryKeyOf(kGroup, 1), MustGet(database, EntryKeyOf(kOtherGroup, 1)));
  }),
            absl::OkStatus());
  ExpectDataLoss("entry 1");
}

TEST_F(RocksdbDamage, Entry_FromBeforeATruncation_IsFound) {
  std::string old;
  ASSERT_EQ(harness_.Tamper(
                [&](::rocksdb::DB& database) { old = MustGet(database, EntryKeyOf(kGroup, 15)); }),
            absl::OkStatus());
  harness_.Close();
  harness_.MustOpen();
  Persist persist;
  persist.truncate_from = Index(10);
  persist.entries = MakeEntries(10, 20, 2);
  ASSERT_EQ(harness_.Write(persist), absl::OkStatus());
  ASSERT_EQ(harness_.Tamper(
                [&](::rocksdb::DB& database) { MustPut(database, EntryKeyOf(kGroup, 15), old); }),
            absl::OkStatus());
  ExpectDataLoss("entry 15");
}

TEST_F(RocksdbDamage, Entry_BehindTheTruncatedTail_IsFound) {
  std::string old;
  ASSERT_EQ(harness_.Tamper(
                [&](::rocksdb::DB& database) { old = MustGet(database, EntryKeyOf(kGroup, 10)); }),
            absl::OkStatus());
  harness_.Close();
  harness_.MustOpen();
  Persist persist;
  persist.truncate_from = Index(9);
  persist.entries = MakeEntries(9, 9, 2);
  ASSERT_EQ(harness_.Write(persist), absl::OkStatus());
  ASSERT_EQ(harness_.Tamper(
                [&](::rocksdb::DB& database) { MustPut(database, EntryKeyOf(kGroup, 10), old); }),
            absl::OkStatus());
  ExpectDataLoss("entry 10");
}

TEST_F(RocksdbDamage, Record_ChangedCutOrMissing_IsFound) {
  const std::vector<std::pair<GroupRecord, std::string>> records = {
      {GroupRecord::kConfiguration, "initial configuration"},
      {GroupRecord::kHardState, "hard state"},
      {GroupRecord::kLogHead, "log head"},
      {GroupRecord::kSnapshot, "snapshot record"}};
  for (const auto& each : records) {
    const GroupRecord record = each.first;
    const std::string key = GroupKey(kGroup, record);
    std::string intact;
    const auto damage = [&](const std::function<void(::rocksdb::DB&)>& how) {
      ASSERT_EQ(harness_.Tamper([&](::rocksdb::DB& database) {
        if (intact.empty()) intact = MustGet(database, key);
        how(database);
      }),
                absl::OkStatus());
      ExpectDataLoss(each.second);
      ASSERT_EQ(harness_.Tamper([&](::rocksdb::DB& database) { MustPut(database, key, intact); }),
                absl::OkStatus());
    };
    damage([&](::rocksdb::DB& database) { MustPut(database, key, intact.substr(1)); });
    damage([&](::rocksdb::DB& database) { MustPut(database, key, intact + "x"); });
    damage([&](::rocksdb::DB& database) { MustPut(database, key, ""); });
    damage([&](::rocksdb::DB& database) {
      MustPut(database, key, MustGet(database, GroupKey(kOtherGroup, record)));
    });
    damage([&](::rocksdb::DB& database) { MustDelete(database, key); });
  }
}

TEST_F(RocksdbDamage, Identity_DamagedOrMissing_RefusesToOpen) {
  const std::string key(rocksdb::kIdentityKey);
  std::string intact;
  EXPECT_TRUE(absl::IsDataLoss(harness_.Tamper([&](::rocksdb::DB& database) {
    intact = MustGet(database, key);
    MustPut(database, key, "x" + intact);
  })));
  EXPECT_TRUE(absl::IsDataLoss(
      harness_.Tamper([&](::rocksdb::DB& database) { MustDelete(database, key); })));
  EXPECT_EQ(harness_.Tamper([&](::rocksdb::DB& database) { MustPut(database, key, intact); }),
            absl::OkStatus());
}

TEST_F(RocksdbDamage, Record_OfNoKnownKind_RefusesToOpen) {
  EXPECT_TRUE(absl::IsDataLoss(harness_.Tamper([](::rocksdb::DB& database) {
    MustPut(database, std::string(rocksdb::kGroupPrefix) + "12345678?", "value");
  })));
}

TEST_F(RocksdbDamage, SnapshotFile_MissingOrCut_IsFound) {
  harness_.Close();
  harness_.MustOpen();
  Persist persist;
  persist.snapshot = harness_.Stage(Index(9), Term(1), "a whole image").value();
  ASSERT_EQ(harness_.Write(persist), absl::OkStatus());
  harness_.Close();
  const std::string file = harness_.disk().FilesBelow("/store/snapshots").at(0);
  harness_.disk().CutTo(file, 5);
  ASSERT_EQ(harness_.Open(), absl::OkStatus());
  ExpectDataLoss("");
  EXPECT_TRUE(absl::IsDataLoss(harness_.store().OpenSnapshot(kGroup).status()));
  ASSERT_TRUE(harness_.env().DeleteFile(file).ok());
  EXPECT_TRUE(absl::IsDataLoss(harness_.store().Load(kGroup).status()));
}

// The log in a table, and all that RocksDB keeps to find it.
class RocksdbFiles : public RocksdbDamage {
 protected:
  RocksdbFiles() {
    harness_.Close();
    EXPECT_EQ(harness_.Open(), absl::OkStatus());
    intact_ = harness_.store().Load(kGroup).value();
    harness_.Close();
    for (const std::string& file : disk_.FilesBelow("/store")) files_[file] = disk_.Contents(file);
  }

  void Restore() {
    for (const std::string& file : disk_.FilesBelow("/store")) disk_.Delete(file);
    for (const auto& [file, bytes] : files_) disk_.SetContents(file, bytes);
  }

  // Opens and loads what is there.
  void ExpectAllOrNothing(const std::string& damage) {
    absl::Status status = harness_.Open();
    if (status.ok()) {
      const auto state = harness_.store().Load(kGroup);
      if (state.ok()) {
        EXPECT_EQ(state->entries, intact_.entries) << damage;
        EXPECT_EQ(state->hard_state, intact_.hard_state) << damage;
      }
      status = state.status();
    }
    harness_.Close();
    EXPECT_TRUE(status.ok() || absl::IsDataLoss(status) || absl::IsFailedPrecondition(status))
        << damage << ": " << status;
  }

  FaultyDisk& disk_ = harness_.disk();
  DurableState intact_;
  std::map<std::string, std::string> files_;
};

TEST_F(RocksdbFiles, AnyByteChanged_IsFoundOrDoesNotMatter) {
  constexpr uint64_t kStride = 7;  // In what is long.
  for (const auto& [file, bytes] : files_) {
    for (uint64_t at = 0; at < bytes.size(); at += bytes.size() < 200 ? 1 : kStride) {
      Restore();
      disk_.FlipBit(file, at);
      ExpectAllOrNothing(file + ", byte " + std::to_string(at));
    }
  }
}

TEST_F(RocksdbFiles, OneMissing_IsFoundOrDoesNotMatter) {
  for (const auto& [file, bytes] : files_) {
    Restore();
    disk_.Delete(file);
    ExpectAllOrNothing(file);
  }
}

// Several tables on one level.
class RocksdbTables : public ::testing::Test {
 protected:
  // Of what the store holds; closes it.
  void MakeTables() {
    ASSERT_EQ(harness_.Tamper([](::rocksdb::DB& database) {
      EXPECT_TRUE(database.SetOptions({{"target_file_size_base", "16384"}}).ok());
      ::rocksdb::CompactRangeOptions all;
      all.bottommost_level_compaction = ::rocksdb::BottommostLevelCompaction::kForce;
      EXPECT_TRUE(database.CompactRange(all, nullptr, nullptr).ok());
    }),
              absl::OkStatus());
    harness_.Close();
    for (const std::string& file : harness_.disk().FilesBelow("/store/db")) {
      if (file.ends_with(".sst")) tables_.push_back(file);
    }
    ASSERT_GT(tables_.size(), 2u);
  }

  RocksdbHarness harness_;
  std::vector<std::string> tables_;
};

TEST_F(RocksdbTables, FirstBlockOfAnyChanged_LogIsNotTakenForAShorterOne) {
  harness_.MustOpen();
  ASSERT_EQ(harness_.Append(1, 2000), absl::OkStatus());
  MakeTables();
  for (const std::string& table : tables_) {
    harness_.disk().FlipBit(table, 10);
    absl::Status status = harness_.Open();
    if (status.ok()) status = harness_.store().Load(kGroup).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << table << ": " << status;
    harness_.Close();
    harness_.disk().FlipBit(table, 10);
  }
}

// Where a table says what it is. One that the store has written.
TEST(RocksdbTable, AnyByteOfItsEndChanged_RefusesToOpenOrDoesNotMatter) {
  RocksdbHarness harness;
  harness.UseSmallFiles();
  harness.MustOpen();
  ASSERT_EQ(harness.Append(1, 2000), absl::OkStatus());
  ASSERT_EQ(harness.Append(2001, 4000), absl::OkStatus());
  const std::vector<Entry> intact = harness.store().Load(kGroup)->entries;
  harness.Close();
  ASSERT_EQ(harness.Open(), absl::OkStatus());  // Writes what the log has into a table.
  harness.Close();
  FaultyDisk& disk = harness.disk();
  const std::vector<std::string> files = disk.FilesBelow("/store/db");
  const auto table = std::find_if(files.begin(), files.end(),
                                  [](const std::string& file) { return file.ends_with(".sst"); });
  ASSERT_NE(table, files.end());
  const uint64_t size = disk.SizeOf(*table);
  for (uint64_t at = size - 1600; at < size; ++at) {
    disk.FlipBit(*table, at, 7);
    absl::Status status = harness.Open();
    if (status.ok()) {
      const auto state = harness.store().Load(kGroup);
      if (state.ok()) {
        EXPECT_EQ(state->entries, intact) << "byte " << at;
      }
      status = state.status();
    }
    EXPECT_TRUE(status.ok() || absl::IsDataLoss(status)) << "byte " << at << ": " << status;
    harness.Close();
    disk.FlipBit(*table, at, 7);
  }
}

TEST_F(RocksdbTables, FirstBlockOfAnyChanged_NoGroupIsForgotten) {
  std::vector<GroupId> groups;
  for (uint64_t group = 1; group <= 1000; ++group) groups.emplace_back(group);
  harness_.MustOpen(groups);
  MakeTables();
  for (const std::string& table : tables_) {
    harness_.disk().FlipBit(table, 10);
    const absl::Status status = harness_.Open();
    EXPECT_TRUE(absl::IsDataLoss(status))
        << table << ": " << status
        << (status.ok() ? std::to_string(harness_.store().Groups()->size()) + " groups" : "");
    harness_.Close();
    harness_.disk().FlipBit(table, 10);
  }
}

// A store whose write-ahead log holds 20 writes, one entry each, and nothing else does.
class RocksdbWriteAheadLog : public ::testing::Test {
 protected:
  RocksdbWriteAheadLog() {
    harness_.MustOpen();
    file_ = NewestLog(harness_.disk());
    for (uint64_t index = 1; index <= 20; ++index) {
      last_write_ = WrittenIn(harness_.disk(), file_);
      EXPECT_EQ(harness_.Append(index, index), absl::OkStatus());
    }
    harness_.Close();
    size_ = WrittenIn(harness_.disk(), file_);
    EXPECT_GT(last_write_, 1000U);
  }

  // How many entries are there; an error if the store or the group is refused.
  absl::StatusOr<size_t> CountEntries() {
    absl::Status status = harness_.Open();
    if (!status.ok()) return status;
    const auto state = harness_.store().Load(kGroup);
    if (!state.ok()) return state.status();
    return state->entries.size();
  }

  RocksdbHarness harness_;
  std::string file_;
  uint64_t last_write_ = 0;  // Where it begins,
  uint64_t size_ = 0;        // and where it ends.
};

TEST_F(RocksdbWriteAheadLog, Record_ChangedInTheMiddle_RefusesToOpen) {
  // Every byte of what precedes the last write, lengths included: a length that points behind the
  // end makes RocksDB alone drop what follows.
  for (uint64_t offset = 0; offset < last_write_; ++offset) {
    harness_.disk().FlipBit(file_, offset);
    const absl::Status status = harness_.Open();
    ASSERT_TRUE(absl::IsDataLoss(status)) << "offset " << offset << ": " << status;
    harness_.disk().FlipBit(file_, offset);
  }
  EXPECT_EQ(CountEntries().value(), 20U);
}

TEST_F(RocksdbWriteAheadLog, Record_WithALengthBeyondTheEnd_RefusesToOpen) {
  // The high byte of the first record's length.
  harness_.disk().FlipBit(file_, 5);
  EXPECT_TRUE(absl::IsDataLoss(harness_.Open()));
}

TEST_F(RocksdbWriteAheadLog, LastWrite_AnyBitFlipped_RefusesToOpen) {
  // It is whole, so it may have been acknowledged.
  for (uint64_t offset = last_write_; offset < size_; ++offset) {
    harness_.disk().FlipBit(file_, offset);
    ASSERT_TRUE(absl::IsDataLoss(harness_.Open())) << "offset " << offset;
    harness_.disk().FlipBit(file_, offset);
  }
}

TEST_F(RocksdbWriteAheadLog, LastWrite_CutAnywhere_IsDropped) {
  // From its last byte to its first, in its data and in its header.
  for (uint64_t size = size_ - 1; size >= last_write_; size -= 3) {
    RocksdbHarness harness;
    harness.MustOpen();
    ASSERT_EQ(harness.Append(1, 19), absl::OkStatus());
    const std::string file = NewestLog(harness.disk());
    const uint64_t kept = WrittenIn(harness.disk(), file);
    ASSERT_EQ(harness.Append(20, 20), absl::OkStatus());
    harness.Close();
    harness.disk().CutTo(file, kept + (size - last_write_));
    harness.MustOpen();
    ASSERT_EQ(harness.store().Load(kGroup)->entries, MakeEntries(1, 19, 1));
    ASSERT_EQ(harness.Append(20, 20), absl::OkStatus());
  }
}

// A killed process leaves a write that is whole and not synced. The next one takes it for its own,
// and must not lose it, or part of it, to the power cut that follows.
TEST(RocksdbKilledBeforeItsSync, LargeWrite_PowerCutWhileRecovering_OpensAgain) {
  size_t recovered = 0;
  for (uint64_t before = 1; before <= 2; ++before) {  // In its append, or at its sync.
    for (uint64_t during = 1; during <= 60; ++during) {
      RocksdbHarness harness;
      harness.MustOpen();
      ASSERT_EQ(harness.Append(1, 1), absl::OkStatus());
      Persist persist;
      persist.entries = MakeEntries(2, 2, 1, 400'000);
      harness.disk().CutPowerAt(harness.disk().operations() + before);
      ASSERT_NE(harness.Write(persist), absl::OkStatus());
      harness.Close();
      harness.disk().Restart(Lost::kNothing, 1);
      harness.disk().CutPowerAt(harness.disk().operations() + during);
      if (harness.Open().ok()) ++recovered;
      harness.Close();
      harness.disk().Restart(Lost::kSectors, before * 1000 + during);
      const absl::Status status = harness.Open();
      ASSERT_EQ(status, absl::OkStatus()) << before << ", " << during;
      ASSERT_GE(harness.store().Load(kGroup)->entries.size(), 1U);
    }
  }
  EXPECT_GT(recovered, 0U);
}

// Keeps RocksDB from flushing until it is destroyed.
class FlushesHeldUp {
 public:
  explicit FlushesHeldUp(::rocksdb::Env& env) {
    const int threads = std::max(1, env.GetBackgroundThreads(::rocksdb::Env::HIGH));
    for (int i = 0; i < threads; ++i) env.Schedule(&Wait, &release_, ::rocksdb::Env::HIGH);
    waiting_ = threads;
  }
  ~FlushesHeldUp() { release_.Release(waiting_); }

 private:
  class Gate {
   public:
    void Pass() {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return open_; });
      ++passed_;
      changed_.notify_all();
    }
    // Opens, and waits until `count` have passed.
    void Release(int count) {
      std::unique_lock lock(mutex_);
      open_ = true;
      changed_.notify_all();
      changed_.wait(lock, [this, count] { return passed_ == count; });
    }

   private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
    int passed_ = 0;
  };
  static void Wait(void* gate) { static_cast<Gate*>(gate)->Pass(); }

  Gate release_;
  int waiting_ = 0;
};

TEST_F(RocksdbWriteAheadLog, FileBeforeTheNewest_CutShort_RefusesToOpen) {
  RocksdbHarness harness;
  harness.options().write_buffer_bytes = 64 * 1024;
  harness.MustOpen();
  const std::string first = NewestLog(harness.disk());
  {
    const FlushesHeldUp held(harness.env());
    // Until a second file has taken more than one write. Only the last hard state counts, so that
    // no chain shows that an earlier one is missing.
    Persist persist;
    persist.hard_state = HardState{.term = Term(1), .vote = 1, .peers = {}};
    persist.hard_state->peers.resize(250, {1, Incarnation(1)});
    while (NewestLog(harness.disk()) == first ||
           WrittenIn(harness.disk(), NewestLog(harness.disk())) < 10'000) {
      ++persist.hard_state->term;
      ASSERT_LT(persist.hard_state->term, Term(100));
      ASSERT_EQ(harness.Write(persist), absl::OkStatus());
    }
    harness.disk().CutPowerAt(harness.disk().operations() + 1);
  }
  harness.Close();
  harness.disk().Restart(Lost::kNothing, 1);
  harness.disk().CutTo(first, WrittenIn(harness.disk(), first) - 100);
  EXPECT_TRUE(absl::IsDataLoss(harness.Open()));
}

}  // namespace
}  // namespace synod::test
