// Writes that a member sends on over a connection that has gone silent.
#include <chrono>
#include <string>

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include "kv/errors.h"
#include "tests/chaos/network.h"
#include "tests/unit/kv/scripted_leader.h"
#include "tests/unit/kv/test_member.h"

namespace synod_kv {
namespace {

using synod::chaos::FaultyNetwork;
using synod::chaos::Weather;
using Reply = ScriptedLeader::Reply;

// Nothing but a connection's end would ever answer the write: the member's own limit is an hour
// here. In a network that really loses packets, TCP tries for a quarter of an hour.
TEST(Forwarding, ConnectionGoesSilent_IsGivenUpAndMadeAnew) {
  ScriptedLeader leader;
  etcdserverpb::PutResponse response;
  response.mutable_header()->set_cluster_id(kTestCluster.value());
  leader.Play([answer = response.SerializeAsString()](int) { return Reply{.response = answer}; });
  FaultyNetwork network(1);
  TestMember member({.other_address = network.AddRoute(kSelf, kOther, leader.address())});
  member.Elect(kOther);
  ASSERT_TRUE(member.Put().ok());

  network.Set(kOther, kSelf, {.kind = Weather::Kind::kStalled});
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
  EXPECT_EQ(member.Put(&context, &response).error_message(),
            ToGrpc(ConnectionLostError()).error_message());
  network.Heal();
  // For a moment it may still be taken for one that stands.
  Eventually([&member] { return member.Put().ok(); });
}

}  // namespace
}  // namespace synod_kv
