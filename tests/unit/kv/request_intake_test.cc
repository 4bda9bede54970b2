// Requests that are too large for a service, or for the server, over a connection as clients have
// it: the channel within a process knows no limits.
#include "kv/request_intake.h"

#include <string>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include "kv/errors.h"
#include "tests/unit/kv/test_member.h"

namespace synod_kv {
namespace {

using etcdserverpb::Cluster;
using etcdserverpb::KV;

constexpr size_t kMiB = 1024 * 1024;

std::shared_ptr<grpc::Channel> Connect(const TestMember& member) {
  return grpc::CreateChannel(member.address(), grpc::InsecureChannelCredentials());
}

grpc::Status Put(TestMember& member, size_t value_bytes) {
  grpc::ClientContext context;
  etcdserverpb::PutRequest request;
  etcdserverpb::PutResponse response;
  request.set_key("k");
  request.set_value(std::string(value_bytes, 'x'));
  return KV::NewStub(Connect(member))->Put(&context, request, &response);
}

uint64_t Counted(const TestMember& member, const absl::Status& reason) {
  for (const auto& [text, count] : member.refusals().Counters()) {
    if (text == reason.message()) return count;
  }
  return 0;
}

TEST(RequestIntake, RequestOfAnySizeBeyondTheLimit_IsRefusedByEtcdsErrorAndCounted) {
  TestMember member({});
  member.Elect(kSelf);
  EXPECT_TRUE(Put(member, kMiB).ok());
  for (const size_t bytes : {2 * kMiB, 8 * kMiB, 64 * kMiB}) {
    const grpc::Status status = Put(member, bytes);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(status.error_message(), "etcdserver: request is too large");
    EXPECT_TRUE(WasNotExecuted(status));
  }
  EXPECT_EQ(Counted(member, TooLargeError()), 3u);
}

TEST(RequestIntake, ChangeOfTheMembersBeyondTheLimit_IsRefusedLikewise) {
  TestMember member({});
  member.Elect(kSelf);
  grpc::ClientContext context;
  etcdserverpb::MemberAddRequest request;
  etcdserverpb::MemberAddResponse response;
  request.add_peerurls(std::string(8 * kMiB, 'x'));
  const grpc::Status status =
      Cluster::NewStub(Connect(member))->MemberAdd(&context, request, &response);
  EXPECT_EQ(status.error_message(), "etcdserver: request is too large");
  EXPECT_EQ(Counted(member, TooLargeError()), 1u);
}

// There is nothing in them that could be large, other than what is not known here.
TEST(RequestIntake, RequestThatGrpcParses_IsAnsweredWhateverItsSize) {
  TestMember member({});
  const std::string unknown(8 * kMiB, 'x');
  {
    grpc::ClientContext context;
    etcdserverpb::MemberListRequest request;
    etcdserverpb::MemberListResponse response;
    request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(1000, unknown);
    EXPECT_TRUE(Cluster::NewStub(Connect(member))->MemberList(&context, request, &response).ok());
  }
  grpc::ClientContext context;
  etcdserverpb::StatusRequest request;
  etcdserverpb::StatusResponse response;
  request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(1000, unknown);
  EXPECT_TRUE(etcdserverpb::Maintenance::NewStub(Connect(member))
                  ->Status(&context, request, &response)
                  .ok());
  EXPECT_TRUE(member.refusals().Counters().empty());
}

// gRPC gives the connection up before the request is complete, whatever the client makes of that.
TEST(RequestIntake, RequestBeyondWhatTheServerTakesIn_IsBrokenOffAndCounted) {
  TestMember member({.intake_bytes = 16 * kMiB});
  member.Elect(kSelf);
  const grpc::Status status = Put(member, 128 * kMiB);
  EXPECT_FALSE(status.ok());
  EXPECT_FALSE(WasNotExecuted(status)) << status.error_message();
  Eventually([&member] { return Counted(member, IncompleteError()) == 1; });
  EXPECT_TRUE(Put(member, kMiB).ok());
}

}  // namespace
}  // namespace synod_kv
