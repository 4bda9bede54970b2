// Conformance: whose a store is, and which groups are in it.
#include <gmock/gmock.h>

#include "tests/conformance/log_store/suite.h"

namespace synod::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_P(LogStoreConformance, NewStore_Asked_IsNobodys) {
  EXPECT_TRUE(absl::IsNotFound(store().Identity().status()));
  EXPECT_THAT(store().Groups().value(), IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(store().Load(kGroup).status()));
  EXPECT_TRUE(absl::IsNotFound(store().OpenSnapshot(kGroup).status()));
}

TEST_P(LogStoreConformance, Bootstrap_EmptyStore_IsFoundAgain) {
  Bootstrap();
  Reopen();
  EXPECT_EQ(store().Identity().value(), kIdentity);
  EXPECT_THAT(store().Groups().value(), ElementsAre(kGroup));
  const DurableState state = MustLoad(kGroup);
  EXPECT_EQ(state.initial_configuration, kMembers);
  EXPECT_EQ(state.hard_state, HardState());
  EXPECT_EQ(state.snapshot, SnapshotMeta());
  EXPECT_THAT(state.entries, IsEmpty());
}

TEST_P(LogStoreConformance, Bootstrap_JointConfigurationWithLearners_IsFoundAgain) {
  Configuration joint = Configuration::Of({1, 2, 3});
  joint.outgoing = {2, 3, 4};
  joint.learners = {5};
  ASSERT_EQ(store().Bootstrap(kIdentity, kGroup, joint), absl::OkStatus());
  Reopen();
  EXPECT_EQ(MustLoad(kGroup).initial_configuration, joint);
}

TEST_P(LogStoreConformance, Bootstrap_GroupThatIsThere_IsRefused) {
  Bootstrap();
  ASSERT_EQ(Write(kGroup, Append(MakeEntries(1, 3, 1))), absl::OkStatus());
  EXPECT_TRUE(absl::IsAlreadyExists(store().Bootstrap(kIdentity, kGroup, kMembers)));
  Reopen();
  EXPECT_TRUE(absl::IsAlreadyExists(store().Bootstrap(kIdentity, kGroup, kMembers)));
  ExpectEntries(kGroup, MakeEntries(1, 3, 1));
}

TEST_P(LogStoreConformance, Bootstrap_SecondGroup_SharesTheIdentity) {
  Bootstrap({kOtherGroup, kGroup});
  Reopen();
  EXPECT_THAT(store().Groups().value(), ElementsAre(kGroup, kOtherGroup));
}

TEST_P(LogStoreConformance, Bootstrap_AnotherIdentity_IsRefused) {
  Bootstrap();
  Reopen();
  StoreIdentity other = kIdentity;
  other.node = 3;
  EXPECT_TRUE(absl::IsFailedPrecondition(store().Bootstrap(other, kOtherGroup, kMembers)));
  other = kIdentity;
  other.cluster = 8;
  EXPECT_TRUE(absl::IsFailedPrecondition(store().Bootstrap(other, kOtherGroup, kMembers)));
  other = kIdentity;
  other.incarnation = Incarnation(100);
  EXPECT_TRUE(absl::IsFailedPrecondition(store().Bootstrap(other, kOtherGroup, kMembers)));
  EXPECT_THAT(store().Groups().value(), ElementsAre(kGroup));
  EXPECT_EQ(store().Identity().value(), kIdentity);
}

TEST_P(LogStoreConformance, Load_UnknownGroup_IsNotFound) {
  Bootstrap();
  EXPECT_TRUE(absl::IsNotFound(store().Load(kOtherGroup).status()));
}

}  // namespace
}  // namespace synod::test
