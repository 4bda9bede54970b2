// The state machine of synod-kv against the suite.
#include "kv/command.h"
#include "kv/kv_state_machine.h"
#include "tests/conformance/state_machine/suite.h"
#include "tests/unit/kv/command_test_util.h"
#include "tests/unit/kv/txn_test_util.h"

namespace synod_kv {
namespace {

using ::synod::testing::StateMachineConformance;
using ::synod::testing::Subject;

template <class Request>
std::string Text(const Request& request) {
  return std::string(CommandOf(request).view());
}

std::string Put(const std::string& key, const std::string& value) {
  etcdserverpb::PutRequest request;
  request.set_key(key);
  request.set_value(value);
  return Text(request);
}

std::string Delete(const std::string& key, const std::string& range_end) {
  etcdserverpb::DeleteRangeRequest request;
  request.set_key(key);
  request.set_range_end(range_end);
  request.set_prev_kv(true);
  return Text(request);
}

std::string Compact(int64_t revision) {
  etcdserverpb::CompactionRequest request;
  request.set_revision(revision);
  return Text(request);
}

std::string Transaction() {
  etcdserverpb::TxnRequest request;
  request.add_compare()->set_key("c");
  AddPut(request.mutable_success(), "d", "new");
  AddDelete(request.mutable_success(), "c");
  AddGet(request.mutable_failure(), "c");
  return Text(request);
}

std::string RangeAt(int64_t revision) {
  etcdserverpb::RangeRequest request;
  request.set_key("a");
  request.set_range_end("z");
  request.set_revision(revision);
  return EncodeQuery(request);
}

Subject KvSubject() {
  static StoreStats stats;
  const auto on_broken = [](const absl::Status& why) { ADD_FAILURE() << why; };
  return {.make = [=] { return std::make_unique<KvStateMachine>(stats, on_broken); },
          .commands = {Put("a", "1"), Put("b", "2"), Put("a", "3"), Put("", "no key"),
                       Put("c", std::string(300'000, 'x')), Delete("a", "b"), Put("a", "4"),
                       Compact(4), Transaction(), Delete("x", ""), Compact(2), Put("e", "5")},
          .queries = {RangeAt(0), RangeAt(3), RangeAt(6),
                      EncodeQuery(etcdserverpb::HashKVRequest()), "nonsense"}};
}

INSTANTIATE_TEST_SUITE_P(Kv, StateMachineConformance, ::testing::Values(KvSubject()));

}  // namespace
}  // namespace synod_kv
