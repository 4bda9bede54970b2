// Writes, with a leader elsewhere that answers by script, with none, and with this member leading.
#include "kv/write_call.h"

#include <future>
#include <memory>

#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include "kv/errors.h"
#include "tests/unit/kv/scripted_leader.h"
#include "tests/unit/kv/test_member.h"

namespace synod_kv {
namespace {

using etcdserverpb::PutResponse;
using Reply = ScriptedLeader::Reply;

std::string ResponseOf(synod::ClusterId cluster, size_t value_bytes = 0) {
  PutResponse response;
  response.mutable_header()->set_cluster_id(cluster.value());
  response.mutable_header()->set_member_id(kOther.value());
  response.mutable_header()->set_revision(9);
  if (value_bytes > 0) response.mutable_prev_kv()->set_value(std::string(value_bytes, 'x'));
  return response.SerializeAsString();
}

class WriteCallTest : public testing::Test {
 protected:
  // A member whose leader is the scripted one, and plays this.
  TestMember& Follow(ScriptedLeader::Script script, TestMember::Options options = {}) {
    leader_.Play(std::move(script));
    TestMember& member = Start(std::move(options));
    member.Elect(kOther);
    return member;
  }
  TestMember& Start(TestMember::Options options) {
    options.other_address = leader_.address();
    member_ = std::make_unique<TestMember>(options);
    return *member_;
  }

  ScriptedLeader leader_;
  std::unique_ptr<TestMember> member_;
};

TEST_F(WriteCallTest, Forwarded_Executed_IsAnsweredInThisMembersName) {
  TestMember& member = Follow([](int) { return Reply{.response = ResponseOf(kTestCluster)}; });
  grpc::ClientContext context;
  PutResponse response;
  const grpc::Status status = member.Put(&context, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.header().cluster_id(), kTestCluster.value());
  EXPECT_EQ(response.header().member_id(), kSelf.value());
  EXPECT_EQ(response.header().revision(), 9);
  EXPECT_EQ(leader_.Metadata("synod-cluster"), "7");
  EXPECT_EQ(leader_.Metadata("synod-target"), "2");
}

TEST_F(WriteCallTest, Forwarded_WithALargeAnswer_IsAnsweredWithIt) {
  constexpr size_t kBytes = 9 * 1024 * 1024;
  TestMember& member =
      Follow([](int) { return Reply{.response = ResponseOf(kTestCluster, kBytes)}; });
  grpc::ClientContext context;
  PutResponse response;
  const grpc::Status status = member.Put(&context, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.prev_kv().value().size(), kBytes);
}

// It was executed, but not here.
TEST_F(WriteCallTest, Forwarded_AnsweredByAnotherCluster_FailsSayingSo) {
  TestMember& member = Follow([](int) { return Reply{.response = ResponseOf(8)}; });
  EXPECT_EQ(member.Put().error_message(), ToGrpc(WrongClusterError()).error_message());
  EXPECT_EQ(leader_.calls(), 1);
}

TEST_F(WriteCallTest, Forwarded_WhereNobodyLeadsYet_IsTriedAgain) {
  TestMember& member = Follow([](int before) {
    if (before > 0) return Reply{.response = ResponseOf(kTestCluster)};
    return Reply{.status = ToGrpc(LeaderChangedError()), .effect = "not-led"};
  });
  EXPECT_TRUE(member.Put().ok());
  EXPECT_EQ(leader_.calls(), 2);
}

TEST_F(WriteCallTest, Forwarded_FailedOtherwise_IsPassedOnAndNeverTriedAgain) {
  for (const auto& [status, effect] :
       {std::pair(KeyNotFoundError(), "refused"), std::pair(LeaderFailedError(), "unknown")}) {
    TestMember& member = Follow([status = status, effect = effect](int) {
      return Reply{.status = ToGrpc(status), .effect = effect};
    });
    const int calls_before = leader_.calls();
    const grpc::Status failure = member.Put();
    EXPECT_EQ(failure.error_code(), ToGrpc(status).error_code());
    EXPECT_EQ(failure.error_message(), ToGrpc(status).error_message());
    EXPECT_EQ(leader_.calls(), calls_before + 1);
  }
}

// gRPC may say so itself, of a write that was executed.
TEST_F(WriteCallTest, Forwarded_FailedWithoutTheLeadersWord_IsUnknown) {
  TestMember& member = Follow([](int) {
    return Reply{.status = {grpc::StatusCode::UNAVAILABLE, "etcdserver: no leader"}};
  });
  EXPECT_EQ(member.Put().error_message(), ToGrpc(ConnectionLostError()).error_message());
  EXPECT_EQ(leader_.calls(), 1);
}

TEST_F(WriteCallTest, Forwarded_ConnectionBreaks_IsUnknown) {
  TestMember& member = Follow([](int) { return Reply{.never = true}; });
  std::future<grpc::Status> put = std::async([&member] { return member.Put(); });
  leader_.AwaitCall();
  leader_.Stop();
  EXPECT_EQ(put.get().error_message(), ToGrpc(ConnectionLostError()).error_message());
  EXPECT_EQ(leader_.calls(), 1);
}

TEST_F(WriteCallTest, Forwarded_AndNotAnsweredInTime_IsUnknown) {
  TestMember& member = Follow([](int) { return Reply{.never = true}; },
                              {.longest_call = std::chrono::milliseconds(300)});
  EXPECT_EQ(member.Put().error_message(), ToGrpc(TimeoutError()).error_message());
  EXPECT_EQ(leader_.calls(), 1);
}

TEST_F(WriteCallTest, Forwarded_AndTheClientGoesAway_IsCancelled) {
  TestMember& member = Follow([](int) { return Reply{.never = true}; });
  grpc::ClientContext context;
  std::future<grpc::Status> put = std::async([&] {
    PutResponse response;
    return member.Put(&context, &response);
  });
  leader_.AwaitCall();
  context.TryCancel();
  leader_.AwaitCancellation();
  EXPECT_EQ(put.get().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(WriteCallTest, Forwarded_AndTheServerStops_IsCancelled) {
  TestMember& member = Follow([](int) { return Reply{.never = true}; });
  std::future<grpc::Status> put = std::async([&member] { return member.Put(); });
  leader_.AwaitCall();
  member.server().Shutdown(std::chrono::system_clock::now());
  leader_.AwaitCancellation();
  EXPECT_FALSE(WasNotExecuted(put.get()));
}

TEST_F(WriteCallTest, LeaderThatCannotBeReached_IsARefusal) {
  leader_.Stop();
  TestMember& member = Start({.leader_patience = std::chrono::milliseconds(100)});
  member.Elect(kOther);
  EXPECT_EQ(member.Put().error_message(), ToGrpc(LeaderUnreachableError()).error_message());
}

// Nothing but the election wakes it: its patience is longer than the test may take.
TEST_F(WriteCallTest, NoLeader_ThenOne_IsExecuted) {
  leader_.Play([](int) { return Reply{.response = ResponseOf(kTestCluster)}; });
  TestMember& member = Start({});
  member.Elect(kSelf);
  member.LoseLeader();
  std::future<grpc::Status> put = std::async([&member] { return member.Put(); });
  Eventually([&member] { return member.budget().calls() == 1; });
  member.Heal();
  const grpc::Status status = put.get();
  EXPECT_TRUE(status.ok()) << status.error_message();
  Eventually([&member] { return member.budget().calls() == 0; });
}

TEST_F(WriteCallTest, NoLeader_UntilPatienceEnds_IsRefused) {
  TestMember& member = Start({.leader_patience = std::chrono::milliseconds(50)});
  member.Elect(kOther);
  member.LoseLeader();
  EXPECT_EQ(member.Put().error_message(), "etcdserver: no leader");
}

TEST_F(WriteCallTest, NoLeader_AndTheServerStops_IsRefused) {
  TestMember& member = Start({});
  member.Elect(kOther);
  member.LoseLeader();
  std::future<grpc::Status> put = std::async([&member] { return member.Put(); });
  Eventually([&member] { return member.budget().calls() == 1; });
  member.leaders().Close();
  EXPECT_TRUE(WasNotExecuted(put.get()));
}

TEST_F(WriteCallTest, MoreCallsThanTheBound_AreRefused) {
  TestMember& member = Follow([](int) { return Reply{.never = true}; }, {.limits = {.calls = 1}});
  grpc::ClientContext context;
  std::future<grpc::Status> held = std::async([&] {
    PutResponse response;
    return member.Put(&context, &response);
  });
  leader_.AwaitCall();
  const grpc::Status status = member.Put();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "etcdserver: too many requests");
  context.TryCancel();
  held.wait();
  leader_.Play([](int) { return Reply{.response = ResponseOf(kTestCluster)}; });
  Eventually([&member] { return member.budget().calls() == 0; });
  EXPECT_EQ(member.budget().bytes(), 0u);
  EXPECT_TRUE(member.Put().ok());
}

TEST_F(WriteCallTest, MoreBytesThanTheBound_AreRefused) {
  TestMember& member = Start({.limits = {.bytes = 1000}});
  member.Elect(kSelf);
  EXPECT_TRUE(member.Put().ok());
  grpc::ClientContext context;
  PutResponse response;
  const grpc::Status status = member.Put(&context, &response, std::string(1000, 'x'));
  EXPECT_EQ(status.error_message(), "etcdserver: too many requests");
}

TEST_F(WriteCallTest, TooLargeOrMalformed_IsRefusedAndCounted) {
  TestMember& member = Start({});
  member.Elect(kSelf);
  grpc::ClientContext context;
  PutResponse response;
  EXPECT_EQ(member.Put(&context, &response, std::string(1600 * 1024, 'x')).error_message(),
            "etcdserver: request is too large");

  grpc::GenericStub raw(member.server().InProcessChannel({}));
  grpc::ClientContext raw_context;
  const grpc::ByteBuffer garbage = BytesOf("\x0a\xff");
  grpc::ByteBuffer answer;
  std::promise<grpc::Status> ended;
  raw.UnaryCall(&raw_context, "/etcdserverpb.KV/Put", grpc::StubOptions(), &garbage, &answer,
                [&ended](grpc::Status status) { ended.set_value(std::move(status)); });
  EXPECT_EQ(ended.get_future().get().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(member.refusals().Counters().size(), 2u);
}

struct Target {
  const char* cluster;
  const char* member;
};

// What another member sends on.
grpc::Status Forwarded(TestMember& member, const Target& target, std::string* effect) {
  grpc::ClientContext context;
  context.AddMetadata("synod-cluster", target.cluster);
  context.AddMetadata("synod-target", target.member);
  PutResponse response;
  grpc::Status status = member.Put(&context, &response);
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find("synod-effect");
  *effect = found == trailers.end() ? "" : std::string(found->second.data(), found->second.size());
  return status;
}

TEST_F(WriteCallTest, Received_ForThisMember_IsExecutedAndForOthersRefused) {
  TestMember& member = Start({});
  member.Elect(kSelf);
  std::string effect;
  EXPECT_TRUE(Forwarded(member, {"7", "1"}, &effect).ok());
  for (const Target& wrong : {Target{"8", "1"}, Target{"7", "2"}, Target{"", "1"}}) {
    const grpc::Status status = Forwarded(member, wrong, &effect);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(status.error_message(), ToGrpc(WrongTargetError()).error_message());
    EXPECT_EQ(effect, "refused");
  }
}

// Whoever sent it on does the waiting, and nobody sends it further.
TEST_F(WriteCallTest, Received_WithoutLeading_IsReturnedAtOnce) {
  TestMember& member = Follow([](int) { return Reply{.response = ResponseOf(kTestCluster)}; });
  std::string effect;
  EXPECT_EQ(Forwarded(member, {"7", "1"}, &effect).error_message(), "etcdserver: leader changed");
  EXPECT_EQ(effect, "not-led");
  EXPECT_EQ(leader_.calls(), 0);
}

}  // namespace
}  // namespace synod_kv
