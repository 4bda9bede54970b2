// What a member says of itself beside its status: the hash of its data, and its alarms.
#include "kv/maintenance_service.h"

#include <gtest/gtest.h>

#include "tests/unit/kv/test_member.h"

namespace synod_kv {
namespace {

using etcdserverpb::AlarmRequest;
using etcdserverpb::AlarmResponse;
using etcdserverpb::HashKVRequest;
using etcdserverpb::HashKVResponse;
using etcdserverpb::HashResponse;

HashResponse Hash(TestMember& member) {
  grpc::ClientContext context;
  HashResponse response;
  const grpc::Status status = member.maintenance().Hash(&context, {}, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

// At the newest revision if `revision` is 0.
HashKVResponse HashKv(TestMember& member, int64_t revision) {
  grpc::ClientContext context;
  HashKVRequest request;
  request.set_revision(revision);
  HashKVResponse response;
  const grpc::Status status = member.maintenance().HashKV(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

grpc::Status Alarm(TestMember& member, AlarmRequest::AlarmAction action, AlarmResponse* response) {
  grpc::ClientContext context;
  AlarmRequest request;
  request.set_action(action);
  return member.maintenance().Alarm(&context, request, response);
}

TEST(MaintenanceService, Hash_AfterWrites_IsThatOfTheNewestRevision) {
  TestMember member({});
  member.Elect(kSelf);
  ASSERT_TRUE(member.Put().ok());
  const HashResponse first = Hash(member);
  ASSERT_TRUE(member.Put().ok());
  const HashResponse second = Hash(member);
  EXPECT_EQ(second.header().revision(), first.header().revision() + 1);
  EXPECT_EQ(second.header().member_id(), kSelf.value());
  EXPECT_EQ(second.header().cluster_id(), kTestCluster.value());
  EXPECT_EQ(second.hash(), HashKv(member, 0).hash());
  EXPECT_EQ(second.hash(), HashKv(member, second.header().revision()).hash());
  EXPECT_EQ(first.hash(), HashKv(member, first.header().revision()).hash());
  EXPECT_NE(first.hash(), second.hash());
}

TEST(MaintenanceService, Alarms_Asked_AreNone) {
  TestMember member({});
  member.Elect(kSelf);
  ASSERT_TRUE(member.Put().ok());
  AlarmResponse response;
  const grpc::Status status = Alarm(member, AlarmRequest::GET, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.alarms_size(), 0);
  EXPECT_EQ(response.header().member_id(), kSelf.value());
  EXPECT_EQ(response.header().revision(), Hash(member).header().revision());
}

TEST(MaintenanceService, Alarm_RaisedOrDisarmed_IsRefusedAndCounted) {
  TestMember member({});
  for (const auto action : {AlarmRequest::ACTIVATE, AlarmRequest::DEACTIVATE}) {
    AlarmResponse response;
    const grpc::Status status = Alarm(member, action, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
    EXPECT_EQ(status.error_message(),
              "synod-kv: there are no alarms that could be raised or disarmed");
  }
  const std::vector<std::pair<std::string, uint64_t>> counted = {
      {"synod-kv: there are no alarms that could be raised or disarmed", 2}};
  EXPECT_EQ(member.refusals().Counters(), counted);
}

}  // namespace
}  // namespace synod_kv
