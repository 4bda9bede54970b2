// The disk that the storage tests stand on: it forgets what it must and nothing else.
#include "tests/support/faulty_disk.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synod::test {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

// A file with `bytes` in it, and all that durable.
std::unique_ptr<DiskFile> MakeSynced(FaultyDisk& disk, const std::string& path,
                                     const std::string& bytes) {
  EXPECT_EQ(disk.Create(path).status(), absl::OkStatus());
  auto file = disk.OpenToChange(path);
  EXPECT_EQ((*file)->Append(bytes), absl::OkStatus());
  EXPECT_EQ((*file)->Sync(), absl::OkStatus());
  EXPECT_EQ(disk.SyncDirectory("/"), absl::OkStatus());
  return *std::move(file);
}

// What may be in a file of "aaa…", `size` bytes long, after `change` and a power cut.
std::set<std::string> Outcomes(uint64_t size, const std::function<void(DiskFile&)>& change,
                               Order order = Order::kNone) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    FaultyDisk disk(order);
    change(*MakeSynced(disk, "/f", std::string(size, 'a')));
    disk.Restart(Lost::kSectors, seed);
    outcomes.insert(disk.Contents("/f"));
  }
  return outcomes;
}

std::string Repeat(uint64_t count, char byte) { return std::string(count, byte); }

TEST(FaultyDisk, Restart_BytesNotSynced_AreLost) {
  FaultyDisk disk;
  const auto file = MakeSynced(disk, "/f", "synced");
  ASSERT_EQ(file->Append(" and not"), absl::OkStatus());
  EXPECT_EQ(disk.Contents("/f"), "synced and not");
  disk.Restart(Lost::kAll, 1);
  EXPECT_EQ(disk.Contents("/f"), "synced");
}

TEST(FaultyDisk, Restart_AfterAKill_LosesNothingAndMakesNothingDurable) {
  FaultyDisk disk;
  const auto file = MakeSynced(disk, "/f", "old");
  ASSERT_EQ(file->WriteAt(0, "new"), absl::OkStatus());
  ASSERT_EQ(file->Append("er"), absl::OkStatus());
  disk.Restart(Lost::kNothing, 1);
  EXPECT_EQ(disk.Contents("/f"), "newer");
  disk.Restart(Lost::kAll, 1);
  EXPECT_EQ(disk.Contents("/f"), "old");
}

TEST(FaultyDisk, Restart_SectorsOverwritten_ComeAndGoByThemselves) {
  const auto outcomes = Outcomes(3 * 512, [](DiskFile& file) {
    ASSERT_EQ(file.WriteAt(100, Repeat(1000, 'b')), absl::OkStatus());
  });
  std::set<std::string> expected;
  for (int kept = 0; kept < 8; ++kept) {
    std::string bytes = Repeat(3 * 512, 'a');
    if (kept & 1) bytes.replace(100, 412, 412, 'b');
    if (kept & 2) bytes.replace(512, 512, 512, 'b');
    if (kept & 4) bytes.replace(1024, 76, 76, 'b');
    expected.insert(bytes);
  }
  EXPECT_EQ(outcomes, expected);
}

TEST(FaultyDisk, Restart_SectorOverwrittenTwice_NeverHoldsWhatWasBetween) {
  const auto outcomes = Outcomes(512, [](DiskFile& file) {
    ASSERT_EQ(file.WriteAt(0, Repeat(512, 'b')), absl::OkStatus());
    ASSERT_EQ(file.WriteAt(0, Repeat(512, 'c')), absl::OkStatus());
  });
  EXPECT_THAT(outcomes, ElementsAre(Repeat(512, 'a'), Repeat(512, 'c')));
}

TEST(FaultyDisk, Restart_OverwrittenAndSynced_IsAsItWasAtTheSync) {
  const auto outcomes = Outcomes(512, [](DiskFile& file) {
    ASSERT_EQ(file.WriteAt(0, Repeat(512, 'b')), absl::OkStatus());
    ASSERT_EQ(file.Sync(), absl::OkStatus());
    ASSERT_EQ(file.WriteAt(0, Repeat(512, 'c')), absl::OkStatus());
  });
  EXPECT_THAT(outcomes, ElementsAre(Repeat(512, 'b'), Repeat(512, 'c')));
}

TEST(FaultyDisk, Restart_FileGrown_HasAnySizeAndZerosForLostSectors) {
  const auto outcomes = Outcomes(
      100, [](DiskFile& file) { ASSERT_EQ(file.Append(Repeat(1000, 'b')), absl::OkStatus()); });
  std::set<std::string> whole;
  std::set<uint64_t> sizes;
  for (const std::string& bytes : outcomes) {
    ASSERT_TRUE(bytes.size() >= 100 && bytes.size() <= 1100);
    sizes.insert(bytes.size());
    std::string pattern;
    for (uint64_t at = 0; at < bytes.size(); at = (at / 512 + 1) * 512) {
      const uint64_t end = std::min<uint64_t>(bytes.size(), (at / 512 + 1) * 512);
      const uint64_t begin = std::max<uint64_t>(at, 100);
      const std::string sector = bytes.substr(begin, end - begin);
      ASSERT_TRUE(sector == Repeat(sector.size(), 'b') || sector == Repeat(sector.size(), '\0'));
      if (!sector.empty()) pattern += sector[0] == 'b' ? '1' : '0';
    }
    ASSERT_EQ(bytes.substr(0, 100), Repeat(100, 'a'));
    if (bytes.size() > 1024) whole.insert(pattern);
  }
  EXPECT_GT(sizes.size(), 100U);
  EXPECT_THAT(whole, ElementsAre("000", "001", "010", "011", "100", "101", "110", "111"));
}

TEST(FaultyDisk, Restart_FileGrownWithAJournal_HasWhatItsSizeCovers) {
  const auto append = [](DiskFile& file) {
    ASSERT_EQ(file.Append(Repeat(1000, 'b')), absl::OkStatus());
  };
  const auto outcomes = Outcomes(100, append, Order::kJournal);
  EXPECT_GT(outcomes.size(), 100U);
  for (const std::string& bytes : outcomes) {
    ASSERT_EQ(bytes, Repeat(100, 'a') + Repeat(bytes.size() - 100, 'b'));
  }
}

TEST(FaultyDisk, Restart_SectorsOverwrittenWithAJournal_ComeAndGoByThemselves) {
  const auto overwrite = [](DiskFile& file) {
    ASSERT_EQ(file.WriteAt(0, Repeat(1024, 'b')), absl::OkStatus());
  };
  EXPECT_THAT(Outcomes(1024, overwrite, Order::kJournal),
              ElementsAre(Repeat(1024, 'a'), Repeat(512, 'a') + Repeat(512, 'b'),
                          Repeat(512, 'b') + Repeat(512, 'a'), Repeat(1024, 'b')));
}

TEST(FaultyDisk, Restart_WrittenBehindTheEnd_HasZerosBetween) {
  FaultyDisk disk;
  const auto file = MakeSynced(disk, "/f", "a");
  ASSERT_EQ(file->WriteAt(3, "b"), absl::OkStatus());
  ASSERT_EQ(file->Sync(), absl::OkStatus());
  disk.Restart(Lost::kAll, 1);
  EXPECT_EQ(disk.Contents("/f"), std::string("a\0\0b", 4));
}

TEST(FaultyDisk, Restart_CutNotSynced_IsUndoneOrNot) {
  const auto cut = [](DiskFile& file) { ASSERT_EQ(file.Resize(700), absl::OkStatus()); };
  EXPECT_THAT(Outcomes(2000, cut), ElementsAre(Repeat(700, 'a'), Repeat(2000, 'a')));
  FaultyDisk disk;
  cut(*MakeSynced(disk, "/f", Repeat(2000, 'a')));
  EXPECT_EQ(disk.SizeOf("/f"), 700U);
  disk.Restart(Lost::kAll, 1);
  EXPECT_EQ(disk.Contents("/f"), Repeat(2000, 'a'));
}

TEST(FaultyDisk, Restart_CutAndSynced_IsDurable) {
  FaultyDisk disk;
  const auto file = MakeSynced(disk, "/f", Repeat(2000, 'a'));
  ASSERT_EQ(file->Resize(700), absl::OkStatus());
  ASSERT_EQ(file->Sync(), absl::OkStatus());
  disk.Restart(Lost::kAll, 1);
  EXPECT_EQ(disk.Contents("/f"), Repeat(700, 'a'));
}

TEST(FaultyDisk, Restart_CutAndGrownAgain_IsWhatWasOrASizeSinceThen) {
  const auto outcomes = Outcomes(1024, [](DiskFile& file) {
    ASSERT_EQ(file.Resize(512), absl::OkStatus());
    ASSERT_EQ(file.Append("bb"), absl::OkStatus());
  });
  EXPECT_THAT(outcomes,
              ElementsAre(Repeat(512, 'a'), Repeat(512, 'a') + Repeat(1, 'a'),
                          Repeat(512, 'a') + Repeat(2, 'a'), Repeat(1024, 'a'),
                          Repeat(512, 'a') + Repeat(1, 'b'), Repeat(512, 'a') + Repeat(2, 'b'),
                          Repeat(512, 'a') + Repeat(2, 'b') + Repeat(510, 'a')));
}

TEST(FaultyDisk, Restart_CutByPath_IsDurableAtOnce) {
  FaultyDisk disk;
  const auto file = MakeSynced(disk, "/f", Repeat(1000, 'a'));
  ASSERT_EQ(file->WriteAt(0, "b"), absl::OkStatus());
  ASSERT_EQ(disk.Truncate("/f", 600), absl::OkStatus());
  ASSERT_EQ(file->Append("c"), absl::OkStatus());
  disk.Restart(Lost::kAll, 1);
  EXPECT_EQ(disk.Contents("/f"), Repeat(600, 'a'));
}

TEST(FaultyDisk, Restart_CutByPathWhenThePowerGoes_HasEitherSize) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    FaultyDisk disk;
    MakeSynced(disk, "/f", Repeat(1000, 'a'));
    disk.CutPowerAt(disk.operations() + 1);
    EXPECT_FALSE(disk.Truncate("/f", 600).ok());
    disk.Restart(Lost::kSectors, seed);
    outcomes.insert(disk.Contents("/f"));
  }
  EXPECT_THAT(outcomes, ElementsAre(Repeat(600, 'a'), Repeat(1000, 'a')));
}

TEST(FaultyDisk, Restart_NameNotSynced_IsGoneThoughTheBytesWereSynced) {
  FaultyDisk disk;
  const auto file = disk.Create("/f");
  ASSERT_EQ((*file)->Append("bytes"), absl::OkStatus());
  ASSERT_EQ((*file)->Sync(), absl::OkStatus());
  disk.Restart(Lost::kAll, 1);
  EXPECT_TRUE(absl::IsNotFound(disk.Open("/f").status()));
}

TEST(FaultyDisk, Restart_RenameAndRemovalNotSynced_AreUndone) {
  FaultyDisk disk;
  MakeSynced(disk, "/a", "a");
  MakeSynced(disk, "/b", "b");
  ASSERT_EQ(disk.Rename("/a", "/c"), absl::OkStatus());
  ASSERT_EQ(disk.Remove("/b"), absl::OkStatus());
  EXPECT_EQ(disk.Contents("/c"), "a");
  EXPECT_THAT(disk.FilesBelow(""), ElementsAre("/c"));
  disk.Restart(Lost::kAll, 1);
  EXPECT_EQ(disk.Contents("/a"), "a");
  EXPECT_EQ(disk.Contents("/b"), "b");
  EXPECT_THAT(disk.FilesBelow(""), ElementsAre("/a", "/b"));
}

// What may be on a disk after two files were made and one renamed.
std::set<std::string> NamesAfterACut(Order order) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    FaultyDisk disk(order);
    EXPECT_EQ(disk.Create("/a").status(), absl::OkStatus());
    EXPECT_EQ(disk.SyncDirectory("/"), absl::OkStatus());
    EXPECT_EQ(disk.Create("/b").status(), absl::OkStatus());
    EXPECT_EQ(disk.Rename("/a", "/c"), absl::OkStatus());
    disk.Restart(Lost::kSectors, seed);
    std::string found;
    for (const std::string& file : disk.FilesBelow("")) found += file;
    outcomes.insert(found);
  }
  return outcomes;
}

TEST(FaultyDisk, Restart_Names_ComeAndGoByThemselves) {
  EXPECT_THAT(NamesAfterACut(Order::kNone),
              ElementsAre("", "/a", "/a/b", "/a/b/c", "/a/c", "/b", "/b/c", "/c"));
}

TEST(FaultyDisk, Restart_NamesWithAJournal_ArriveUpToSomeChange) {
  EXPECT_THAT(NamesAfterACut(Order::kJournal), ElementsAre("/a", "/a/b", "/a/b/c", "/b/c"));
}

TEST(FaultyDisk, Restart_DirectoryNotSynced_TakesItsFilesAlong) {
  FaultyDisk disk;
  ASSERT_EQ(disk.CreateDirectory("/d"), absl::OkStatus());
  ASSERT_EQ(disk.Create("/d/f").status(), absl::OkStatus());
  ASSERT_EQ(disk.SyncDirectory("/d"), absl::OkStatus());
  disk.Restart(Lost::kAll, 1);
  EXPECT_TRUE(disk.FilesBelow("").empty());
  EXPECT_TRUE(absl::IsNotFound(disk.List("/d").status()));
}

TEST(FaultyDisk, CutPower_AtAnOperation_FailsItAndAllThatFollow) {
  FaultyDisk disk;
  const auto file = MakeSynced(disk, "/f", "0");
  disk.CutPowerAt(disk.operations() + 2);
  EXPECT_EQ(file->Append("1"), absl::OkStatus());
  EXPECT_FALSE(disk.PowerIsOff());
  EXPECT_FALSE(file->Append("2").ok());
  EXPECT_TRUE(disk.PowerIsOff());
  EXPECT_FALSE(file->WriteAt(0, "3").ok());
  EXPECT_FALSE(file->Resize(0).ok());
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_FALSE(disk.Truncate("/f", 0).ok());
  EXPECT_FALSE(disk.Remove("/f").ok());
  disk.Restart(Lost::kNothing, 1);
  EXPECT_EQ(disk.Contents("/f"), "012");
}

TEST(FaultyDisk, FailSync_ThenASyncThatSucceeds_HasLostTheBytes) {
  for (const Lost lost : {Lost::kAll, Lost::kSectors}) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      FaultyDisk disk;
      const auto file = MakeSynced(disk, "/f", "old");
      disk.FailSync(1);
      ASSERT_EQ(file->WriteAt(0, "newer"), absl::OkStatus());
      EXPECT_FALSE(file->Sync().ok());
      EXPECT_EQ(file->Sync(), absl::OkStatus());
      EXPECT_EQ(disk.Contents("/f"), "newer");
      disk.Restart(lost, seed);
      EXPECT_EQ(disk.Contents("/f"), std::string("old\0\0", 5));
    }
  }
}

TEST(FaultyDisk, FailSync_ThenWrittenOnceMore_IsDurable) {
  FaultyDisk disk;
  const auto file = MakeSynced(disk, "/f", "old");
  disk.FailSync(1);
  ASSERT_EQ(file->WriteAt(0, "newer"), absl::OkStatus());
  EXPECT_FALSE(file->Sync().ok());
  disk.Restart(Lost::kNothing, 1);
  EXPECT_EQ(disk.Rewrite("/f"), absl::OkStatus());
  disk.Restart(Lost::kAll, 1);
  EXPECT_EQ(disk.Contents("/f"), "newer");
}

TEST(FaultyDisk, FailChange_OfAnyKind_FailsOnce) {
  FaultyDisk disk;
  const auto file = MakeSynced(disk, "/f", "old");
  for (const auto& change : std::vector<std::function<absl::Status()>>{
           [&] { return file->Append("1"); }, [&] { return file->Sync(); },
           [&] { return disk.Rename("/f", "/g"); }, [&] { return disk.SyncDirectory("/"); },
           [&] { return disk.Create("/h").status(); }, [&] { return disk.Remove("/h"); }}) {
    disk.FailChange(1);
    EXPECT_TRUE(absl::IsInternal(change()));
    EXPECT_EQ(file->Append("2"), absl::OkStatus());
  }
  EXPECT_EQ(disk.failures(), 6U);
}

TEST(FaultyDisk, LyingSyncs_Succeed_AndDoNothing) {
  FaultyDisk disk;
  const auto file = MakeSynced(disk, "/f", "old");
  disk.SetSyncsLie(/*files=*/true, /*directories=*/true);
  ASSERT_EQ(file->WriteAt(0, "new"), absl::OkStatus());
  ASSERT_EQ(file->Sync(), absl::OkStatus());
  ASSERT_EQ(disk.Create("/g").status(), absl::OkStatus());
  ASSERT_EQ(disk.SyncDirectory("/"), absl::OkStatus());
  disk.Restart(Lost::kAll, 1);
  EXPECT_EQ(disk.Contents("/f"), "old");
  EXPECT_THAT(disk.FilesBelow(""), ElementsAre("/f"));
}

TEST(FaultyDisk, Capacity_Reached_IsNoSpaceUntilAFileGoes) {
  FaultyDisk disk;
  const auto file = MakeSynced(disk, "/f", "12345678");
  disk.SetCapacity(10);
  EXPECT_TRUE(absl::IsResourceExhausted(file->Append("9012")));
  EXPECT_TRUE(absl::IsResourceExhausted(file->Resize(11)));
  // What is there may be overwritten.
  EXPECT_EQ(file->WriteAt(6, "9012"), absl::OkStatus());
  EXPECT_EQ(disk.FreeBytes("/").value(), 0U);
  ASSERT_EQ(disk.Remove("/f"), absl::OkStatus());
  EXPECT_EQ(disk.FreeBytes("/").value(), 10U);
}

TEST(FaultyDisk, Damage_Done_IsThereBeforeAndAfterAPowerCut) {
  FaultyDisk disk;
  const auto file = MakeSynced(disk, "/f", "abcdef");
  ASSERT_EQ(file->WriteAt(1, "x"), absl::OkStatus());
  disk.FlipBit("/f", 0);
  disk.CutTo("/f", 4);
  EXPECT_EQ(disk.Contents("/f"), "`xcd");
  ASSERT_EQ(file->Append("yz"), absl::OkStatus());
  disk.Restart(Lost::kAll, 1);
  EXPECT_EQ(disk.Contents("/f"), "`bcd");
}

// A file of three syncs: two sectors of 'a', one of 'b', and a last one of 'c'.
std::unique_ptr<DiskFile> MakeSettled(FaultyDisk& disk) {
  auto file = MakeSynced(disk, "/f", std::string(1024, 'a'));
  for (const char byte : {'b', 'c'}) {
    EXPECT_EQ(file->Append(std::string(512, byte)), absl::OkStatus());
    EXPECT_EQ(file->Sync(), absl::OkStatus());
  }
  return file;
}

TEST(FaultyDisk, LoseWrite_AnyPlace_SparesWhatBecameDurableLast) {
  std::set<std::string> outcomes;
  for (uint64_t where = 0; where < 20; ++where) {
    FaultyDisk disk;
    MakeSettled(disk);
    EXPECT_TRUE(disk.LoseWrite("/f", where));
    EXPECT_EQ(disk.SizeOf("/f"), 2048u);
    EXPECT_EQ(disk.Contents("/f").substr(1536), std::string(512, 'c'));
    outcomes.insert(disk.Contents("/f"));
    disk.Restart(Lost::kAll, 1);
    EXPECT_TRUE(outcomes.contains(disk.Contents("/f")));
  }
  EXPECT_EQ(outcomes.size(), 3u);
}

TEST(FaultyDisk, LoseWrite_Overwritten_SparesWhatBecameDurableLast) {
  std::set<std::string> outcomes;
  for (uint64_t where = 0; where < 20; ++where) {
    FaultyDisk disk;
    auto file = MakeSynced(disk, "/f", std::string(2048, 'a'));
    EXPECT_EQ(file->WriteAt(512, std::string(512, 'b')), absl::OkStatus());
    EXPECT_EQ(file->Sync(), absl::OkStatus());
    EXPECT_TRUE(disk.LoseWrite("/f", where));
    EXPECT_EQ(disk.Contents("/f").substr(512, 512), std::string(512, 'b'));
    outcomes.insert(disk.Contents("/f"));
  }
  EXPECT_EQ(outcomes.size(), 3u);
}

TEST(FaultyDisk, LoseWrite_CutSince_SparesWhatBecameDurableLast) {
  FaultyDisk disk;
  auto file = MakeSynced(disk, "/f", std::string(1024, 'a'));
  EXPECT_EQ(file->Resize(512), absl::OkStatus());
  EXPECT_EQ(file->Sync(), absl::OkStatus());
  EXPECT_FALSE(disk.LoseWrite("/f", 0));
}

// As a start does that finds a torn tail.
TEST(FaultyDisk, LoseWrite_CutAndRewrittenSince_SparesWhatBecameDurableLast) {
  for (uint64_t where = 0; where < 20; ++where) {
    FaultyDisk disk;
    auto file = MakeSynced(disk, "/f", std::string(512, 'a'));
    EXPECT_EQ(file->Append(std::string(1024, 'b')), absl::OkStatus());
    EXPECT_EQ(file->Sync(), absl::OkStatus());
    EXPECT_EQ(file->Append("torn"), absl::OkStatus());
    disk.Restart(Lost::kNothing, 1);
    EXPECT_EQ(disk.Truncate("/f", 1536), absl::OkStatus());
    EXPECT_EQ(disk.Rewrite("/f"), absl::OkStatus());
    EXPECT_TRUE(disk.LoseWrite("/f", where));
    EXPECT_EQ(disk.Contents("/f"), std::string(512, '\0') + std::string(1024, 'b'));
  }
}

TEST(FaultyDisk, MisdirectWrite_AnyPlace_TakesThatOfAnother) {
  std::set<std::string> outcomes;
  for (uint64_t where = 0; where < 100'000; where += 31) {
    FaultyDisk disk;
    MakeSettled(disk);
    if (disk.MisdirectWrite("/f", "/f", where)) outcomes.insert(disk.Contents("/f"));
  }
  const std::string a(512, 'a');
  const std::string b(512, 'b');
  const std::string c(512, 'c');
  const std::string none(512, '\0');
  EXPECT_THAT(outcomes, UnorderedElementsAre(none + a + a + c, b + a + none + c, a + none + a + c,
                                             a + b + none + c));
}

TEST(FaultyDisk, MisdirectWrite_ToAnotherFile_DamagesBoth) {
  FaultyDisk disk;
  MakeSettled(disk);
  disk.SetContents("/g", std::string(512, 'g'));
  EXPECT_TRUE(disk.MisdirectWrite("/f", "/g", 0));
  EXPECT_EQ(disk.Contents("/f").substr(0, 512), std::string(512, '\0'));
  EXPECT_EQ(disk.Contents("/g"), std::string(512, 'a'));
}

TEST(FaultyDisk, Overwrite_BeyondTheEnd_DoesNotExtend) {
  FaultyDisk disk;
  const auto file = MakeSynced(disk, "/f", "abcdef");
  ASSERT_EQ(file->WriteAt(5, "x"), absl::OkStatus());
  disk.Overwrite("/f", 4, "123");
  EXPECT_EQ(disk.Contents("/f"), "abcd12");
  disk.FlipBit("/f", 0, 1);
  disk.Restart(Lost::kAll, 1);
  EXPECT_EQ(disk.Contents("/f"), "cbcd12");
}

TEST(FaultyDisk, RestoreImage_AfterChanges_BringsBackWhatWasSeenAndDurable) {
  FaultyDisk disk;
  auto file = MakeSynced(disk, "/f", "abc");
  ASSERT_EQ(file->Append("d"), absl::OkStatus());
  disk.TakeImage();
  disk.FlipBit("/f", 0);
  ASSERT_EQ(file->Sync(), absl::OkStatus());
  ASSERT_EQ(disk.Rename("/f", "/g"), absl::OkStatus());
  file.reset();
  disk.RestoreImage();
  EXPECT_THAT(disk.FilesBelow(""), ElementsAre("/f"));
  EXPECT_EQ(disk.Contents("/f"), "abcd");
  disk.Restart(Lost::kAll, 1);
  EXPECT_EQ(disk.Contents("/f"), "abc");
}

TEST(FaultyDisk, LoseWrite_OneSyncAlone_IsSpared) {
  FaultyDisk disk;
  MakeSynced(disk, "/f", std::string(4096, 'a'));
  EXPECT_FALSE(disk.LoseWrite("/f", 0));
  EXPECT_FALSE(disk.MisdirectWrite("/f", "/f", 0));
  EXPECT_FALSE(disk.LoseWrite("/missing", 0));
}

}  // namespace
}  // namespace synod::test
