// Reads, with a leader elsewhere and with none.
#include "kv/read_call.h"

#include <chrono>
#include <ctime>
#include <future>
#include <memory>
#include <string>

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include "kv/errors.h"
#include "tests/unit/kv/test_member.h"

namespace synod_kv {
namespace {

using etcdserverpb::RangeRequest;
using etcdserverpb::RangeResponse;

grpc::Status Get(TestMember& member, bool serializable, RangeResponse* response) {
  grpc::ClientContext context;
  RangeRequest request;
  request.set_key("k");
  request.set_range_end("l");
  request.set_serializable(serializable);
  return member.stub().Range(&context, request, response);
}

double Seconds(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

TEST(ReadCall, Linearizable_AtAFollower_SeesWhatWasWritten) {
  TestMember member({});
  member.Elect(kSelf);
  ASSERT_TRUE(member.Put().ok());
  member.Elect(kOther);
  RangeResponse response;
  const grpc::Status status = Get(member, /*serializable=*/false, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.kvs_size(), 1);
  EXPECT_EQ(response.kvs(0).value(), "v");
  EXPECT_EQ(response.header().cluster_id(), kTestCluster.value());
  EXPECT_EQ(response.header().member_id(), kSelf.value());
  EXPECT_EQ(response.header().revision(), 2);
}

TEST(ReadCall, WithoutLeader_OnlySerializable_IsAnsweredInTheTermThatItIs) {
  TestMember member({.leader_patience = std::chrono::milliseconds(50)});
  member.Elect(kOther);
  Eventually([&] { return member.node().HasState(); });
  member.LoseLeader();
  RangeResponse response;
  const grpc::Status status = Get(member, /*serializable=*/false, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "etcdserver: no leader");
  EXPECT_TRUE(Get(member, /*serializable=*/true, &response).ok());
  EXPECT_GE(response.header().raft_term(), 1u);
}

// The store is empty then, which says nothing of what the log holds.
TEST(ReadCall, BeforeTheFirstLeader_Serializable_IsRefused) {
  TestMember member({.starts_alone = true});
  RangeResponse response;
  const grpc::Status status = Get(member, /*serializable=*/true, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "etcdserver: no leader");
  member.Heal();
  Eventually([&] { return Get(member, /*serializable=*/true, &response).ok(); });
}

TEST(ReadCall, WithoutLeader_Linearizable_WaitsForTheNextOne) {
  TestMember member({});
  member.Elect(kOther);
  member.LoseLeader();
  RangeResponse response;
  std::future<grpc::Status> get =
      std::async([&] { return Get(member, /*serializable=*/false, &response); });
  EXPECT_EQ(get.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  member.Heal();
  EXPECT_TRUE(get.get().ok());
}

// What merely compares has no read that would be content with less.
TEST(ReadCall, WithoutLeader_TransactionWithoutRanges_IsNotAnswered) {
  TestMember member({.leader_patience = std::chrono::milliseconds(50)});
  member.Elect(kOther);
  member.LoseLeader();
  grpc::ClientContext context;
  etcdserverpb::TxnRequest request;
  request.add_compare()->set_key("k");
  etcdserverpb::TxnResponse response;
  EXPECT_EQ(member.stub().Txn(&context, request, &response).error_message(),
            "etcdserver: no leader");
}

// Before it has ever known a leader, too.
TEST(Signature, WithoutLeader_HasTheReplicasTerm) {
  TestMember member({});
  member.Elect(kOther);
  member.LoseLeader();
  member.node().stats.term = 0;
  const uint64_t before = member.node().replica.Status().term.value();
  ASSERT_GT(before, 0u);
  EXPECT_GE(member.node().Signature().raft_term(), before);
}

TEST(ReadCall, WithoutKeyOrOverTheBound_IsRefused) {
  TestMember member({.limits = {.calls = 0}});
  member.Elect(kSelf);
  RangeResponse response;
  EXPECT_EQ(Get(member, true, &response).error_message(), "etcdserver: too many requests");
  grpc::ClientContext context;
  EXPECT_EQ(member.stub().Range(&context, RangeRequest(), &response).error_message(),
            "etcdserver: key is not provided");
  EXPECT_EQ(member.budget().calls(), 0u);
}

// A read whose client does not take the answer, which is more than gRPC holds for it.
class UntakenRead {
 public:
  explicit UntakenRead(const TestMember& member) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 * 1024);
    stub_ = etcdserverpb::KV::NewStub(
        grpc::CreateCustomChannel(member.address(), grpc::InsecureChannelCredentials(), arguments));
    RangeRequest request;
    request.set_key("k");
    call_ = stub_->AsyncRange(&context_, request, &queue_);
    // It comes with the beginning of the answer.
    call_->ReadInitialMetadata(this);
    Await();
  }
  void Take(RangeResponse* response) {
    grpc::Status status;
    call_->Finish(response, &status, this);
    Await();
    EXPECT_TRUE(status.ok()) << status.error_message();
  }

 private:
  void Await() {
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue_.Next(&tag, &ok) && ok);
  }

  std::unique_ptr<etcdserverpb::KV::Stub> stub_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<RangeResponse>> call_;
};

TEST(ReadCall, AnswersThatNobodyTakes_AreBounded) {
  constexpr size_t kBytes = 1024 * 1024;
  TestMember member({.limits = {.answer_bytes = kBytes * 3 / 2}});
  member.Elect(kSelf);
  grpc::ClientContext context;
  etcdserverpb::PutResponse put;
  ASSERT_TRUE(member.Put(&context, &put, std::string(kBytes, 'x')).ok());
  Eventually([&] { return member.budget().calls() == 0; });
  UntakenRead untaken(member);
  RangeResponse response;
  EXPECT_EQ(Get(member, /*serializable=*/false, &response).error_message(),
            "etcdserver: too many requests");
  Eventually([&] { return member.budget().calls() == 1; });
  EXPECT_GT(member.budget().answer_bytes(), kBytes);
  untaken.Take(&response);
  EXPECT_EQ(response.kvs_size(), 1);
  Eventually([&] { return member.budget().calls() == 0; });
  EXPECT_EQ(member.budget().answer_bytes(), 0u);
  EXPECT_TRUE(Get(member, /*serializable=*/false, &response).ok());
}

// It may be larger than the bound: there is one for each answer as well.
TEST(ReadCall, OneLargeAnswer_IsGiven) {
  TestMember member({.limits = {.answer_bytes = 10}});
  member.Elect(kSelf);
  ASSERT_TRUE(member.Put().ok());
  RangeResponse response;
  Eventually([&] { return Get(member, /*serializable=*/false, &response).ok(); });
  EXPECT_EQ(response.kvs_size(), 1);
}

// The loop's thread, on which heartbeats wait, does next to nothing of the work that a large answer
// makes.
TEST(ReadCall, LargeAnswer_TakesNoTimeOfTheLoop) {
  TestMember member({});
  member.Elect(kSelf);
  for (int i = 0; i < 100; ++i) {
    grpc::ClientContext context;
    etcdserverpb::PutRequest request;
    request.set_key("k" + std::to_string(i));
    request.set_value(std::string(1024 * 1024, 'x'));
    etcdserverpb::PutResponse response;
    ASSERT_TRUE(member.stub().Put(&context, request, &response).ok());
  }
  clockid_t loop = {};
  ASSERT_EQ(pthread_getcpuclockid(member.loop_thread(), &loop), 0);
  const double loop_before = Seconds(loop);
  const double all_before = Seconds(CLOCK_PROCESS_CPUTIME_ID);
  for (int i = 0; i < 3; ++i) {
    RangeResponse response;
    ASSERT_TRUE(Get(member, /*serializable=*/true, &response).ok());
    ASSERT_EQ(response.kvs_size(), 100);
  }
  const double loop_share =
      (Seconds(loop) - loop_before) / (Seconds(CLOCK_PROCESS_CPUTIME_ID) - all_before);
  EXPECT_LT(loop_share, 0.05);
}

}  // namespace
}  // namespace synod_kv
