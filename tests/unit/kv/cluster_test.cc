#include "kv/cluster.h"

#include <gtest/gtest.h>

namespace synod_kv {
namespace {

TEST(ParseCluster, ThreeMembers_Parsed_InOrder) {
  const auto members = ParseCluster("1=a:1/a:2,20=b.example:3/127.0.0.1:4,3=[::1]:5/[::1]:6");
  ASSERT_TRUE(members.ok()) << members.status();
  ASSERT_EQ(members->size(), 3u);
  EXPECT_EQ((*members)[1].id, synod::NodeId(20));
  EXPECT_EQ((*members)[1].peer_address, "b.example:3");
  EXPECT_EQ((*members)[1].client_address, "127.0.0.1:4");
  EXPECT_EQ((*members)[2].peer_address, "[::1]:5");
}

class BadCluster : public testing::TestWithParam<const char*> {};

TEST_P(BadCluster, Parsed_IsRefusedNamingThePart) {
  const auto members = ParseCluster(GetParam());
  EXPECT_TRUE(absl::IsInvalidArgument(members.status())) << members.status();
}

INSTANTIATE_TEST_SUITE_P(Texts, BadCluster,
                         testing::Values("", "1", "1=a:1", "1=a:1/", "0=a:1/a:2", "-1=a:1/a:2",
                                         "x=a:1/a:2", "1=a:1/a:2,", "1=a:1/a:2,1=b:1/b:2",
                                         "1=a:1/a:1", "1=a:1/a:2,2=a:2/a:3", "1=a:0/a:2",
                                         "1=a:70000/a:2", "1=a/a:2", "1=:1/a:2", "1=::1:5/a:2",
                                         "1=a:1x/a:2", "1/a:1=a:2"));

TEST(RecordedAddress, TakenApart_GivesBothAddresses) {
  EXPECT_EQ(RecordedAddress("[::1]:5", "a:2"), "[::1]:5/a:2");
  EXPECT_EQ(PeerAddressOf("[::1]:5/a:2"), "[::1]:5");
  EXPECT_EQ(ClientAddressOf("[::1]:5/a:2"), "a:2");
}

TEST(RecordedAddress, WithoutAClientAddress_IsThePeerAddress) {
  EXPECT_EQ(RecordedAddress("a:1", ""), "a:1");
  EXPECT_EQ(PeerAddressOf("a:1"), "a:1");
  EXPECT_EQ(ClientAddressOf("a:1"), "");
}

}  // namespace
}  // namespace synod_kv
