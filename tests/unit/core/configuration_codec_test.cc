// A configuration is the same after a way through bytes, and nothing else passes for one.
#include "synod/core/configuration_codec.h"

#include <string>

#include <gtest/gtest.h>

namespace synod {
namespace {

Configuration Large() {
  Configuration configuration;
  for (uint64_t node = 1; node <= kMaxVoters; ++node) {
    configuration.voters.emplace_back(node);
    configuration.outgoing.emplace_back(100 + node);
  }
  for (uint64_t node = 1; node <= kMaxLearners; ++node) {
    configuration.learners.emplace_back(1000 + node);
  }
  for (NodeId node : configuration.Members()) {
    configuration.records.push_back({.node = node,
                                     .incarnation = Incarnation(~node.value()),
                                     .epoch = Index(node.value() * 3),
                                     .address = std::string(MemberRecord::kMaxAddressBytes, 'a')});
  }
  std::vector<QuorumRule::Weight> weights;
  for (NodeId node : configuration.Members()) {
    if (weights.size() < QuorumRule::kMaxWeights) weights.push_back({.node = node, .weight = 1});
  }
  configuration.quorums = QuorumRule::Weighted(std::move(weights), 11, 5);
  return configuration;
}

TEST(ConfigurationCodec, AnyConfiguration_IsTheSameAfterwards) {
  for (const Configuration& configuration :
       {Configuration(), Configuration::Of({3, 1, 2}), Large()}) {
    EXPECT_EQ(DecodeConfiguration(EncodeConfiguration(configuration)), configuration);
  }
}

TEST(ConfigurationCodec, LargestConfiguration_HasTheMostBytes) {
  ASSERT_TRUE(IsWellFormed(Large()));
  EXPECT_EQ(EncodeConfiguration(Large()).size(), kMaxConfigurationBytes);
}

TEST(ConfigurationCodec, OfMultiPaxos_ComesBack) {
  Configuration configuration = Configuration::Of({1, 2});
  configuration.protocol = Protocol::kMultiPaxos;
  configuration.alpha = 0x01020304;
  configuration.acceptors = {2};
  const std::string bytes = EncodeConfiguration(configuration);
  EXPECT_EQ(bytes.substr(bytes.size() - 15),
            std::string_view("\x01\x04\x03\x02\x01\x01\0\x02\0\0\0\0\0\0\0", 15));
  EXPECT_EQ(DecodeConfiguration(bytes), configuration);
  std::string raft = bytes;
  raft[raft.size() - 15] = 0;
  EXPECT_EQ(DecodeConfiguration(raft), std::nullopt) << "Raft is said by saying nothing.";
}

// What is written stays readable: these bytes are in logs.
TEST(ConfigurationCodec, Bytes_AreThese) {
  Configuration configuration = Configuration::Of({1});
  configuration.records.push_back({.node = 1,
                                   .incarnation = Incarnation(0x0807060504030201),
                                   .epoch = Index(9),
                                   .address = "h"});
  configuration.quorums = QuorumRule::Flexible(1, 2);
  const std::string expected(
      "\x01\0\x01\0\0\0\0\0\0\0"          // Voters.
      "\0\0\0\0"                          // Outgoing, learners.
      "\x01\0\x01\0\0\0\0\0\0\0"          // Records: the node,
      "\x01\x02\x03\x04\x05\x06\x07\x08"  // its incarnation,
      "\x09\0\0\0\0\0\0\0"                // its epoch,
      "\x01\0h"                           // its address.
      "\x01"                              // Flexible quorums:
      "\x01\0\0\0\x02\0\0\0"              // so many elect, so many commit,
      "\0\0\0\0\0\0",                     // columns, weights.
      10 + 4 + 10 + 8 + 8 + 3 + 1 + 8 + 6);
  EXPECT_EQ(EncodeConfiguration(configuration), expected);
}

TEST(ConfigurationCodec, CutAnywhereOrLonger_IsNone) {
  const std::string bytes = EncodeConfiguration(Large());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeConfiguration(std::string_view(bytes).substr(0, size))) << size;
  }
  EXPECT_FALSE(DecodeConfiguration(bytes + 'x'));
}

}  // namespace
}  // namespace synod
