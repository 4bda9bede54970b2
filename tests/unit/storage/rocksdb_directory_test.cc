// The store's directory: held, foreign, newer, half made.
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/storage/store_harness.h"

namespace synod::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A directory of its own on the machine's disk.
class RealDirectory {
 public:
  RealDirectory() {
    std::string name = ::testing::TempDir() + "synod-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~RealDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string File(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

size_t CountFiles(const std::string& path) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::recursive_directory_iterator(path)) {
    ++count;
  }
  return count;
}

// A process that holds a lock on a file until it is told to go.
class LockHolder {
 public:
  explicit LockHolder(const std::string& path) {
    int ready[2];
    int go[2];
    if (::pipe(ready) != 0 || ::pipe(go) != 0) std::abort();
    // Opened here: between fork and exit only what is safe after a fork from threads is called.
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT, 0644);
    child_ = ::fork();
    if (child_ == 0) {
      struct flock lock = {};
      lock.l_type = F_WRLCK;
      lock.l_whence = SEEK_SET;
      char byte = ::fcntl(file, F_SETLK, &lock) == 0 ? 'y' : 'n';
      ::close(go[1]);
      if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
      if (::read(go[0], &byte, 1) < 0) ::_exit(1);
      ::_exit(0);
    }
    ::close(file);
    ::close(ready[1]);
    ::close(go[0]);
    char byte = 'n';
    holds_ = ::read(ready[0], &byte, 1) == 1 && byte == 'y';
    ::close(ready[0]);
    release_ = go[1];
  }
  ~LockHolder() {
    ::close(release_);
    ::waitpid(child_, nullptr, 0);
  }
  [[nodiscard]] bool holds() const { return holds_; }

 private:
  pid_t child_ = -1;
  int release_ = -1;
  bool holds_ = false;
};

TEST(RocksdbDirectory, Open_HeldByAnotherProcess_IsRefused) {
  const RealDirectory directory;
  ASSERT_EQ(rocksdb::Open(directory.path()).status(), absl::OkStatus());
  {
    const LockHolder holder(directory.File("LOCK"));
    ASSERT_TRUE(holder.holds());
    const absl::Status status = rocksdb::Open(directory.path()).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("held by another process"));
  }
  EXPECT_EQ(rocksdb::Open(directory.path()).status(), absl::OkStatus());
}

TEST(RocksdbDirectory, Open_TwiceInOneProcess_IsRefused) {
  const RealDirectory directory;
  const auto first = rocksdb::Open(directory.path());
  ASSERT_EQ(first.status(), absl::OkStatus());
  EXPECT_TRUE(absl::IsFailedPrecondition(rocksdb::Open(directory.path()).status()));
}

TEST(RocksdbDirectory, Open_ForeignDirectory_IsRefusedAndLeftAlone) {
  const RealDirectory directory;
  WriteFile(directory.File("precious.txt"), "mine");
  const absl::Status status = rocksdb::Open(directory.path()).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("precious.txt"));
  EXPECT_EQ(CountFiles(directory.path()), 1U);
}

TEST(RocksdbDirectory, Open_ForeignRocksdbDatabase_IsRefusedAndLeftAlone) {
  const RealDirectory directory;
  ::rocksdb::Options options;
  options.create_if_missing = true;
  ::rocksdb::DB* database = nullptr;
  ASSERT_TRUE(::rocksdb::DB::Open(options, directory.path(), &database).ok());
  delete database;
  const size_t files = CountFiles(directory.path());
  EXPECT_TRUE(absl::IsFailedPrecondition(rocksdb::Open(directory.path()).status()));
  EXPECT_EQ(CountFiles(directory.path()), files);
}

TEST(RocksdbDirectory, Open_AnothersFormatFile_IsRefusedAndLeftAlone) {
  for (const std::string text : {"", "something else", "synod rocksdb log store, format x\n",
                                 "synod rocksdb log store, format 1"}) {
    const RealDirectory directory;
    WriteFile(directory.File("FORMAT"), text);
    EXPECT_TRUE(absl::IsFailedPrecondition(rocksdb::Open(directory.path()).status())) << text;
    EXPECT_EQ(CountFiles(directory.path()), 1U);
  }
}

TEST(RocksdbDirectory, Open_NewerFormat_IsRefusedAndLeftAlone) {
  const RealDirectory directory;
  WriteFile(directory.File("FORMAT"), "synod rocksdb log store, format 2\n");
  const absl::Status status = rocksdb::Open(directory.path()).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("newer version (format 2"));
  EXPECT_EQ(CountFiles(directory.path()), 1U);
}

TEST(RocksdbDirectory, Open_FileInItsPlace_IsRefused) {
  const RealDirectory directory;
  WriteFile(directory.File("store"), "a file");
  EXPECT_TRUE(absl::IsFailedPrecondition(rocksdb::Open(directory.File("store")).status()));
}

TEST(RocksdbDirectory, Open_MissingParent_IsRefused) {
  const RealDirectory directory;
  const absl::Status status = rocksdb::Open(directory.File("missing/store")).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("its parent must exist"));
}

TEST(RocksdbDirectory, Open_EmptyPath_IsRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(rocksdb::Open("").status()));
}

TEST(RocksdbDirectory, Open_FreshMountPoint_IsTaken) {
  const RealDirectory directory;
  std::filesystem::create_directory(directory.File("lost+found"));
  EXPECT_EQ(rocksdb::Open(directory.path() + "/").status(), absl::OkStatus());
}

TEST(RocksdbDirectory, Open_UnusedSnapshotFiles_AreDeleted) {
  StoreHarness harness;
  harness.MustOpen();
  ASSERT_EQ(harness.Append(1, 5), absl::OkStatus());
  Persist persist;
  persist.snapshot = harness.Stage(Index(3), Term(1), "installed").value();
  ASSERT_EQ(harness.Write(persist), absl::OkStatus());
  ASSERT_EQ(harness.Stage(Index(4), Term(1), "staged").status(), absl::OkStatus());
  EXPECT_EQ(harness.disk().FilesBelow("/store/snapshots").size(), 2U);
  harness.Close();
  harness.MustOpen();
  EXPECT_EQ(harness.disk().FilesBelow("/store/snapshots").size(), 1U);
  EXPECT_EQ(harness.store().OpenSnapshot(kGroup).status(), absl::OkStatus());
  // The number of a file that is gone is not that of one that is there.
  persist.snapshot = harness.Stage(Index(5), Term(1), "next").value();
  ASSERT_EQ(harness.Write(persist), absl::OkStatus());
  EXPECT_EQ(harness.store().OpenSnapshot(kGroup)->meta.index, Index(5));
}

TEST(RocksdbDirectory, Snapshot_Replaced_ItsFileGoes) {
  StoreHarness harness;
  harness.MustOpen();
  ASSERT_EQ(harness.Append(1, 5), absl::OkStatus());
  for (uint64_t index = 1; index <= 5; ++index) {
    Persist persist;
    persist.snapshot = harness.Stage(Index(index), Term(1), "image").value();
    ASSERT_EQ(harness.Write(persist), absl::OkStatus());
  }
  harness.Close();
  EXPECT_EQ(harness.disk().FilesBelow("/store/snapshots").size(), 1U);
}

}  // namespace
}  // namespace synod::test
