// A host and its transport: limits that must fit each other, and an end that any thread may bring.
#include <atomic>
#include <latch>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "synod/local.h"
#include "synod/memory.h"
#include "synod/port/wire.h"
#include "synod/synod.h"
#include "synod/tcp.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/conformance/transport/loopback.h"

namespace synod {
namespace {

using ::synod::testing::NewLoopbackAddress;
using ::testing::HasSubstr;

// Remembers nothing but how much it was told.
class Sizes final : public StateMachine {
 public:
  void Apply(std::span<const Command> batch, std::span<std::string> results) override {
    for (size_t i = 0; i < batch.size(); ++i) results[i] = std::to_string(batch[i].data.size());
  }
  absl::StatusOr<std::string> Query(std::string_view) const override { return ""; }
  absl::StatusOr<std::unique_ptr<SnapshotView>> Snapshot() const override {
    return absl::UnimplementedError("no snapshot is due");
  }
  absl::Status Restore(ByteSource&) override { return absl::OkStatus(); }
};

std::unique_ptr<LogStore> StoreOf(NodeId node, const std::vector<NodeId>& members) {
  auto store = memory::Create();
  EXPECT_TRUE(Bootstrap(*store, {.cluster = 7, .node = node, .group = 1, .members = members}).ok());
  return store;
}

GroupOptions GroupWith(size_t max_entry_bytes, size_t max_append_bytes) {
  GroupOptions options;
  options.group = 1;
  options.state_machine = std::make_unique<Sizes>();
  options.engine.max_entry_bytes = max_entry_bytes;
  options.engine.max_append_bytes = max_append_bytes;
  options.default_deadline = std::chrono::minutes(1);
  return options;
}

constexpr size_t kFrameBytes = 512 * 1024;
// The most that fits into it.
constexpr size_t kAppendBytes = kFrameBytes - wire::kMessageOverheadBytes;
constexpr size_t kEntryBytes = kAppendBytes - Entry::kHeaderBytes;

TEST(HostTransport, GroupWhoseAppendsDoNotFit_IsRefusedNamingTheOptions) {
  const std::string address = NewLoopbackAddress();
  auto host = Host::Start({.id = 1,
                           .log = StoreOf(1, {1}),
                           .transport = tcp::Listen(address, {}, {.max_frame_bytes = kFrameBytes}),
                           .logger = {}});
  ASSERT_TRUE(host.ok()) << host.status();
  const auto refusal = [&](size_t max_entry_bytes, size_t max_append_bytes) {
    const auto joined = host->Join(GroupWith(max_entry_bytes, max_append_bytes));
    EXPECT_TRUE(absl::IsInvalidArgument(joined.status())) << joined.status();
    return std::string(joined.status().message());
  };
  EXPECT_THAT(refusal(kEntryBytes + 1, 1), HasSubstr("max_entry_bytes"));
  EXPECT_THAT(refusal(kEntryBytes + 1, 1), HasSubstr("max_frame_bytes"));
  EXPECT_THAT(refusal(1, kAppendBytes + 1), HasSubstr("max_append_bytes"));
  EXPECT_TRUE(host->Join(GroupWith(kEntryBytes, kAppendBytes)).ok());
}

TEST(HostTransport, AppendOfMoreEntriesThanAFrameTakes_IsRefusedWhateverTheTransport) {
  local::Network network;
  auto host =
      Host::Start({.id = 1, .log = StoreOf(1, {1}), .transport = network.Attach(), .logger = {}});
  ASSERT_TRUE(host.ok()) << host.status();
  constexpr size_t kMost = wire::kMaxEntriesPerFrame * Entry::kHeaderBytes;
  const auto joined = host->Join(GroupWith(1000, kMost + 1));
  EXPECT_TRUE(absl::IsInvalidArgument(joined.status())) << joined.status();
  EXPECT_THAT(std::string(joined.status().message()), HasSubstr("max_append_bytes"));
  EXPECT_TRUE(host->Join(GroupWith(1000, kMost)).ok());
}

TEST(HostTransport, LargestEntryThatIsAccepted_IsReplicated) {
  const std::map<NodeId, std::string> addresses = {{1, NewLoopbackAddress()},
                                                   {2, NewLoopbackAddress()}};
  std::map<NodeId, Host> hosts;
  std::map<NodeId, Replica> replicas;
  for (const auto& [node, address] : addresses) {
    auto host =
        Host::Start({.id = node,
                     .log = StoreOf(node, {1, 2}),
                     .transport = tcp::Listen(address, addresses, {.max_frame_bytes = kFrameBytes}),
                     .logger = {}});
    ASSERT_TRUE(host.ok()) << host.status();
    auto replica = host->Join(GroupWith(kEntryBytes, kAppendBytes));
    ASSERT_TRUE(replica.ok()) << replica.status();
    hosts.emplace(node, *std::move(host));
    replicas.emplace(node, *std::move(replica));
  }
  const std::string command(kEntryBytes, 'c');
  Outcome outcome;
  do {  // Until there is a leader.
    std::this_thread::yield();
    for (auto& [node, replica] : replicas) {
      if (!outcome.ok()) outcome = replica.Propose(command).get();
    }
  } while (!outcome.ok() && outcome.kind == Outcome::Kind::kNotCommitted);
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(outcome.result, std::to_string(command.size()));
}

// The system gives the ids of a host's threads, once they have ended, to those that come later:
// some of these have that of the loop's.
TEST(HostTransport, StoppedHost_MayBeStoppedAgainAndDestroyedByAnyThread) {
  constexpr int kThreads = 16;
  for (int round = 0; round < 20; ++round) {
    local::Network network;
    auto started =
        Host::Start({.id = 1, .log = StoreOf(1, {1}), .transport = network.Attach(), .logger = {}});
    ASSERT_TRUE(started.ok()) << started.status();
    std::optional<Host> host = *std::move(started);
    host->Stop();
    std::atomic<int> left = kThreads;
    std::latch all_run(kThreads);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        all_run.arrive_and_wait();
        host->Stop();
        if (--left == 0) host.reset();
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace synod
