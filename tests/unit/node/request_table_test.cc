// Requests that have not ended.
#include "src/request_table.h"

#include <set>

#include <gtest/gtest.h>

namespace synod::internal {
namespace {

Instant At(int64_t milliseconds) { return Instant(std::chrono::milliseconds(milliseconds)); }

PendingRequest Proposal() {
  return PendingProposal{[](Outcome) {}};
}

TEST(RequestTable, Take_EndsTheRequest) {
  RequestTable table;
  const RequestId id = table.Add(At(10), Proposal());
  EXPECT_FALSE(id.IsZero());
  EXPECT_NE(table.Find(id), nullptr);
  EXPECT_TRUE(table.Take(id).has_value());
  EXPECT_EQ(table.Find(id), nullptr);
  EXPECT_FALSE(table.Take(id).has_value());
}

TEST(RequestTable, SlotIsReused_OldNameFindsNothing) {
  RequestTable table;
  const RequestId old_id = table.Add(At(10), Proposal());
  ASSERT_TRUE(table.Take(old_id).has_value());
  const RequestId new_id = table.Add(At(10), Proposal());
  EXPECT_NE(old_id, new_id);
  EXPECT_FALSE(table.Take(old_id).has_value());
  EXPECT_TRUE(table.Take(new_id).has_value());
}

TEST(RequestTable, UnknownNames_FindNothing) {
  RequestTable table;
  EXPECT_EQ(table.Find(RequestId(0)), nullptr);
  EXPECT_EQ(table.Find(RequestId(~uint64_t{0})), nullptr);
}

TEST(RequestTable, Names_AreAllDifferent) {
  RequestTable table;
  std::set<RequestId> names;
  for (int round = 0; round < 10; ++round) {
    std::vector<RequestId> open;
    for (int i = 0; i < 100; ++i) open.push_back(table.Add(At(1), Proposal()));
    for (RequestId id : open) {
      EXPECT_TRUE(names.insert(id).second);
      table.Take(id);
    }
  }
}

TEST(RequestTable, Deadlines_TakeWhatHasPassedAndNothingElse) {
  RequestTable table;
  EXPECT_EQ(table.earliest_deadline(), kNever);
  const RequestId early = table.Add(At(10), Proposal());
  const RequestId late = table.Add(At(100), Proposal());
  EXPECT_EQ(table.earliest_deadline(), At(10));
  EXPECT_TRUE(table.TakeExpired(At(9)).empty());
  EXPECT_EQ(table.TakeExpired(At(10)).size(), 1u);
  EXPECT_EQ(table.Find(early), nullptr);
  EXPECT_NE(table.Find(late), nullptr);
  EXPECT_EQ(table.earliest_deadline(), At(100));
  EXPECT_EQ(table.TakeExpired(At(200)).size(), 1u);
  EXPECT_EQ(table.earliest_deadline(), kNever);
}

TEST(RequestTable, TakeAll_LeavesNothing) {
  RequestTable table;
  for (int i = 0; i < 5; ++i) table.Add(kNever, Proposal());
  EXPECT_EQ(table.TakeAll().size(), 5u);
  EXPECT_TRUE(table.TakeAll().empty());
}

}  // namespace
}  // namespace synod::internal
