#include "kv/kv_state_machine.h"

#include <optional>

#include <gtest/gtest.h>

#include "kv/command.h"
#include "tests/unit/kv/command_test_util.h"
#include "tests/unit/kv/store_test_util.h"

namespace synod_kv {
namespace {

using etcdserverpb::HashKVRequest;
using etcdserverpb::HashKVResponse;
using etcdserverpb::PutRequest;
using etcdserverpb::PutResponse;
using etcdserverpb::RangeRequest;
using etcdserverpb::RangeResponse;

PutRequest PutOf(const std::string& key, const std::string& value) {
  PutRequest request;
  request.set_key(key);
  request.set_value(value);
  return request;
}

class KvStateMachineTest : public testing::Test {
 protected:
  std::string ApplyBytes(KvStateMachine& machine, std::string_view command) {
    index_ = index_ + 1;
    const synod::Command commands[] = {{index_, command}};
    std::string results[1];
    machine.Apply(commands, results);
    return results[0];
  }

  template <class Request>
  std::string Apply(KvStateMachine& machine, const Request& request) {
    return ApplyBytes(machine, CommandOf(request).view());
  }

  static uint32_t Hash(const KvStateMachine& machine, int64_t revision = 0) {
    HashKVRequest request;
    request.set_revision(revision);
    absl::StatusOr<std::string> answer = machine.Query(EncodeQuery(request));
    HashKVResponse response;
    EXPECT_TRUE(answer.ok() && response.ParseFromString(*answer)) << answer.status();
    return response.hash();
  }

  KvStateMachine NewMachine() {
    return KvStateMachine(stats_, [this](const absl::Status& why) { broken_ = why; });
  }

  synod::Index index_;
  StoreStats stats_;
  std::optional<absl::Status> broken_;
};

TEST_F(KvStateMachineTest, Batch_Applied_GivesEachCommandItsResult) {
  KvStateMachine machine = NewMachine();
  const synod::Payload good = CommandOf(PutOf("k", "v"));
  const synod::Payload bad = CommandOf(PutOf("", "v"));
  const synod::Command commands[] = {{synod::Index(1), good.view()}, {synod::Index(2), bad.view()}};
  std::string results[2];
  machine.Apply(commands, results);
  PutResponse response;
  EXPECT_TRUE(DecodeResult(results[0], &response).ok());
  EXPECT_EQ(response.header().revision(), 2);
  EXPECT_EQ(DecodeResult(results[1], &response).message(), "etcdserver: key is not provided");
  EXPECT_EQ(stats_.revision, 2);
  EXPECT_GT(stats_.bytes, 0u);
}

TEST_F(KvStateMachineTest, Query_AfterAPut_SeesIt) {
  KvStateMachine machine = NewMachine();
  Apply(machine, PutOf("k", "v"));
  RangeRequest request;
  request.set_key("k");
  const absl::StatusOr<std::string> answer = machine.Query(EncodeQuery(request));
  RangeResponse response;
  ASSERT_TRUE(answer.ok() && response.ParseFromString(*answer));
  EXPECT_EQ(response.kvs(0).value(), "v");
}

TEST_F(KvStateMachineTest, Query_ThatWouldWriteOrIsMalformed_IsRefused) {
  const KvStateMachine machine = NewMachine();
  etcdserverpb::TxnRequest txn;
  *txn.add_success()->mutable_request_put() = PutOf("k", "v");
  EXPECT_FALSE(machine.Query(EncodeQuery(txn)).ok());
  EXPECT_FALSE(machine.Query("").ok());
  EXPECT_FALSE(machine.Query("\x01\xff\xff").ok());
  EXPECT_FALSE(machine.Query(CommandOf(PutOf("k", "v")).view()).ok());
}

TEST_F(KvStateMachineTest, SameCommands_OnTwoMachines_GiveEqualResultsAndHashes) {
  KvStateMachine a = NewMachine();
  KvStateMachine b = NewMachine();
  for (int i = 0; i < 100; ++i) {
    const PutRequest put = PutOf("k" + std::to_string(i % 7), std::to_string(i));
    EXPECT_EQ(Apply(a, put), Apply(b, put));
  }
  EXPECT_EQ(Hash(a), Hash(b));
  Apply(b, PutOf("k1", "more"));
  EXPECT_NE(Hash(a), Hash(b));
  EXPECT_EQ(Hash(a), Hash(b, 101));
}

TEST_F(KvStateMachineTest, Snapshot_RestoredElsewhere_ContinuesAlike) {
  KvStateMachine original = NewMachine();
  for (int i = 0; i < 30; ++i) Apply(original, PutOf("k" + std::to_string(i % 4), "v"));
  auto view = original.Snapshot();
  ASSERT_TRUE(view.ok());
  const uint32_t hash = Hash(original);
  Apply(original, PutOf("later", "v"));

  StringSink sink;
  ASSERT_TRUE((*view)->WriteTo(sink).ok());
  StringSource source(sink.bytes());
  KvStateMachine restored = NewMachine();
  Apply(restored, PutOf("overwritten", "by the snapshot"));
  ASSERT_TRUE(restored.Restore(source).ok());
  EXPECT_EQ(Hash(restored), hash);
  EXPECT_EQ(stats_.revision, 31);
  Apply(restored, PutOf("later", "v"));
  EXPECT_EQ(Hash(restored), Hash(original));
}

TEST_F(KvStateMachineTest, Restore_OfADamagedImage_FailsAndChangesNothing) {
  KvStateMachine machine = NewMachine();
  Apply(machine, PutOf("k", "v"));
  const uint32_t hash = Hash(machine);
  StringSource source("not an image");
  EXPECT_FALSE(machine.Restore(source).ok());
  EXPECT_EQ(Hash(machine), hash);
}

// To skip a command that the other replicas may understand would let the states drift apart.
TEST_F(KvStateMachineTest, UnknownCommand_Applied_StopsTheMachineForGood) {
  for (const std::string& command : {std::string("\x7f"), std::string(), std::string("\x02\xff")}) {
    broken_.reset();
    KvStateMachine machine = NewMachine();
    Apply(machine, PutOf("k", "v"));
    PutResponse response;
    EXPECT_TRUE(absl::IsUnimplemented(DecodeResult(ApplyBytes(machine, command), &response)));
    EXPECT_TRUE(broken_.has_value());
    EXPECT_FALSE(DecodeResult(Apply(machine, PutOf("k", "w")), &response).ok());
    EXPECT_FALSE(machine.Snapshot().ok());
    RangeRequest request;
    request.set_key("k");
    EXPECT_FALSE(machine.Query(EncodeQuery(request)).ok());
  }
}

}  // namespace
}  // namespace synod_kv
