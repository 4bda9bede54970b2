#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/storage/file_system_suite.h"

namespace synod::test {
namespace {

using ::testing::UnorderedElementsAre;

std::string Read(File& file, uint64_t offset, size_t size) {
  std::string bytes(size, '?');
  const auto count = file.ReadAt(offset, bytes);
  EXPECT_EQ(count.status(), absl::OkStatus());
  bytes.resize(count.value_or(0));
  return bytes;
}

TEST_P(FileSystemTest, File_Created_IsAppendedToAndRead) {
  EXPECT_TRUE(absl::IsNotFound(files().Open(At("file")).status()));
  const auto file = files().Create(At("file"));
  ASSERT_EQ(file.status(), absl::OkStatus());
  EXPECT_TRUE(absl::IsAlreadyExists(files().Create(At("file")).status()));
  EXPECT_TRUE(absl::IsNotFound(files().Create(At("missing/file")).status()));
  EXPECT_EQ((*file)->Append("01234"), absl::OkStatus());
  EXPECT_EQ((*file)->Append("56789"), absl::OkStatus());
  EXPECT_EQ((*file)->Size().value(), 10U);
  EXPECT_EQ(Read(**file, 2, 6), "234567");
  EXPECT_EQ((*file)->Sync(), absl::OkStatus());
  EXPECT_EQ(Read(**file, 7, 6), "789");
  EXPECT_EQ(Read(**file, 11, 6), "");
}

TEST_P(FileSystemTest, File_Opened_IsReadAndSynced) {
  ASSERT_EQ((*files().Create(At("file")))->Append("0123456789"), absl::OkStatus());
  const auto file = files().Open(At("file"));
  ASSERT_EQ(file.status(), absl::OkStatus());
  EXPECT_EQ((*file)->Size().value(), 10U);
  EXPECT_EQ(Read(**file, 7, 6), "789");
  EXPECT_EQ((*file)->Sync(), absl::OkStatus());
}

TEST_P(FileSystemTest, File_Truncated_EndsThere) {
  EXPECT_TRUE(absl::IsNotFound(files().Truncate(At("file"), 0)));
  ASSERT_EQ((*files().Create(At("file")))->Append("0123456789"), absl::OkStatus());
  EXPECT_EQ(files().Truncate(At("file"), 4), absl::OkStatus());
  const auto file = files().Open(At("file"));
  EXPECT_EQ((*file)->Size().value(), 4U);
  EXPECT_EQ(Read(**file, 0, 10), "0123");
}

TEST_P(FileSystemTest, File_Rewritten_IsAsItWas) {
  EXPECT_TRUE(absl::IsNotFound(files().Rewrite(At("file"))));
  for (const size_t size : {0, 10, 1'000'000}) {
    std::string bytes;
    while (bytes.size() < size) bytes += std::to_string(bytes.size());
    ASSERT_EQ((*files().Create(At("file")))->Append(bytes), absl::OkStatus());
    EXPECT_EQ(files().Rewrite(At("file")), absl::OkStatus());
    EXPECT_EQ(Read(**files().Open(At("file")), 0, bytes.size() + 1), bytes);
    ASSERT_EQ(files().Remove(At("file")), absl::OkStatus());
  }
}

TEST_P(FileSystemTest, File_RenamedAndRemoved_IsUsedToItsEnd) {
  const auto file = files().Create(At("file"));
  ASSERT_EQ((*file)->Append("old"), absl::OkStatus());
  ASSERT_EQ((*files().Create(At("other")))->Append("other"), absl::OkStatus());
  EXPECT_EQ(files().Rename(At("file"), At("other")), absl::OkStatus());
  EXPECT_TRUE(absl::IsNotFound(files().Open(At("file")).status()));
  EXPECT_EQ(Read(**files().Open(At("other")), 0, 10), "old");
  EXPECT_EQ((*file)->Append("er"), absl::OkStatus());
  EXPECT_EQ(files().Remove(At("other")), absl::OkStatus());
  EXPECT_TRUE(absl::IsNotFound(files().Remove(At("other"))));
  EXPECT_EQ((*file)->Sync(), absl::OkStatus());
  EXPECT_EQ(Read(**file, 0, 10), "older");
  EXPECT_EQ((*file)->Size().value(), 5U);
}

TEST_P(FileSystemTest, Directory_Made_IsListed) {
  EXPECT_TRUE(absl::IsNotFound(files().List(At("folder")).status()));
  EXPECT_EQ(files().CreateDirectory(At("folder")), absl::OkStatus());
  EXPECT_TRUE(absl::IsAlreadyExists(files().CreateDirectory(At("folder"))));
  EXPECT_TRUE(absl::IsNotFound(files().CreateDirectory(At("missing/folder"))));
  ASSERT_EQ(files().Create(At("file")).status(), absl::OkStatus());
  ASSERT_EQ(files().Create(At("folder/inner")).status(), absl::OkStatus());
  EXPECT_EQ(files().SyncDirectory(directory()), absl::OkStatus());
  EXPECT_THAT(files().List(directory()).value(), UnorderedElementsAre("file", "folder"));
  EXPECT_THAT(files().List(At("folder")).value(), UnorderedElementsAre("inner"));
  EXPECT_TRUE(absl::IsFailedPrecondition(files().List(At("file")).status()));
}

TEST_P(FileSystemTest, Lock_Held_IsRefusedUntilItIsGone) {
  auto held = files().Lock(At("lock"));
  ASSERT_EQ(held.status(), absl::OkStatus());
  EXPECT_TRUE(absl::IsFailedPrecondition(files().Lock(At("lock")).status()));
  held->reset();
  EXPECT_EQ(files().Lock(At("lock")).status(), absl::OkStatus());
  EXPECT_THAT(files().List(directory()).value(), UnorderedElementsAre("lock"));
}

TEST_P(FileSystemTest, Lock_WhereNoFileCanBe_IsNotTakenForHeld) {
  const absl::Status status = files().Lock(At("missing/lock")).status();
  EXPECT_FALSE(status.ok());
  EXPECT_FALSE(absl::IsFailedPrecondition(status)) << status;
}

TEST_P(FileSystemTest, FreeBytes_Asked_IsSomething) {
  EXPECT_GT(files().FreeBytes(directory()).value(), 0U);
}

}  // namespace
}  // namespace synod::test
