// The store's directory: held, foreign, newer, half made; and the machine's own file system.
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/storage/wal_harness.h"

namespace synod::test {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

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

absl::Status OpenAt(const std::string& path) {
  return wal::Open(path, {.reserve_bytes = 0}).status();
}

TEST(WalDirectory, Missing_IsCreatedIfItsParentIsThere) {
  const RealDirectory directory;
  EXPECT_EQ(OpenAt(directory.File("store/")), absl::OkStatus());
  EXPECT_TRUE(std::filesystem::exists(directory.File("store/FORMAT")));
  const absl::Status status = OpenAt(directory.File("a/b"));
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("its parent must exist"));
  EXPECT_TRUE(absl::IsInvalidArgument(OpenAt("")));
}

TEST(WalDirectory, HeldInThisProcess_IsRefusedUntilClosed) {
  const RealDirectory directory;
  auto first = wal::Open(directory.path(), {.reserve_bytes = 0});
  ASSERT_EQ(first.status(), absl::OkStatus());
  const absl::Status status = OpenAt(directory.path());
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("held by another process"));
  first->reset();
  EXPECT_EQ(OpenAt(directory.path()), absl::OkStatus());
}

TEST(WalDirectory, HeldByAnotherProcess_IsRefusedUntilItDies) {
  const RealDirectory directory;
  ASSERT_EQ(OpenAt(directory.path()), absl::OkStatus());
  std::array<int, 2> locked{};
  ASSERT_EQ(::pipe(locked.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = wal::MachineFileSystem().Lock(directory.File("LOCK"));
    const char answer = lock.ok() ? 'y' : 'n';
    if (::write(locked[1], &answer, 1) == 1) ::pause();
    ::_exit(1);
  }
  char answer = 'n';
  ASSERT_EQ(::read(locked[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenAt(directory.path())));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(OpenAt(directory.path()), absl::OkStatus());
  ::close(locked[0]);
  ::close(locked[1]);
}

TEST(WalDirectory, AFile_IsRefused) {
  WalHarness harness;
  harness.disk().SetContents("/store", "text");
  const absl::Status status = harness.Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("is a file"));
}

// Whatever is refused stays as it was.
void ExpectRefusedUntouched(WalHarness& harness, const std::string& why) {
  const std::vector<std::string> files = harness.disk().FilesBelow("/");
  const uint64_t operations = harness.disk().operations();
  const absl::Status status = harness.Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(why));
  EXPECT_THAT(std::string(status.message()), HasSubstr("Nothing was changed"));
  EXPECT_EQ(harness.disk().FilesBelow("/"), files);
  EXPECT_EQ(harness.disk().operations(), operations);
}

TEST(WalDirectory, WithForeignFiles_IsRefusedUntouched) {
  WalHarness harness;
  ASSERT_EQ(harness.disk().CreateDirectory("/store"), absl::OkStatus());
  harness.disk().SetContents("/store/thesis.txt", "text");
  ExpectRefusedUntouched(harness, "thesis.txt");
}

TEST(WalDirectory, OfANewerVersionOrAnotherKind_IsRefusedUntouched) {
  WalHarness harness;
  harness.MustOpen();
  harness.Close();
  harness.disk().SetContents("/store/FORMAT", "synod wal, format 2\n");
  ExpectRefusedUntouched(harness, "newer version");
  for (const char* text : {"synod rocksdb log store, format 1\n", "synod wal, format 1",
                           "synod wal, format x\n", "synod wal, format 0\n", ""}) {
    harness.disk().SetContents("/store/FORMAT", text);
    ExpectRefusedUntouched(harness, "FORMAT");
  }
}

TEST(WalDirectory, HalfMade_IsMadeWhole) {
  WalHarness harness;
  ASSERT_EQ(harness.disk().CreateDirectory("/store"), absl::OkStatus());
  harness.disk().SetContents("/store/LOCK", "");
  harness.disk().SetContents("/store/FORMAT.tmp", "synod w");
  EXPECT_EQ(harness.Open(), absl::OkStatus());
  EXPECT_EQ(harness.disk().Contents("/store/FORMAT"), "synod wal, format 1\n");
}

TEST(WalDirectory, SnapshotsThatNobodyRefersTo_AreSwept) {
  WalHarness harness;
  harness.MustOpen();
  ASSERT_EQ(harness.Append(1, 9), absl::OkStatus());
  ASSERT_EQ(harness.Compact(3), absl::OkStatus());
  ASSERT_EQ(StageSnapshot(harness.store(), kGroup, Index(5), Term(1), "staged").status(),
            absl::OkStatus());
  harness.Close();
  harness.disk().SetContents("/store/snapshots/1-77.snapshot.tmp", "unfinished");
  harness.disk().SetContents("/store/snapshots/notes", "not ours");
  harness.MustOpen();
  EXPECT_EQ(harness.Counter("snapshots_swept"), 2U);
  EXPECT_EQ(harness.disk().FilesBelow("/store/snapshots").size(), 2U);
  EXPECT_EQ(harness.store().OpenSnapshot(kGroup)->meta.index, Index(3));
}

TEST(WalDirectory, Bootstrap_WithoutAnIdentity_IsRefused) {
  WalHarness harness;
  harness.MustOpen({});
  EXPECT_TRUE(absl::IsInvalidArgument(harness.store().Bootstrap({}, kGroup, {})));
}

TEST(WalMachineFileSystem, Files_DoWhatThePortSays) {
  const RealDirectory directory;
  wal::FileSystem& files = wal::MachineFileSystem();
  const std::string path = directory.File("file");
  EXPECT_TRUE(absl::IsNotFound(files.Open(path).status()));
  EXPECT_TRUE(absl::IsNotFound(files.Remove(path)));
  const auto file = files.Create(path);
  ASSERT_EQ(file.status(), absl::OkStatus());
  EXPECT_TRUE(absl::IsAlreadyExists(files.Create(path).status()));
  EXPECT_EQ((*file)->Append("0123456789"), absl::OkStatus());
  EXPECT_EQ((*file)->Sync(), absl::OkStatus());
  EXPECT_EQ((*file)->Size().value(), 10U);
  std::string bytes(6, '?');
  EXPECT_EQ((*file)->ReadAt(2, bytes).value(), 6U);
  EXPECT_EQ(bytes, "234567");
  EXPECT_EQ((*file)->ReadAt(7, bytes).value(), 3U);
  EXPECT_EQ((*file)->ReadAt(11, bytes).value(), 0U);
  EXPECT_EQ(files.Truncate(path, 4), absl::OkStatus());
  EXPECT_EQ((*file)->Append("x"), absl::OkStatus());
  EXPECT_EQ((*file)->Size().value(), 5U);
  EXPECT_EQ(files.Rename(path, directory.File("renamed")), absl::OkStatus());
  EXPECT_EQ(files.CreateDirectory(directory.File("folder")), absl::OkStatus());
  EXPECT_TRUE(absl::IsAlreadyExists(files.CreateDirectory(directory.File("folder"))));
  EXPECT_EQ(files.SyncDirectory(directory.path()), absl::OkStatus());
  EXPECT_THAT(files.List(directory.path()).value(), UnorderedElementsAre("renamed", "folder"));
  EXPECT_TRUE(absl::IsNotFound(files.List(path).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(files.List(directory.File("renamed")).status()));
  // Whoever has a file open reads on.
  EXPECT_EQ(files.Remove(directory.File("renamed")), absl::OkStatus());
  EXPECT_EQ((*file)->ReadAt(4, bytes).value(), 1U);
  EXPECT_EQ(bytes[0], 'x');
  EXPECT_GT(files.FreeBytes(directory.path()).value(), 0U);
}

}  // namespace
}  // namespace synod::test
