// Real processes in a storm: whatever fails, every answer that clients were given is that of one
// store, no acknowledged write is lost, and afterwards the cluster goes on and agrees.
//
//   SYNOD_CHAOS_SECONDS=n  how long the storm lasts, instead of 15 seconds
//   SYNOD_CHAOS_SEED=n     what it is drawn from, instead of a fresh seed. The faults repeat; what
//                          they meet in the processes does not.
#include "tests/chaos/storm.h"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include "kv/proto/etcdserver.grpc.pb.h"
#include "tests/chaos/client.h"
#include "tests/chaos/cluster.h"
#include "tests/chaos/judge.h"

namespace synod::chaos {
namespace {

constexpr uint64_t kClients = 6;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Of the store of one member at a revision; false if it is not there yet.
bool HashOf(const Cluster& cluster, NodeId member, uint64_t revision,
            etcdserverpb::HashKVResponse* response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kLongCall);
  etcdserverpb::HashKVRequest request;
  request.set_revision(static_cast<int64_t>(revision));
  auto stub = etcdserverpb::Maintenance::NewStub(cluster.channel(member));
  return stub->HashKV(&context, request, response).ok();
}

class StormTest : public ::testing::TestWithParam<Cluster::Options> {
 protected:
  void TearDown() override {
    if (HasFailure()) std::cerr << "the storm was\n" << trace_;
  }

  // Every member takes writes again, and sees the last of them.
  bool Settles(const Cluster& cluster, Client& client) {
    for (const NodeId id : cluster.Ids()) {
      const std::string what = "member " + std::to_string(id.value()) + " takes a write";
      if (!cluster.Await(what, [&] { return client.Put(id, "a", kLongCall); })) return false;
    }
    for (const NodeId id : cluster.Ids()) {
      for (const std::string& key : keys_) {
        const std::string what = "member " + std::to_string(id.value()) + " answers a read";
        if (!cluster.Await(what, [&] { return client.Read(id, key, kLongCall); })) return false;
      }
    }
    return true;
  }

  void ExpectEqualStores(const Cluster& cluster, uint64_t revision) {
    etcdserverpb::HashKVResponse first;
    for (const NodeId id : cluster.Ids()) {
      etcdserverpb::HashKVResponse own;
      ASSERT_TRUE(cluster.Await("a hash", [&] { return HashOf(cluster, id, revision, &own); }));
      if (id == NodeId(1)) first = own;
      EXPECT_EQ(own.hash(), first.hash())
          << "member " << id.value() << " differs at revision " << revision;
    }
    std::cout << "equal stores at revision " << revision << ", in term "
              << first.header().raft_term() << std::endl;
  }

  void ExpectTrue(const Cluster& cluster, const Record& record, uint64_t revision) {
    const absl::StatusOr<WriteLog> log = ReadLog(cluster, 1, revision);
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_EQ(CompareWithLog(record, *log), "");
    const History& history = record.history;
    const sim::CheckResult with_log = CheckWithLog(history, *log);
    EXPECT_TRUE(with_log.ok()) << with_log.reason << "\n" << Excerpt(history, with_log.culprit);
    const History seen = WithoutUnseenWrites(history);
    const sim::CheckResult without = CheckWithoutLog(seen);
    EXPECT_TRUE(without.ok()) << without.reason << "\n" << Excerpt(seen, without.culprit);

    // Had one answer been another, it would have been noticed.
    const std::optional<History> altered = WithStaleRead(history);
    ASSERT_TRUE(altered.has_value());
    EXPECT_EQ(CheckWithLog(*altered, *log).kind, sim::CheckResult::Kind::kViolation);
    EXPECT_EQ(CheckWithoutLog(WithoutUnseenWrites(*altered)).kind,
              sim::CheckResult::Kind::kViolation);
  }

  const std::vector<std::string> keys_ = {"a", "b", "c", "d"};
  std::string trace_;
};

TEST_P(StormTest, AfterAnyFaults_AnswersAreTrueAndMembersAgree) {
  const uint64_t seed = FromEnvironment("SYNOD_CHAOS_SEED", std::random_device()());
  const auto time = std::chrono::seconds(FromEnvironment("SYNOD_CHAOS_SECONDS", 15));
  std::cout << "SYNOD_CHAOS_SEED=" << seed << std::endl;
  Rng rng(seed);
  Cluster::Options options = GetParam();
  options.seed = rng.Next();
  Cluster cluster(options);
  // Only a cluster that has been complete once can elect.
  ASSERT_TRUE(cluster.Await("a leader", [&] { return !cluster.FindLeader().IsZero(); }));

  Clients clients(kClients, rng.Next(), keys_, cluster);
  Storm storm(cluster, Rng(rng.Next()));
  const bool survived = storm.Run(time);
  trace_ = "SYNOD_CHAOS_SEED=" + std::to_string(seed) + "\n" + storm.trace();
  Client last(kClients + 1, cluster);
  const bool settled = survived && Settles(cluster, last);
  Record record = clients.Stop();
  ASSERT_TRUE(settled);
  // The last of all answers, and so the end of what is judged.
  ASSERT_TRUE(cluster.Await("a read", [&] { return last.Read(1, "a", kLongCall); }));
  const uint64_t revision = last.record().history.back().index.value();
  record.Append(last.TakeRecord());

  ExpectEqualStores(cluster, revision);
  ExpectTrue(cluster, record, revision);
  const NetworkStats network = cluster.network().stats();
  EXPECT_GT(network.connections_cut + network.bytes_dropped, 0U) << "there was no storm";
  EXPECT_FALSE(record.history.empty());
  std::cout << record.history.size() << " calls, " << record.refused.size() << " refused, "
            << network.connections << " connections, " << network.connections_cut
            << " of them cut, " << network.bytes_dropped << " bytes dropped" << std::endl;
}

INSTANTIATE_TEST_SUITE_P(RocksDb, StormTest,
                         ::testing::Values(Cluster::Options{.size = 3, .log = "rocksdb"}));
INSTANTIATE_TEST_SUITE_P(Wal, StormTest,
                         ::testing::Values(Cluster::Options{.size = 5, .log = "wal"}));

}  // namespace
}  // namespace synod::chaos
