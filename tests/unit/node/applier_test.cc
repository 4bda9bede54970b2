// The order in which a state machine is used.
#include "src/applier.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "synod/wal.h"

#include "tests/support/faulty_disk.h"
#include "tests/unit/node/fake_host.h"
#include "tests/unit/node/ledger.h"
#include "tests/unit/node/test_cluster.h"

namespace synod::internal {
namespace {

using test::FakeHost;
using test::Ledger;
using test::LedgerControl;

Committed CommittedCommand(uint64_t index, std::string_view text, uint64_t request = 0) {
  return {.entry = {.index = Index(index),
                    .term = Term(1),
                    .kind = EntryKind::kCommand,
                    .payload = Payload::Copy(text)},
          .request = RequestId(request)};
}

class ApplierTest : public testing::TestWithParam<bool>, public Applier::Client {
 protected:
  ~ApplierTest() override { applier_.Stop(); }

  void OnReport(ApplierReport report) override { reports_.push_back(std::move(report)); }

  FakeHost host_{1};
  LedgerControl control_;
  std::vector<ApplierReport> reports_;
  Applier applier_{host_, 1, std::make_unique<Ledger>(control_), GetParam(), *this};
};

TEST_P(ApplierTest, Work_IsReportedInOrder) {
  applier_.Apply({CommittedCommand(1, "a", 7), CommittedCommand(2, "b")});
  applier_.Query(RequestId(8), "all");
  applier_.TakeView();
  applier_.Apply({CommittedCommand(3, "c", 9)});
  applier_.Query(RequestId(10), "all");
  ASSERT_TRUE(test::Eventually([&] {
    host_.Settle();
    return reports_.size() == 5;
  }));
  const auto& first = std::get<Applied>(reports_[0]);
  EXPECT_EQ(first.at.index, Index(2));
  EXPECT_EQ(first.commands, 2u);
  ASSERT_EQ(first.results.size(), 1u);
  EXPECT_EQ(first.results[0].request, RequestId(7));
  EXPECT_EQ(first.results[0].text, "1:a");
  EXPECT_EQ(std::get<Answered>(reports_[1]).answer.value(), "a,b,");
  EXPECT_EQ(std::get<Viewed>(reports_[2]).at.index, Index(2));
  EXPECT_EQ(std::get<Applied>(reports_[3]).results[0].text, "3:c");
  EXPECT_EQ(std::get<Answered>(reports_[4]).answer.value(), "a,b,c,");
}

TEST_P(ApplierTest, Restore_IsWaitedForByWhatComesAfterIt) {
  host_.Install(Index(5), "x,y,");
  applier_.Apply({CommittedCommand(1, "a")});
  applier_.Restore(Index(5));
  applier_.Apply({CommittedCommand(6, "z", 7)});
  applier_.Query(RequestId(8), "all");
  ASSERT_TRUE(test::Eventually([&] {
    host_.Settle();
    return reports_.size() == 4;
  }));
  EXPECT_TRUE(std::get<Restored>(reports_[1]).status.ok());
  EXPECT_EQ(std::get<Restored>(reports_[1]).at.index, Index(5));
  EXPECT_EQ(std::get<Applied>(reports_[2]).results[0].text, "3:z");
  EXPECT_EQ(std::get<Answered>(reports_[3]).answer.value(), "x,y,z,");
}

TEST_P(ApplierTest, ImageIsNewerThanAskedFor_ItsEntriesAreNotAppliedAgain) {  // S2
  host_.Install(Index(6), "x,y,z,");
  applier_.Restore(Index(5));
  applier_.Apply({CommittedCommand(6, "z", 7), CommittedCommand(7, "q", 8)});
  applier_.Query(RequestId(9), "all");
  ASSERT_TRUE(test::Eventually([&] {
    host_.Settle();
    return reports_.size() == 3;
  }));
  const auto& applied = std::get<Applied>(reports_[1]);
  ASSERT_EQ(applied.results.size(), 2u);
  EXPECT_EQ(applied.results[0].text, std::nullopt);
  EXPECT_EQ(applied.results[1].text, "4:q");
  EXPECT_EQ(applied.commands, 1u);
  EXPECT_EQ(std::get<Answered>(reports_[2]).answer.value(), "x,y,z,q,");
}

TEST_P(ApplierTest, ImageIsOlderThanAskedFor_IsDamage) {
  host_.Install(Index(4), "x,");
  applier_.Restore(Index(5));
  ASSERT_TRUE(test::Eventually([&] {
    host_.Settle();
    return reports_.size() == 1;
  }));
  EXPECT_TRUE(absl::IsDataLoss(std::get<Restored>(reports_[0]).status));
}

TEST_P(ApplierTest, RestoreFails_NothingIsDoneAfterIt) {
  host_.Install(Index(5), "x,y,");
  control_.fail_restore = true;
  applier_.Restore(Index(5));
  applier_.Apply({CommittedCommand(6, "z", 7)});
  applier_.Query(RequestId(8), "all");
  ASSERT_TRUE(test::Eventually([&] {
    host_.Settle();
    return !reports_.empty();
  }));
  applier_.Apply({CommittedCommand(7, "q", 9)});
  applier_.Stop();
  host_.Settle();
  ASSERT_EQ(reports_.size(), 1u);
  EXPECT_FALSE(std::get<Restored>(reports_[0]).status.ok());
  EXPECT_EQ(control_.applied_on.load(), std::thread::id());
}

TEST_P(ApplierTest, ImageIsOlderThanTheState_TheStateStays) {
  host_.Install(Index(1), "x,");
  applier_.Apply({CommittedCommand(1, "x"), CommittedCommand(2, "y")});
  applier_.Restore(Index(1));
  applier_.Query(RequestId(9), "all");
  ASSERT_TRUE(test::Eventually([&] {
    host_.Settle();
    return reports_.size() == 3;
  }));
  EXPECT_EQ(std::get<Answered>(reports_[2]).answer.value(), "x,y,");
  EXPECT_EQ(control_.restores, 0u);
}

// The state machine complains of what it cannot read before the image's checksum is compared.
TEST(ApplierOnADisk, ImageIsDamaged_TheDiskIsBlamed) {
  test::FaultyDisk disk;
  auto store = wal::Open("/store", {.files = &disk});
  ASSERT_TRUE(store.ok()) << store.status();
  FakeHost host(1, *std::move(store));
  host.Install(Index(5), "x,y,");
  ASSERT_TRUE(test::Eventually([&] { return host.store().OpenSnapshot(1).ok(); }));
  const std::vector<std::string> images = disk.FilesBelow("/store/snapshots");
  ASSERT_EQ(images.size(), 1u);
  disk.FlipBit(images.front(), 0);
  struct : Applier::Client {
    void OnReport(ApplierReport) override {}
  } client;
  LedgerControl control;
  control.fail_restore = true;
  Applier applier(host, 1, std::make_unique<Ledger>(control), /*own_thread=*/false, client);
  const absl::Status status = applier.RestoreNow();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr(images.front()));
}

INSTANTIATE_TEST_SUITE_P(OnTheLoopAndOnItsOwnThread, ApplierTest, testing::Bool(),
                         [](const auto& with) { return with.param ? "OwnThread" : "Loop"; });

}  // namespace
}  // namespace synod::internal
