// The disk of the storage tests, as RocksDB sees it.
#include "tests/support/faulty_file_system.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/faulty_disk.h"

namespace synod::test {
namespace {

using ::rocksdb::DataVerificationInfo;
using ::rocksdb::FileOptions;
using ::rocksdb::FSWritableFile;
using ::rocksdb::IOOptions;

class FaultyFileSystemTest : public ::testing::Test {
 protected:
  std::unique_ptr<FSWritableFile> Open(const std::string& path) {
    std::unique_ptr<FSWritableFile> file;
    EXPECT_TRUE(files_->NewWritableFile(path, FileOptions(), &file, nullptr).ok());
    return file;
  }
  bool SyncRoot() {
    std::unique_ptr<::rocksdb::FSDirectory> root;
    return files_->NewDirectory("/", IOOptions(), &root, nullptr).ok() &&
           root->Fsync(IOOptions(), nullptr).ok();
  }

  FaultyDisk disk_;
  const std::shared_ptr<::rocksdb::FileSystem> files_ = MakeFileSystem(disk_);
  const IOOptions options_;
};

TEST_F(FaultyFileSystemTest, Append_AfterPositionedAppend_GoesOnBehindTheLastAppend) {
  const auto file = Open("/f");
  EXPECT_TRUE(file->Append("ab", options_, nullptr).ok());
  EXPECT_TRUE(file->PositionedAppend("------", 0, options_, nullptr).ok());
  EXPECT_TRUE(file->Append("cd", options_, DataVerificationInfo(), nullptr).ok());
  EXPECT_TRUE(file->PositionedAppend("y", 5, options_, DataVerificationInfo(), nullptr).ok());
  EXPECT_EQ(disk_.Contents("/f"), "--cd-y");
  EXPECT_EQ(file->GetFileSize(options_, nullptr), 6U);
}

TEST_F(FaultyFileSystemTest, Sync_AndFsync_MakeDurableWhatIsThereAndNothingElse) {
  const auto file = Open("/f");
  ASSERT_TRUE(SyncRoot());
  EXPECT_TRUE(file->Append("abcd", options_, nullptr).ok());
  EXPECT_TRUE(file->Sync(options_, nullptr).ok());
  EXPECT_TRUE(file->PositionedAppend("x", 1, options_, nullptr).ok());
  EXPECT_TRUE(file->Fsync(options_, nullptr).ok());
  EXPECT_TRUE(file->PositionedAppend("y", 2, options_, nullptr).ok());
  EXPECT_TRUE(file->Truncate(3, options_, nullptr).ok());
  EXPECT_TRUE(file->Flush(options_, nullptr).ok());
  EXPECT_TRUE(file->Close(options_, nullptr).ok());
  EXPECT_EQ(disk_.Contents("/f"), "axy");
  disk_.Restart(Lost::kAll, 1);
  EXPECT_EQ(disk_.Contents("/f"), "axcd");
}

TEST_F(FaultyFileSystemTest, Open_OfAFileThatIsThere_EmptiesItOrGoesOnBehindItsEnd) {
  ASSERT_TRUE(Open("/f")->Append("abcd", options_, nullptr).ok());
  std::unique_ptr<FSWritableFile> file;
  ASSERT_TRUE(files_->ReopenWritableFile("/f", FileOptions(), &file, nullptr).ok());
  EXPECT_TRUE(file->Append("ef", options_, nullptr).ok());
  EXPECT_EQ(disk_.Contents("/f"), "abcdef");
  EXPECT_TRUE(files_->Truncate("//f", 3, options_, nullptr).ok());
  EXPECT_EQ(disk_.Contents("/f"), "abc");
  Open("/f");
  EXPECT_EQ(disk_.Contents("/f"), "");
  ASSERT_TRUE(files_->ReopenWritableFile("/g", FileOptions(), &file, nullptr).ok());
  EXPECT_TRUE(files_->FileExists("/g", options_, nullptr).ok());
}

TEST_F(FaultyFileSystemTest, Errors_AreThoseThatRocksdbKnows) {
  uint64_t size = 0;
  EXPECT_TRUE(files_->FileExists("/f", options_, nullptr).IsNotFound());
  EXPECT_TRUE(files_->GetFileSize("/f", options_, &size, nullptr).IsPathNotFound());
  std::unique_ptr<FSWritableFile> file;
  EXPECT_TRUE(
      files_->NewWritableFile("/missing/f", FileOptions(), &file, nullptr).IsPathNotFound());
  file = Open("/f");
  disk_.SetCapacity(3);
  EXPECT_TRUE(file->Append("abcd", options_, nullptr).IsNoSpace());
  disk_.CutPowerAt(0);
  EXPECT_TRUE(file->Append("a", options_, nullptr).IsIOError());
}

TEST_F(FaultyFileSystemTest, Lock_Held_IsRefusedUntilItIsGivenBack) {
  ::rocksdb::FileLock* first = nullptr;
  ::rocksdb::FileLock* second = nullptr;
  ASSERT_TRUE(files_->LockFile("/lock", options_, &first, nullptr).ok());
  EXPECT_TRUE(files_->LockFile("//lock", options_, &second, nullptr).IsIOError());
  ASSERT_TRUE(files_->UnlockFile(first, options_, nullptr).ok());
  ASSERT_TRUE(files_->LockFile("/lock", options_, &second, nullptr).ok());
  EXPECT_TRUE(files_->UnlockFile(second, options_, nullptr).ok());
}

}  // namespace
}  // namespace synod::test
