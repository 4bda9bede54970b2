// synod-sim: runs simulated clusters, one for each seed, and says what they have shown.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "synod/sim/simulation.h"

namespace synod::sim {
namespace {

constexpr char kUsage[] =
    "usage: synod-sim [--seed N] [--seeds N] [--twice] [--verbose]\n"
    "\n"
    "  --seed N   the first seed (default 1); it decides everything in its run\n"
    "  --seeds N  how many, one after the other (default 1)\n"
    "  --twice    runs each seed twice, and fails if the runs differ\n"
    "  --verbose  says of each run what its options were and what happened in it\n";

constexpr uint64_t kKeys = 3;

struct Flags {
  uint64_t first = 1;
  uint64_t count = 1;
  bool twice = false;
  bool verbose = false;
};

double Seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

bool Parse(int argc, char** argv, Flags& flags) {
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--twice") {
      flags.twice = true;
    } else if (flag == "--verbose") {
      flags.verbose = true;
    } else if ((flag == "--seed" || flag == "--seeds") && i + 1 < argc) {
      char* end = nullptr;
      (flag == "--seed" ? flags.first : flags.count) = std::strtoull(argv[++i], &end, 10);
      if (*end != '\0' || end == argv[i]) return false;
    } else {
      return false;
    }
  }
  return true;
}

void PrintCounts(const Report& report) {
  const Counts& counts = report.counts;
  std::printf("  %s events in %.1f s, hash %016llx\n", std::to_string(report.events).c_str(),
              Seconds(report.simulated), static_cast<unsigned long long>(report.hash));
  const std::pair<const char*, uint64_t> rows[] = {
      {"committed", counts.committed},      {"elections", counts.elections},
      {"writes", counts.writes_answered},   {"reads", counts.reads_answered},
      {"unknown", counts.unknown_outcomes}, {"refused", counts.refused},
      {"crashes", counts.crashes},          {"partitions", counts.partitions},
      {"truncations", counts.truncations},  {"snapshots", counts.snapshots},
      {"restores", counts.restores},        {"wipes", counts.wipes},
      {"corruptions", counts.corruptions}};
  for (const auto& [name, value] : rows) {
    std::printf("  %s %s", name, std::to_string(value).c_str());
  }
  std::printf("\n");
}

// The report of one seed; fails if it breaks a rule, or is another one when it is run again.
Report RunSeed(uint64_t seed, const Flags& flags) {
  const Options options = Options::Swarm(seed);
  if (flags.verbose) std::printf("%s\n", options.Describe().c_str());
  Report report = Run(options, *NewRegisterWorkload(kKeys));
  if (flags.twice && report.ok && Run(options, *NewRegisterWorkload(kKeys)).hash != report.hash) {
    report.ok = false;
    report.violation = {.rule = "determinism", .what = "two runs differ", .when = {}, .event = 0};
  }
  if (flags.verbose) PrintCounts(report);
  if (!report.ok) {
    std::printf("FAILED %s\n  %s: %s\n  at %.6f s, event %s\n", options.Describe().c_str(),
                report.violation.rule.c_str(), report.violation.what.c_str(),
                Seconds(report.violation.when.time_since_epoch()),
                std::to_string(report.violation.event).c_str());
  }
  std::fflush(stdout);
  return report;
}

int Main(int argc, char** argv) {
  Flags flags;
  if (!Parse(argc, argv, flags)) {
    std::fprintf(stderr, "%s", kUsage);
    return 2;
  }
  const auto start = std::chrono::steady_clock::now();
  uint64_t failed = 0;
  uint64_t events = 0;
  Duration simulated{};
  for (uint64_t seed = flags.first; seed - flags.first < flags.count; ++seed) {
    const Report report = RunSeed(seed, flags);
    events += report.events;
    simulated += report.simulated;
    if (!report.ok) ++failed;
  }
  const double seconds = Seconds(std::chrono::steady_clock::now() - start);
  std::printf("%s seeds, %s failed; %s events, %.0f simulated seconds, in %.1f seconds\n",
              std::to_string(flags.count).c_str(), std::to_string(failed).c_str(),
              std::to_string(events).c_str(), Seconds(simulated), seconds);
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace synod::sim

int main(int argc, char** argv) { return synod::sim::Main(argc, argv); }
