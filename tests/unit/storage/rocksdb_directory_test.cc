// The store's directory: what is the RocksDB store's own.
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/storage/real_directory.h"
#include "tests/unit/storage/rocksdb_harness.h"

namespace synod::test {
namespace {

using ::testing::HasSubstr;

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

// What RocksDB itself wrote down of how it was opened.
std::string OptionsIn(const std::string& path) {
  for (const auto& file : std::filesystem::recursive_directory_iterator(path)) {
    if (!file.path().filename().string().starts_with("OPTIONS-")) continue;
    std::ifstream stream(file.path());
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  return {};
}

// By its defaults RocksDB drops all that follows a corruption without a word, and tries a failed
// sync again (F2, F4).
TEST(RocksdbDirectory, Open_TellsCorruptionFromATornTailAndRetriesNoSync) {
  const RealDirectory directory;
  ASSERT_EQ(rocksdb::Open(directory.path()).status(), absl::OkStatus());
  const std::string options = OptionsIn(directory.path());
  EXPECT_THAT(options, HasSubstr("\n  wal_recovery_mode=kTolerateCorruptedTailRecords\n"));
  EXPECT_THAT(options, HasSubstr("\n  max_bgerror_resume_count=0\n"));
  EXPECT_THAT(options, HasSubstr("\n  recycle_log_file_num=0\n"));
}

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

// RocksDB does not survive a disk that is too full for it.
TEST(RocksdbDirectory, Open_KeepsNoLogOfWhatRocksdbDoes) {
  const RealDirectory directory;
  ASSERT_EQ(rocksdb::Open(directory.path()).status(), absl::OkStatus());
  for (const auto& file : std::filesystem::directory_iterator(directory.File("db"))) {
    EXPECT_FALSE(file.path().filename().string().starts_with("LOG")) << file.path();
  }
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

TEST(RocksdbDirectory, Open_WithoutTheDatabaseThatWasThere_IsRefused) {
  RocksdbHarness harness;
  harness.MustOpen();
  harness.Close();
  harness.disk().Delete("/store/db/CURRENT");
  const absl::Status status = harness.Open();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("is damaged"));
  for (const std::string& file : harness.disk().FilesBelow("/store/db")) {
    harness.disk().Delete(file);
  }
  harness.disk().Delete("/store/db");
  EXPECT_TRUE(absl::IsDataLoss(harness.Open()));
}

}  // namespace
}  // namespace synod::test
