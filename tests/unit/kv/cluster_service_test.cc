// Changes of the members as a client asks for them, of a member that leads and of one that does
// not. What may be asked for is member_plan_test.cc's.
#include "kv/cluster_service.h"

#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kv/errors.h"
#include "tests/unit/kv/scripted_leader.h"
#include "tests/unit/kv/test_member.h"

namespace synod_kv {
namespace {

using etcdserverpb::MemberAddRequest;
using etcdserverpb::MemberAddResponse;
using etcdserverpb::MemberListResponse;
using etcdserverpb::MemberPromoteResponse;
using etcdserverpb::MemberRemoveResponse;
using etcdserverpb::MemberUpdateResponse;
using Reply = ScriptedLeader::Reply;

// Of grpc::Status, to be compared.
std::string TextOf(const grpc::Status& status) { return status.error_message(); }
std::string TextOf(const absl::Status& status) { return std::string(status.message()); }

grpc::Status Add(TestMember& member, const std::string& url, MemberAddResponse* response,
                 bool is_learner = true) {
  grpc::ClientContext context;
  MemberAddRequest request;
  request.add_peerurls(url);
  request.set_islearner(is_learner);
  return member.cluster().MemberAdd(&context, request, response);
}

grpc::Status Promote(TestMember& member, synod::NodeId id, MemberPromoteResponse* response) {
  grpc::ClientContext context;
  etcdserverpb::MemberPromoteRequest request;
  request.set_id(id.value());
  return member.cluster().MemberPromote(&context, request, response);
}

grpc::Status Remove(TestMember& member, synod::NodeId id, MemberRemoveResponse* response) {
  grpc::ClientContext context;
  etcdserverpb::MemberRemoveRequest request;
  request.set_id(id.value());
  return member.cluster().MemberRemove(&context, request, response);
}

grpc::Status Update(TestMember& member, synod::NodeId id, const std::string& url,
                    MemberUpdateResponse* response) {
  grpc::ClientContext context;
  etcdserverpb::MemberUpdateRequest request;
  request.set_id(id.value());
  request.add_peerurls(url);
  return member.cluster().MemberUpdate(&context, request, response);
}

MemberListResponse List(TestMember& member) {
  grpc::ClientContext context;
  MemberListResponse response;
  const grpc::Status status = member.cluster().MemberList(&context, {}, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

TEST(ClusterService, Newcomer_AddedAndPromotedAndRemoved_IsListedAsWhatItIs) {
  TestMember member({});
  member.Elect(kSelf);
  member.StartNewcomer();
  MemberAddResponse added;
  grpc::Status status = Add(member, "http://new:1?client=new:2", &added);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(added.header().member_id(), kSelf.value());
  EXPECT_EQ(added.member().id(), kNewcomer.value());
  EXPECT_TRUE(added.member().islearner());
  EXPECT_EQ(added.member().peerurls(0), "http://new:1");
  EXPECT_EQ(added.members_size(), 3);
  EXPECT_EQ(List(member).members(2).clienturls(0), "http://new:2");

  MemberPromoteResponse promoted;
  Eventually([&] { return Promote(member, kNewcomer, &promoted).ok(); });
  EXPECT_FALSE(promoted.members(2).islearner());
  EXPECT_EQ(TextOf(Promote(member, kNewcomer, &promoted)), TextOf(NotLearnerError()));

  MemberRemoveResponse removed;
  status = Remove(member, kNewcomer, &removed);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(removed.members_size(), 2);
  EXPECT_EQ(TextOf(Remove(member, kNewcomer, &removed)), TextOf(MemberNotFoundError()));
}

TEST(ClusterService, NewcomerThatDoesNotRun_Added_ChangesNothing) {
  TestMember member({});
  member.Elect(kSelf);
  MemberAddResponse response;
  EXPECT_EQ(TextOf(Add(member, "http://new:1", &response)), TextOf(NewcomerUnreachableError()));
  EXPECT_EQ(List(member).members_size(), 2);
}

// The client gives up before the leader does.
TEST(ClusterService, NewcomerThatDoesNotRun_AddedByAnImpatientClient_IsSaidToBeSilent) {
  TestMember member({.longest_call = std::chrono::seconds(1)});
  member.Elect(kSelf);
  MemberAddResponse response;
  const grpc::Status status = Add(member, "http://new:1", &response);
  EXPECT_EQ(TextOf(status), TextOf(NewcomerSilentError()));
  EXPECT_FALSE(WasNotExecuted(status));
}

TEST(ClusterService, AnotherChangeUnderWay_Asked_WaitsForIt) {
  TestMember member({});
  member.Elect(kSelf);
  std::thread first([&member] {
    MemberAddResponse response;
    EXPECT_FALSE(Add(member, "http://9@nowhere:1", &response).ok());
  });
  MemberUpdateResponse response;
  const grpc::Status status = Update(member, kOther, "http://new:1", &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(List(member).members(1).peerurls(0), "http://new:1");
  first.join();
}

TEST(ClusterService, InvalidRequest_Asked_IsRefusedByTheLeader) {
  TestMember member({});
  member.Elect(kSelf);
  MemberAddResponse response;
  EXPECT_EQ(TextOf(Add(member, "nonsense", &response)), TextOf(BadUrlsError()));
  EXPECT_EQ(TextOf(Add(member, "http://2@new:1", &response)), TextOf(MemberExistsError()));
}

// What runs where the member is known to serve clients, and says that of its disk.
ScriptedLeader::Script SaysOfItself(synod::NodeId id, const std::string& incarnation) {
  etcdserverpb::StatusResponse status;
  status.mutable_header()->set_cluster_id(kTestCluster.value());
  status.mutable_header()->set_member_id(id.value());
  return [response = status.SerializeAsString(), incarnation](int) {
    return Reply{.response = response, .incarnation = incarnation};
  };
}

TEST(ClusterService, DiskThatIsNotTheOneThatAnswers_Added_IsRefused) {
  ScriptedLeader there;
  there.Play(SaysOfItself(kOther, "abc"));
  TestMember member({.other_address = there.address()});
  member.Elect(kSelf);
  MemberAddResponse response;
  EXPECT_EQ(TextOf(Add(member, "http://2:abd@other:1", &response)), TextOf(OtherDiskError("abc")));
  EXPECT_EQ(there.calls(), 1);
  EXPECT_FALSE(List(member).members(1).islearner());
  const grpc::Status status = Add(member, "http://2:abc@other:1", &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(List(member).members(1).islearner());
}

// Whoever else answers there says nothing of it, and of another place nobody is known.
TEST(ClusterService, DiskThatNobodyCanBeAskedFor_Added_IsTakenOnTheOperatorsWord) {
  ScriptedLeader there;
  std::mutex mutex;
  std::vector<std::string> lines;
  TestMember member(
      {.other_address = there.address(), .logger = [&](synod::Severity, std::string_view line) {
         const std::lock_guard lock(mutex);
         lines.emplace_back(line);
       }});
  member.Elect(kSelf);
  MemberAddResponse response;
  EXPECT_TRUE(Add(member, "http://9:abc@new:1", &response).ok());
  EXPECT_EQ(there.calls(), 0);
  there.Play(SaysOfItself(9, "abd"));
  EXPECT_TRUE(Add(member, "http://2:abc@other:1", &response).ok());
  EXPECT_EQ(there.calls(), 1);
  const std::lock_guard lock(mutex);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0],
            "member 9 is to have the incarnation abc, and could not be asked whether it has: where "
            "it serves clients is not known");
}

TEST(ClusterService, Follower_Asked_SendsItOnAndAnswersInItsOwnName) {
  ScriptedLeader leader;
  MemberAddResponse answer;
  answer.mutable_header()->set_cluster_id(kTestCluster.value());
  answer.mutable_header()->set_member_id(kOther.value());
  answer.mutable_member()->set_id(9);
  leader.Play([&](int) { return Reply{.response = answer.SerializeAsString()}; });
  TestMember member({.other_address = leader.address()});
  member.Elect(kOther);
  MemberAddResponse response;
  const grpc::Status status = Add(member, "http://9@new:1", &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.header().member_id(), kSelf.value());
  EXPECT_EQ(response.member().id(), 9u);
  EXPECT_EQ(leader.Metadata("synod-target"), "2");
}

TEST(ClusterService, Follower_WhoseLeaderRefuses_PassesThatOn) {
  ScriptedLeader leader;
  leader.Play(
      [](int) { return Reply{.status = ToGrpc(MemberNotFoundError()), .effect = "refused"}; });
  TestMember member({.other_address = leader.address()});
  member.Elect(kOther);
  MemberRemoveResponse response;
  EXPECT_EQ(TextOf(Remove(member, 9, &response)), TextOf(MemberNotFoundError()));
}

TEST(ClusterService, MemberThatWasRemoved_Asked_SaysSoAndStillLists) {
  TestMember member({});
  member.Elect(kSelf);
  MemberRemoveResponse response;
  const grpc::Status status = Remove(member, kSelf, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  Eventually([&] { return TextOf(member.Put()) == TextOf(RemovedError()); });
  EXPECT_EQ(TextOf(Remove(member, kOther, &response)), TextOf(RemovedError()));
  EXPECT_EQ(List(member).members_size(), 1);
}

}  // namespace
}  // namespace synod_kv
