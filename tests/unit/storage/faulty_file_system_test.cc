// The disk that the storage tests stand on: it forgets what it must and nothing else.
#include "tests/support/faulty_file_system.h"

#include <string>

#include <gtest/gtest.h>

namespace synod::test {
namespace {

using ::rocksdb::FileOptions;
using ::rocksdb::IOOptions;

class FaultyFileSystemTest : public ::testing::Test {
 protected:
  std::unique_ptr<::rocksdb::FSWritableFile> Create(const std::string& path) {
    std::unique_ptr<::rocksdb::FSWritableFile> file;
    EXPECT_TRUE(disk_.NewWritableFile(path, FileOptions(), &file, nullptr).ok());
    return file;
  }
  static bool Append(::rocksdb::FSWritableFile& file, const std::string& bytes) {
    return file.Append(bytes, IOOptions(), nullptr).ok();
  }
  static bool Sync(::rocksdb::FSWritableFile& file) { return file.Sync(IOOptions(), nullptr).ok(); }
  bool SyncRoot() {
    std::unique_ptr<::rocksdb::FSDirectory> root;
    return disk_.NewDirectory("/", IOOptions(), &root, nullptr).ok() &&
           root->Fsync(IOOptions(), nullptr).ok();
  }
  // "-" if it is not there.
  std::string Contents(const std::string& path) {
    std::string text;
    return ::rocksdb::ReadFileToString(&disk_, path, &text).ok() ? text : "-";
  }

  FaultyFileSystem disk_;
};

TEST_F(FaultyFileSystemTest, Restart_BytesNotSynced_AreDropped) {
  const auto file = Create("/f");
  ASSERT_TRUE(Append(*file, "synced"));
  ASSERT_TRUE(Sync(*file) && SyncRoot());
  ASSERT_TRUE(Append(*file, " and not"));
  EXPECT_EQ(Contents("/f"), "synced and not");
  disk_.Restart(Unsynced::kDropped, 1);
  EXPECT_EQ(Contents("/f"), "synced");
}

TEST_F(FaultyFileSystemTest, Restart_KeepingAll_DropsNothing) {
  const auto file = Create("/f");
  ASSERT_TRUE(Append(*file, "all"));
  disk_.Restart(Unsynced::kKept, 1);
  EXPECT_EQ(Contents("/f"), "all");
}

TEST_F(FaultyFileSystemTest, Restart_Torn_KeepsSomePrefix) {
  bool whole = false;
  bool part = false;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    FaultyFileSystem disk;
    std::unique_ptr<::rocksdb::FSWritableFile> file;
    ASSERT_TRUE(disk.NewWritableFile("/f", FileOptions(), &file, nullptr).ok());
    std::unique_ptr<::rocksdb::FSDirectory> root;
    ASSERT_TRUE(disk.NewDirectory("/", IOOptions(), &root, nullptr).ok());
    ASSERT_TRUE(root->Fsync(IOOptions(), nullptr).ok());
    ASSERT_TRUE(Append(*file, "0123456789"));
    disk.Restart(Unsynced::kTorn, seed);
    const uint64_t size = disk.SizeOf("/f");
    ASSERT_LE(size, 10U);
    whole = whole || size == 10;
    part = part || (size > 0 && size < 10);
  }
  EXPECT_TRUE(whole && part);
}

TEST_F(FaultyFileSystemTest, Restart_NameNotSynced_IsGoneThoughTheBytesWereSynced) {
  const auto file = Create("/f");
  ASSERT_TRUE(Append(*file, "bytes") && Sync(*file));
  disk_.Restart(Unsynced::kDropped, 1);
  EXPECT_EQ(Contents("/f"), "-");
}

TEST_F(FaultyFileSystemTest, Restart_RenameAndDeletionNotSynced_AreUndone) {
  for (const std::string name : {"/a", "/b"}) {
    const auto file = Create(name);
    ASSERT_TRUE(Append(*file, name) && Sync(*file));
  }
  ASSERT_TRUE(SyncRoot());
  ASSERT_TRUE(disk_.RenameFile("/a", "/c", IOOptions(), nullptr).ok());
  ASSERT_TRUE(disk_.DeleteFile("/b", IOOptions(), nullptr).ok());
  EXPECT_EQ(Contents("/c"), "/a");
  disk_.Restart(Unsynced::kDropped, 1);
  EXPECT_EQ(Contents("/a"), "/a");
  EXPECT_EQ(Contents("/b"), "/b");
  EXPECT_EQ(Contents("/c"), "-");
}

TEST_F(FaultyFileSystemTest, Restart_DirectoryNotSynced_TakesItsFilesAlong) {
  ASSERT_TRUE(disk_.CreateDir("/d", IOOptions(), nullptr).ok());
  const auto file = Create("/d/f");
  ASSERT_TRUE(Append(*file, "bytes") && Sync(*file));
  std::unique_ptr<::rocksdb::FSDirectory> directory;
  ASSERT_TRUE(disk_.NewDirectory("/d", IOOptions(), &directory, nullptr).ok());
  ASSERT_TRUE(directory->Fsync(IOOptions(), nullptr).ok());
  disk_.Restart(Unsynced::kDropped, 1);
  EXPECT_EQ(Contents("/d/f"), "-");
}

TEST_F(FaultyFileSystemTest, CutPower_AtAnOperation_FailsItAndAllThatFollow) {
  const auto file = Create("/f");
  ASSERT_TRUE(SyncRoot());
  disk_.CutPowerAt(disk_.operations() + 2);
  EXPECT_TRUE(Append(*file, "1"));
  EXPECT_FALSE(disk_.PowerIsOff());
  EXPECT_FALSE(Append(*file, "2"));
  EXPECT_TRUE(disk_.PowerIsOff());
  EXPECT_FALSE(Append(*file, "3"));
  EXPECT_FALSE(Sync(*file));
  disk_.Restart(Unsynced::kKept, 1);
  EXPECT_EQ(Contents("/f"), "12");
}

TEST_F(FaultyFileSystemTest, FailSync_ThenASyncThatSucceeds_HasLostTheBytes) {
  const auto file = Create("/f");
  ASSERT_TRUE(SyncRoot());
  disk_.FailSync(1);
  ASSERT_TRUE(Append(*file, "lost"));
  EXPECT_FALSE(Sync(*file));
  EXPECT_TRUE(Sync(*file));
  disk_.Restart(Unsynced::kDropped, 1);
  EXPECT_EQ(Contents("/f"), "");
}

TEST_F(FaultyFileSystemTest, LyingSync_Succeeds_AndDoesNothing) {
  const auto file = Create("/f");
  ASSERT_TRUE(SyncRoot());
  disk_.SetSyncsLie(true);
  ASSERT_TRUE(Append(*file, "lost") && Sync(*file));
  disk_.Restart(Unsynced::kDropped, 1);
  EXPECT_EQ(Contents("/f"), "");
}

TEST_F(FaultyFileSystemTest, Capacity_Reached_IsNoSpaceUntilAFileGoes) {
  const auto file = Create("/f");
  disk_.SetCapacity(10);
  ASSERT_TRUE(Append(*file, "12345678"));
  EXPECT_TRUE(file->Append("9012", IOOptions(), nullptr).IsNoSpace());
  uint64_t free = 0;
  ASSERT_TRUE(disk_.GetFreeSpace("/", IOOptions(), &free, nullptr).ok());
  EXPECT_EQ(free, 2U);
  ASSERT_TRUE(disk_.DeleteFile("/f", IOOptions(), nullptr).ok());
  EXPECT_TRUE(Append(*Create("/g"), "9012"));
}

}  // namespace
}  // namespace synod::test
