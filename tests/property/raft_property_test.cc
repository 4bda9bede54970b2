// The Raft core against everything at once: random schedules of messages, writes, crashes, cuts and
// requests, with every safety property checked after every event, and progress at the end.
//
//   SYNOD_SEEDS=n   runs n fresh seeds instead of the fixed ones
//   SYNOD_SEED=n    begins with seed n; without SYNOD_SEEDS, that one alone, with its last events
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
  Coverage coverage;
};

std::ostream& operator<<(std::ostream& out, const Totals& totals) {
  out << totals.seeds << " seeds, " << totals.events << " events";
  for (size_t i = 0; i < kPlaces; ++i) {
    const auto place = static_cast<Place>(i);
    out << ", " << totals.coverage.Of(place) << " " << Describe(place);
  }
  return out;
}

// False if the seed fails, which is then reported.
bool RunSeed(uint64_t seed, bool traces, Totals& totals) {
  Cluster cluster(seed, traces);
  running = &cluster;
  cluster.Run(FromEnvironment("SYNOD_EVENTS", kEvents));
  cluster.Settle();
  running = nullptr;
  ++totals.seeds;
  totals.events += cluster.events();
  totals.coverage += cluster.coverage();
  if (cluster.ok()) return true;
  if (traces) {
    ADD_FAILURE() << cluster.Report();
    return false;
  }
  // The same seed again, now with the events that led there.
  return RunSeed(seed, /*traces=*/true, totals);
}

Totals RunSeeds(uint64_t first, uint64_t count) {
  std::cout << "seeds " << first << " to " << first + count - 1 << std::endl;
  Totals totals;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    if (!RunSeed(seed, /*traces=*/false, totals)) break;
  }
  return totals;
}

TEST(Raft, UnderRandomFaults_KeepsEveryPromise) {
  std::signal(SIGABRT, ReportAbort);
  const uint64_t seed = FromEnvironment("SYNOD_SEED", 0);
  if (const uint64_t count = FromEnvironment("SYNOD_SEEDS", 0); count != 0) {
    const uint64_t first = seed != 0 ? seed : std::random_device()() * uint64_t{1'000'000};
    std::cout << RunSeeds(first, count) << std::endl;
    return;
  }
  if (seed != 0) {
    Totals totals;
    RunSeed(seed, /*traces=*/true, totals);
    std::cout << totals << std::endl;
    return;
  }
  const Totals totals = RunSeeds(1, kFixedSeeds);
  std::cout << totals << std::endl;
  for (size_t i = 0; i < kPlaces && !HasFailure(); ++i) {
    const auto place = static_cast<Place>(i);
    EXPECT_GT(totals.coverage.Of(place), 10u) << "The sweep never comes to: " << Describe(place);
  }
}

}  // namespace
}  // namespace synod::test
