// A store's directory: missing, held, foreign, newer, half made; and the snapshots in it.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/no_threads.h"
#include "tests/unit/storage/durable_store.h"

namespace synod::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What the FORMAT of a store of this version says.
std::string FormatText(const DurableStoreParam& store, uint32_t version) {
  return store.format + std::to_string(version) + "\n";
}

// Whatever is refused stays as it was.
void ExpectRefusedUntouched(StoreHarness& harness, const std::string& why) {
  const std::vector<std::string> files = harness.disk().FilesBelow("");
  const uint64_t operations = harness.disk().operations();
  const absl::Status status = harness.Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(why));
  EXPECT_THAT(std::string(status.message()), HasSubstr("Nothing was changed"));
  EXPECT_EQ(harness.disk().FilesBelow(""), files);
  EXPECT_EQ(harness.disk().operations(), operations);
}

TEST_P(DurableStore, Missing_IsCreatedIfItsParentIsThere) {
  EXPECT_EQ(harness().OpenAt("/store/").status(), absl::OkStatus());
  EXPECT_EQ(harness().disk().Contents("/store/FORMAT"), FormatText(GetParam(), GetParam().version));
  const absl::Status status = harness().OpenAt("/a/b").status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("its parent must exist"));
  EXPECT_TRUE(absl::IsInvalidArgument(harness().OpenAt("").status()));
}

TEST_P(DurableStore, NotToBeCreated_IsOpenedOnlyIfItWasMadeToTheEnd) {
  harness().SetCreateIfMissing(false);
  const auto expect_not_found = [this] {
    const std::vector<std::string> files = harness().disk().FilesBelow("");
    const uint64_t operations = harness().disk().operations();
    const absl::Status status = harness().Open();
    EXPECT_TRUE(absl::IsNotFound(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("no log store"));
    EXPECT_EQ(harness().disk().FilesBelow(""), files);
    EXPECT_EQ(harness().disk().operations(), operations);
  };
  expect_not_found();
  ASSERT_EQ(harness().disk().CreateDirectory("/store"), absl::OkStatus());
  expect_not_found();  // Where a disk is not mounted,
  ASSERT_EQ(harness().disk().CreateDirectory("/store/lost+found"), absl::OkStatus());
  expect_not_found();  // or a new one is.
  harness().disk().SetContents("/store/FORMAT", FormatText(GetParam(), GetParam().version));
  expect_not_found();
  harness().SetCreateIfMissing(true);
  harness().MustOpen();
  harness().Close();
  harness().SetCreateIfMissing(false);
  EXPECT_EQ(harness().Open(), absl::OkStatus());
}

TEST_P(DurableStore, HeldInThisProcess_IsRefusedUntilClosed) {
  harness().MustOpen();
  const absl::Status status = harness().OpenAt(StoreHarness::kPath).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("held by another process"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("PRECONDITION")));
  harness().Close();
  EXPECT_EQ(harness().Open(), absl::OkStatus());
}

TEST_P(DurableStore, AFile_IsRefused) {
  harness().disk().SetContents("/store", "text");
  const absl::Status status = harness().Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("is a file"));
}

TEST_P(DurableStore, WithForeignFiles_IsRefusedUntouched) {
  ASSERT_EQ(harness().disk().CreateDirectory("/store"), absl::OkStatus());
  harness().disk().SetContents("/store/thesis.txt", "text");
  ExpectRefusedUntouched(harness(), "thesis.txt");
}

TEST_P(DurableStore, OfANewerVersionOrAnotherKind_IsRefusedUntouched) {
  harness().MustOpen();
  harness().Close();
  const std::string& format = GetParam().format;
  const uint32_t newer = GetParam().version + 1;
  harness().disk().SetContents("/store/FORMAT", FormatText(GetParam(), newer));
  ExpectRefusedUntouched(harness(), "newer version (format " + std::to_string(newer));
  for (const std::string& text : {std::string("synod something, format 1\n"), format + "1",
                                  format + "x\n", format + "0\n", std::string()}) {
    harness().disk().SetContents("/store/FORMAT", text);
    ExpectRefusedUntouched(harness(), "FORMAT");
    ExpectRefusedUntouched(harness(), "Open it with the log store that made it.");
  }
}

// No version before the present one was ever released.
TEST_P(DurableStore, OfAnOlderVersion_IsRefusedUntouched) {
  harness().MustOpen();
  harness().Close();
  for (uint32_t older = 1; older < GetParam().version; ++older) {
    harness().disk().SetContents("/store/FORMAT", FormatText(GetParam(), older));
    ExpectRefusedUntouched(harness(), "older version (format " + std::to_string(older));
  }
}

TEST_P(DurableStore, HalfMade_IsMadeWhole) {
  ASSERT_EQ(harness().disk().CreateDirectory("/store"), absl::OkStatus());
  harness().disk().SetContents("/store/LOCK", "");
  harness().disk().SetContents("/store/FORMAT.tmp", "synod");
  EXPECT_EQ(harness().Open(), absl::OkStatus());
  EXPECT_EQ(harness().disk().Contents("/store/FORMAT"), FormatText(GetParam(), GetParam().version));
}

TEST_P(DurableStore, ThereIsNoThreadForIt_IsSaid) {
  {
    const NoThreads no_threads;
    const absl::Status status = harness().Open();
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  }
  EXPECT_EQ(harness().Open(), absl::OkStatus());
}

TEST_P(DurableStore, AFreshMountPoint_IsTaken) {
  ASSERT_EQ(harness().disk().CreateDirectory("/store"), absl::OkStatus());
  ASSERT_EQ(harness().disk().CreateDirectory("/store/lost+found"), absl::OkStatus());
  EXPECT_EQ(harness().Open(), absl::OkStatus());
}

TEST_P(DurableStore, SnapshotsThatNobodyRefersTo_AreSwept) {
  harness().MustOpen();
  ASSERT_EQ(harness().Append(1, 9), absl::OkStatus());
  ASSERT_EQ(harness().Compact(3), absl::OkStatus());
  ASSERT_EQ(harness().Stage(Index(5), Term(1), "staged").status(), absl::OkStatus());
  harness().Close();
  harness().disk().SetContents("/store/snapshots/1-77.snapshot.tmp", "unfinished");
  harness().disk().SetContents("/store/snapshots/notes", "not ours");
  harness().MustOpen();
  EXPECT_EQ(harness().Counter("snapshots_swept"), 2U);
  EXPECT_EQ(harness().disk().FilesBelow("/store/snapshots").size(), 2U);
  EXPECT_EQ(harness().store().OpenSnapshot(kGroup)->meta.index, Index(3));
  // The number of a file that is gone is not that of one that is there.
  ASSERT_EQ(harness().Compact(6), absl::OkStatus());
  EXPECT_EQ(harness().disk().Contents("/store/snapshots/1-78.snapshot"), "image");
}

TEST_P(DurableStore, SnapshotReplaced_ItsFileGoes) {
  harness().MustOpen();
  ASSERT_EQ(harness().Append(1, 5), absl::OkStatus());
  for (uint64_t index = 1; index <= 5; ++index) {
    ASSERT_EQ(harness().Compact(index), absl::OkStatus());
  }
  EXPECT_EQ(harness().store().OpenSnapshot(kGroup)->meta.index, Index(5));
  harness().Close();
  EXPECT_EQ(harness().disk().FilesBelow("/store/snapshots").size(), 1U);
}

}  // namespace
}  // namespace synod::test
