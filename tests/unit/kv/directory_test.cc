#include "kv/directory.h"

#include <gtest/gtest.h>

namespace synod_kv {
namespace {

using synod::Configuration;
using synod::Incarnation;

constexpr synod::NodeId kMember = 2;

std::vector<ClusterMember> Flagged() {
  return {{.id = 1, .peer_address = "p:1", .client_address = "c:1"},
          {.id = 2, .peer_address = "p:2", .client_address = "c:2"}};
}

// The members 1 and 2, with an address recorded for each.
Configuration Recorded(const std::string& first, const std::string& second) {
  Configuration configuration = Configuration::Of({1, 2});
  configuration.records = {
      {.node = 1, .incarnation = Incarnation(11), .epoch = {}, .address = first},
      {.node = 2, .incarnation = Incarnation(12), .epoch = {}, .address = second}};
  return configuration;
}

TEST(Directory, NoAddressRecorded_ThoseOfTheCommandLineHold) {
  Directory directory(kMember, Flagged());
  directory.OnMembers(Recorded("", ""), false);
  EXPECT_EQ(directory.ClientAddressOf(1), "c:1");
  EXPECT_EQ(directory.List()[0].member.peer_address, "p:1");
  EXPECT_FALSE(directory.Unannounced().has_value());
}

TEST(Directory, BothAddressesRecorded_TheyHold) {
  Directory directory(kMember, Flagged());
  directory.OnMembers(Recorded("new:1/new:2", ""), false);
  EXPECT_EQ(directory.ClientAddressOf(1), "new:2");
  EXPECT_EQ(directory.List()[0].member.peer_address, "new:1");
}

// Whoever has moved elsewhere is not known to serve clients where it did before.
TEST(Directory, PeerAddressRecorded_TheOtherIsKnownOnlyIfItHasNotMoved) {
  Directory directory(kMember, Flagged());
  directory.OnMembers(Recorded("p:1", ""), false);
  EXPECT_EQ(directory.ClientAddressOf(1), "c:1");
  directory.OnMembers(Recorded("new:1", ""), false);
  EXPECT_EQ(directory.ClientAddressOf(1), "");
}

TEST(Directory, Acceptor_IsListedByItsUrlAndServesNoClients) {
  Directory directory(kMember, Flagged());
  Configuration configuration = Configuration::Of({1, 2, 3});
  configuration.acceptors = {3};
  configuration.records = {{.node = 3,
                            .incarnation = Incarnation(13),
                            .epoch = {},
                            .address = "switch://10.0.0.3:7400/7401"}};
  directory.OnMembers(configuration, false);
  const Directory::Listed acceptor = directory.List()[2];
  EXPECT_TRUE(acceptor.is_acceptor);
  EXPECT_EQ(acceptor.member.peer_address, "switch://10.0.0.3:7400/7401");
  EXPECT_EQ(directory.ClientAddressOf(3), "");
  EXPECT_FALSE(directory.List()[0].is_acceptor);
  EXPECT_EQ(directory.ClientAddressOf(1), "c:1");
}

TEST(Directory, OwnClientAddressNotRecorded_IsToBeAnnounced) {
  Directory directory(kMember, Flagged());
  directory.OnMembers(Recorded("", "p:2"), false);
  EXPECT_EQ(directory.Unannounced(), "p:2");
  directory.OnMembers(Recorded("", "new:2"), false);
  EXPECT_EQ(directory.Unannounced(), "new:2");
  directory.OnMembers(Recorded("", "p:2/old:2"), false);
  EXPECT_EQ(directory.Unannounced(), "p:2");
  directory.OnMembers(Recorded("", "new:2/c:9"), false);
  EXPECT_FALSE(directory.Unannounced().has_value());
  directory.OnMembers(Recorded("", "p:2/c:2"), false);
  EXPECT_FALSE(directory.Unannounced().has_value());
  directory.OnMembers(Recorded("", "p:2"), true);
  EXPECT_FALSE(directory.Unannounced().has_value());
}

TEST(Directory, SomebodyWhoIsNoMember_OnTheCommandLine_CanBeSentWrites) {
  Directory directory(kMember, Flagged());
  directory.OnMembers({}, false);
  EXPECT_EQ(directory.ClientAddressOf(1), "c:1");
  EXPECT_FALSE(directory.IsMember(1));
  EXPECT_EQ(directory.ClientAddressOf(9), "");
}

TEST(Directory, Standing_FromNewcomerToRemoved) {
  Directory directory(3, Flagged());
  EXPECT_EQ(directory.standing(), Standing::kUnknown);
  directory.OnMembers({}, false);
  EXPECT_EQ(directory.standing(), Standing::kNewcomer);
  Configuration configuration = Configuration::Of({1, 2});
  // It is behind, and hears of those who were there before it.
  directory.OnMembers(configuration, false);
  EXPECT_EQ(directory.standing(), Standing::kNewcomer);
  configuration.learners = {3};
  directory.OnMembers(configuration, false);
  EXPECT_EQ(directory.standing(), Standing::kLearner);
  EXPECT_TRUE(directory.List()[2].is_learner);
  configuration = Configuration::Of({1, 2, 3});
  directory.OnMembers(configuration, false);
  EXPECT_EQ(directory.standing(), Standing::kVoter);
  // Its removal may yet be undone.
  configuration = Configuration::Of({1, 2});
  directory.OnMembers(configuration, false);
  EXPECT_EQ(directory.standing(), Standing::kVoter);
  directory.OnMembers(configuration, true);
  EXPECT_EQ(directory.standing(), Standing::kRemoved);
}

}  // namespace
}  // namespace synod_kv
