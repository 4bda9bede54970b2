// The Raft core against everything at once: random schedules of messages, writes, crashes, cuts and
// requests, with every safety property checked after every event, and progress at the end.
//
//   SYNOD_SEED=n    runs seed n alone and prints its last events if it fails
//   SYNOD_SEEDS=n   runs n fresh seeds instead of the fixed ones
//   SYNOD_EVENTS=n  as many events a seed, instead of 4000

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/cluster.h"

namespace synod::test {
namespace {

constexpr uint64_t kFixedSeeds = 600;
constexpr uint64_t kEvents = 4000;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// The run under way, for a core that aborts in it.
const Cluster* running = nullptr;

void ReportAbort(int) {
  if (running != nullptr) std::cerr << running->Report() << "(aborted)" << std::endl;
}

struct Totals {
  uint64_t seeds = 0;
  uint64_t events = 0;
  uint64_t requests = 0;
  uint64_t committed = 0;
  uint64_t reads = 0;
  uint64_t terms = 0;
};

// False if the seed fails, which is then reported.
bool RunSeed(uint64_t seed, bool traces, Totals& totals) {
  Cluster cluster(seed, traces);
  running = &cluster;
  cluster.Run(FromEnvironment("SYNOD_EVENTS", kEvents));
  cluster.Settle();
  running = nullptr;
  ++totals.seeds;
  totals.events += cluster.events();
  totals.requests += cluster.ledger().asked();
  totals.committed += cluster.ledger().committed();
  totals.reads += cluster.ledger().served_reads();
  totals.terms += cluster.oracles().terms_led();
  if (cluster.ok()) return true;
  if (traces) {
    ADD_FAILURE() << cluster.Report();
    return false;
  }
  // The same seed again, now with the events that led there.
  return RunSeed(seed, /*traces=*/true, totals);
}

TEST(RaftProperty_UnderRandomFaults, KeepsEveryPromise) {
  std::signal(SIGABRT, ReportAbort);
  Totals totals;
  const uint64_t single = FromEnvironment("SYNOD_SEED", 0);
  const uint64_t fresh = FromEnvironment("SYNOD_SEEDS", 0);
  if (single != 0) {
    RunSeed(single, /*traces=*/true, totals);
  } else {
    const uint64_t first = fresh == 0 ? 1 : std::random_device()() * uint64_t{1'000'000};
    const uint64_t seeds = fresh == 0 ? kFixedSeeds : fresh;
    std::cout << "seeds " << first << " to " << first + seeds - 1 << std::endl;
    for (uint64_t seed = first; seed < first + seeds; ++seed) {
      if (!RunSeed(seed, /*traces=*/false, totals)) break;
    }
  }
  std::cout << totals.seeds << " seeds, " << totals.events << " events, " << totals.terms
            << " terms with a leader, " << totals.requests << " requests, " << totals.committed
            << " committed, " << totals.reads << " reads served" << std::endl;
}

}  // namespace
}  // namespace synod::test
